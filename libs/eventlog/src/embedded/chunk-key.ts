/**
 * Key of a chunk: the partition's number in the store (u32) and the chunk's first offset (u48), big endian, so that the
 * store's order of bytes is the order of partitions and offsets.
 */
const KEY_BYTES = 4 + 6;

/** First offset that a key cannot hold: 2.8 × 10^14 records in one partition. */
export const OFFSET_END = 2 ** 48;

export function chunkKey(partitionId: number, firstOffset: number): Buffer {
  const key = Buffer.allocUnsafe(KEY_BYTES);
  key.writeUInt32BE(partitionId, 0);
  key.writeUIntBE(firstOffset, 4, 6);
  return key;
}

export function firstOffsetOf(key: Uint8Array): number {
  return Buffer.from(key.buffer, key.byteOffset, key.length).readUIntBE(4, 6);
}

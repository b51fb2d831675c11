import { err, ok, refusal, type Refusal, type Result } from "@leastwise/vocabulary";
import { crc32 } from "node:zlib";

/**
 * A checkpoint as it is kept: chunks, and a manifest that is written after the last of them and names them. All numbers little endian.
 *
 *     chunk      "LWC1" | crc32 of all that follows, u32 | partition, u32 | index, u32 | epoch, f64 | id, 16 bytes | payload
 *     manifest   "LWM1" | crc32 of all that follows, u32 | JSON
 *
 * A chunk that is not the manifest's own, cut short or changed anywhere is found out and named; then there is no checkpoint.
 */
const CHUNK_MAGIC = 0x3143574c;
const MANIFEST_MAGIC = 0x314d574c;
const CHUNK_HEADER_BYTES = 4 + 4 + 4 + 4 + 8 + 16;
const MANIFEST_HEADER_BYTES = 8;
const ID = /^[0-9a-f]{32}$/;

/** What a checkpoint is of, and when it is whole. */
export interface Manifest {
  /** Of the blocks' layout: another is not read. */
  readonly format: number;
  /** Of the log whose offsets these are. */
  readonly incarnation: string;
  /** The shop's own when the windows were made: amounts in another are not in them. */
  readonly currency: string;
  readonly partition: number;
  /** Of the owner who wrote it: of two, the one of the higher epoch counts. */
  readonly epoch: number;
  /** 32 hex digits: the checkpoint's own. */
  readonly id: string;
  /** First offset that must be read again: everything before it is in the chunks. */
  readonly offset: number;
  readonly chunks: number;
  /** How many of them, the last ones, hold orders. */
  readonly orderChunks: number;
  /** Orders of records below this offset are among them, and subjects may be as far: nothing is of a record from here on. */
  readonly endOffset: number;
  /** Bytes of all payloads. */
  readonly bytes: number;
  readonly subjects: number;
  /** See `SlabWindowStore.historyCutS`. Absent from one that an earlier version wrote. */
  readonly historyCutS?: number;
}

/** Where a chunk belongs. */
export interface ChunkPlace {
  readonly partition: number;
  readonly index: number;
  readonly epoch: number;
  readonly id: string;
}

export function encodeChunk(place: ChunkPlace, payload: Uint8Array): Buffer {
  if (!ID.test(place.id)) throw new RangeError(`id: expected 32 hex digits, got ${place.id}`);
  const bytes = Buffer.allocUnsafe(CHUNK_HEADER_BYTES + payload.length);
  bytes.writeUInt32LE(CHUNK_MAGIC, 0);
  bytes.writeUInt32LE(place.partition, 8);
  bytes.writeUInt32LE(place.index, 12);
  bytes.writeDoubleLE(place.epoch, 16);
  bytes.write(place.id, 24, "hex");
  bytes.set(payload, CHUNK_HEADER_BYTES);
  bytes.writeUInt32LE(crc32(bytes.subarray(8)), 4);
  return bytes;
}

/** Which chunk the bytes say that they are, whole or not; undefined if they are none. */
export function peekChunk(bytes: Buffer): ChunkPlace | undefined {
  if (bytes.length < CHUNK_HEADER_BYTES || bytes.readUInt32LE(0) !== CHUNK_MAGIC) return undefined;
  return {
    partition: bytes.readUInt32LE(8),
    index: bytes.readUInt32LE(12),
    epoch: bytes.readDoubleLE(16),
    id: bytes.toString("hex", 24, 40),
  };
}

/** The payload of the chunk that belongs there. Refuses `checkpoint_corrupt`, naming the chunk. */
export function decodeChunk(place: ChunkPlace, bytes: Buffer): Result<Buffer, Refusal> {
  const field = `partition ${place.partition}, chunk ${place.index}`;
  const isWhole =
    bytes.length >= CHUNK_HEADER_BYTES &&
    bytes.readUInt32LE(0) === CHUNK_MAGIC &&
    bytes.readUInt32LE(4) === crc32(bytes.subarray(8));
  if (!isWhole) return err(corrupt(field, `${bytes.length} bytes`, "bytes that agree with their checksum"));
  const is = peekChunk(bytes);
  const isOwn =
    is?.partition === place.partition && is.index === place.index && is.epoch === place.epoch && is.id === place.id;
  return isOwn
    ? ok(bytes.subarray(CHUNK_HEADER_BYTES))
    : err(corrupt(field, JSON.stringify(is), `a chunk of ${place.id}`));
}

export function encodeManifest(manifest: Manifest): Buffer {
  const json = Buffer.from(JSON.stringify(manifest));
  const bytes = Buffer.concat([Buffer.alloc(MANIFEST_HEADER_BYTES), json]);
  bytes.writeUInt32LE(MANIFEST_MAGIC, 0);
  bytes.writeUInt32LE(crc32(json), 4);
  return bytes;
}

/** Refuses `checkpoint_corrupt`. */
export function decodeManifest(bytes: Buffer): Result<Manifest, Refusal> {
  const json = bytes.subarray(MANIFEST_HEADER_BYTES);
  const isWhole =
    bytes.length >= MANIFEST_HEADER_BYTES &&
    bytes.readUInt32LE(0) === MANIFEST_MAGIC &&
    bytes.readUInt32LE(4) === crc32(json);
  if (!isWhole) return err(corrupt("manifest", `${bytes.length} bytes`, "bytes that agree with their checksum"));
  const manifest = parsed(json.toString());
  return isManifest(manifest) ? ok(manifest) : err(corrupt("manifest", json.toString(), "a manifest of this version"));
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** Whether every field is there and possible, and none is more than what it is a part of. */
function isManifest(value: unknown): value is Manifest {
  if (typeof value !== "object" || value === null) return false;
  const fields = value as Record<string, unknown>;
  const isCount = (name: string): boolean => Number.isSafeInteger(fields[name]) && (fields[name] as number) >= 0;
  return (
    COUNTS.every(isCount) &&
    typeof fields["incarnation"] === "string" &&
    typeof fields["currency"] === "string" &&
    typeof fields["id"] === "string" &&
    ID.test(fields["id"]) &&
    (fields["orderChunks"] as number) <= (fields["chunks"] as number) &&
    (fields["offset"] as number) <= (fields["endOffset"] as number)
  );
}

const COUNTS = [
  ...["format", "partition", "epoch", "offset", "chunks", "orderChunks", "endOffset", "bytes", "subjects"],
] as const;

function corrupt(field: string, got: string, expected: string): Refusal {
  return refusal("checkpoint_corrupt", field, got, expected);
}

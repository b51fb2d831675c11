import { copyBack, malformed, tooLarge } from "./unpacked-bytes.js";

/** What Java's writers put before blocks of snappy (xerial's stream): these bytes, two versions of four bytes, and then each block behind its length. */
const STREAM_MAGIC = Buffer.from("\x82SNAPPY\0", "latin1");
const STREAM_HEADER_BYTES = 16;
const BLOCK_LENGTH_BYTES = 4;

/** Bits of a length's varint: lengths are below 2^32. */
const LENGTH_BITS_MAX = 35;

const LITERAL = 0;
const COPY_1 = 1;
const COPY_2 = 2;
/** A literal's length up to here stands in its tag, less one; beyond, so many more say in how many bytes it follows. */
const LITERAL_IN_TAG_MAX = 59;

/** Places of one block, and how long it says that it is unpacked. */
interface Block {
  readonly from: number;
  readonly to: number;
  readonly length: number;
}

/** Unpacks snappy: one block, as librdkafka writes it, or a stream of blocks, as Java's client does. Throws CannotUnpack. */
export function unpackSnappy(packed: Buffer, bytesMax: number): Buffer {
  const blocks = isStream(packed) ? blocksOf(packed) : [blockAt(packed, 0, packed.length)];
  const length = blocks.reduce((sum, block) => sum + block.length, 0);
  if (length > bytesMax) throw tooLarge(bytesMax);
  const bytes = Buffer.allocUnsafe(length);
  let at = 0;
  for (const block of blocks) {
    unpackBlock(packed, block, bytes.subarray(at, at + block.length));
    at += block.length;
  }
  return bytes;
}

function isStream(packed: Buffer): boolean {
  return packed.subarray(0, STREAM_MAGIC.length).equals(STREAM_MAGIC);
}

function blocksOf(packed: Buffer): Block[] {
  if (packed.length < STREAM_HEADER_BYTES) throw malformed("its header is cut off");
  const blocks: Block[] = [];
  for (let at = STREAM_HEADER_BYTES; at < packed.length;) {
    if (packed.length - at < BLOCK_LENGTH_BYTES) throw malformed("the length of a block is cut off");
    const from = at + BLOCK_LENGTH_BYTES;
    const to = from + packed.readUInt32BE(at);
    if (to > packed.length) throw malformed("a block is cut off");
    blocks.push(blockAt(packed, from, to));
    at = to;
  }
  return blocks;
}

/** A block begins with its unpacked length, seven bits a byte. */
function blockAt(packed: Buffer, begin: number, to: number): Block {
  let length = 0;
  let at = begin;
  for (let bits = 0; bits < LENGTH_BITS_MAX; bits += 7) {
    if (at >= to) throw malformed("a block does not say how long it is");
    const byte = packed[at++] ?? 0;
    length += (byte & 127) * 2 ** bits;
    if (byte < 128) return { from: at, to, length };
  }
  throw malformed("a block says that it is longer than snappy's can be");
}

/** Fills `bytes`, which are as long as the block says. */
function unpackBlock(packed: Buffer, { from, to }: Block, bytes: Buffer): void {
  let read = from;
  let at = 0;
  const take = (count: number): number => {
    if (read + count > to) throw malformed("a block is cut off");
    read += count;
    return packed.readUIntLE(read - count, count);
  };
  while (read < to) {
    const tag = take(1);
    const kind = tag & 3;
    if (kind === LITERAL) {
      const short = tag >> 2;
      const length = 1 + (short > LITERAL_IN_TAG_MAX ? take(short - LITERAL_IN_TAG_MAX) : short);
      if (read + length > to) throw malformed("a literal is cut off");
      if (at + length > bytes.length) throw malformed("a block is longer than it says");
      packed.copy(bytes, at, read, read + length);
      read += length;
      at += length;
      continue;
    }
    const length = kind === COPY_1 ? 4 + ((tag >> 2) & 7) : 1 + (tag >> 2);
    const distance = kind === COPY_1 ? (tag >> 5) * 256 + take(1) : take(kind === COPY_2 ? 2 : 4);
    if (distance === 0 || distance > at) throw malformed("a copy reaches back beyond its block");
    if (at + length > bytes.length) throw malformed("a block is longer than it says");
    copyBack(bytes, at, distance, length);
    at += length;
  }
  if (at < bytes.length) throw malformed("a block is shorter than it says");
}

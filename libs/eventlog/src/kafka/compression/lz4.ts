import { copyBack, isSkippable, malformed, tooLarge, UnpackedBytes } from "./unpacked-bytes.js";

/**
 * LZ4's frame format: magic | flags | block size | content size, where the flags say so | dictionary's id, where they do | checksum of the header;
 * then blocks, each behind its length and, where the flags say so, before its checksum; a length of 0 ends them, and a checksum of all
 * may follow. Kafka's own checksum covers all that, so these are not checked.
 */
const FRAME_MAGIC = 0x184d2204;

const VERSION_MASK = 0xc0;
const VERSION = 0x40;
const BLOCK_CHECKSUMS = 0x10;
const CONTENT_SIZE = 0x08;
const CONTENT_CHECKSUM = 0x04;
const DICTIONARY = 0x01;
/** Of a block's length: it was not packed, being no shorter so. */
const AS_IT_IS = 0x80000000;
const CHECKSUM_BYTES = 4;

/** Most bytes of a block, by the number that the header has. */
const BLOCK_BYTES_MAX: ReadonlyMap<number, number> = new Map([
  [4, 65_536],
  [5, 262_144],
  [6, 1_048_576],
  [7, 4_194_304],
]);

/** Shortest copy; its length is given less this. */
const COPY_BYTES_MIN = 4;
/** A length of so much goes on in the next byte, and as long as that is 255. */
const GOES_ON = 15;
/** How much packed records are expected to grow, where their frame does not say. */
const GROWTH_EXPECTED = 4;

/** What a frame's header says. */
interface Frame {
  readonly blockBytesMax: number;
  readonly hasBlockChecksums: boolean;
  readonly hasContentChecksum: boolean;
}

/** Unpacks frames of LZ4. Throws CannotUnpack. */
export function unpackLz4(packed: Buffer, bytesMax: number): Buffer {
  const reader = new Reader(packed);
  const unpacked = new UnpackedBytes(packed.length * GROWTH_EXPECTED, bytesMax);
  do {
    const magic = reader.uint32();
    if (isSkippable(magic)) reader.skip(reader.uint32());
    else if (magic === FRAME_MAGIC) unpackFrame(reader, unpacked, bytesMax);
    else throw malformed("it does not begin as a frame of LZ4");
  } while (reader.at < packed.length);
  return unpacked.done();
}

function unpackFrame(reader: Reader, unpacked: UnpackedBytes, bytesMax: number): void {
  const frame = readHeader(reader, bytesMax);
  const frameFrom = unpacked.length;
  for (let length = reader.uint32(); length !== 0; length = reader.uint32()) {
    const isPacked = length < AS_IT_IS;
    const from = reader.skip(isPacked ? length : length - AS_IT_IS);
    if (isPacked) {
      unpacked.reserve(frame.blockBytesMax);
      unpackBlock(reader.bytes, from, reader.at, unpacked, frameFrom, unpacked.length + frame.blockBytesMax);
    } else unpacked.append(reader.bytes.subarray(from, reader.at));
    if (frame.hasBlockChecksums) reader.skip(CHECKSUM_BYTES);
  }
  if (frame.hasContentChecksum) reader.skip(CHECKSUM_BYTES);
}

function readHeader(reader: Reader, bytesMax: number): Frame {
  const flags = reader.uint8();
  const blockBytesMax = BLOCK_BYTES_MAX.get((reader.uint8() >> 4) & 7);
  if ((flags & VERSION_MASK) !== VERSION) throw malformed("its frame is of another version than LZ4's first");
  if (blockBytesMax === undefined) throw malformed("its frame names no size of blocks");
  if ((flags & DICTIONARY) !== 0) throw malformed("its frame asks for a dictionary");
  if ((flags & CONTENT_SIZE) !== 0 && reader.uint64() > bytesMax) throw tooLarge(bytesMax);
  // The header's checksum.
  reader.skip(1);
  return {
    blockBytesMax,
    hasBlockChecksums: (flags & BLOCK_CHECKSUMS) !== 0,
    hasContentChecksum: (flags & CONTENT_CHECKSUM) !== 0,
  };
}

/**
 * Unpacks one block behind what is there, for which there is room.
 *
 * @param frameFrom where the frame's bytes begin, behind which copies may reach back: blocks may be linked
 * @param unpackedMax where they end at the latest
 */
function unpackBlock(
  packed: Buffer,
  from: number,
  to: number,
  unpacked: UnpackedBytes,
  frameFrom: number,
  unpackedMax: number,
): void {
  const { bytes } = unpacked;
  let read = from;
  let at = unpacked.length;
  const next = (): number => {
    if (read >= to) throw malformed("a block is cut off");
    return packed[read++] ?? 0;
  };
  const lengthOf = (short: number): number => {
    let length = short;
    if (short === GOES_ON) {
      let more: number;
      do length += more = next();
      while (more === 255);
    }
    return length;
  };
  while (read < to) {
    const token = next();
    const literal = lengthOf(token >> 4);
    if (read + literal > to) throw malformed("a literal is cut off");
    if (at + literal > unpackedMax) throw malformed("a block is longer than its frame says");
    packed.copy(bytes, at, read, read + literal);
    read += literal;
    at += literal;
    // The last of a block is a literal alone.
    if (read === to) break;
    const distance = next() + 256 * next();
    const length = COPY_BYTES_MIN + lengthOf(token & 15);
    if (distance === 0 || distance > at - frameFrom) throw malformed("a copy reaches back beyond its frame");
    if (at + length > unpackedMax) throw malformed("a block is longer than its frame says");
    copyBack(bytes, at, distance, length);
    at += length;
  }
  unpacked.length = at;
}

/** Reads little endian, and throws where the bytes end. */
class Reader {
  readonly bytes: Buffer;
  at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  uint8(): number {
    return this.bytes.readUInt8(this.skip(1));
  }

  uint32(): number {
    return this.bytes.readUInt32LE(this.skip(4));
  }

  uint64(): number {
    return Number(this.bytes.readBigUInt64LE(this.skip(8)));
  }

  /** Passes over so many bytes, and gives where they began. */
  skip(count: number): number {
    const from = this.at;
    if (from + count > this.bytes.length) throw malformed("its frame is cut off");
    this.at += count;
    return from;
  }
}

import { Decompress } from "fzstd";
import * as zlib from "node:zlib";
import { messageOf, property } from "../../thrown.js";
import { CannotUnpack, isSkippable, malformed, tooLarge, UnpackedBytes } from "./unpacked-bytes.js";

/**
 * Zstandard's frames (RFC 8878): magic | flags | window, unless the frame is one segment | dictionary's id | content size | blocks, each behind
 * three bytes that say whether it is the last, of which kind it is and how long | checksum of the content, where the flags say so.
 */
const FRAME_MAGIC = 0xfd2fb528;
const MAGIC_BYTES = 4;

const SINGLE_SEGMENT = 0x20;
const CONTENT_CHECKSUM = 0x04;
const BLOCK_HEADER_BYTES = 3;
const CHECKSUM_BYTES = 4;
/** A kind of block: one byte, repeated. */
const REPEATED = 1;
/** A kind that there is not yet. */
const RESERVED = 3;

/** Most bytes that a frame may look back over, for which there must be memory: as much as producers use at their highest level, and Java's client takes. */
const WINDOW_BYTES_MAX = 134_217_728;

/** How much packed records are expected to grow. */
const GROWTH_EXPECTED = 4;

type Unpacking = (packed: Buffer, options: { readonly maxOutputLength: number }) => Buffer;

/** Unpacks frames of Zstandard, with Node's own from 22.15 on. Throws CannotUnpack. */
export function unpackZstd(packed: Buffer, bytesMax: number): Buffer {
  const own: unknown = Reflect.get(zlib, "zstdDecompressSync");
  if (typeof own !== "function") return unpackZstdInScript(packed, bytesMax);
  return unpackZstdBy(own as Unpacking, packed, bytesMax);
}

/** By Node's own, one frame after the other. */
export function unpackZstdBy(unpack: Unpacking, packed: Buffer, bytesMax: number): Buffer {
  const unpacked = new UnpackedBytes(packed.length * GROWTH_EXPECTED, bytesMax);
  for (const frame of framesOf(packed, bytesMax)) {
    try {
      unpacked.append(unpack(frame, { maxOutputLength: Math.max(1, bytesMax - unpacked.length) }));
    } catch (error) {
      throw property(error, "code") === "ERR_BUFFER_TOO_LARGE" ? tooLarge(bytesMax, error) : notZstd(error);
    }
  }
  return unpacked.done();
}

/** Without Node's own. */
export function unpackZstdInScript(packed: Buffer, bytesMax: number): Buffer {
  const unpacked = new UnpackedBytes(packed.length * GROWTH_EXPECTED, bytesMax);
  for (const frame of framesOf(packed, bytesMax)) {
    const unpacking = new Decompress((chunk) => {
      unpacked.append(chunk);
    });
    try {
      unpacking.push(frame, true);
    } catch (error) {
      throw error instanceof CannotUnpack ? error : notZstd(error);
    }
  }
  return unpacked.done();
}

function notZstd(cause: unknown): Error {
  return malformed(`its frame is none of Zstandard: ${messageOf(cause)}`, cause);
}

/** The frames, whose headers have been looked at: none asks for more memory than may be, and each is whole. */
function framesOf(packed: Buffer, bytesMax: number): Buffer[] {
  const frames: Buffer[] = [];
  let at = 0;
  do {
    const from = at;
    const magic = uintAt(packed, at, MAGIC_BYTES);
    if (isSkippable(magic)) {
      at += MAGIC_BYTES + 4 + uintAt(packed, at + MAGIC_BYTES, 4);
      if (at > packed.length) throw cutOff();
      continue;
    }
    if (magic !== FRAME_MAGIC) throw malformed("it does not begin as a frame of Zstandard");
    at = frameEnd(packed, from, bytesMax);
    frames.push(packed.subarray(from, at));
  } while (at < packed.length);
  return frames;
}

/** Walks over a frame's header and blocks. */
function frameEnd(packed: Buffer, from: number, bytesMax: number): number {
  const flags = uintAt(packed, from + MAGIC_BYTES, 1);
  let at = from + MAGIC_BYTES + 1;
  const isSingleSegment = (flags & SINGLE_SEGMENT) !== 0;
  if (!isSingleSegment) {
    if (windowBytes(uintAt(packed, at, 1)) > WINDOW_BYTES_MAX) throw windowTooLarge();
    at += 1;
  }
  if ((flags & 3) !== 0) throw malformed("its frame asks for a dictionary");
  const sizeKind = flags >> 6;
  const sizeBytes = sizeKind === 0 ? Number(isSingleSegment) : 2 ** sizeKind;
  if (uintAt(packed, at, sizeBytes) > bytesMax) throw tooLarge(bytesMax);
  at += sizeBytes;
  let isLast = false;
  while (!isLast) {
    const header = uintAt(packed, at, BLOCK_HEADER_BYTES);
    const kind = (header >> 1) & 3;
    if (kind === RESERVED) throw malformed("a block is of a kind that there is not");
    at += BLOCK_HEADER_BYTES + (kind === REPEATED ? 1 : header >> 3);
    isLast = (header & 1) !== 0;
  }
  if ((flags & CONTENT_CHECKSUM) !== 0) at += CHECKSUM_BYTES;
  if (at > packed.length) throw cutOff();
  return at;
}

/** Five bits of exponent, three of mantissa. */
function windowBytes(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

/** Little endian, of up to eight bytes. */
function uintAt(packed: Buffer, at: number, count: number): number {
  if (at + count > packed.length) throw cutOff();
  if (count === 0) return 0;
  return count === 8 ? Number(packed.readBigUInt64LE(at)) : packed.readUIntLE(at, count);
}

function windowTooLarge(): Error {
  return new CannotUnpack("too_large", `its frame asks for a window of more than ${WINDOW_BYTES_MAX} bytes`);
}

function cutOff(): Error {
  return malformed("its frame is cut off");
}

import type { BlockViews } from "./block.js";
import { UNIT, WORD } from "./block.js";
import { UNITS_AN_ID } from "./id-ring.js";
import type { Segment } from "./segment.js";

/**
 * A segment as bytes. For each subject: the units of its block but the first, which is the index's, and what is free in it, as one number of
 * seven-bit groups; then these units, packed as in Cap'n Proto's packed encoding: a byte that tells which of a unit's eight bytes are not 0, and those
 * that are not. Counts are small and times have trailing zeroes, so that four bytes of five are written. All in the byte
 * order of the machine, and of no use to another layout: whoever keeps it keeps {@link CHECKPOINT_FORMAT} with it.
 */
export const CHECKPOINT_FORMAT = 4;

/** Formats that can be read. Blocks of format 3 are blocks without a purchase history. */
export const CHECKPOINT_FORMATS_READ: readonly number[] = [3, CHECKPOINT_FORMAT];

/** Units of a block without its first, its sections and its ids: less cannot be one. */
const UNITS_MIN = UNIT.recency - 1;
/** The largest block there is. */
const UNITS_MAX = 2 ** 19;
/** Bytes that a packed unit takes at most, and a length. */
const UNIT_BYTES_MAX = 9;
const LENGTH_BYTES_MAX = 5;

/**
 * Walks over a segment while it changes, in steps as small as one likes. It is fuzzy: each subject comes as it is when the walk meets it, with the
 * offset that it last applied. None is missed that is there all the time, since the buckets come in ascending order and a
 * bucket is split into itself and a later one; one may come twice, the later time with the later state.
 */
export class SegmentWalk {
  readonly #segment: Segment;
  #bucket = 0;
  #subjects = 0;

  constructor(segment: Segment) {
    this.#segment = segment;
  }

  get subjects(): number {
    return this.#subjects;
  }

  get isDone(): boolean {
    return this.#bucket >= this.#segment.bucketCount;
  }

  /** Goes on over buckets until about so many bytes are gathered, and returns them: less at the end, more where one subject takes more. */
  next(bytes: number): Uint8Array {
    const gathered = new Gathering(bytes);
    while (!this.isDone && gathered.bytes < bytes) {
      for (const address of this.#segment.addressesOf(this.#bucket)) {
        this.#gather(gathered, address);
        this.#subjects += 1;
      }
      this.#bucket += 1;
    }
    return gathered.take();
  }

  #gather(into: Gathering, address: number): void {
    const { i32, u8 } = this.#segment;
    const unit = 2 * address;
    const front = (i32[2 * unit + WORD.cellsAt] ?? 0) + 2 * (i32[2 * unit + WORD.cellCount] ?? 0) - 1;
    const ids = UNITS_AN_ID * (i32[2 * unit + WORD.idRoom] ?? 0);
    const end = unit + this.#segment.bytesOf(address) / 8;
    into.length(front + ids);
    into.units(i32, u8, unit + 1, front);
    into.units(i32, u8, end - ids, ids);
  }
}

/** Packed units one after the other, in a buffer that grows. */
class Gathering {
  #u8: Uint8Array;
  #at = 0;

  constructor(bytes: number) {
    this.#u8 = new Uint8Array(bytes + 16_384);
  }

  get bytes(): number {
    return this.#at;
  }

  length(units: number): void {
    this.#reserve(LENGTH_BYTES_MAX);
    let rest = units;
    while (rest > 0x7f) {
      this.#u8[this.#at] = (rest & 0x7f) | 0x80;
      this.#at += 1;
      rest >>>= 7;
    }
    this.#u8[this.#at] = rest;
    this.#at += 1;
  }

  units(i32: Int32Array, u8: Uint8Array, from: number, count: number): void {
    this.#reserve(count * UNIT_BYTES_MAX);
    const into = this.#u8;
    let at = this.#at;
    for (let unit = from; unit < from + count; unit += 1) {
      const tagAt = at;
      let tag = 0;
      at += 1;
      for (let half = 0; half < 2; half += 1) {
        if (i32[2 * unit + half] === 0) continue;
        const byte = 8 * unit + 4 * half;
        for (let index = 0; index < 4; index += 1) {
          const value = u8[byte + index] ?? 0;
          if (value === 0) continue;
          tag |= 1 << (4 * half + index);
          into[at] = value;
          at += 1;
        }
      }
      into[tagAt] = tag;
    }
    this.#at = at;
  }

  take(): Uint8Array {
    return this.#u8.subarray(0, this.#at);
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#u8.length) return;
    const grown = new Uint8Array(2 * (this.#at + bytes));
    grown.set(this.#u8.subarray(0, this.#at));
    this.#u8 = grown;
  }
}

/** One subject's block out of a checkpoint. Good until the next one. */
export interface CheckpointedBlock {
  readonly views: BlockViews;
  /** Where the block begins: its first unit means nothing. */
  readonly unit: number;
  /** Units of the block that stand before its ids. */
  readonly front: number;
  readonly idUnits: number;
}

/** Bytes of a checkpoint that make no sense, although their checksums hold: another layout, or a bug. */
export class CheckpointMalformed extends Error {
  override readonly name = "CheckpointMalformed";
}

/** Reads what a {@link SegmentWalk} gathered, cut at any place: what does not make a whole subject yet waits for the next piece. */
export class CheckpointReader {
  #rest = new Uint8Array(0);
  #block = blockOf(1_024);

  /** Hands on each subject that is complete. */
  read(piece: Uint8Array, onBlock: (block: CheckpointedBlock) => void): void {
    let bytes = piece;
    if (this.#rest.length > 0) {
      bytes = new Uint8Array(this.#rest.length + piece.length);
      bytes.set(this.#rest);
      bytes.set(piece, this.#rest.length);
    }
    let at = 0;
    for (;;) {
      const end = this.#readOne(bytes, at, onBlock);
      if (end === undefined) break;
      at = end;
    }
    this.#rest = bytes.slice(at);
  }

  /** Says whether nothing is left over. */
  get isComplete(): boolean {
    return this.#rest.length === 0;
  }

  /** Where the subject ends that begins there; undefined if it is not whole. */
  #readOne(bytes: Uint8Array, from: number, onBlock: (block: CheckpointedBlock) => void): number | undefined {
    let at = from;
    let units = 0;
    for (let shift = 0; ; shift += 7) {
      const group = bytes[at];
      if (group === undefined) return undefined;
      at += 1;
      units |= (group & 0x7f) << shift;
      if (group < 0x80) break;
      if (shift > 14) throw new CheckpointMalformed("a length without an end");
    }
    if (units < UNITS_MIN || units > UNITS_MAX) throw new CheckpointMalformed(`a block of ${units} units`);
    if (units >= this.#block.f64.length) this.#block = blockOf(2 * units);
    const end = unpack(bytes, at, this.#block, units);
    if (end !== undefined) onBlock(blockIn(this.#block, units));
    return end;
  }
}

/** Unpacks so many units behind the first one. Where they end; undefined if the bytes end before. */
function unpack(bytes: Uint8Array, from: number, { f64, u8 }: BlockViews, units: number): number | undefined {
  let at = from;
  for (let unit = 1; unit <= units; unit += 1) {
    const tag = bytes[at];
    if (tag === undefined) return undefined;
    at += 1;
    f64[unit] = 0;
    if (tag === 0) continue;
    for (let index = 0; index < 8; index += 1) {
      if ((tag & (1 << index)) === 0) continue;
      u8[8 * unit + index] = bytes[at] ?? 0;
      at += 1;
    }
    if (at > bytes.length) return undefined;
  }
  return at;
}

function blockIn(views: BlockViews, units: number): CheckpointedBlock {
  const { i32 } = views;
  const front = (i32[WORD.cellsAt] ?? 0) + 2 * (i32[WORD.cellCount] ?? 0);
  const idUnits = UNITS_AN_ID * (i32[WORD.idRoom] ?? 0);
  if (front - 1 + idUnits === units) return { views, unit: 0, front, idUnits };
  throw new CheckpointMalformed(`a block of ${units} units that says ${front - 1 + idUnits}`);
}

function blockOf(units: number): BlockViews {
  const buffer = new ArrayBuffer(8 * units);
  return { f64: new Float64Array(buffer), i32: new Int32Array(buffer), u8: new Uint8Array(buffer) };
}

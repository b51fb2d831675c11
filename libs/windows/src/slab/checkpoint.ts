import type { BlockViews } from "./block.js";
import { UNIT, WORD } from "./block.js";
import { UNITS_AN_ID } from "./id-ring.js";
import type { Segment } from "./segment.js";

/**
 * A segment as bytes: for each subject a word that tells the length in units, then its block without the first unit, which is the index's, and without
 * what is free in it. All in the byte order of the machine, and of no use to another layout:
 * whoever keeps it keeps {@link CHECKPOINT_FORMAT} with it.
 */
export const CHECKPOINT_FORMAT = 1;

const LENGTH_UNITS = 1;
/** Units of a block without its first, its sections and its ids: less cannot be one. */
const UNITS_MIN = UNIT.recency - 1;

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
    const { f64, i32 } = this.#segment;
    const unit = 2 * address;
    const front = (i32[2 * unit + WORD.cellsAt] ?? 0) + 2 * (i32[2 * unit + WORD.cellCount] ?? 0) - 1;
    const ids = UNITS_AN_ID * (i32[2 * unit + WORD.idRoom] ?? 0);
    const end = unit + this.#segment.bytesOf(address) / 8;
    into.length(front + ids);
    into.units(f64, unit + 1, front);
    into.units(f64, end - ids, ids);
  }
}

/** Units one after the other, in a buffer that grows. */
class Gathering {
  #f64: Float64Array;
  #units = 0;

  constructor(bytes: number) {
    this.#f64 = new Float64Array((bytes >> 3) + 4_096);
  }

  get bytes(): number {
    return 8 * this.#units;
  }

  length(units: number): void {
    this.#reserve(LENGTH_UNITS);
    this.#f64[this.#units] = units;
    this.#units += LENGTH_UNITS;
  }

  units(from: Float64Array, at: number, count: number): void {
    this.#reserve(count);
    for (let unit = 0; unit < count; unit += 1) this.#f64[this.#units + unit] = from[at + unit] ?? 0;
    this.#units += count;
  }

  take(): Uint8Array {
    return new Uint8Array(this.#f64.buffer, 0, 8 * this.#units);
  }

  #reserve(units: number): void {
    if (this.#units + units <= this.#f64.length) return;
    const grown = new Float64Array(2 * (this.#units + units));
    grown.set(this.#f64.subarray(0, this.#units));
    this.#f64 = grown;
  }
}

/** One subject's block out of a checkpoint: units of it without the first, in a buffer of whole units. */
export interface CheckpointedBlock {
  readonly views: BlockViews;
  /** Where the block would begin: its first unit, which is not there, stands before what is. */
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

  /** Hands on each subject that is complete. */
  read(piece: Uint8Array, onBlock: (block: CheckpointedBlock) => void): void {
    const length = this.#rest.length + piece.length;
    const end = Math.floor(length / 8);
    const bytes = new Uint8Array(8 * (end + 1));
    bytes.set(this.#rest);
    bytes.set(piece, this.#rest.length);
    const views = { f64: new Float64Array(bytes.buffer), i32: new Int32Array(bytes.buffer), u8: bytes };
    let at = 0;
    while (at < end) {
      const units = views.f64[at] ?? 0;
      if (!Number.isInteger(units) || units < UNITS_MIN) throw new CheckpointMalformed(`a block of ${units} units`);
      if (at + LENGTH_UNITS + units > end) break;
      onBlock(blockAt(views, at, units));
      at += LENGTH_UNITS + units;
    }
    this.#rest = bytes.slice(8 * at, length);
  }

  /** Says whether nothing is left over. */
  get isComplete(): boolean {
    return this.#rest.length === 0;
  }
}

function blockAt(views: BlockViews, unit: number, units: number): CheckpointedBlock {
  const { i32 } = views;
  const front = (i32[2 * unit + WORD.cellsAt] ?? 0) + 2 * (i32[2 * unit + WORD.cellCount] ?? 0);
  const idUnits = UNITS_AN_ID * (i32[2 * unit + WORD.idRoom] ?? 0);
  if (front - 1 + idUnits !== units)
    throw new CheckpointMalformed(`a block of ${units} units that says ${front - 1 + idUnits}`);
  return { views, unit, front, idUnits };
}

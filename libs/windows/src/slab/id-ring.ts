import { DEDUP_IDS_MIN, DEDUP_SPAN_S } from "../recent-ids.js";

/*
 * The event ids that a subject used lately, at the end of its block, oldest first around a ring. Each place has 16 bytes:
 *
 *   unit 0        mark of the id
 *   word 2        received time, in seconds
 *   half word 6   the next older id of the same chain: its place + 1, 0 if none
 *   half word 7   the newest id of the chain that has this place's number: its place + 1, 0 if none
 *
 * An id is looked up in the chain of its mark. The oldest id of all is the oldest of its chain: the last of it.
 */

/** Units of a ring for each id that it has room for. */
export const UNITS_AN_ID = 2;

/** Places are 16 bits wide. */
export const RING_ROOM_MAX = 65_534;

/** A ring in some memory. One object is pointed at one ring after the other, so that none has to be made. */
export class IdRing {
  #f64: Float64Array = new Float64Array(0);
  #i32: Int32Array = new Int32Array(0);
  #u16: Uint16Array = new Uint16Array(0);
  #unit = 0;
  room = 0;
  head = 0;
  count = 0;

  /** Points it at the ring that begins at a unit. */
  at(views: RingViews, unit: number, room: number, head: number, count: number): this {
    this.#f64 = views.f64;
    this.#i32 = views.i32;
    this.#u16 = views.u16;
    this.#unit = unit;
    this.room = room;
    this.head = head;
    this.count = count;
    return this;
  }

  has(mark: number): boolean {
    if (this.count === 0) return false;
    const f64 = this.#f64;
    const u16 = this.#u16;
    const before = this.#unit - UNITS_AN_ID;
    let place = u16[4 * this.#unit + 8 * chainOf(mark, this.room) + 7] ?? 0;
    while (place !== 0) {
      const at = before + UNITS_AN_ID * place;
      if (f64[at] === mark) return true;
      place = u16[4 * at + 6] ?? 0;
    }
    return false;
  }

  /** Mark of the id that is so many places younger than the oldest. */
  markAt(index: number): number {
    return this.#f64[this.#unitOf(index)] ?? 0;
  }

  /** Received time of the id that is so many places younger than the oldest, in seconds. */
  receivedSAt(index: number): number {
    return (this.#i32[2 * this.#unitOf(index) + 2] ?? 0) >>> 0;
  }

  /** Makes room for one more id of that time, as far as forgetting goes. Returns how many of the last 24 hours had to go. */
  forgetFor(receivedS: number, idsMax: number): number {
    let overflow = 0;
    while (this.count + 1 > DEDUP_IDS_MIN) {
      const isExpired = this.receivedSAt(0) < receivedS - DEDUP_SPAN_S;
      if (!isExpired && this.count + 1 <= idsMax) break;
      if (!isExpired) overflow += 1;
      this.#dropOldest();
    }
    return overflow;
  }

  /** Adds an id; there must be room. */
  push(mark: number, receivedS: number): void {
    if (this.count >= this.room) throw new Error(`no room in a ring of ${this.room}`);
    const at = this.#unitOf(this.count);
    const chain = 4 * this.#unit + 8 * chainOf(mark, this.room) + 7;
    this.#f64[at] = mark;
    this.#i32[2 * at + 2] = receivedS | 0;
    this.#u16[4 * at + 6] = this.#u16[chain] ?? 0;
    this.#u16[chain] = (at - this.#unit) / UNITS_AN_ID + 1;
    this.count += 1;
  }

  #dropOldest(): void {
    const u16 = this.#u16;
    const at = this.#unit + UNITS_AN_ID * this.head;
    const before = 4 * (this.#unit - UNITS_AN_ID);
    let link = 4 * this.#unit + 8 * chainOf(this.#f64[at] ?? 0, this.room) + 7;
    while ((u16[link] ?? 0) !== this.head + 1) link = before + 8 * (u16[link] ?? 0) + 6;
    u16[link] = 0;
    this.#f64[at] = 0;
    this.#i32[2 * at + 2] = 0;
    this.head = this.head + 1 === this.room ? 0 : this.head + 1;
    this.count -= 1;
  }

  /** Unit of the id that is so many places younger than the oldest. */
  #unitOf(index: number): number {
    const place = this.head + index;
    return this.#unit + UNITS_AN_ID * (place < this.room ? place : place - this.room);
  }
}

/** The views through which a ring is read and written. */
export interface RingViews {
  readonly f64: Float64Array;
  readonly i32: Int32Array;
  readonly u16: Uint16Array;
}

/** The room of the next larger ring: half as much again, exactly the ids that are always remembered, and at most the bound. */
export function roomBeyond(room: number, idsMax: number): number {
  const next = room + Math.max(1, room >> 1);
  return room < DEDUP_IDS_MIN ? Math.min(next, DEDUP_IDS_MIN) : Math.min(next, idsMax);
}

/** A chain from 0 to room − 1, by the mark's low 32 bits: the upper half of a product of two half words. */
function chainOf(mark: number, room: number): number {
  return Math.imul((mark | 0) >>> 16, room) >>> 16;
}

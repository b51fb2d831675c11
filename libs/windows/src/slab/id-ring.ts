import { DEDUP_IDS_MIN, DEDUP_SPAN_S } from "../recent-ids.js";

/*
 * The event ids that a subject used lately, at the end of its block. Up to 16 stand in a row, the oldest last, 16 bytes each, and one more takes
 * nothing but the next 16 bytes: mark, received time in seconds, nothing. More are a ring, oldest first around it; one with room for n has:
 *
 *   n × 8 bytes   mark of the id
 *   n × 4         received time, in seconds
 *   n × 2         the next older id of the same chain: its place + 1, 0 if none
 *   n × 2         the newest id of each chain: its place + 1, 0 if none
 *
 * There an id is looked up in the chain of its mark. The oldest id of all is the oldest of its chain: the last of it. All but the chains' heads is
 * read and written in turn, so that of a long ring little more than the heads has to be near.
 */

/** So many ids stand in a row. */
export const ROW_MAX = 16;

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
    const { room } = this;
    if (room <= ROW_MAX) return this.#isInRow(mark);
    const u16 = this.#u16;
    const nextAt = 4 * this.#unit + 6 * room;
    let place = u16[nextAt + room + chainOf(mark, room)] ?? 0;
    while (place !== 0) {
      if (this.#f64[this.#unit + place - 1] === mark) return true;
      place = u16[nextAt + place - 1] ?? 0;
    }
    return false;
  }

  #isInRow(mark: number): boolean {
    const f64 = this.#f64;
    const first = this.#unit + UNITS_AN_ID * (this.room - this.count);
    for (let at = first; at < this.#unit + UNITS_AN_ID * this.room; at += UNITS_AN_ID) {
      if (f64[at] === mark) return true;
    }
    return false;
  }

  /** Mark of the id that is so many places younger than the oldest. */
  markAt(index: number): number {
    if (this.room <= ROW_MAX) return this.#f64[this.#unitInRow(index)] ?? 0;
    return this.#f64[this.#unit + this.#placeOf(index)] ?? 0;
  }

  /** Received time of the id that is so many places younger than the oldest, in seconds. */
  receivedSAt(index: number): number {
    if (this.room <= ROW_MAX) return (this.#i32[2 * this.#unitInRow(index) + 2] ?? 0) >>> 0;
    return (this.#i32[2 * (this.#unit + this.room) + this.#placeOf(index)] ?? 0) >>> 0;
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
    const { room } = this;
    if (room <= ROW_MAX) {
      const at = this.#unitInRow(this.count);
      this.#f64[at] = mark;
      this.#i32[2 * at + 2] = receivedS | 0;
      this.count += 1;
      return;
    }
    const place = this.#placeOf(this.count);
    const nextAt = 4 * this.#unit + 6 * room;
    const head = nextAt + room + chainOf(mark, room);
    this.#f64[this.#unit + place] = mark;
    this.#i32[2 * (this.#unit + room) + place] = receivedS | 0;
    this.#u16[nextAt + place] = this.#u16[head] ?? 0;
    this.#u16[head] = place + 1;
    this.count += 1;
  }

  #dropOldest(): void {
    const { room, head: place } = this;
    const u16 = this.#u16;
    const nextAt = 4 * this.#unit + 6 * room;
    let link = nextAt + room + chainOf(this.#f64[this.#unit + place] ?? 0, room);
    while ((u16[link] ?? 0) !== place + 1) link = nextAt + (u16[link] ?? 0) - 1;
    u16[link] = 0;
    this.#f64[this.#unit + place] = 0;
    this.#i32[2 * (this.#unit + room) + place] = 0;
    this.head = place + 1 === room ? 0 : place + 1;
    this.count -= 1;
  }

  #unitInRow(index: number): number {
    return this.#unit + UNITS_AN_ID * (this.room - 1 - index);
  }

  /** Place of the id that is so many places younger than the oldest. */
  #placeOf(index: number): number {
    const place = this.head + index;
    return place < this.room ? place : place - this.room;
  }
}

/** The views through which a ring is read and written. */
export interface RingViews {
  readonly f64: Float64Array;
  readonly i32: Int32Array;
  readonly u16: Uint16Array;
}

/** The room of the next larger ring: one more in a row; then half as much again, exactly the ids that are always remembered, and at most the bound. */
export function roomBeyond(room: number, idsMax: number): number {
  if (room < ROW_MAX) return room + 1;
  const next = room + (room >> 1);
  return room < DEDUP_IDS_MIN ? Math.min(next, DEDUP_IDS_MIN) : Math.min(next, idsMax);
}

/** A chain from 0 to room − 1, by the mark's low 32 bits: the upper half of a product of two half words. */
function chainOf(mark: number, room: number): number {
  return Math.imul((mark | 0) >>> 16, room) >>> 16;
}

import { withOrder } from "../purchase-history.js";
import { DEDUP_IDS_MIN } from "../recent-ids.js";
import { SESSION_SILENCE_MAX_MS } from "../session.js";
import { tileOf, WINDOWS } from "../tiling.js";
import {
  DROPPED_UNITS,
  droppedAt,
  FIRST_TEXT_FLAG_BIT,
  FLAG_CART,
  FLAG_DROPPED,
  FLAG_HISTORY,
  FLAG_HISTORY_UNKNOWN,
  FLAG_KEY,
  HISTORY_UNITS,
  historyAt,
  KEY_UNITS,
  keyAt,
  moveUnits,
  popcount8,
  sectionUnits,
  textsAt,
  UNIT,
  WORD,
  zeroUnits,
} from "./block.js";
import { addToCell, BEGUN_UNIT, type CellCompactor, compactAtFor, startFor, packCell, writeCell } from "./cells.js";
import { historyIn, putHistory } from "./history-section.js";
import { IdRing, roomBeyond, ROW_MAX, UNITS_AN_ID } from "./id-ring.js";
import type { CheckpointedBlock } from "./checkpoint.js";
import type { Segment } from "./segment.js";
import { SegmentFull } from "./segment-memory.js";
import { classFor } from "./size-classes.js";
import type { SlabEvent } from "./slab-event.js";
import { compareText, textLength, writeText } from "./text-bytes.js";
import type { SubjectViews } from "./thaw.js";

/** Units of a cell and an id. */
const SLACK_UNITS = 4;

/**
 * Writes one subject's block at a time. Between {@link SubjectWriter.open} and {@link SubjectWriter.close} the block's sequence word is odd, which
 * tells readers to wait; a block that outgrows its class moves to a larger one meanwhile.
 */
export class SubjectWriter {
  readonly #segment: Segment;
  readonly #views: SubjectViews;
  readonly #compactor: CellCompactor;
  readonly #ring = new IdRing();
  readonly #dropped = new Int32Array(WINDOWS.length);
  readonly #makeRoom: (sizeClass: number) => number;
  /** Ids on their way from one ring to the next. */
  #marks = new Float64Array(16);
  #seconds = new Float64Array(16);
  #address = 0;
  #unit = 0;
  #word = 0;
  #endUnit = 0;

  /** @param makeRoom gives a block of a class where the segment has none left, or 0 */
  constructor(segment: Segment, compactor: CellCompactor, makeRoom: (sizeClass: number) => number) {
    this.#segment = segment;
    this.#compactor = compactor;
    this.#makeRoom = makeRoom;
    const { f64, i32, u8 } = segment;
    this.#views = { f64, i32, u8, u16: new Uint16Array(segment.memory.blocks) };
  }

  get views(): SubjectViews {
    return this.#views;
  }

  get address(): number {
    return this.#address;
  }

  get unit(): number {
    return this.#unit;
  }

  get endUnit(): number {
    return this.#endUnit;
  }

  get flags(): number {
    return this.#views.i32[this.#word + WORD.flags] ?? 0;
  }

  /** Begins to write a subject's block. */
  open(address: number): void {
    this.#pointAt(address);
    Atomics.add(this.#views.i32, this.#word, 1);
  }

  /** Begins to write a new subject's block, of so many units. Readers who find it wait for {@link SubjectWriter.close}. */
  openNew(units: number, s0: number, s1: number, s2: number, s3: number): void {
    this.open(this.#allocate(units));
    const { i32 } = this.#views;
    i32[this.#word + WORD.subject] = s0;
    i32[this.#word + WORD.subject + 1] = s1;
    i32[this.#word + WORD.subject + 2] = s2;
    i32[this.#word + WORD.subject + 3] = s3;
    try {
      this.#segment.insert(this.#address);
    } catch (error) {
      this.#segment.release(this.#address);
      throw error;
    }
  }

  /** Fills a new block with one out of a checkpoint, sequence and subject left alone. */
  fillFrom({ views, unit, front, idUnits }: CheckpointedBlock): void {
    const { f64 } = this.#views;
    for (let at = UNIT.lastOffset; at < front; at += 1) f64[this.#unit + at] = views.f64[unit + at] ?? 0;
    const ids = this.#endUnit - idUnits;
    for (let at = 0; at < idUnits; at += 1) f64[ids + at] = views.f64[unit + front + at] ?? 0;
  }

  /** Makes a new block that of a subject with nothing seen, with room for so many ids, of whose orders all or none are known. */
  startEmpty(idRoom: number, isHistoryKnown: boolean): void {
    const { f64, i32 } = this.#views;
    f64[this.#unit + UNIT.lastOffset] = -1;
    f64[this.#unit + UNIT.newestMs] = -1;
    f64[this.#unit + UNIT.newestReceivedMs] = -1;
    i32[this.#word + WORD.cellsAt] = UNIT.recency;
    i32[this.#word + WORD.compactAt] = compactAtFor(0);
    i32[this.#word + WORD.idRoom] = idRoom;
    if (!isHistoryKnown) i32[this.#word + WORD.flags] = FLAG_HISTORY_UNKNOWN;
  }

  close(): void {
    Atomics.add(this.#views.i32, this.#word, 1);
  }

  /** The subject's event ids. */
  ids(): IdRing {
    const { i32 } = this.#views;
    const room = i32[this.#word + WORD.idRoom] ?? 0;
    const head = i32[this.#word + WORD.idHead] ?? 0;
    const count = i32[this.#word + WORD.idCount] ?? 0;
    return this.#ring.at(this.#views, this.#endUnit - UNITS_AN_ID * room, room, head, count);
  }

  /** Remembers an id that is not remembered. Returns how many of the last 24 hours had to go for it. */
  rememberId(mark: number, receivedS: number, idsMax: number): number {
    const { i32 } = this.#views;
    let ring = this.ids();
    const overflow = ring.forgetFor(receivedS, idsMax);
    if (ring.room < ROW_MAX && ring.count === ring.room) ring = this.#lengthenRow(ring.room + 1);
    else if (ring.count === ring.room) ring = this.#regrowIds(roomBeyond(ring.room, idsMax));
    ring.push(mark, receivedS);
    i32[this.#word + WORD.idHead] = ring.head;
    i32[this.#word + WORD.idCount] = ring.count;
    return overflow;
  }

  /** Notes that tiles around a moment, of the sizes from the finest to one, are not kept apart. */
  noteDropped(atMs: number, levels: number): void {
    this.#loadDropped();
    for (let level = 0; level < levels; level += 1) {
      const window = WINDOWS[level];
      if (window === undefined) continue;
      this.#dropped[level] = Math.max(this.#dropped[level] ?? -1, tileOf(window, atMs));
    }
    this.#storeDropped();
  }

  /** Remembers the key that arms hash, of a subject that has none. */
  noteKey(a0: number, a1: number, a2: number, a3: number): void {
    const { i32 } = this.#views;
    const { flags } = this;
    this.#insert(keyAt(flags), KEY_UNITS);
    i32[this.#word + WORD.flags] = flags | FLAG_KEY;
    const at = 2 * (this.#unit + keyAt(flags));
    i32[at] = a0;
    i32[at + 1] = a1;
    i32[at + 2] = a2;
    i32[at + 3] = a3;
  }

  /**
   * Adds an order to the history of all. Where one was seen before the history was kept, nobody knows how many there were: none is begun then.
   *
   * @param isFirst whether no order of the subject was seen before
   */
  noteOrder(atMs: number, revenueMinor: number, isFirst: boolean): void {
    const { flags } = this;
    const isKept = (flags & FLAG_HISTORY) !== 0;
    if ((flags & FLAG_HISTORY_UNKNOWN) !== 0 || (!isKept && !isFirst)) return;
    const at = historyAt(flags);
    if (!isKept) {
      this.#insert(at, HISTORY_UNITS);
      this.#views.i32[this.#word + WORD.flags] = flags | FLAG_HISTORY;
    }
    const before = isKept ? historyIn(this.#views, this.#unit + at) : undefined;
    putHistory(this.#views, this.#unit + at, withOrder(before, atMs, revenueMinor));
  }

  /** Forgets the history, if there is one: from now on it is unknown. */
  loseHistory(): void {
    const { flags } = this;
    if ((flags & FLAG_HISTORY) !== 0) this.#resize(historyAt(flags), HISTORY_UNITS, 0);
    this.#views.i32[this.#word + WORD.flags] = (flags & ~FLAG_HISTORY) | FLAG_HISTORY_UNKNOWN;
  }

  /**
   * Takes the event into the session, or begins another; returns whether it did. A late event counts if it falls into the session; one from before
   * its start changes nothing: sessions never grow backwards.
   */
  advanceSession({ kind, atMs }: SlabEvent, pageView: number, productView: number): boolean {
    const { f64, i32 } = this.#views;
    const lastAt = this.#unit + UNIT.sessionLastMs;
    const startAt = this.#unit + UNIT.sessionStartMs;
    const isNew = i32[this.#word + WORD.sessionEvents] === 0 || atMs - (f64[lastAt] ?? 0) > SESSION_SILENCE_MAX_MS;
    if (isNew) {
      f64[startAt] = atMs;
      f64[lastAt] = atMs;
      i32[this.#word + WORD.sessionEvents] = 0;
      i32[this.#word + WORD.sessionPageViews] = 0;
      i32[this.#word + WORD.sessionProductViews] = 0;
    } else if (atMs < (f64[startAt] ?? 0)) return false;
    else if (atMs > (f64[lastAt] ?? 0)) f64[lastAt] = atMs;
    i32[this.#word + WORD.sessionEvents] = (i32[this.#word + WORD.sessionEvents] ?? 0) + 1;
    if (kind === pageView) this.#increment(WORD.sessionPageViews);
    if (kind === productView) this.#increment(WORD.sessionProductViews);
    return isNew;
  }

  /** Counts in the cell of that key. */
  count(level: number, atMs: number, counter: number, count: number, begun: number, value: number): void {
    const { f64, i32 } = this.#views;
    const start = startFor(level, atMs);
    const packed = packCell(level, counter, count) + begun * BEGUN_UNIT;
    const cells = i32[this.#word + WORD.cellCount] ?? 0;
    if (addToCell(f64, i32, this.#cellsAt, cells, start, packed, value)) return;
    this.#ensure(2);
    writeCell(f64, i32, this.#cellsAt + 2 * cells, start, packed, value);
    i32[this.#word + WORD.cellCount] = cells + 1;
  }

  /** Compacts the cells if they have become many since they last were. */
  compactWhenDue(): void {
    const { i32 } = this.#views;
    if ((i32[this.#word + WORD.cellCount] ?? 0) >= (i32[this.#word + WORD.compactAt] ?? 0)) this.compact();
  }

  compact(): void {
    const { f64, i32 } = this.#views;
    this.#loadDropped();
    const newestMs = f64[this.#unit + UNIT.newestMs] ?? -1;
    const cells = i32[this.#word + WORD.cellCount] ?? 0;
    const left = this.#compactor.compact(this.#views, this.#cellsAt, cells, newestMs, this.#dropped);
    i32[this.#word + WORD.cellCount] = left;
    i32[this.#word + WORD.compactAt] = compactAtFor(left);
    this.#storeDropped();
    this.#moveIfSparse();
  }

  /** Time of the newest event of a kind. */
  noteKind(kind: number, atMs: number): void {
    const { f64, i32 } = this.#views;
    const { flags } = this;
    const at = UNIT.recency + popcount8(flags & ((1 << kind) - 1));
    if ((flags & (1 << kind)) === 0) {
      this.#insert(at, 1);
      i32[this.#word + WORD.flags] = flags | (1 << kind);
      f64[this.#unit + at] = atMs;
    } else if (atMs > (f64[this.#unit + at] ?? 0)) f64[this.#unit + at] = atMs;
  }

  /** Remembers a text of its newest event; of the same millisecond the greater one. */
  noteText(index: number, text: string, atMs: number): void {
    const { f64, i32, u8 } = this.#views;
    const { flags } = this;
    const at = this.#textAt(index);
    const bytes = textLength(text);
    if ((flags & (1 << (FIRST_TEXT_FLAG_BIT + index))) === 0) {
      this.#insert(at, 1 + sectionUnits(bytes));
      i32[this.#word + WORD.flags] = flags | (1 << (FIRST_TEXT_FLAG_BIT + index));
    } else {
      const seenMs = f64[this.#unit + at] ?? 0;
      const seenBytes = i32[2 * (this.#unit + at) + 2] ?? 0;
      const order = compareText(u8, 8 * (this.#unit + at) + 12, seenBytes, text);
      if (atMs < seenMs || (atMs === seenMs && order > 0)) return;
      f64[this.#unit + at] = atMs;
      if (order === 0) return;
      this.#resize(at + 1, sectionUnits(seenBytes), sectionUnits(bytes));
    }
    f64[this.#unit + at] = atMs;
    i32[2 * (this.#unit + at) + 2] = bytes;
    writeText(u8, 8 * (this.#unit + at) + 12, text);
  }

  /** Unit of the cart's section; 0 if there is none. */
  get cartAt(): number {
    return (this.flags & FLAG_CART) === 0 ? 0 : this.#unit + this.#textAt(4);
  }

  /** Puts a cart, as bytes, in the place of what was there, or takes it away. */
  storeCart(bytes: Uint8Array | undefined): void {
    const { i32, u8 } = this.#views;
    const at = this.#textAt(4);
    const { flags } = this;
    const before = (flags & FLAG_CART) === 0 ? 0 : sectionUnits(i32[2 * (this.#unit + at)] ?? 0);
    this.#resize(at, before, bytes === undefined ? 0 : sectionUnits(bytes.length));
    i32[this.#word + WORD.flags] = bytes === undefined ? flags & ~FLAG_CART : flags | FLAG_CART;
    if (bytes === undefined) return;
    i32[2 * (this.#unit + at)] = bytes.length;
    u8.set(bytes, 8 * (this.#unit + at) + 4);
  }

  get #cellsAt(): number {
    return this.#unit + (this.#views.i32[this.#word + WORD.cellsAt] ?? 0);
  }

  /** Unit, from the block's first, of a text or of what stands in its place. */
  #textAt(index: number): number {
    const { flags } = this;
    let at = textsAt(flags);
    for (let before = 0; before < index; before += 1) {
      if ((flags & (1 << (FIRST_TEXT_FLAG_BIT + before))) === 0) continue;
      at += 1 + sectionUnits(this.#views.i32[2 * (this.#unit + at) + 2] ?? 0);
    }
    return at;
  }

  #increment(word: number): void {
    const { i32 } = this.#views;
    i32[this.#word + word] = (i32[this.#word + word] ?? 0) + 1;
  }

  #loadDropped(): void {
    const { flags } = this;
    const at = 2 * (this.#unit + droppedAt(flags));
    for (let level = 0; level < this.#dropped.length; level += 1) {
      this.#dropped[level] = (flags & FLAG_DROPPED) === 0 ? -1 : (this.#views.i32[at + level] ?? -1);
    }
  }

  #storeDropped(): void {
    const { flags } = this;
    if ((flags & FLAG_DROPPED) === 0) {
      if (this.#dropped.every((tile) => tile < 0)) return;
      this.#insert(droppedAt(flags), DROPPED_UNITS);
      this.#views.i32[this.#word + WORD.flags] = flags | FLAG_DROPPED;
    }
    this.#views.i32.set(this.#dropped, 2 * (this.#unit + droppedAt(flags)));
  }

  /** Gives a section that begins at a unit another length; what was beyond the shorter of both is lost or zero. */
  #resize(at: number, before: number, after: number): void {
    if (after > before) this.#insert(at + before, after - before);
    const { f64, i32 } = this.#views;
    const end = this.#frontUnits;
    if (after < before) {
      moveUnits(f64, this.#unit + at + after, this.#unit + at + before, end - at - before);
      zeroUnits(f64, this.#unit + end - (before - after), this.#unit + end);
      i32[this.#word + WORD.cellsAt] = (i32[this.#word + WORD.cellsAt] ?? 0) - (before - after);
    }
    zeroUnits(f64, this.#unit + at, this.#unit + at + after);
  }

  /** Makes room of zeroes before the unit, which is counted from the block's first. */
  #insert(at: number, units: number): void {
    this.#ensure(units);
    const { f64, i32 } = this.#views;
    const end = this.#frontUnits;
    moveUnits(f64, this.#unit + at + units, this.#unit + at, end - at);
    zeroUnits(f64, this.#unit + at, this.#unit + at + units);
    i32[this.#word + WORD.cellsAt] = (i32[this.#word + WORD.cellsAt] ?? 0) + units;
  }

  /** Units from the block's first to the end of its cells. */
  get #frontUnits(): number {
    const { i32 } = this.#views;
    return (i32[this.#word + WORD.cellsAt] ?? 0) + 2 * (i32[this.#word + WORD.cellCount] ?? 0);
  }

  get #idUnits(): number {
    return UNITS_AN_ID * (this.#views.i32[this.#word + WORD.idRoom] ?? 0);
  }

  /** Makes sure that so many units are free behind the cells. */
  #ensure(units: number): void {
    const used = this.#frontUnits + this.#idUnits;
    if (this.#unit + used + units <= this.#endUnit) return;
    // A little more than is asked for: a block that grows will grow again, by a cell and an id at least.
    this.#moveTo(this.#allocate(used + units + Math.max(SLACK_UNITS, used >> 3)));
  }

  /** Moves a block that is far larger than what it holds. */
  #moveIfSparse(): void {
    const { room, count } = this.ids();
    if (room > DEDUP_IDS_MIN && count * 4 < room) this.#regrowIds(Math.max(DEDUP_IDS_MIN, count * 2));
    const used = this.#frontUnits + this.#idUnits;
    if (2 * used > this.#endUnit - this.#unit) return;
    const sizeClass = classFor(8 * (used + (used >> 3)));
    if (sizeClass >= this.#segment.classOf(this.#address)) return;
    const address = this.#segment.allocate(sizeClass);
    if (address !== 0) this.#moveTo(address);
  }

  #moveTo(address: number): void {
    const { f64 } = this.#views;
    const [from, fromUnit, fromEnd] = [this.#address, this.#unit, this.#endUnit];
    const front = this.#frontUnits;
    const ids = this.#idUnits;
    this.open(address);
    moveUnits(f64, this.#unit + 1, fromUnit + 1, front - 1);
    if (ids > 0) moveUnits(f64, this.#endUnit - ids, fromEnd - ids, ids);
    this.#segment.replace(from, address);
    this.#segment.release(from);
  }

  /** Takes the units before the row for one more id. */
  #lengthenRow(room: number): IdRing {
    this.#ensure(UNITS_AN_ID);
    this.#views.i32[this.#word + WORD.idRoom] = room;
    return this.ids();
  }

  /** Gives the ring another room, its ids around it again from the first place on. */
  #regrowIds(room: number): IdRing {
    const { f64, i32 } = this.#views;
    const ring = this.ids();
    const { count } = ring;
    if (this.#marks.length < count) {
      this.#marks = new Float64Array(room);
      this.#seconds = new Float64Array(room);
    }
    for (let index = 0; index < count; index += 1) {
      this.#marks[index] = ring.markAt(index);
      this.#seconds[index] = ring.receivedSAt(index);
    }
    if (room > ring.room) this.#ensure(UNITS_AN_ID * (room - ring.room));
    const largest = Math.max(room, i32[this.#word + WORD.idRoom] ?? 0);
    zeroUnits(f64, this.#endUnit - UNITS_AN_ID * largest, this.#endUnit);
    i32[this.#word + WORD.idRoom] = room;
    i32[this.#word + WORD.idHead] = 0;
    i32[this.#word + WORD.idCount] = 0;
    const regrown = this.ids();
    for (let index = 0; index < count; index += 1) regrown.push(this.#marks[index] ?? 0, this.#seconds[index] ?? 0);
    i32[this.#word + WORD.idCount] = count;
    return regrown;
  }

  #allocate(units: number): number {
    const sizeClass = classFor(8 * units);
    if (sizeClass === -1) throw new SegmentFull(`${8 * units} bytes of one subject`);
    const address = this.#segment.allocate(sizeClass) || this.#makeRoom(sizeClass);
    if (address === 0) throw new SegmentFull(`no block of ${8 * units} bytes`);
    return address;
  }

  #pointAt(address: number): void {
    this.#address = address;
    this.#unit = 2 * address;
    this.#word = 4 * address;
    this.#endUnit = this.#unit + this.#segment.bytesOf(address) / 8;
  }
}

import { addWithinSafeRange } from "../counters.js";
import { insertMark, MARKS_KEPT } from "../distinct.js";
import type { Cell } from "../subject-state.js";
import { AHEAD_MAX_MS, oldestKeptTile, oldestTileAt, tileOf, WINDOWS } from "../tiling.js";

/*
 * What happened to a subject, as a short list of cells of 16 bytes:
 *
 *   word 0   the tile's start, in 5 seconds since 1970
 *   word 1   tile size (3 bits) │ counter (4) │ sessions begun (5) │ how often (20)
 *   unit 1   the product's mark, −1 if none; of units, revenue and discount: the amount
 *
 * New cells go to the end. When the list has grown by half it is compacted: cells go over to the next tile size as far
 * as they are too old for theirs, and equal ones become one. Two cells of one key are as good as one, so neither
 * late events nor full counts need anything special.
 */

/** The finest tile's length, in which starts count. */
const START_MS = WINDOWS[0].tileMs;

/** Length of each tile size in {@link START_MS}. */
const SIZES: readonly number[] = WINDOWS.map(({ tileMs }) => tileMs / START_MS);

const LEVELS = WINDOWS.length;
const COUNT_BITS = 20;
const COUNT_MAX = (1 << COUNT_BITS) - 1;
/** One session begun, in a cell's second word. */
export const BEGUN_UNIT = 1 << COUNT_BITS;
const BEGUN_COUNT_MAX = 31;
const BEGUN_MAX = BEGUN_COUNT_MAX << COUNT_BITS;
const KEY_SHIFT = 25;
const KEY_MASK = ~((1 << KEY_SHIFT) - 1);
const COUNTER_MASK = 15;

/** No product. */
export const NO_MARK = -1;

/** Cells beside each other of at least this many marks are looked through for marks that no window needs. */
const PRUNED_ABOVE = 2_048;

const COMPACT_AT_LEAST = 16;

/** The second word of a cell; sessions begun are added to it in units of {@link BEGUN_UNIT}. */
export function packCell(level: number, counter: number, count: number): number {
  return (level << (KEY_SHIFT + 4)) | (counter << KEY_SHIFT) | count;
}

export function levelOf(packed: number): number {
  return packed >>> (KEY_SHIFT + 4);
}

export function counterOf(packed: number): number {
  return (packed >>> KEY_SHIFT) & COUNTER_MASK;
}

export function begunOf(packed: number): number {
  return (packed & BEGUN_MAX) >>> COUNT_BITS;
}

export function countOf(packed: number): number {
  return packed & COUNT_MAX;
}

/** The cell at a unit, taken out. */
export function cellAt({ f64, i32 }: CellViews, at: number): Cell {
  const packed = i32[2 * at + 1] ?? 0;
  return {
    start: i32[2 * at] ?? 0,
    level: levelOf(packed),
    counter: counterOf(packed),
    begun: begunOf(packed),
    count: countOf(packed),
    value: f64[at + 1] ?? 0,
  };
}

/** Writes a cell that was taken out. */
export function putCell({ f64, i32 }: CellViews, at: number, cell: Cell): void {
  const packed = packCell(cell.level, cell.counter, cell.count) + cell.begun * BEGUN_UNIT;
  writeCell(f64, i32, at, cell.start, packed, cell.value);
}

/** A cell as cells of which none counts more than its word holds. */
export function splitCell(cell: Cell): Cell[] {
  const parts: Cell[] = [];
  let { begun, count } = cell;
  do {
    const part = { ...cell, begun: Math.min(begun, BEGUN_COUNT_MAX), count: Math.min(count, COUNT_MAX) };
    parts.push(part);
    begun -= part.begun;
    count -= part.count;
  } while (begun > 0 || count > 0);
  return parts;
}

/** True for counters whose cells hold an amount, not a product. */
export function isAmount(counter: number): boolean {
  return counter >= 8;
}

/** The number of cells at which a list of so many is to be compacted. */
export function compactAtFor(count: number): number {
  return count + Math.max(COMPACT_AT_LEAST, count >> 1);
}

/** The finest tile size that still takes an event; −1 if it is older than all that is kept. */
export function levelFor(atMs: number, newestMs: number): number {
  if (atMs >= newestMs - AHEAD_MAX_MS) return 0;
  for (let level = 0; level < LEVELS; level += 1) {
    const window = WINDOWS[level];
    if (window !== undefined && tileOf(window, atMs) >= oldestKeptTile(window, newestMs)) return level;
  }
  return -1;
}

/** Start of the tile of that size around a moment, in 5 seconds. */
export function startFor(level: number, atMs: number): number {
  const start = Math.floor(atMs / START_MS);
  return level === 0 ? start : flooredTo(SIZES[level] ?? 1, start);
}

function flooredTo(size: number, start: number): number {
  return start - (start % size);
}

/**
 * Adds to the newest cell of the same key, if it is among the last ones of its tile.
 *
 * @param unit unit of the first cell
 * @returns true if it was; else the cell has to be appended
 */
export function addToCell(
  f64: Float64Array,
  i32: Int32Array,
  unit: number,
  count: number,
  start: number,
  packed: number,
  value: number,
): boolean {
  for (let at = unit + 2 * (count - 1); at >= unit; at -= 2) {
    if (i32[2 * at] !== start) return false;
    if (canJoin(i32[2 * at + 1] ?? 0, packed) && joinCell(f64, i32, at, packed, value)) return true;
  }
  return false;
}

/** Writes a cell. */
export function writeCell(
  f64: Float64Array,
  i32: Int32Array,
  at: number,
  start: number,
  packed: number,
  value: number,
): void {
  i32[2 * at] = start;
  i32[2 * at + 1] = packed;
  f64[at + 1] = value;
}

function canJoin(a: number, b: number): boolean {
  return (a & KEY_MASK) === (b & KEY_MASK);
}

/** Adds a cell to another of the same tile, size and counter. False if products differ or a count would overflow. */
function joinCell(f64: Float64Array, i32: Int32Array, at: number, packed: number, value: number): boolean {
  const present = i32[2 * at + 1] ?? 0;
  if (isAmount(counterOf(packed))) {
    f64[at + 1] = addWithinSafeRange(f64[at + 1] ?? 0, value);
    return true;
  }
  if (f64[at + 1] !== value) return false;
  const count = countOf(present) + countOf(packed);
  const begun = (present & BEGUN_MAX) + (packed & BEGUN_MAX);
  if (count > COUNT_MAX || begun > BEGUN_MAX) return false;
  i32[2 * at + 1] = (present & KEY_MASK) | begun | count;
  return true;
}

/** Where compaction notes that something of a tile size is not kept: newest dropped tile of each, −1 for none. */
export type DroppedTiles = Int32Array;

/**
 * Moves cells that are too old for their tile size, seen from the newest event, to the next one, joins equal cells,
 * and forgets what no window reaches.
 *
 * @param unit unit of the first cell
 * @returns how many cells are left, at the same place
 */
export class CellCompactor {
  #slots = new Int32Array(64);
  readonly #oldest = new Float64Array(LEVELS);

  compact(views: CellViews, unit: number, count: number, newestMs: number, dropped: DroppedTiles): number {
    for (let level = 0; level < LEVELS; level += 1) {
      const window = WINDOWS[level];
      if (window !== undefined) this.#oldest[level] = oldestKeptTile(window, newestMs);
    }
    let left = this.#join(views, unit, count, dropped);
    if (left > PRUNED_ABOVE && pruneMarks(views, unit, left, newestMs, dropped)) {
      left = this.#join(views, unit, left, dropped);
    }
    return left;
  }

  #join({ f64, i32 }: CellViews, unit: number, count: number, dropped: DroppedTiles): number {
    const slots = this.#clearedSlots(count);
    const mask = slots.length - 1;
    let end = unit;
    for (let at = unit; at < unit + 2 * count; at += 2) {
      const packed = this.#aged(i32, at, dropped);
      if (packed === undefined) continue;
      const start = i32[2 * at] ?? 0;
      const value = f64[at + 1] ?? 0;
      let slot = keyHash(start, packed, value) & mask;
      for (;;) {
        const other = slots[slot] ?? 0;
        if (other === 0) {
          slots[slot] = end - unit + 1;
          writeCell(f64, i32, end, start, packed, value);
          end += 2;
          break;
        }
        const place = unit + other - 1;
        const isSame = i32[2 * place] === start && canJoin(i32[2 * place + 1] ?? 0, packed);
        if (isSame && joinCell(f64, i32, place, packed, value)) break;
        slot = (slot + 1) & mask;
      }
    }
    f64.fill(0, end, unit + 2 * count);
    return (end - unit) / 2;
  }

  /** The cell's second word at the tile size that suits its age, its start moved with it; undefined if it is too old for any. */
  #aged(i32: Int32Array, at: number, dropped: DroppedTiles): number | undefined {
    let packed = i32[2 * at + 1] ?? 0;
    let start = i32[2 * at] ?? 0;
    let level = levelOf(packed);
    let tile = Math.floor(start / (SIZES[level] ?? 1));
    if (tile >= (this.#oldest[level] ?? 0)) return packed;
    while (tile < (this.#oldest[level] ?? 0)) {
      if (tile > (dropped[level] ?? -1)) dropped[level] = tile;
      level += 1;
      if (level === LEVELS) return undefined;
      start = flooredTo(SIZES[level] ?? 1, start);
      tile = start / (SIZES[level] ?? 1);
    }
    packed = (level << (KEY_SHIFT + 4)) | (packed & ((1 << (KEY_SHIFT + 4)) - 1));
    i32[2 * at] = start;
    return packed;
  }

  #clearedSlots(count: number): Int32Array {
    let size = 64;
    while (size < 2 * count) size *= 2;
    if (this.#slots.length < size) this.#slots = new Int32Array(size);
    // A power of two that suits this list: clearing more than it needs would cost more than joining.
    const slots = this.#slots.length === size ? this.#slots : this.#slots.subarray(0, size);
    return slots.fill(0);
  }
}

/** The views through which cells are read and written. */
export interface CellViews {
  readonly f64: Float64Array;
  readonly i32: Int32Array;
}

function keyHash(start: number, packed: number, value: number): number {
  const mark = isAmount(counterOf(packed)) ? 0 : value;
  const mixed = Math.imul(start ^ Math.imul(packed >>> KEY_SHIFT, 0x9e3779b1) ^ (mark | 0), 0x85ebca6b);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}

/**
 * Takes the marks away that no window needs whose time is not more than 5 minutes before the newest event: those that are
 * greater than {@link MARKS_KEPT} different ones which every such window contains as well. Their counts stay. What windows
 * of earlier times are is no longer known then, and noted so.
 *
 * @returns true if a mark went
 */
function pruneMarks(views: CellViews, unit: number, count: number, newestMs: number, dropped: DroppedTiles): boolean {
  const { f64, i32 } = views;
  const settledTo = startFor(0, newestMs - AHEAD_MAX_MS);
  const places = Array.from({ length: count }, (_, index) => unit + 2 * index)
    .filter((at) => !isAmount(counterOf(i32[2 * at + 1] ?? 0)) && f64[at + 1] !== NO_MARK)
    .reverse();
  // Cells come in the order of time, but for late events.
  if (!isDescending(i32, places)) places.sort((a, b) => (i32[2 * b] ?? 0) - (i32[2 * a] ?? 0));
  let pruned = false;
  let smallest: number[] = [];
  let from = 0;
  while (from < places.length) {
    const start = i32[2 * (places[from] ?? 0)] ?? 0;
    let to = from;
    while (to < places.length && i32[2 * (places[to] ?? 0)] === start) to += 1;
    // What is newer than that may be invisible at such a time: each of those tiles is looked at alone.
    const marks: number[] = start <= settledTo ? smallest : [];
    for (const at of places.slice(from, to)) insertMark(marks, f64[at + 1] ?? 0);
    const greatest = marks.length < MARKS_KEPT ? Infinity : (marks[MARKS_KEPT - 1] ?? Infinity);
    for (const at of places.slice(from, to)) {
      if ((f64[at + 1] ?? 0) <= greatest) continue;
      f64[at + 1] = NO_MARK;
      pruned = true;
    }
    if (start <= settledTo) smallest = marks;
    from = to;
  }
  if (pruned) noteEarlierUnknown(newestMs - AHEAD_MAX_MS, dropped);
  return pruned;
}

function isDescending(i32: Int32Array, places: readonly number[]): boolean {
  for (let index = 1; index < places.length; index += 1) {
    if ((i32[2 * (places[index] ?? 0)] ?? 0) > (i32[2 * (places[index - 1] ?? 0)] ?? 0)) return false;
  }
  return true;
}

function noteEarlierUnknown(atMs: number, dropped: DroppedTiles): void {
  for (let level = 0; level < LEVELS; level += 1) {
    const window = WINDOWS[level];
    if (window === undefined) continue;
    dropped[level] = Math.max(dropped[level] ?? -1, oldestTileAt(window, atMs) - 1);
  }
}

import { DISTINCT_EXACT_MAX, estimateDistinct } from "../distinct.js";
import { WINDOWS } from "../tiling.js";

/**
 * Counts the different marks of all windows at once. Windows nest, so that a mark that is in one is in all longer ones: it is enough to know
 * the shortest window of each mark. One counter is used again and again and grows to the largest subject that it met.
 */
export class DistinctCounter {
  /** Different marks of each window, shortest first, after {@link DistinctCounter.count}. */
  readonly counts = new Float64Array(WINDOWS.length);
  readonly #marksIn = new Int32Array(WINDOWS.length);
  #marks = new Float64Array(64);
  #shortest = new Uint8Array(64);
  /** Round in which a slot was filled: a new round makes all of them empty at once. */
  #rounds = new Uint32Array(64);
  #round = 0;
  #size = 0;
  #chosen = new Float64Array(0);

  /** Begins anew. */
  clear(): void {
    this.#size = 0;
    this.#marksIn.fill(0);
    this.#round += 1;
    if (this.#round <= 0xffffffff) return;
    this.#rounds.fill(0);
    this.#round = 1;
  }

  /** Takes a mark in that is in the window at that place and all longer ones. */
  add(mark: number, window: number): void {
    const mask = this.#marks.length - 1;
    let slot = slotOf(mark) & mask;
    while (this.#rounds[slot] === this.#round) {
      if (this.#marks[slot] === mark) {
        this.#shorten(slot, window);
        return;
      }
      slot = (slot + 1) & mask;
    }
    this.#rounds[slot] = this.#round;
    this.#marks[slot] = mark;
    this.#shortest[slot] = window;
    this.#marksIn[window] = (this.#marksIn[window] ?? 0) + 1;
    this.#size += 1;
    if (this.#size * 2 > this.#marks.length) this.#grow();
  }

  /** Fills {@link DistinctCounter.counts}: exact to {@link DISTINCT_EXACT_MAX}, then estimated. */
  count(): void {
    let sum = 0;
    // A longer window has all marks of a shorter one: none above the shorter's k-th smallest can be its own.
    let below = Infinity;
    for (let window = 0; window < WINDOWS.length; window += 1) {
      sum += this.#marksIn[window] ?? 0;
      if (sum > DISTINCT_EXACT_MAX) below = this.#kthSmallest(window, below);
      this.counts[window] = sum <= DISTINCT_EXACT_MAX ? sum : estimateDistinct(below);
    }
  }

  #shorten(slot: number, window: number): void {
    const before = this.#shortest[slot] ?? 0;
    if (window >= before) return;
    this.#shortest[slot] = window;
    this.#marksIn[before] = (this.#marksIn[before] ?? 0) - 1;
    this.#marksIn[window] = (this.#marksIn[window] ?? 0) + 1;
  }

  /** The k-th smallest mark of a window, k being {@link DISTINCT_EXACT_MAX}, known to be at most so great. */
  #kthSmallest(window: number, atMost: number): number {
    if (this.#chosen.length < this.#size) this.#chosen = new Float64Array(this.#marks.length);
    const chosen = this.#chosen;
    let length = 0;
    for (let slot = 0; slot < this.#marks.length; slot += 1) {
      if (this.#rounds[slot] !== this.#round || (this.#shortest[slot] ?? 0) > window) continue;
      const mark = this.#marks[slot] ?? 0;
      if (mark > atMost) continue;
      chosen[length] = mark;
      length += 1;
    }
    return select(chosen, length, DISTINCT_EXACT_MAX - 1);
  }

  #grow(): void {
    const [marks, shortest, rounds] = [this.#marks, this.#shortest, this.#rounds];
    const size = marks.length * 2;
    this.#marks = new Float64Array(size);
    this.#shortest = new Uint8Array(size);
    this.#rounds = new Uint32Array(size);
    for (let from = 0; from < marks.length; from += 1) {
      if (rounds[from] !== this.#round) continue;
      let slot = slotOf(marks[from] ?? 0) & (size - 1);
      while (this.#rounds[slot] === this.#round) slot = (slot + 1) & (size - 1);
      this.#marks[slot] = marks[from] ?? 0;
      this.#shortest[slot] = shortest[from] ?? 0;
      this.#rounds[slot] = this.#round;
    }
  }
}

/** Marks are uniform: their low bits will do. */
function slotOf(mark: number): number {
  return mark | 0;
}

/** The value that would stand at a place if the first so many were sorted, which changes their order (quickselect; Hoare 1961). */
function select(values: Float64Array, length: number, place: number): number {
  let from = 0;
  let to = length - 1;
  while (from < to) {
    const pivot = values[(from + to) >>> 1] ?? 0;
    let left = from;
    let right = to;
    while (left <= right) {
      while ((values[left] ?? pivot) < pivot) left += 1;
      while ((values[right] ?? pivot) > pivot) right -= 1;
      if (left > right) break;
      const swap = values[left] ?? 0;
      values[left] = values[right] ?? 0;
      values[right] = swap;
      left += 1;
      right -= 1;
    }
    if (place <= right) to = right;
    else if (place >= left) from = left;
    else break;
  }
  return values[place] ?? 0;
}

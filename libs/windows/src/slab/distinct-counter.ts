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
    for (let window = 0; window < WINDOWS.length; window += 1) {
      sum += this.#marksIn[window] ?? 0;
      this.counts[window] = sum <= DISTINCT_EXACT_MAX ? sum : estimateDistinct(this.#sortedMarksOf(window, sum));
    }
  }

  #shorten(slot: number, window: number): void {
    const before = this.#shortest[slot] ?? 0;
    if (window >= before) return;
    this.#shortest[slot] = window;
    this.#marksIn[before] = (this.#marksIn[before] ?? 0) - 1;
    this.#marksIn[window] = (this.#marksIn[window] ?? 0) + 1;
  }

  #sortedMarksOf(window: number, count: number): Float64Array {
    const marks = new Float64Array(count);
    let length = 0;
    for (let slot = 0; slot < this.#marks.length; slot += 1) {
      if (this.#rounds[slot] !== this.#round || (this.#shortest[slot] ?? 0) > window) continue;
      marks[length] = this.#marks[slot] ?? 0;
      length += 1;
    }
    return marks.sort();
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

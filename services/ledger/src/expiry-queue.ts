import type { Millis } from "@leastwise/vocabulary";

interface Due {
  readonly offerId: string;
  readonly atMs: number;
}

/** Offers by the end of their life, the next first: a binary heap. */
export class ExpiryQueue {
  readonly #heap: Due[] = [];

  push(offerId: string, atMs: Millis): void {
    this.#heap.push({ offerId, atMs });
    this.#siftUp(this.#heap.length - 1);
  }

  /** Takes out those whose life is over, at most so many. */
  due(nowMs: Millis, max: number): string[] {
    const over: string[] = [];
    while (over.length < max) {
      const next = this.#heap[0];
      if (next === undefined || next.atMs > nowMs) break;
      over.push(next.offerId);
      const last = this.#heap.pop();
      if (last === undefined || this.#heap.length === 0) continue;
      this.#heap[0] = last;
      this.#siftDown(0);
    }
    return over;
  }

  #siftUp(start: number): void {
    for (let at = start; at > 0;) {
      const parent = (at - 1) >> 1;
      if (this.#at(parent) <= this.#at(at)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #siftDown(start: number): void {
    for (let at = start; ;) {
      const left = 2 * at + 1;
      const least = [left, left + 1].reduce((best, child) => (this.#at(child) < this.#at(best) ? child : best), at);
      if (least === at) return;
      this.#swap(at, least);
      at = least;
    }
  }

  #at(index: number): number {
    return this.#heap[index]?.atMs ?? Number.POSITIVE_INFINITY;
  }

  #swap(a: number, b: number): void {
    const [first, second] = [this.#heap[a], this.#heap[b]];
    if (first === undefined || second === undefined) throw new Error("the heap has no such place");
    this.#heap[a] = second;
    this.#heap[b] = first;
  }
}

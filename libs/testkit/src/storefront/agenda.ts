interface Entry<T> {
  readonly atMs: number;
  readonly order: number;
  readonly item: T;
}

/** What is still to happen, in the order of time; of two at one time, the one that was put in first. A binary heap. */
export class Agenda<T> {
  readonly #heap: Entry<T>[] = [];
  #puts = 0;

  put(atMs: number, item: T): void {
    const entry = { atMs, order: this.#puts, item };
    this.#puts += 1;
    let place = this.#heap.length;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = this.#heap[above];
      if (parent === undefined || !isBefore(entry, parent)) break;
      this.#heap[place] = parent;
      place = above;
    }
    this.#heap[place] = entry;
  }

  /** Takes the earliest out; undefined if nothing is left. */
  take(): { readonly atMs: number; readonly item: T } | undefined {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (first === undefined || last === undefined) return undefined;
    if (this.#heap.length > 0) this.#sink(last);
    return first;
  }

  /** Lets the entry find its place from the top down. */
  #sink(entry: Entry<T>): void {
    let place = 0;
    for (;;) {
      const left = this.#heap[2 * place + 1];
      const right = this.#heap[2 * place + 2];
      if (left === undefined) break;
      const isRight = right !== undefined && isBefore(right, left);
      const child = isRight ? right : left;
      if (!isBefore(child, entry)) break;
      this.#heap[place] = child;
      place = 2 * place + (isRight ? 2 : 1);
    }
    this.#heap[place] = entry;
  }
}

function isBefore<T>(a: Entry<T>, b: Entry<T>): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

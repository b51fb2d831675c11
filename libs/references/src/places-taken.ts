/** Somebody who waits until all below these ends of partitions has been taken. */
interface Waiter {
  readonly ends: ReadonlyMap<number, number>;
  readonly settle: (isTaken: boolean) => void;
}

/** How far a topic's partitions have been taken, and who waits until more of them has been. */
export class PlacesTaken {
  /** Where each partition is read on from. */
  readonly #next: Map<number, number>;
  readonly #waiting = new Set<Waiter>();
  #hasEnded = false;

  /** @param begins offset of each partition's oldest record */
  constructor(begins: ReadonlyMap<number, number>) {
    this.#next = new Map(begins);
  }

  /** Offset of the first record of the partition that has not been taken. */
  next(partition: number): number {
    return this.#next.get(partition) ?? 0;
  }

  /** All of a partition below `readTo` has been taken. */
  reached(partition: number, readTo: number): void {
    this.#next.set(partition, readTo);
    for (const waiter of this.#waiting) if (this.#hasTaken(waiter.ends)) waiter.settle(true);
  }

  /** True as soon as all below the ends has been taken; false if nothing more is taken, or once the signal says that nobody waits any more. */
  until(ends: ReadonlyMap<number, number>, signal: AbortSignal): Promise<boolean> {
    if (this.#hasTaken(ends)) return Promise.resolve(true);
    if (this.#hasEnded || signal.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const giveUp = (): void => {
        waiter.settle(false);
      };
      const waiter: Waiter = {
        ends,
        settle: (isTaken) => {
          signal.removeEventListener("abort", giveUp);
          this.#waiting.delete(waiter);
          resolve(isTaken);
        },
      };
      signal.addEventListener("abort", giveUp, { once: true });
      this.#waiting.add(waiter);
    });
  }

  /** Nothing more is taken. */
  end(): void {
    this.#hasEnded = true;
    for (const waiter of this.#waiting) waiter.settle(false);
  }

  #hasTaken(ends: ReadonlyMap<number, number>): boolean {
    for (const [partition, end] of ends) if (this.next(partition) < end) return false;
    return true;
  }
}

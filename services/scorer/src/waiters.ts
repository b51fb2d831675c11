interface Waiter {
  readonly offset: number;
  readonly settle: (isThere: boolean) => void;
}

/** Calls that wait until a partition was read up to an offset. Each waits for its own bounded time. */
export class Waiters {
  readonly #waiting = new Map<number, Set<Waiter>>();

  /** Partitions that somebody waits for. */
  get partitionCount(): number {
    return this.#waiting.size;
  }

  /** True when the offset was read; false when the time was over first. */
  wait(partition: number, offset: number, waitMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const waiters = this.#waiting.get(partition) ?? new Set<Waiter>();
      this.#waiting.set(partition, waiters);
      const waiter: Waiter = {
        offset,
        settle: (isThere) => {
          clearTimeout(timer);
          waiters.delete(waiter);
          // A newer set may stand there by now.
          if (waiters.size === 0 && this.#waiting.get(partition) === waiters) this.#waiting.delete(partition);
          resolve(isThere);
        },
      };
      const timer = setTimeout(() => {
        waiter.settle(false);
      }, waitMs);
      waiters.add(waiter);
    });
  }

  /** A partition was read up to an offset. */
  release(partition: number, offset: number): void {
    const waiters = this.#waiting.get(partition);
    if (waiters === undefined) return;
    for (const waiter of waiters) if (waiter.offset <= offset) waiter.settle(true);
  }

  /** Nobody reads the partition on. */
  giveUp(partition: number): void {
    for (const waiter of this.#waiting.get(partition) ?? []) waiter.settle(false);
  }

  /** Nobody reads on. */
  releaseAll(): void {
    for (const partition of this.#waiting.keys()) this.giveUp(partition);
  }
}

import { setImmediate as nextTurn } from "node:timers/promises";
import { startOffset } from "../start-offset.js";
import type { Partition } from "./partition.js";

/** How a reader wants what stands in a partition. */
export interface TailReading {
  /** Hands over some of what stands from the offset on, less when the signal says stop. Gives where reading goes on. */
  readOn(next: number, stopped: AbortSignal): Promise<number>;
  /** Tells that reading goes on at the offset, as what stood from the other one on was removed. */
  passOverRemoved(removedFrom: number, next: number): Promise<void> | void;
}

/** Follows one partition for one reader: reads on as long as there is something, and sleeps until an append wakes it. */
export class Tail {
  readonly partition: Partition;
  readonly #reading: TailReading;
  readonly #stopped = new AbortController();
  #done: Promise<void> | undefined;

  constructor(partition: Partition, reading: TailReading) {
    this.partition = partition;
    this.#reading = reading;
  }

  /** Reads on from the offset, until stopped, be it before this. `onError` hears why it ended otherwise. */
  start(fromOffset: number, onError: (error: unknown) => void): void {
    this.#done = this.#run(fromOffset).catch(onError);
  }

  /** Resolves when what is in hand is settled. Idempotent. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#done;
  }

  async #run(fromOffset: number): Promise<void> {
    const { topic, partition, bounds } = this.partition;
    startOffset(topic, partition, fromOffset, bounds);
    let next = fromOffset;
    while (!this.#stopped.signal.aborted) {
      const { begin, end } = this.partition.bounds;
      if (next < begin) {
        await this.#reading.passOverRemoved(next, begin);
        next = begin;
      } else if (next < end) {
        next = await this.#reading.readOn(next, this.#stopped.signal);
        // A reader that catches up lets others have their turn.
        await nextTurn();
      } else {
        await this.#appended();
      }
    }
  }

  /** Nothing was there and nothing can come in between: appends are published in this thread, between awaits. */
  #appended(): Promise<void> {
    const { signal } = this.#stopped;
    return new Promise((resolve) => {
      const takeBack = this.partition.onAppended(() => {
        signal.removeEventListener("abort", onStop);
        resolve();
      });
      const onStop = (): void => {
        takeBack();
        resolve();
      };
      signal.addEventListener("abort", onStop, { once: true });
    });
  }
}

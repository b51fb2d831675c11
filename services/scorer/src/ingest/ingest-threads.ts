import type { RecordSpans } from "@leastwise/eventlog";
import type { Worker } from "node:worker_threads";
import type { Restored } from "../checkpoint/checkpoint-keeper.js";
import { IngestThread, type ThreadListener } from "./ingest-thread.js";
import type { AddedPartition, Claims } from "./ingest.js";
import type { ThreadData } from "./thread-messages.js";
import type { FoldEffects } from "./windows-fold.js";

/** Threads of their own for the clickstream. */
export interface ThreadOptions {
  /** How many share the partitions, at least 1. There are never more than partitions. */
  readonly count: number;
  /** Starts a thread with what it needs. Its entry calls `serveIngestThread`. */
  readonly start: (data: Omit<ThreadData, "epoch" | "objectiveMs" | "opening">) => Worker;
  /** Whether each thread has a log of its own to follow; else whoever starts them reads for them. */
  readonly followsItself: boolean;
}

/** What is taken in. */
export interface IngestedWindows extends Pick<ThreadData, "currency" | "incarnation"> {
  /** How many the clickstream has. */
  readonly partitions: number;
}

/** The threads that take the clickstream in, each its own partitions, as one. When one fails, all have; the others go on until they are stopped. */
export class IngestThreads {
  /** Rejects when one of the threads has failed; resolves when all have ended as they were told to. */
  readonly finished: Promise<void>;
  readonly #threads: readonly IngestThread[];

  /** At least one, in the order of their numbers. */
  constructor(threads: readonly IngestThread[]) {
    this.#threads = threads;
    this.finished = this.#all(({ finished }) => finished).then(() => undefined);
    this.finished.catch(() => undefined);
  }

  /** Starts them: all, or none if one cannot be started. A partition is its thread's whose number is the partition's modulo that of threads. */
  static start(
    { partitions, ...what }: IngestedWindows,
    { count, start }: Pick<ThreadOptions, "count" | "start">,
    listener: ThreadListener,
  ): IngestThreads {
    const threads = Math.min(count, partitions);
    const startOne = (thread: number): IngestThread => new IngestThread(start({ ...what, thread }), listener);
    const started: IngestThread[] = [];
    try {
      for (let thread = 0; thread < threads; thread += 1) started.push(startOne(thread));
    } catch (error) {
      for (const one of started) void one.stop();
      throw error;
    }
    return new IngestThreads(started);
  }

  /** Has partitions taken up, and their windows filled from checkpoints. */
  async restore(added: readonly AddedPartition[]): Promise<readonly Restored[]> {
    const isOf = (number: number) => (one: AddedPartition) => this.#numberOf(one.partition) === number;
    return (await this.#all((thread, number) => thread.restore(added.filter(isOf(number))))).flat();
  }

  /** Has the threads know what their partitions are held as: see `Ingest.assume`. Those that have none of them are not disturbed. */
  async assume(claims: Claims): Promise<void> {
    await this.#all(async (thread, number) => {
      const own = claims.filter(([partition]) => this.#numberOf(partition) === number);
      if (own.length > 0) await thread.assume(own);
    });
  }

  /** Has partitions let go: see `Ingest.release`. Threads that have none of them are not disturbed. */
  async release(partitions: readonly number[]): Promise<void> {
    await this.#all(async (thread, number) => {
      const own = partitions.filter((partition) => this.#numberOf(partition) === number);
      if (own.length > 0) await thread.release(own);
    });
  }

  /** Has records taken in that were read here. Those of several partitions may be under way at once. */
  async take(spans: RecordSpans, onEffects: (effects: FoldEffects) => void): Promise<void> {
    const thread = this.#threads[this.#numberOf(spans.partition)];
    if (thread === undefined) throw new RangeError(`no thread takes partition ${spans.partition} in`);
    await thread.take(spans, onEffects);
  }

  /** Has each thread follow its partitions of the log that it opened itself: again when some were taken up, with the same. */
  async follow(onEffects: (effects: FoldEffects) => void): Promise<void> {
    await this.#all((thread) => thread.follow(onEffects));
  }

  /** Has a checkpoint of each partition written. */
  async checkpoint(): Promise<void> {
    await this.#all((thread) => thread.checkpoint());
  }

  async stop(): Promise<void> {
    await this.#all((thread) => thread.stop());
  }

  #numberOf(partition: number): number {
    return partition % this.#threads.length;
  }

  #all<T>(ask: (thread: IngestThread, number: number) => Promise<T>): Promise<T[]> {
    return Promise.all(this.#threads.map(ask));
  }
}

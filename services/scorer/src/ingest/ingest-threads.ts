import type { RecordSpans } from "@leastwise/eventlog";
import type { SegmentMemory } from "@leastwise/windows";
import type { Worker } from "node:worker_threads";
import type { LogBounds, Restored } from "../checkpoint/checkpoint-keeper.js";
import { IngestThread, type ThreadListener } from "./ingest-thread.js";
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
  /** Of each partition. */
  readonly memories: readonly SegmentMemory[];
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

  /** Deals the partitions out, each to the thread of its number modulo that of threads, and starts them: all, or none if one cannot be started. */
  static start(
    { memories, ...what }: IngestedWindows,
    { count, start }: Pick<ThreadOptions, "count" | "start">,
    listener: ThreadListener,
  ): IngestThreads {
    const threads = Math.min(count, memories.length);
    const startOne = (thread: number): IngestThread => {
      const own = memories.map((memory, partition) => (partition % threads === thread ? memory : undefined));
      return new IngestThread(start({ ...what, thread, memories: own }), listener);
    };
    const started: IngestThread[] = [];
    try {
      for (let thread = 0; thread < threads; thread += 1) started.push(startOne(thread));
    } catch (error) {
      for (const one of started) void one.stop();
      throw error;
    }
    return new IngestThreads(started);
  }

  async restore(bounds: readonly LogBounds[]): Promise<readonly Restored[]> {
    return (await this.#all((thread) => thread.restore(bounds))).flat();
  }

  /** Has records taken in that were read here. Those of several partitions may be under way at once. */
  async take(spans: RecordSpans, onEffects: (effects: FoldEffects) => void): Promise<void> {
    const thread = this.#threads[spans.partition % this.#threads.length];
    if (thread === undefined) throw new RangeError(`no thread takes partition ${spans.partition} in`);
    await thread.take(spans, onEffects);
  }

  /** Has each thread follow its partitions of the log that it opened itself. */
  async follow(from: readonly number[], onEffects: (effects: FoldEffects) => void): Promise<void> {
    await this.#all((thread) => thread.follow(from, onEffects));
  }

  /** Has a checkpoint of each partition written. */
  async checkpoint(): Promise<void> {
    await this.#all((thread) => thread.checkpoint());
  }

  async stop(): Promise<void> {
    await this.#all((thread) => thread.stop());
  }

  #all<T>(ask: (thread: IngestThread) => Promise<T>): Promise<T[]> {
    return Promise.all(this.#threads.map(ask));
  }
}

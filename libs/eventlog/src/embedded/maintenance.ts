import { compact, isCompactionDue } from "./compaction.js";
import { removeExpired } from "./retention.js";
import type { Tables } from "./store.js";
import type { Topics } from "./topics.js";
import type { Writer } from "./writer.js";

/** Keeps what topics promise about age and keys: on opening, then from time to time, never two passes at once. */
export class Maintenance {
  readonly #tables: Tables;
  readonly #topics: Topics;
  readonly #writer: Writer;
  readonly #nowMs: () => number;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #stopped = false;

  constructor(tables: Tables, topics: Topics, writer: Writer, nowMs: () => number) {
    this.#tables = tables;
    this.#topics = topics;
    this.#writer = writer;
    this.#nowMs = nowMs;
  }

  /** A pass that fails (a full disk, say) is tried again the next time; nothing is lost by its failing. */
  every(intervalMs: number): void {
    this.#timer = setInterval(() => void this.run().catch(() => undefined), intervalMs);
    this.#timer.unref();
  }

  /** One pass over all partitions, or the end of the one under way. Throws what the store throws. */
  run(): Promise<void> {
    this.#running ??= this.#pass().finally(() => (this.#running = undefined));
    return this.#running;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.#running?.catch(() => undefined);
  }

  async #pass(): Promise<void> {
    const nowMs = this.#nowMs();
    for (const { spec, partitions } of this.#topics.all()) {
      for (const partition of partitions) {
        if (this.#stopped) return;
        if (spec.compacted && isCompactionDue(partition)) await compact(this.#tables, this.#writer, partition, nowMs);
        if (spec.retentionMs !== undefined) {
          await removeExpired(this.#tables, this.#writer, partition, nowMs - spec.retentionMs);
        }
      }
    }
  }
}

import { TOPICS } from "@leastwise/contracts";
import type { EventLog, PoisonedBatch, RecordSpans, RunningSubscription } from "@leastwise/eventlog";

/** What becomes of what is read. A rejection ends the following. */
export interface ClickstreamTaker {
  readonly onSpans: (spans: RecordSpans) => Promise<void> | void;
  readonly onPoisoned: (batch: PoisonedBatch) => Promise<void> | void;
}

/** Follows partitions of the clickstream, which may become others meanwhile: one that stays goes on where it is. */
export class ClickstreamFollowing implements RunningSubscription {
  /** Rejects when the clickstream can no longer be followed; resolves after the stop. */
  readonly finished: Promise<void>;
  readonly #log: EventLog;
  readonly #taker: ClickstreamTaker;
  /** First offset that was not taken yet, of each partition that is followed. */
  #next: ReadonlyMap<number, number> = new Map();
  #scanning: RunningSubscription | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #isStopped = false;
  #failure: { readonly error: unknown } | undefined;
  #resolve: () => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;

  constructor(log: EventLog, taker: ClickstreamTaker) {
    this.#log = log;
    this.#taker = taker;
    this.finished = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.finished.catch(() => undefined);
  }

  /**
   * From now on exactly these partitions are followed: the new ones from these offsets on, those that stay from where they are, whatever offset is
   * named. When it resolves nothing of another is in hand. One call after the other; a rejection ends the following.
   */
  follow(from: ReadonlyMap<number, number>): Promise<void> {
    const wanted = new Map(from);
    return this.#inTurn(() => this.#change(wanted));
  }

  /** Resolves when nothing more is taken. Idempotent. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#inTurn(async () => this.#scanning?.stop());
    this.#resolve();
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    await done;
  }

  async #change(from: ReadonlyMap<number, number>): Promise<void> {
    if (isOfSame(from, this.#next)) return;
    await this.#scanning?.stop();
    this.#expectToGoOn();
    const next = new Map([...from].map(([partition, offset]) => [partition, this.#next.get(partition) ?? offset]));
    this.#next = next;
    this.#scanning = undefined;
    if (next.size === 0) return;
    try {
      this.#scanning = await this.#scan(next);
    } catch (error) {
      this.#fail(error);
      throw error;
    }
  }

  async #scan(next: Map<number, number>): Promise<RunningSubscription> {
    const scanning = await this.#log.scan({
      topic: TOPICS.clickstream,
      partitions: [...next.keys()],
      from: (partition) => Promise.resolve(next.get(partition) ?? 0),
      onSpans: async (spans) => {
        await this.#orFail(() => this.#taker.onSpans(spans));
        next.set(spans.partition, spans.nextOffset);
      },
      onPoisoned: async (batch) => {
        await this.#orFail(() => this.#taker.onPoisoned(batch));
        next.set(batch.partition, batch.nextOffset);
      },
    });
    scanning.finished.catch((error: unknown) => {
      this.#fail(error);
    });
    return scanning;
  }

  /** What could not be taken must not be read again by the next scan: its effects may be lost in part. */
  async #orFail(take: () => Promise<void> | void): Promise<void> {
    try {
      await take();
    } catch (error) {
      this.#fail(error);
      throw error;
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#reject(error);
  }

  #expectToGoOn(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
    if (this.#isStopped) throw new Error("the clickstream is not followed any more");
  }
}

function isOfSame(from: ReadonlyMap<number, number>, next: ReadonlyMap<number, number>): boolean {
  return from.size === next.size && [...from.keys()].every((partition) => next.has(partition));
}

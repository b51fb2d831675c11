import type { RunningSubscription, Subscription } from "../port.js";
import { BatchReading } from "./batch-reading.js";
import type { BatchLimits } from "./chunk-scan.js";
import type { Partition } from "./partition.js";
import type { Tables } from "./store.js";
import { Tail } from "./tail.js";

/** One subscription: the partitions that are its own now, each with its tail. */
export class Reader implements RunningSubscription {
  readonly subscription: Subscription;
  readonly finished: Promise<void>;
  readonly #tables: Tables;
  readonly #limits: BatchLimits;
  readonly #leave: (reader: Reader) => Promise<void>;
  readonly #tails = new Map<Partition, Tail>();
  #resolve: () => void = () => undefined;
  #reject: (reason: unknown) => void = () => undefined;
  #ending: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  /** `leave` takes the reader's partitions away, by {@link revoke}, and gives them to others. */
  constructor(
    tables: Tables,
    subscription: Subscription,
    limits: BatchLimits,
    leave: (reader: Reader) => Promise<void>,
  ) {
    this.#tables = tables;
    this.subscription = subscription;
    this.#limits = limits;
    this.#leave = leave;
    this.finished = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Whoever does not watch shall not be ended by what another reader's owner did.
    this.finished.catch(() => undefined);
  }

  get held(): Partition[] {
    return [...this.#tails.keys()];
  }

  get isEnding(): boolean {
    return this.#ending !== undefined;
  }

  stop(): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  /** Gives partitions to the reader. Never throws: a reader that cannot take them ends. */
  async assign(partitions: readonly Partition[]): Promise<void> {
    if (partitions.length === 0 || this.isEnding) return;
    const tails = partitions.map((partition) => this.#tail(partition));
    try {
      await this.subscription.onAssigned?.(partitions.map(({ partition }) => partition));
      for (const tail of tails) {
        const from = await this.subscription.from(tail.partition.partition);
        tail.start(from, (error) => {
          this.#fail(error);
        });
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Takes partitions away, after their batches in hand. Never throws: a reader that cannot let go ends. */
  async revoke(partitions: readonly Partition[]): Promise<void> {
    const tails = partitions.flatMap((partition) => this.#tails.get(partition) ?? []);
    if (tails.length === 0) return;
    await Promise.all(tails.map((tail) => tail.stop()));
    for (const partition of partitions) this.#tails.delete(partition);
    try {
      await this.subscription.onRevoked?.(tails.map((tail) => tail.partition.partition));
    } catch (error) {
      this.#fail(error);
    }
  }

  #tail(partition: Partition): Tail {
    const reading = new BatchReading(this.#tables, partition, this.#limits, this.subscription);
    const tail = new Tail(partition, reading);
    this.#tails.set(partition, tail);
    return tail;
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    void this.stop();
  }

  async #end(): Promise<void> {
    await this.#leave(this);
    if (this.#failure === undefined) this.#resolve();
    else this.#reject(this.#failure.error);
  }
}

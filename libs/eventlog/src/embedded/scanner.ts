import type { RunningSubscription, ScanSubscription } from "../port.js";
import type { Partition } from "./partition.js";
import { SpanReading } from "./span-reading.js";
import type { Tables } from "./store.js";
import { Tail } from "./tail.js";

/** One scan: a tail for each of its partitions. */
export class Scanner implements RunningSubscription {
  readonly finished: Promise<void>;
  readonly #subscription: ScanSubscription;
  readonly #tails: ReadonlyMap<number, Tail>;
  readonly #onEnded: (scanner: Scanner) => void;
  #resolve: () => void = () => undefined;
  #reject: (reason: unknown) => void = () => undefined;
  #ending: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(
    tables: Tables,
    partitions: readonly Partition[],
    subscription: ScanSubscription,
    bytesMax: number,
    onEnded: (scanner: Scanner) => void,
  ) {
    this.#subscription = subscription;
    this.#onEnded = onEnded;
    this.#tails = new Map(
      partitions.map((partition) => {
        const reading = new SpanReading(tables, partition, subscription, bytesMax);
        return [partition.partition, new Tail(partition, reading)];
      }),
    );
    this.finished = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.finished.catch(() => undefined);
  }

  /** Asks from where, and begins. Never throws: a scan that cannot begin ends. */
  async start(): Promise<void> {
    try {
      for (const [partition, tail] of this.#tails) {
        const from = await this.#subscription.from(partition);
        tail.start(from, (error) => {
          this.#fail(error);
        });
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  stop(): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    void this.stop();
  }

  async #end(): Promise<void> {
    await Promise.all([...this.#tails.values()].map((tail) => tail.stop()));
    this.#onEnded(this);
    if (this.#failure === undefined) this.#resolve();
    else this.#reject(this.#failure.error);
  }
}

import type { EventLog, PoisonedBatch, RecordSpans, RunningSubscription } from "@leastwise/eventlog";
import { TOPICS } from "@leastwise/contracts";
import { CheckpointKeeper, type LogBounds, type Restored } from "../checkpoint/checkpoint-keeper.js";
import type { Manifest } from "../checkpoint/chunk.js";
import type { CheckpointStore } from "../checkpoint/store.js";
import { WindowsFold, type FoldEffects, type WindowsFoldOptions } from "./windows-fold.js";

/** Where checkpoints go, and when. */
export interface CheckpointOptions {
  readonly store: CheckpointStore;
  /** Of this owner; later owners have higher ones. */
  readonly epoch: number;
  /** How long reading the tails of all partitions that are taken in here again may take, ms. */
  readonly objectiveMs: number;
  readonly newId: () => string;
}

export interface IngestOptions extends WindowsFoldOptions {
  /** Absent: none are written, and all is rebuilt from the log. */
  readonly checkpoints?: CheckpointOptions | undefined;
}

/** What the ingest has to say and to ask beside the effects of records. */
export interface IngestListener {
  readonly onCheckpoint: (manifest: Manifest, tookMs: number) => void;
  readonly onCheckpointFailed: (partition: number, message: string) => void;
  /** The stretch is passed over when this has settled; a rejection ends the following. */
  readonly onPoisoned: (batch: PoisonedBatch) => void | Promise<void>;
  /** See `CheckpointKeeperOptions`. */
  readonly areMovesDurable: (partition: number, offset: number) => Promise<boolean>;
}

/** Clickstream → windows → checkpoints, in whichever thread it is made. */
export class Ingest {
  readonly #fold: WindowsFold;
  readonly #keeper: CheckpointKeeper | undefined;
  readonly #listener: IngestListener;
  #scanning: RunningSubscription | undefined;

  constructor({ checkpoints, ...options }: IngestOptions, listener: IngestListener) {
    this.#listener = listener;
    this.#fold = new WindowsFold(options);
    if (checkpoints === undefined) return;
    this.#keeper = new CheckpointKeeper({
      ...checkpoints,
      windows: this.#fold.stores,
      orders: this.#fold.orders,
      incarnation: options.incarnation,
      currency: options.currency,
      areMovesDurable: listener.areMovesDurable,
      onWritten: listener.onCheckpoint,
      onFailed: (partition, error) => {
        listener.onCheckpointFailed(partition, error instanceof Error ? error.message : String(error));
      },
    });
  }

  /** Fills the windows from checkpoints, where there are any. Where to read each of its partitions on from. */
  async restore(bounds: readonly LogBounds[]): Promise<readonly Restored[]> {
    const restored: Restored[] = [];
    for (const partition of this.#fold.partitions) {
      const log = bounds[partition];
      if (log === undefined) throw new RangeError(`no bounds of partition ${partition}`);
      const nothing = { partition, offset: log.begin, subjects: 0, orders: new Uint8Array(0), refused: undefined };
      restored.push((await this.#keeper?.restore(partition, log)) ?? nothing);
    }
    return restored;
  }

  /** Takes records in. An exception loses effects, such as the only copy of a state that a link took out: no more checkpoints are written then. */
  take(spans: RecordSpans): FoldEffects {
    try {
      const startedMs = performance.now();
      const effects = this.#fold.take(spans);
      const tookMs = performance.now() - startedMs;
      this.#keeper?.taken(spans.partition, spans.nextOffset, tookMs);
      return { ...effects, tookMs };
    } catch (error) {
      this.#keeper?.giveUp();
      throw error;
    }
  }

  /**
   * Follows its partitions of the clickstream of a log, each from its offset on. The next records of a partition are taken in when `onEffects` has
   * settled. An exception or a rejection of it loses effects as one of {@link Ingest.take} does, and ends the following.
   */
  async follow(
    log: EventLog,
    from: readonly number[],
    onEffects: (effects: FoldEffects) => void | Promise<void>,
  ): Promise<RunningSubscription> {
    this.#scanning = await log.scan({
      topic: TOPICS.clickstream,
      partitions: this.#fold.partitions,
      from: (partition) => Promise.resolve(from[partition] ?? 0),
      onSpans: async (spans) => {
        const effects = this.take(spans);
        try {
          await onEffects(effects);
        } catch (error) {
          this.#keeper?.giveUp();
          throw error;
        }
      },
      onPoisoned: (batch) => this.#listener.onPoisoned(batch),
    });
    return this.#scanning;
  }

  get subjectCount(): number {
    return this.#fold.stores.reduce((count, store) => count + (store?.subjectCount ?? 0), 0);
  }

  /** Writes a checkpoint of each of its partitions now. */
  async checkpoint(): Promise<void> {
    for (const partition of this.#fold.partitions) await this.#keeper?.write(partition);
  }

  async stop(): Promise<void> {
    await this.#scanning?.stop();
    await this.#keeper?.stop();
  }
}

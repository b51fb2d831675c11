import type { EventLog, PoisonedBatch, RecordSpans } from "@leastwise/eventlog";
import { clearSegment, type SegmentMemory } from "@leastwise/windows";
import { setImmediate as nextTurn } from "node:timers/promises";
import { CheckpointKeeper, nothingOf, type LogBounds, type Restored } from "../checkpoint/checkpoint-keeper.js";
import type { Manifest } from "../checkpoint/chunk.js";
import type { CheckpointStore } from "../checkpoint/store.js";
import type { Claim } from "../holding.js";
import { ClickstreamFollowing } from "./clickstream-following.js";
import { WindowsFold, type FoldEffects, type WindowsFoldOptions } from "./windows-fold.js";

/** Where checkpoints go, and when. */
export interface CheckpointOptions {
  readonly store: CheckpointStore;
  /** Of this process, for partitions that are held without an epoch of their own; later processes have higher ones. */
  readonly epoch: number;
  /** How long reading the tails of all partitions that are taken in here again may take, ms. */
  readonly objectiveMs: number;
  readonly newId: () => string;
}

export interface IngestOptions extends WindowsFoldOptions {
  /** Absent: none are written, and all is rebuilt from the log. */
  readonly checkpoints?: CheckpointOptions | undefined;
}

/** A partition that is to be taken in from now on. */
export interface AddedPartition extends LogBounds {
  readonly partition: number;
  /** Whether the clickstream, all of its partitions, still begins with its first record: only then is everybody's first order on it. */
  readonly isWhole: boolean;
  /** Where its windows come: nobody is in it. */
  readonly memory: SegmentMemory;
  readonly claim: Claim;
}

/** What partitions are held as from now on. */
export type Claims = readonly (readonly [partition: number, claim: Claim])[];

/** What the ingest has to say and to ask beside the effects of records. */
export interface IngestListener {
  readonly onCheckpoint: (manifest: Manifest, tookMs: number) => void;
  readonly onCheckpointFailed: (partition: number, message: string) => void;
  /** The stretch is passed over when this has settled; a rejection ends the following. */
  readonly onPoisoned: (batch: PoisonedBatch) => void | Promise<void>;
  /** See `CheckpointKeeperOptions`. */
  readonly areMovesDurable: (partition: number, offset: number) => Promise<boolean>;
  readonly onMovesDurable: (partition: number, below: number) => void;
  readonly reaches: (partition: number, offset: number) => Promise<boolean>;
}

/** Clickstream → windows → checkpoints, in whichever thread it is made. Partitions are added and let go while it goes on. */
export class Ingest {
  /** Rejects when the clickstream can no longer be followed. */
  readonly finished: Promise<void>;
  readonly #fold: WindowsFold;
  readonly #keeper: CheckpointKeeper | undefined;
  readonly #listener: IngestListener;
  /** Its partitions whose windows are filled as far as checkpoints go, and where each was to be read on from then. */
  readonly #from = new Map<number, number>();
  #following: ClickstreamFollowing | undefined;
  #fail: (error: unknown) => void = () => undefined;
  #isStopped = false;

  constructor({ checkpoints, ...options }: IngestOptions, listener: IngestListener) {
    this.#listener = listener;
    this.#fold = new WindowsFold(options);
    this.finished = new Promise((_, reject) => (this.#fail = reject));
    this.finished.catch(() => undefined);
    if (checkpoints === undefined) return;
    this.#keeper = new CheckpointKeeper({
      ...checkpoints,
      windows: this.#fold.stores,
      orders: this.#fold.orders,
      incarnation: options.incarnation,
      currency: options.currency,
      areMovesDurable: listener.areMovesDurable,
      onMovesDurable: listener.onMovesDurable,
      reaches: listener.reaches,
      onWritten: listener.onCheckpoint,
      onFailed: (partition, error) => {
        listener.onCheckpointFailed(partition, error instanceof Error ? error.message : String(error));
      },
    });
  }

  /** Takes partitions up, and fills their windows from checkpoints, where there are any. Where to read each of them on from. */
  async restore(added: readonly AddedPartition[]): Promise<readonly Restored[]> {
    for (const { partition, memory, isWhole } of added) this.#fold.hold(partition, memory, isWhole);
    // All at once: what comes of them meanwhile is newer.
    await this.assume(added.map(({ partition, claim }) => [partition, claim]));
    // Side by side: with a store on topics most of the time is waiting for brokers.
    const restored = await Promise.all(
      added.map(
        async ({ partition, begin, end }) =>
          (await this.#keeper?.restore(partition, { begin, end })) ?? nothingOf(partition, { begin, end }),
      ),
    );
    for (const { partition, offset } of restored) this.#from.set(partition, offset);
    return restored;
  }

  /**
   * Says what its partitions are held as, from the call on. When it resolves, no checkpoint is under way for what they were before, unless its store
   * does not answer for long.
   */
  async assume(claims: Claims): Promise<void> {
    const keeper = this.#keeper;
    if (keeper !== undefined) await Promise.all(claims.map(([partition, claim]) => keeper.assume(partition, claim)));
  }

  /**
   * Lets partitions go: a checkpoint under way of one is given up, and nothing of them is kept; all of their memory that was in use is zero when it
   * resolves. Those that it follows besides go on meanwhile.
   */
  async release(partitions: readonly number[]): Promise<void> {
    for (const partition of partitions) this.#from.delete(partition);
    await this.#following?.follow(this.#from);
    const keeper = this.#keeper;
    if (keeper !== undefined) await Promise.all(partitions.map((partition) => keeper.release(partition)));
    for (const partition of partitions) {
      const memory = this.#fold.letGo(partition);
      if (memory !== undefined) await clearInSteps(memory);
    }
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
   * Follows its partitions of the clickstream of a log, each from where its windows end; called again when it has taken others up, with the same. The
   * next records of a partition are taken in when `onEffects` has settled. An exception or a rejection of it loses effects as one of
   * {@link Ingest.take} does, and ends the following.
   */
  async follow(log: EventLog, onEffects: (effects: FoldEffects) => void | Promise<void>): Promise<void> {
    if (this.#isStopped) throw new Error("nothing more is taken in");
    this.#following ??= this.#startFollowing(log, onEffects);
    await this.#following.follow(this.#from);
  }

  #startFollowing(log: EventLog, onEffects: (effects: FoldEffects) => void | Promise<void>): ClickstreamFollowing {
    const following = new ClickstreamFollowing(log, {
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
    following.finished.catch(this.#fail);
    return following;
  }

  get subjectCount(): number {
    return this.#fold.stores.reduce((count, store) => count + (store?.subjectCount ?? 0), 0);
  }

  /** Writes a checkpoint of each of its partitions now that is owned. */
  async checkpoint(): Promise<void> {
    for (const partition of [...this.#from.keys()]) await this.#keeper?.write(partition);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#following?.stop();
    await this.#keeper?.stop();
  }
}

/** Others have their turn between the steps. */
async function clearInSteps(memory: SegmentMemory): Promise<void> {
  const clearing = clearSegment(memory);
  while (clearing.next().done !== true) await nextTurn();
}

import type { Batch, Subscription } from "../port.js";
import { startOffset } from "../start-offset.js";
import type { OffsetBounds } from "./offsets.js";

/** The reader that the partitions were given to. */
export interface Holder {
  /** Where the topic's partitions begin and end now. */
  bounds(): Promise<ReadonlyMap<number, OffsetBounds>>;
  /** Reading of the partition is to go on there. */
  seek(partition: number, offset: number): void;
  /** The partitions' owner is ready for what is read from where it was sought. */
  ready(partitions: readonly number[]): void;
  /** The owner, or what it needs, has failed for good. */
  fail(error: unknown): void;
}

/**
 * Which partitions a subscription has, and how far each was handed over: what its owner is told, and in which order. Whoever
 * reads them may read ahead or twice; what stands here is the truth.
 */
export class HeldPartitions {
  readonly #subscription: Subscription;
  readonly #holder: Holder;
  /** Next offset of each partition that is ours to read. */
  readonly #next = new Map<number, number>();
  readonly #inHand = new Set<Promise<void>>();
  /** Of each partition, when it is the next one's turn to tell the owner something: batches and gaps come in order. */
  readonly #turns = new Map<number, Promise<void>>();
  #held: readonly number[] = [];
  /** Grows whenever partitions are given or taken; work of an older generation is void. */
  #generation = 0;
  #handover: Promise<void> = Promise.resolve();

  constructor(subscription: Subscription, holder: Holder) {
    this.#subscription = subscription;
    this.#holder = holder;
  }

  /** Partitions that are read now. */
  get reading(): Iterable<number> {
    return this.#next.keys();
  }

  /** Next offset to hand over; undefined when the partition is not ours to read, or not yet. */
  next(partition: number): number | undefined {
    return this.#next.get(partition);
  }

  holds(partition: number): boolean {
    return this.#held.includes(partition);
  }

  /** Takes what is held away, then gives the partitions; one handover after the other. Resolves when the owner knows. Never rejects. */
  handOver(partitions: readonly number[]): Promise<void> {
    const generation = ++this.#generation;
    this.#next.clear();
    this.#handover = this.#handover
      .then(() => this.#letGo())
      .then(() => this.#take(partitions, generation))
      .catch((error: unknown) => {
        this.#holder.fail(error);
      });
    return this.#handover;
  }

  /** Resolves when what was handed over last is known to the owner. */
  settled(): Promise<void> {
    return this.#handover;
  }

  /** Takes everything away for good. Rejects with the owner's error. */
  async end(): Promise<void> {
    this.#generation += 1;
    this.#next.clear();
    await this.#handover;
    await this.#letGo();
  }

  /** Runs when it is the partition's turn. */
  inTurn(partition: number, run: () => Promise<void>): Promise<void> {
    const turn = (this.#turns.get(partition) ?? Promise.resolve()).then(run);
    this.#turns.set(
      partition,
      turn.catch(() => undefined),
    );
    return turn;
  }

  /** Hands a batch over, whose turn it is. True if the owner took it and still has the partition. Never rejects. */
  async give(batch: Batch): Promise<boolean> {
    const last = batch.records.at(-1);
    if (last === undefined) return true;
    const isTaken = await this.#tell(() => this.#subscription.onBatch(batch));
    if (!isTaken || !this.#next.has(batch.partition)) return false;
    this.#next.set(batch.partition, last.offset + 1);
    return true;
  }

  /** Goes on at the offset, if that is further, and tells the owner; unless it has not read to where the gap begins. Never rejects. */
  passTo(partition: number, offset: number, gapFrom = 0): Promise<void> {
    return this.inTurn(partition, async () => {
      const next = this.#next.get(partition);
      if (next === undefined || next < gapFrom || next >= offset) return;
      const isTold = await this.#tell(async () => this.#subscription.onGap?.(partition, offset));
      if (isTold && this.#next.has(partition)) this.#next.set(partition, offset);
    });
  }

  /** The owner still holds them while it is told. Whether what it finishes then may be committed is its reader's to say. */
  async #letGo(): Promise<void> {
    await Promise.all(this.#inHand);
    const held = this.#held;
    try {
      if (held.length > 0) await this.#subscription.onRevoked?.(held);
    } finally {
      this.#held = [];
    }
  }

  async #take(partitions: readonly number[], generation: number): Promise<void> {
    if (generation !== this.#generation || partitions.length === 0) return;
    const { topic } = this.#subscription;
    this.#held = partitions;
    await this.#subscription.onAssigned?.(partitions);
    const bounds = await this.#holder.bounds();
    for (const partition of partitions) {
      const asked = await this.#subscription.from(partition);
      const from = startOffset(topic, partition, asked, bounds.get(partition));
      if (from > asked && generation === this.#generation) await this.#subscription.onGap?.(partition, from);
      if (generation !== this.#generation) return;
      this.#holder.seek(partition, from);
      this.#next.set(partition, from);
    }
    this.#holder.ready(partitions);
  }

  /** True if the owner took it. */
  async #tell(take: () => Promise<void>): Promise<boolean> {
    const taken = Promise.resolve().then(take);
    const settled = taken.catch(() => undefined);
    this.#inHand.add(settled);
    try {
      await taken;
      return true;
    } catch (error) {
      this.#holder.fail(error);
      return false;
    } finally {
      this.#inHand.delete(settled);
    }
  }
}

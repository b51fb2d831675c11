import type { Admin, Consumer, EachBatchPayload, Kafka } from "kafkajs";
import { type Commit, LogError, type RunningSubscription, type Subscription } from "../port.js";
import { startOffset } from "../start-offset.js";
import { RETRY } from "./client.js";
import { logRecord } from "./log-record.js";
import { sayKafkaFailure } from "./kafka-failure.js";
import { topicOffsets } from "./offsets.js";

export interface ReaderOptions {
  /** Kafka's consumer group. */
  readonly groupId: string;
  /** Number of partitions of the topic. */
  readonly partitions: number;
  /** Most bytes that are fetched of one partition at once; one larger batch still comes. */
  readonly batchBytesMax: number;
  /** How long a silent reader keeps its partitions, in ms. */
  readonly sessionTimeoutMs: number;
  /** Called when the reader has ended, before `finished` settles. */
  onEnded(reader: KafkaReader): Promise<void>;
}

const FETCH_WAIT_MS = 250;
const PARTITIONS_AT_ONCE_MAX = 16;
const REBALANCE_TIMEOUT_MS = 60_000;
/** Tries to join that may fail one after the other: about ten minutes without a broker, then somebody has to hear of it. */
export const JOINS_MAX = 200;
/** How often it is asked where the log begins: the client library passes over what was removed without a word. */
const LOOK_FOR_GAPS_EVERY_MS = 5_000;

/**
 * One subscription: a consumer of its own. Kafka gives it partitions anew at each rebalance; they stay paused until their
 * owner was told and said from where to read. What arrives from elsewhere than that place is dropped: `#next` is the
 * truth, not the client library's offsets.
 */
export class KafkaReader implements RunningSubscription {
  readonly subscription: Subscription;
  readonly finished: Promise<void>;
  readonly #consumer: Consumer;
  readonly #admin: Admin;
  readonly #options: ReaderOptions;
  /** Next offset of each partition that is ours to read. */
  readonly #next = new Map<number, number>();
  readonly #inHand = new Set<Promise<void>>();
  /** Of each partition, when it is the next one's turn to tell the owner something: batches and gaps come in order. */
  readonly #turns = new Map<number, Promise<void>>();
  #gapTimer: NodeJS.Timeout | undefined;
  /** Asking where the log begins, which cannot be broken off. */
  #looking: Promise<void> | undefined;
  /** Offsets that the broker confirmed last: the client library drops a commit silently when it is about to stop. */
  readonly #confirmed = new Map<number, number>();
  #held: readonly number[] = [];
  /** Grows whenever partitions are given or taken; work of an older generation is void. */
  #generation = 0;
  #handover: Promise<void> = Promise.resolve();
  #ending: Promise<void> | undefined;
  /** Resolves at the first join of the group, or when it has failed for good. */
  readonly #joined: Promise<void>;
  #hasJoined: () => void = () => undefined;
  #joinsTried = 0;
  #failure: { readonly error: unknown } | undefined;
  #resolve: () => void = () => undefined;
  #reject: (reason: unknown) => void = () => undefined;

  constructor(kafka: Kafka, admin: Admin, subscription: Subscription, options: ReaderOptions) {
    this.subscription = subscription;
    this.#admin = admin;
    this.#options = options;
    this.finished = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.finished.catch(() => undefined);
    this.#joined = new Promise((resolve) => (this.#hasJoined = resolve));
    this.#consumer = kafka.consumer({
      groupId: options.groupId,
      sessionTimeout: options.sessionTimeoutMs,
      heartbeatInterval: Math.floor(options.sessionTimeoutMs / 5),
      rebalanceTimeout: REBALANCE_TIMEOUT_MS,
      maxBytesPerPartition: options.batchBytesMax,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      allowAutoTopicCreation: false,
      retry: { ...RETRY, restartOnFailure: (error) => Promise.resolve(this.#mayJoinAgain(error)) },
    });
    this.#listen();
  }

  /** Joins, and resolves when partitions were given and their owner is ready, or the reader has failed. */
  async start(): Promise<void> {
    if (this.subscription.onGap !== undefined) this.#lookForGapsFromTimeToTime();
    try {
      await this.#consumer.connect();
      // "From the beginning" is where a lost place is looked for: dropping what was read beats skipping what was not.
      await this.#consumer.subscribe({ topics: [this.subscription.topic], fromBeginning: true });
      await this.#consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: Math.min(this.#options.partitions, PARTITIONS_AT_ONCE_MAX),
        eachBatch: (payload) => this.#onPayload(payload),
      });
    } catch (error) {
      this.#fail(sayKafkaFailure(`reading ${this.subscription.topic}`, error));
    }
    await this.#joined;
    await this.#handover;
  }

  /** A reader whose brokers went away joins again when they are back; its owner then says anew from where to read. */
  #mayJoinAgain(error: unknown): boolean {
    const isPassing = sayKafkaFailure("", error).hint === "retry";
    return isPassing && this.#ending === undefined && ++this.#joinsTried < JOINS_MAX;
  }

  stop(): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  /** Resolves when nothing is asked of the client library any more, which may be long after the reader was stopped. */
  async idle(): Promise<void> {
    await this.#looking;
  }

  holds(partition: number): boolean {
    return this.#held.includes(partition);
  }

  /** Commits as a member of the group. Throws `partition_revoked` when the group no longer counts on this member. */
  async commit(partition: number, { offset, note }: Commit): Promise<void> {
    const { topic } = this.subscription;
    const doing = `committing ${topic}/${partition} for ${this.#options.groupId}`;
    const committed = { topic, partition, offset: String(offset), metadata: note };
    try {
      await this.#consumer.commitOffsets([committed]);
    } catch (error) {
      throw sayKafkaFailure(doing, error);
    }
    if (this.#confirmed.get(partition) === offset) return;
    throw new LogError("partition_revoked", `${doing}: the reader is stopping`, "retry");
  }

  #listen(): void {
    const { COMMIT_OFFSETS, CRASH, END_BATCH_PROCESS, GROUP_JOIN, REBALANCING } = this.#consumer.events;
    const { topic } = this.subscription;
    this.#consumer.on(GROUP_JOIN, ({ payload }) => {
      this.#joinsTried = 0;
      const partitions = [...(payload.memberAssignment[topic] ?? [])].sort((a, b) => a - b);
      // Before anything is fetched of them.
      if (this.#ending === undefined) this.#consumer.pause([{ topic, partitions }]);
      this.#handOver(partitions);
      this.#hasJoined();
    });
    this.#consumer.on(REBALANCING, () => {
      this.#handOver([]);
    });
    this.#consumer.on(COMMIT_OFFSETS, ({ payload }) => {
      for (const { partitions } of payload.topics) {
        // Declared a string, in fact an object of the client library's; both make a number.
        for (const { partition, offset } of partitions) this.#confirmed.set(partition, Number(offset));
      }
    });
    this.#consumer.on(END_BATCH_PROCESS, ({ payload }) => {
      // Control records and what was aborted: the client library keeps such a batch to itself.
      if (payload.batchSize > 0) return;
      const lastOffset = Number(payload.lastOffset);
      // Declared a string, in fact null when compaction has left nothing but the last offset.
      const firstOffset = (payload.firstOffset as string | null) ?? lastOffset;
      void this.#passTo(payload.partition, lastOffset + 1, Number(firstOffset));
    });
    this.#consumer.on(CRASH, ({ payload }) => {
      if (payload.restart) this.#handOver([]);
      else this.#fail(sayKafkaFailure(`reading ${topic}`, payload.error));
    });
  }

  /** Takes what is held away, then gives the partitions; one handover after the other. */
  #handOver(partitions: readonly number[]): void {
    const generation = ++this.#generation;
    this.#next.clear();
    this.#handover = this.#handover
      .then(() => this.#letGo())
      .then(() => this.#take(partitions, generation))
      .catch((error: unknown) => {
        this.#fail(error);
      });
  }

  /** The owner still holds them while it is told: what it finishes then it may commit. */
  async #letGo(): Promise<void> {
    await Promise.all(this.#inHand);
    const held = this.#held;
    try {
      if (held.length > 0) await this.subscription.onRevoked?.(held);
    } finally {
      this.#held = [];
    }
  }

  async #take(partitions: readonly number[], generation: number): Promise<void> {
    if (generation !== this.#generation || partitions.length === 0) return;
    const { topic } = this.subscription;
    this.#held = partitions;
    await this.subscription.onAssigned?.(partitions);
    const bounds = await topicOffsets(this.#admin, topic);
    for (const partition of partitions) {
      const asked = await this.subscription.from(partition);
      const from = startOffset(topic, partition, asked, bounds.get(partition));
      if (from > asked && generation === this.#generation) await this.subscription.onGap?.(partition, from);
      if (generation !== this.#generation) return;
      this.#consumer.seek({ topic, partition, offset: String(from) });
      this.#next.set(partition, from);
    }
    this.#consumer.resume([{ topic, partitions: [...partitions] }]);
  }

  #lookForGapsFromTimeToTime(): void {
    this.#gapTimer = setInterval(() => {
      this.#looking ??= this.#lookForGaps().finally(() => (this.#looking = undefined));
    }, LOOK_FOR_GAPS_EVERY_MS);
  }

  /** Tells the partitions' owner what was removed under it. Never rejects: what cannot be learnt now is asked again. */
  async #lookForGaps(): Promise<void> {
    if (this.#next.size === 0) return;
    const bounds = await topicOffsets(this.#admin, this.subscription.topic).catch(() => undefined);
    for (const partition of this.#next.keys()) void this.#passTo(partition, bounds?.get(partition)?.begin ?? 0);
  }

  /** Goes on at the offset, if that is further, and tells the owner; unless it has not read to where the gap begins. Never rejects. */
  #passTo(partition: number, offset: number, gapFrom = 0): Promise<void> {
    return this.#inTurn(partition, async () => {
      const next = this.#next.get(partition);
      if (next === undefined || next < gapFrom || next >= offset) return;
      const isTold = await this.#tell(async () => this.subscription.onGap?.(partition, offset));
      if (isTold && this.#next.has(partition)) this.#next.set(partition, offset);
    });
  }

  #inTurn(partition: number, run: () => Promise<void>): Promise<void> {
    const turn = (this.#turns.get(partition) ?? Promise.resolve()).then(run);
    this.#turns.set(
      partition,
      turn.catch(() => undefined),
    );
    return turn;
  }

  /** Meanwhile the group hears that this member lives. */
  async #onPayload(payload: EachBatchPayload): Promise<void> {
    const beat = setInterval(() => void payload.heartbeat().catch(() => undefined), this.#options.sessionTimeoutMs / 5);
    try {
      await this.#inTurn(payload.batch.partition, () => this.#takePayload(payload));
    } finally {
      clearInterval(beat);
    }
  }

  async #takePayload(payload: EachBatchPayload): Promise<void> {
    const { batch } = payload;
    const next = this.#next.get(batch.partition);
    if (next === undefined || payload.isStale() || !payload.isRunning()) return;
    const records = batch.messages.flatMap((message) =>
      Number(message.offset) < next ? [] : logRecord(batch, message),
    );
    const last = records.at(-1);
    if (last !== undefined) {
      const { topic, partition } = batch;
      const isTaken = await this.#tell(() =>
        this.subscription.onBatch({ topic, partition, records, endOffset: Number(batch.highWatermark) }),
      );
      if (!isTaken || !this.#next.has(batch.partition)) return;
      this.#next.set(batch.partition, last.offset + 1);
    }
    payload.resolveOffset(batch.messages.at(-1)?.offset ?? batch.lastOffset());
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
      this.#fail(error);
      return false;
    } finally {
      this.#inHand.delete(settled);
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#hasJoined();
    void this.stop();
  }

  /** Lets go before leaving the group, so that the next owner finds the partitions free. */
  async #end(): Promise<void> {
    this.#generation += 1;
    this.#next.clear();
    clearInterval(this.#gapTimer);
    await this.#handover
      .then(() => this.#letGo())
      .catch((error: unknown) => {
        this.#failure ??= { error };
      });
    await this.#consumer.disconnect().catch(() => undefined);
    await this.#options.onEnded(this);
    if (this.#failure === undefined) this.#resolve();
    else this.#reject(this.#failure.error);
  }
}

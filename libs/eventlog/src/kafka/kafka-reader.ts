import {
  type Admin,
  type Consumer,
  type EachBatchPayload,
  type Kafka,
  type PartitionAssigner,
  PartitionAssigners,
} from "kafkajs";
import { type Commit, LogError, type Subscription } from "../port.js";
import { RETRY } from "./client.js";
import { connectTo } from "./consumer-start.js";
import { HeldPartitions } from "./held-partitions.js";
import { logRecord } from "./log-record.js";
import { JoinTries } from "./join-tries.js";
import { sayKafkaFailure } from "./kafka-failure.js";
import type { LogReader, ReaderOptions } from "./log-client.js";
import { topicOffsets } from "./offsets.js";

export interface KafkaReaderOptions extends Omit<ReaderOptions, "onEnded"> {
  /** Kafka's consumer group. */
  readonly groupId: string;
  /** Called when the reader has ended, before `finished` settles. */
  onEnded(reader: KafkaReader): Promise<void>;
}

const FETCH_WAIT_MS = 250;
const PARTITIONS_AT_ONCE_MAX = 16;
export const REBALANCE_TIMEOUT_MS = 60_000;
/** How often it is asked where the log begins: the client library passes over what was removed without a word. */
const LOOK_FOR_GAPS_EVERY_MS = 5_000;

/**
 * One subscription: a consumer of its own. Kafka gives it partitions anew at each rebalance; they stay paused until their
 * owner was told and said from where to read. What arrives from elsewhere than that place is dropped: what was handed over
 * is the truth, not the client library's offsets.
 */
export class KafkaReader implements LogReader {
  readonly subscription: Subscription;
  readonly finished: Promise<void>;
  readonly #consumer: Consumer;
  readonly #admin: Admin;
  readonly #options: KafkaReaderOptions;
  readonly #held: HeldPartitions;
  /**
   * What the group counts on this member for; nothing while it joins. kafkajs 2.2 commits as a member of what the group has agreed since,
   * and no broker asks whose partition it is: a commit of what is still being let go of would replace its new owner's.
   */
  #counted: readonly number[] = [];
  #gapTimer: NodeJS.Timeout | undefined;
  /** Asking where the log begins, which cannot be broken off. */
  #looking: Promise<void> | undefined;
  /** Offsets that the broker confirmed last: the client library drops a commit silently when it is about to stop. */
  readonly #confirmed = new Map<number, number>();
  #ending: Promise<void> | undefined;
  /** The group is to count on this member no more. */
  #isLeaving = false;
  /** Resolves at the first join of the group, or when it has failed for good. */
  readonly #joined: Promise<void>;
  #hasJoined: () => void = () => undefined;
  readonly #joinTries = new JoinTries();
  #failure: { readonly error: unknown } | undefined;
  #resolve: () => void = () => undefined;
  #reject: (reason: unknown) => void = () => undefined;

  constructor(kafka: Kafka, admin: Admin, subscription: Subscription, options: KafkaReaderOptions) {
    this.subscription = subscription;
    this.#admin = admin;
    this.#options = options;
    this.finished = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.finished.catch(() => undefined);
    this.#joined = new Promise((resolve) => (this.#hasJoined = resolve));
    this.#held = this.#holding(subscription.topic);
    this.#consumer = kafka.consumer({
      groupId: options.groupId,
      partitionAssigners: [
        assignerThatTells(() => {
          this.#onJoining();
        }),
      ],
      sessionTimeout: options.sessionTimeoutMs,
      heartbeatInterval: Math.floor(options.sessionTimeoutMs / 5),
      rebalanceTimeout: REBALANCE_TIMEOUT_MS,
      maxBytesPerPartition: options.batchBytesMax,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      allowAutoTopicCreation: false,
      retry: { ...RETRY, restartOnFailure: (error) => this.#mayJoinAgain(error) },
    });
    this.#listen();
  }

  /** Joins, and resolves when partitions were given and their owner is ready, or the reader has failed. */
  async start(): Promise<void> {
    if (this.subscription.onGap !== undefined) this.#lookForGapsFromTimeToTime();
    try {
      await connectTo(this.#consumer, this.subscription.topic, (error) => this.#mayJoinAgain(error));
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
    await this.#held.settled();
  }

  #holding(topic: string): HeldPartitions {
    return new HeldPartitions(this.subscription, {
      bounds: () => topicOffsets(this.#admin, topic),
      seek: (partition, offset) => {
        this.#consumer.seek({ topic, partition, offset: String(offset) });
      },
      ready: (partitions) => {
        this.#consumer.resume([{ topic, partitions: [...partitions] }]);
      },
      fail: (error) => {
        this.#fail(error);
      },
    });
  }

  /** A reader whose brokers went away joins again when they are back; its owner then says anew from where to read. */
  async #mayJoinAgain(error: unknown): Promise<boolean> {
    if (this.#isEnding() || sayKafkaFailure("", error).hint !== "retry") return false;
    this.#onJoining();
    return (await this.#joinTries.another()) && !this.#isEnding();
  }

  #isEnding(): boolean {
    return this.#ending !== undefined;
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
    return this.#counted.includes(partition) && this.#held.holds(partition);
  }

  /** Commits as a member of the group. Throws `partition_revoked` when the group does not count on this member, or may not. */
  async commit(partition: number, { offset, note }: Commit): Promise<void> {
    const { topic } = this.subscription;
    const doing = `committing ${topic}/${partition} for ${this.#options.groupId}`;
    const committed = { topic, partition, offset: String(offset), metadata: note };
    // An earlier commit of the same offset confirms nothing of this one.
    this.#confirmed.delete(partition);
    try {
      await this.#consumer.commitOffsets([committed]);
    } catch (error) {
      const failure = sayKafkaFailure(doing, error);
      // kafkajs 2.2 goes on asking the coordinator that it joined by, for ever, as long as a batch is in hand: after that broker has died it
      // shows as a connection that is refused, and as "not the correct coordinator" once it is back. Who hears that the group may not count
      // on this reader ends the batch; the library then finds out by a heartbeat, and joins anew.
      if (failure.hint !== "retry") throw failure;
      throw new LogError("partition_revoked", failure.message, "retry", { cause: error });
    }
    if (this.#confirmed.get(partition) === offset) return;
    throw new LogError("partition_revoked", `${doing}: the reader is stopping`, "retry");
  }

  #listen(): void {
    const { COMMIT_OFFSETS, CRASH, END_BATCH_PROCESS, GROUP_JOIN } = this.#consumer.events;
    const { topic } = this.subscription;
    this.#consumer.on(GROUP_JOIN, ({ payload }) => {
      this.#joinTries.joined();
      const partitions = [...(payload.memberAssignment[topic] ?? [])].sort((a, b) => a - b);
      // Before anything is fetched of them.
      if (!this.#isEnding()) this.#consumer.pause([{ topic, partitions }]);
      this.#counted = partitions;
      void this.#held.handOver(partitions);
      this.#hasJoined();
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
      void this.#held.passTo(payload.partition, lastOffset + 1, Number(firstOffset));
    });
    this.#consumer.on(CRASH, ({ payload }) => {
      // What is to begin anew has let go when that was asked; what was stopped is over without a failure.
      if (!payload.restart && !this.#isEnding()) this.#fail(sayKafkaFailure(`reading ${topic}`, payload.error));
    });
  }

  /**
   * Asked by the client library whenever it joins, for whatever reason; and when it may begin anew. Throws, and so keeps it from joining, at the
   * end: kafkajs 2.2 does not break off a new beginning after an outage when it is stopped meanwhile, which shows as a consumer that nobody can stop.
   */
  #onJoining(): void {
    if (this.#isLeaving) throw new Error("the reader has left its group");
    this.#counted = [];
    void this.#held.handOver([]);
  }

  #lookForGapsFromTimeToTime(): void {
    this.#gapTimer = setInterval(() => {
      this.#looking ??= this.#lookForGaps().finally(() => (this.#looking = undefined));
    }, LOOK_FOR_GAPS_EVERY_MS);
  }

  /** Tells the partitions' owner what was removed under it. Never rejects: what cannot be learnt now is asked again. */
  async #lookForGaps(): Promise<void> {
    if ([...this.#held.reading].length === 0) return;
    const bounds = await topicOffsets(this.#admin, this.subscription.topic).catch(() => undefined);
    for (const partition of this.#held.reading) void this.#held.passTo(partition, bounds?.get(partition)?.begin ?? 0);
  }

  /** Meanwhile the group hears that this member lives. */
  async #onPayload(payload: EachBatchPayload): Promise<void> {
    const beat = setInterval(() => void payload.heartbeat().catch(() => undefined), this.#options.sessionTimeoutMs / 5);
    try {
      await this.#held.inTurn(payload.batch.partition, () => this.#takePayload(payload));
    } finally {
      clearInterval(beat);
    }
  }

  async #takePayload(payload: EachBatchPayload): Promise<void> {
    const { batch } = payload;
    const next = this.#held.next(batch.partition);
    if (next === undefined || payload.isStale() || !payload.isRunning()) return;
    const records = batch.messages.flatMap((message) =>
      Number(message.offset) < next ? [] : logRecord(batch, message),
    );
    const { topic, partition } = batch;
    if (!(await this.#held.give({ topic, partition, records, endOffset: Number(batch.highWatermark) }))) return;
    payload.resolveOffset(batch.messages.at(-1)?.offset ?? batch.lastOffset());
    // The client library reads on behind control records and what was aborted, and keeps those to itself: their reader may wait for their end.
    const readTo = (records.at(-1)?.offset ?? next - 1) + 1;
    void this.#held.passTo(partition, Number(batch.lastOffset()) + 1, readTo);
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    void this.stop();
  }

  /** Lets go before leaving the group, so that the next owner finds the partitions free. */
  async #end(): Promise<void> {
    this.#hasJoined();
    clearInterval(this.#gapTimer);
    await this.#held.end().catch((error: unknown) => {
      this.#failure ??= { error };
    });
    this.#isLeaving = true;
    await this.#consumer.disconnect().catch(() => undefined);
    await this.#options.onEnded(this);
    if (this.#failure === undefined) this.#resolve();
    else this.#reject(this.#failure.error);
  }
}

/** Shares partitions as kafkajs does by default, and tells when this member joins. */
function assignerThatTells(joining: () => void): PartitionAssigner {
  return (options) => {
    const assigner = PartitionAssigners.roundRobin(options);
    return {
      ...assigner,
      assign: (group) => assigner.assign(group),
      protocol: (subscription) => {
        joining();
        return assigner.protocol(subscription);
      },
    };
  };
}

import { type BaseOptions, Consumer } from "@platformatic/kafka";
import type { Admin } from "kafkajs";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { HeldPartitions } from "../kafka/held-partitions.js";
import { sayKafkaFailure } from "../kafka/kafka-failure.js";
import { JoinTries } from "../kafka/join-tries.js";
import { REBALANCE_TIMEOUT_MS } from "../kafka/kafka-reader.js";
import type { LogReader, ReaderOptions } from "../kafka/log-client.js";
import { topicOffsets } from "../kafka/offsets.js";
import { type Commit, LogError, type Subscription } from "../port.js";
import { answered } from "./answered.js";
import type { FetchedRecords } from "./fetched-records.js";
import { GroupCoordinator } from "./group-coordinator.js";
import { type Cursor, PartitionFetcher } from "./partition-fetcher.js";

/** kafkajs's name for it, so that readers of both clients can be in one group while the configuration changes. */
const ASSIGNMENT = { name: "RoundRobinAssigner", version: 1 };
const NO_USER_DATA = Buffer.alloc(0);
const LEAVES_WITHIN_MS = 5_000;

/**
 * One subscription, with a consumer of its own. The client library keeps the membership of the group, and decodes what is fetched; from
 * where is decided here, so its streams and the offsets that they follow are not used. A broadcast is no member of any group.
 */
export class PlatformaticReader implements LogReader {
  readonly subscription: Subscription;
  readonly finished: Promise<void>;
  readonly #admin: Admin;
  readonly #options: ReaderOptions;
  readonly #consumer: Consumer;
  readonly #coordinator: GroupCoordinator;
  readonly #fetcher: PartitionFetcher;
  readonly #held: HeldPartitions;
  #fetching: Promise<void> = Promise.resolve();
  #joining: Promise<void> | undefined;
  #ending: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;
  #resolve: () => void = () => undefined;
  #reject: (reason: unknown) => void = () => undefined;

  constructor(client: BaseOptions, admin: Admin, subscription: Subscription, options: ReaderOptions) {
    const { topic, group = `broadcast.${randomUUID()}` } = subscription;
    this.subscription = subscription;
    this.#admin = admin;
    this.#options = options;
    this.finished = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.finished.catch(() => undefined);
    this.#consumer = this.#consumerOf(client, group);
    this.#consumer.topics.track(topic);
    this.#coordinator = new GroupCoordinator(this.#consumer);
    this.#held = this.#holding(topic);
    this.#fetcher = new PartitionFetcher(this.#consumer, {
      topic,
      client,
      batchBytesMax: options.batchBytesMax,
      take: (cursor, fetched) => this.#take(cursor, fetched),
      outOfRange: (cursors) => this.#outOfRange(cursors),
      fail: (error) => {
        this.#fail(error);
      },
    });
  }

  async start(): Promise<void> {
    this.#fetching = this.#fetcher.run();
    if (this.subscription.group === undefined) {
      await this.#handOver(Array.from({ length: this.#options.partitions }, (_, partition) => partition));
      return;
    }
    await this.#join();
    await this.#held.settled();
  }

  stop(): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async idle(): Promise<void> {
    await this.#fetching;
  }

  #isEnding(): boolean {
    return this.#ending !== undefined;
  }

  holds(partition: number): boolean {
    return this.#held.holds(partition);
  }

  async commit(partition: number, commit: Commit): Promise<void> {
    const { topic, group = "" } = this.subscription;
    const doing = `committing ${topic}/${partition} for ${group}`;
    if (this.#consumer.closed) throw new LogError("partition_revoked", `${doing}: the reader has stopped`, "retry");
    try {
      await this.#coordinator.commit(topic, partition, commit);
    } catch (error) {
      throw sayKafkaFailure(doing, error);
    }
  }

  #consumerOf(client: BaseOptions, groupId: string): Consumer {
    const { sessionTimeoutMs } = this.#options;
    const consumer = new Consumer({
      ...client,
      groupId,
      // A broker answers a request to join when all others have joined, too.
      requestTimeout: REBALANCE_TIMEOUT_MS + (client.requestTimeout ?? 0),
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: Math.max(REBALANCE_TIMEOUT_MS, sessionTimeoutMs),
      heartbeatInterval: Math.floor(sessionTimeoutMs / 5),
      protocols: [ASSIGNMENT],
      // Asked whenever it is about to join: the moment to let go of what it has.
      protocolsMetadata: () => this.#letGo(),
      autocommit: false,
    });
    consumer.on("consumer:group:join", ({ assignments = [] }) => {
      const own = assignments.filter(({ topic }) => topic === this.subscription.topic);
      void this.#handOver(own.flatMap(({ partitions }) => partitions).sort((a, b) => a - b));
    });
    // Told here only when it could not join again.
    consumer.on("error", () => void this.#join());
    return consumer;
  }

  #holding(topic: string): HeldPartitions {
    return new HeldPartitions(this.subscription, {
      bounds: () => topicOffsets(this.#admin, topic),
      seek: (partition, offset) => {
        this.#fetcher.seek(partition, offset);
      },
      ready: () => {
        this.#fetcher.resume();
      },
      fail: (error) => {
        this.#fail(error);
      },
    });
  }

  /** Joins until it is in: a reader whose brokers went away comes back with them. Never rejects. */
  #join(): Promise<void> {
    this.#joining ??= this.#tryToJoin().finally(() => (this.#joining = undefined));
    return this.#joining;
  }

  async #tryToJoin(): Promise<void> {
    const tries = new JoinTries();
    while (!this.#isEnding()) {
      try {
        await answered<string>((callback) => {
          this.#consumer.joinGroup({}, callback);
        });
        return;
      } catch (error) {
        const said = sayKafkaFailure(`joining ${this.#consumer.groupId} to read ${this.subscription.topic}`, error);
        const isPassing = said.hint === "retry" || said.code === "partition_revoked";
        if (this.#isEnding()) return;
        if (!isPassing || !(await tries.another())) {
          this.#fail(said);
          return;
        }
      }
    }
  }

  #handOver(partitions: readonly number[]): Promise<void> {
    this.#fetcher.clear();
    return this.#isEnding() ? Promise.resolve() : this.#held.handOver(partitions);
  }

  /** Meanwhile the group hears that this member lives. */
  async #letGo(): Promise<Buffer> {
    const beat = setInterval(() => void this.#coordinator.heartbeat(), this.#options.sessionTimeoutMs / 5);
    try {
      await this.#handOver([]);
    } finally {
      clearInterval(beat);
    }
    return NO_USER_DATA;
  }

  async #take(cursor: Cursor, { records, nextOffset, endOffset }: FetchedRecords): Promise<void> {
    const { topic } = this.subscription;
    const { partition } = cursor;
    const readTo = (records.at(-1)?.offset ?? -1) + 1;
    await this.#held.inTurn(partition, async () => {
      const next = this.#held.next(partition);
      if (next === undefined || !this.#fetcher.isCurrent(cursor)) return;
      const isNew = (records[0]?.offset ?? next) >= next;
      const taken = isNew ? records : records.filter(({ offset }) => offset >= next);
      await this.#held.give({ topic, partition, records: taken, endOffset });
    });
    // Control records, and what was aborted or compacted away.
    if (nextOffset > readTo && this.#fetcher.isCurrent(cursor)) await this.#held.passTo(partition, nextOffset, readTo);
  }

  /** Tells the owner what was removed under it. What has not been written again yet, after a loss of the brokers', is waited for. */
  async #outOfRange(cursors: readonly Cursor[]): Promise<void> {
    const { topic } = this.subscription;
    const bounds = await topicOffsets(this.#admin, topic);
    const behind = cursors.filter(({ partition, offset }) => offset < (bounds.get(partition)?.begin ?? 0));
    if (behind.length === 0) throw new Error(`${topic} ends before where it is read`);
    for (const cursor of behind) {
      const begin = bounds.get(cursor.partition)?.begin ?? 0;
      cursor.offset = begin;
      void this.#held.passTo(cursor.partition, begin);
    }
  }

  /** Brokers that do not answer find out by its silence, and so does a group in which others are still to join. */
  async #leave(): Promise<void> {
    const hasLeft = new AbortController();
    const left = answered((callback) => {
      this.#consumer.leaveGroup(true, callback);
    }).finally(() => {
      hasLeft.abort();
    });
    await Promise.race([left, sleep(LEAVES_WITHIN_MS, undefined, { signal: hasLeft.signal })]).catch(() => undefined);
    await answered((callback) => {
      this.#consumer.close(true, callback);
    }).catch(() => undefined);
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    void this.stop();
  }

  /** Lets go before leaving the group, so that the next owner finds the partitions free. */
  async #end(): Promise<void> {
    this.#fetcher.clear();
    await this.#held.end().catch((error: unknown) => {
      this.#failure ??= { error };
    });
    await this.#fetcher.stop();
    await this.#leave();
    this.#options.onEnded(this);
    if (this.#failure === undefined) this.#resolve();
    else this.#reject(this.#failure.error);
  }
}

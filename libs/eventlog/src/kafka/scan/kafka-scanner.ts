import type { Admin } from "kafkajs";
import { setTimeout as sleep } from "node:timers/promises";
import { LogError, type PoisonedBatch, type RunningSubscription, type ScanSubscription } from "../../port.js";
import type { SpanList } from "../../span-list.js";
import { startOffset } from "../../start-offset.js";
import type { KafkaClientOptions } from "../client.js";
import { sayKafkaFailure } from "../kafka-failure.js";
import { type OffsetBounds, topicOffsets } from "../offsets.js";
import type { BrokerAddress } from "./broker-connection.js";
import { openSession } from "./broker-session.js";
import type { Taker } from "./handover.js";
import { LeaderLoop } from "./leader-loop.js";
import { PartitionCursor } from "./partition-cursor.js";
import { type Credentials, credentialsOf } from "./sasl.js";
import { leadersOf } from "./topology.js";

export interface ScanOptions {
  /** Numbers of the partitions to read. */
  readonly partitions: readonly number[];
  readonly client: KafkaClientOptions;
  /** Most bytes that are fetched of one partition at once; one larger batch still comes. */
  readonly batchBytesMax: number;
  /** How long a partition may fail in a row before the scan ends. */
  readonly givesUpAfterMs: number;
  /**
   * How long brokers must say that nothing is left up to the log's end before that is believed and told. Only compaction
   * leaves such a gap: without end for topics that are not compacted.
   */
  readonly gapAfterMs: number;
  /** How long a broker is read from before it is asked again who leads. */
  readonly leadersGoodForMs: number;
  /** Called when the scan has ended, before `finished` settles. */
  onEnded(scanner: KafkaScanner): void;
}

/** About ten minutes without a broker, then somebody has to hear of it. */
export const GIVES_UP_AFTER_MS = 600_000;
/** Longer than a broker that has just begun to lead needs to know what it has. */
export const GAP_AFTER_MS = 2_000;
/** A broker that is cut off from the others, though not from us, serves on what it has: for five minutes at most, as with Kafka's own clients. */
export const LEADERS_GOOD_FOR_MS = 300_000;

/**
 * One scan: a loop for each broker that leads some of the partitions. What a broker cannot serve any more goes to whoever
 * leads it by then, after a wait that grows while it fails.
 */
export class KafkaScanner implements RunningSubscription {
  readonly finished: Promise<void>;
  readonly #admin: Admin;
  readonly #subscription: ScanSubscription;
  readonly #options: ScanOptions;
  readonly #credentials: Credentials | undefined;
  /** By the broker's address. */
  readonly #loops = new Map<string, LeaderLoop>();
  readonly #running = new Set<Promise<void>>();
  /** Looking for leaders and offsets, which cannot be broken off: the client library tries again by itself. */
  readonly #looking = new Set<Promise<void>>();
  readonly #waits = new AbortController();
  readonly #taker: Taker;
  #ending: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;
  #resolve: () => void = () => undefined;
  #reject: (reason: unknown) => void = () => undefined;

  /** Throws a LogError for credentials that it cannot use. */
  constructor(admin: Admin, subscription: ScanSubscription, options: ScanOptions) {
    this.#admin = admin;
    this.#subscription = subscription;
    this.#options = options;
    this.#credentials = credentialsOf(options.client.sasl);
    this.finished = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.finished.catch(() => undefined);
    this.#taker = {
      topic: subscription.topic,
      takeSpans: (spans: SpanList) => this.#tell(() => subscription.onSpans(spans)),
      takePoisoned: (batch: PoisonedBatch) => this.#tell(() => subscription.onPoisoned(batch)),
    };
  }

  /** Resolves when it is known from where each partition is read, or the scan has failed. */
  async start(): Promise<void> {
    const { topic } = this.#subscription;
    try {
      const bounds = await topicOffsets(this.#admin, topic);
      const cursors: PartitionCursor[] = [];
      for (const partition of this.#options.partitions) {
        if (this.#isEnding) return;
        const cursor = new PartitionCursor(partition, await this.#subscription.from(partition));
        passOverWhatIsGone(topic, cursor, bounds.get(partition));
        cursors.push(cursor);
      }
      this.#look(() => this.#place(cursors));
    } catch (error) {
      this.#fail(error);
    }
  }

  stop(): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  /** Resolves when nothing is asked of the client library any more, which may be long after the scan was stopped. */
  async idle(): Promise<void> {
    await Promise.all(this.#looking);
  }

  get #isEnding(): boolean {
    return this.#ending !== undefined;
  }

  /** True if the owner took it and there may be more. */
  async #tell(take: () => Promise<void> | void): Promise<boolean> {
    if (this.#isEnding) return false;
    try {
      await take();
      return !this.#isEnding;
    } catch (error) {
      this.#fail(error);
      return false;
    }
  }

  /** Lets something go on by itself that never rejects. */
  #look(run: () => Promise<void>): void {
    const looking = run().finally(() => this.#looking.delete(looking));
    this.#looking.add(looking);
  }

  /** Gives the partitions to the loops of their leaders, however long it takes to learn who these are. Never rejects. */
  async #place(cursors: readonly PartitionCursor[]): Promise<void> {
    let homeless = cursors;
    while (homeless.length > 0 && !this.#isEnding) {
      try {
        const leaders = await leadersOf(this.#admin, this.#subscription.topic);
        homeless = homeless.filter((cursor) => !this.#settle(cursor, leaders.get(cursor.partition)));
        if (homeless.length > 0) await this.#wait(homeless, this.#sayLeaderless(homeless));
      } catch (error) {
        await this.#wait(homeless, sayKafkaFailure(`scanning ${this.#subscription.topic}`, error));
      }
    }
  }

  #sayLeaderless(cursors: readonly PartitionCursor[]): LogError {
    const numbers = cursors.map(({ partition }) => partition).join(", ");
    const message = `scanning ${this.#subscription.topic}: no broker leads partition ${numbers}`;
    return new LogError("log_unavailable", message, "retry");
  }

  #settle(cursor: PartitionCursor, leader: BrokerAddress | undefined): boolean {
    if (leader === undefined || this.#isEnding) return false;
    const name = `${leader.host}:${leader.port}`;
    if (this.#loops.get(name)?.add(cursor) === true) return true;
    const loop = this.#newLoop(leader);
    loop.add(cursor);
    this.#loops.set(name, loop);
    const running = loop
      .run()
      .catch((error: unknown) => {
        this.#fail(error);
      })
      .finally(() => {
        this.#running.delete(running);
        if (this.#loops.get(name) === loop) this.#loops.delete(name);
      });
    this.#running.add(running);
    return true;
  }

  #newLoop(leader: BrokerAddress): LeaderLoop {
    const { client, batchBytesMax, gapAfterMs, leadersGoodForMs } = this.#options;
    const options = {
      topic: this.#subscription.topic,
      partitionBytesMax: batchBytesMax,
      gapAfterMs,
      leadersGoodForMs,
      connect: (signal: AbortSignal) => openSession(leader, client, this.#credentials, signal),
      onDue: (cursors: readonly PartitionCursor[]) => {
        this.#look(() => this.#place(cursors));
      },
      onDisplaced: (cursors: readonly PartitionCursor[], failure: LogError) => {
        this.#look(async () => {
          await this.#wait(cursors, failure);
          await this.#place(cursors);
        });
      },
      onOutOfRange: (cursor: PartitionCursor) => {
        this.#look(() => this.#findAnew(cursor));
      },
    };
    return new LeaderLoop(options, this.#taker);
  }

  /** What retention has removed is gone: reading goes on at the oldest record. An offset beyond the end is of another log. */
  async #findAnew(cursor: PartitionCursor): Promise<void> {
    const { topic } = this.#subscription;
    const { partition } = cursor;
    while (!this.#isEnding) {
      try {
        const bounds = (await topicOffsets(this.#admin, topic)).get(partition);
        if (passOverWhatIsGone(topic, cursor, bounds)) break;
        const message = `${topic}/${partition}: brokers disagree whether the log has offset ${cursor.next}`;
        await this.#wait([cursor], new LogError("log_unavailable", message, "retry"));
        break;
      } catch (error) {
        await this.#wait([cursor], sayKafkaFailure(`scanning ${topic}`, error));
      }
    }
    await this.#place([cursor]);
  }

  /** Waits before the next try, or ends the scan if there is no use in one. Never rejects. */
  async #wait(cursors: readonly PartitionCursor[], failure: LogError): Promise<void> {
    const nowMs = performance.now();
    for (const cursor of cursors) cursor.failed(nowMs);
    const isPassing = cursors.every((cursor) => cursor.failingForMs(nowMs) < this.#options.givesUpAfterMs);
    if (failure.hint === "terminal" || !isPassing) this.#fail(failure);
    const chance = Math.random();
    const waitMs = Math.max(...cursors.map((cursor) => cursor.waitMs(chance)));
    await sleep(waitMs, undefined, { signal: this.#waits.signal }).catch(() => undefined);
  }

  #fail(error: unknown): void {
    if (this.#isEnding) return;
    this.#failure = { error };
    void this.stop();
  }

  /** What is in hand is settled first; what is only asked for is given up. */
  async #end(): Promise<void> {
    // Whoever called this may be in the hands of a loop: it must know that the end has begun.
    await Promise.resolve();
    this.#waits.abort();
    for (const loop of this.#loops.values()) loop.stop();
    await Promise.all(this.#running);
    this.#options.onEnded(this);
    if (this.#failure === undefined) this.#resolve();
    else this.#reject(this.#failure.error);
  }
}

/** Goes on at the oldest record kept; true if that is further on. Throws `offset_out_of_range` beyond the end. */
function passOverWhatIsGone(topic: string, cursor: PartitionCursor, bounds: OffsetBounds | undefined): boolean {
  const { next, partition } = cursor;
  cursor.passOverRemoved(startOffset(topic, partition, next, bounds), bounds?.end ?? 0);
  return cursor.next > next;
}

import {
  type BaseOptions,
  type ClusterMetadata,
  ConnectionPool,
  type Consumer,
  type fetchV17,
  FetchIsolationLevels,
  findErrorBy,
} from "@platformatic/kafka";
import { setTimeout as sleep } from "node:timers/promises";
import { sayKafkaFailure } from "../kafka/kafka-failure.js";
import { answered } from "./answered.js";
import { type FetchedRecords, fetchedRecords } from "./fetched-records.js";

export interface FetcherOptions {
  readonly topic: string;
  readonly client: BaseOptions;
  /** Most bytes that are fetched of one partition at once; one larger batch still comes. */
  readonly batchBytesMax: number;
  /** Takes what was fetched of a partition, in order; only so many are under way at once. Never rejects. */
  take(cursor: Cursor, fetched: FetchedRecords): Promise<void>;
  /** Some of the partitions begin further on than was asked, or end before. */
  outOfRange(cursors: readonly Cursor[]): Promise<void>;
  fail(error: unknown): void;
}

/** Where a partition is fetched on. Another one takes its place when the partition is given anew. */
export interface Cursor {
  readonly partition: number;
  offset: number;
}

/** A topic's id, and which broker leads each partition, if one does. */
interface Leaders {
  readonly topicId: string;
  readonly leaderOf: (partition: number) => number | undefined;
}

interface OwnCursor extends Cursor {
  /** Fetches that the owner has not taken yet. */
  untaken: number;
}

const FETCH_WAIT_MS = 250;
const FETCH_BYTES_MAX = 52_428_800;
/** One that is being taken, and one that is ready when it has been. */
const UNTAKEN_MAX = 2;
/** Failures one after the other: about ten minutes, then somebody has to hear of it. */
const GIVES_UP_AFTER_MS = 600_000;
const PAUSE_MS = 500;

/**
 * Fetches partitions from their leaders, with one request under way at each: the brokers answer one connection's requests one after
 * the other. A partition whose owner is behind is left out, and does not keep the others waiting.
 */
export class PartitionFetcher {
  readonly #consumer: Consumer;
  readonly #options: FetcherOptions;
  /** Its own: a fetch that waits for records would keep commits and signs of life waiting. */
  readonly #connections: ConnectionPool;
  readonly #cursors = new Map<number, OwnCursor>();
  readonly #underWay = new Set<number>();
  readonly #ended = new AbortController();
  #isPaused = true;
  /** Waiting for a partition to be led again. */
  #looking: Promise<void> | undefined;
  #failingSinceMs: number | undefined;
  #isWoken = false;
  #wakeUp: () => void = () => undefined;

  constructor(consumer: Consumer, options: FetcherOptions) {
    this.#consumer = consumer;
    this.#options = options;
    this.#connections = new ConnectionPool(options.client.clientId, options.client);
  }

  /** Fetches nothing until partitions are given anew. */
  clear(): void {
    this.#isPaused = true;
    this.#cursors.clear();
  }

  seek(partition: number, offset: number): void {
    this.#cursors.set(partition, { partition, offset, untaken: 0 });
  }

  resume(): void {
    this.#isPaused = false;
    this.#wake();
  }

  isCurrent(cursor: Cursor): boolean {
    return this.#cursors.get(cursor.partition) === cursor;
  }

  /** Fetches until stopped. Never rejects. */
  async run(): Promise<void> {
    while (!this.#ended.signal.aborted) {
      try {
        this.#begin(await this.#leaders());
      } catch (error) {
        await this.#onFailure(error, []);
        this.#wake();
      }
      await this.#woken();
    }
  }

  async stop(): Promise<void> {
    this.clear();
    this.#ended.abort();
    this.#wake();
    await answered((callback) => {
      this.#connections.close(callback);
    }).catch(() => undefined);
  }

  /** The client library remembers it for a while. */
  async #leaders(): Promise<Leaders> {
    const { topic } = this.#options;
    const { topics } = await answered<ClusterMetadata>((callback) => {
      this.#consumer.metadata({ topics: [topic] }, callback);
    });
    const found = topics.get(topic);
    if (found === undefined) throw new Error(`no broker knows ${topic} now`);
    return { topicId: found.id, leaderOf: (partition) => found.partitions[partition]?.leader };
  }

  #begin({ topicId, leaderOf }: Leaders): void {
    if (this.#isPaused) return;
    const wanted = new Map<number, OwnCursor[]>();
    for (const cursor of this.#cursors.values()) {
      const leader = leaderOf(cursor.partition);
      if (leader === undefined || leader < 0) this.#lookAgain();
      else if (cursor.untaken < UNTAKEN_MAX && !this.#underWay.has(leader))
        wanted.set(leader, [...(wanted.get(leader) ?? []), cursor]);
    }
    for (const [leader, cursors] of wanted) void this.#fetch(leader, topicId, cursors);
  }

  #lookAgain(): void {
    this.#looking ??= this.#pause().then(() => {
      this.#looking = undefined;
      this.#consumer.clearMetadata();
      this.#wake();
    });
  }

  async #fetch(leader: number, topicId: string, cursors: readonly OwnCursor[]): Promise<void> {
    const asked = new Map(cursors.map((cursor) => [cursor.partition, { cursor, from: cursor.offset }]));
    this.#underWay.add(leader);
    try {
      const { responses } = await this.#ask(leader, topicId, cursors);
      this.#failingSinceMs = undefined;
      for (const partition of responses.flatMap(({ partitions }) => partitions)) {
        const wanted = asked.get(partition.partitionIndex);
        if (wanted === undefined || !this.isCurrent(wanted.cursor)) continue;
        void this.#hand(wanted.cursor, fetchedRecords(this.#options.topic, partition, wanted.from));
      }
    } catch (error) {
      await this.#onFailure(error, cursors);
    } finally {
      this.#underWay.delete(leader);
      this.#wake();
    }
  }

  #ask(leader: number, topicId: string, cursors: readonly Cursor[]): Promise<fetchV17.FetchResponse> {
    const topics = [{ topicId, partitions: cursors.map((cursor) => this.#request(cursor)) }];
    const request = {
      node: leader,
      minBytes: 1,
      maxBytes: FETCH_BYTES_MAX,
      maxWaitTime: FETCH_WAIT_MS,
      isolationLevel: FetchIsolationLevels.READ_COMMITTED,
      connectionPool: this.#connections,
      topics,
    };
    return answered((callback) => {
      this.#consumer.fetch(request, callback);
    });
  }

  #request({ partition, offset }: Cursor) {
    return {
      partition,
      fetchOffset: BigInt(offset),
      currentLeaderEpoch: -1,
      lastFetchedEpoch: -1,
      partitionMaxBytes: this.#options.batchBytesMax,
    };
  }

  async #hand(cursor: OwnCursor, fetched: FetchedRecords): Promise<void> {
    if (fetched.nextOffset === cursor.offset) return;
    cursor.offset = fetched.nextOffset;
    cursor.untaken += 1;
    await this.#options.take(cursor, fetched);
    cursor.untaken -= 1;
    this.#wake();
  }

  async #onFailure(error: unknown, cursors: readonly OwnCursor[]): Promise<void> {
    if (this.#ended.signal.aborted) return;
    try {
      if (!isOutOfRange(error)) throw error;
      await this.#options.outOfRange(cursors.filter((cursor) => this.isCurrent(cursor)));
    } catch (failure) {
      const said = sayKafkaFailure(`reading ${this.#options.topic}`, failure);
      const nowMs = performance.now();
      this.#failingSinceMs ??= nowMs;
      if (said.hint === "terminal" || nowMs - this.#failingSinceMs > GIVES_UP_AFTER_MS) this.#options.fail(said);
      else await this.#pause();
    }
  }

  async #pause(): Promise<void> {
    await sleep(PAUSE_MS, undefined, { signal: this.#ended.signal }).catch(() => undefined);
  }

  #wake(): void {
    this.#isWoken = true;
    this.#wakeUp();
  }

  async #woken(): Promise<void> {
    if (!this.#isWoken) await new Promise<void>((resolve) => (this.#wakeUp = resolve));
    this.#isWoken = false;
  }
}

function isOutOfRange(error: unknown): boolean {
  return error instanceof Error && findErrorBy(error, "apiId", "OFFSET_OUT_OF_RANGE") !== null;
}

import type { Commit, RunningSubscription, Subscription } from "../port.js";
import type { OpenProducer } from "./kafka-producer.js";

/** What a client library does for a log in a Kafka cluster, if it is to stand in for kafkajs where the records go. */
export interface LogClient {
  openProducer(): Promise<OpenProducer>;
  /** A reader that has not begun. */
  reader(subscription: Subscription, options: ReaderOptions): LogReader;
}

export interface ReaderOptions {
  /** Number of partitions of the topic. */
  readonly partitions: number;
  /** Most bytes that are fetched of one partition at once; one larger batch still comes. */
  readonly batchBytesMax: number;
  /** How long a silent reader keeps its partitions, in ms. */
  readonly sessionTimeoutMs: number;
  /** Called when the reader has ended, before `finished` settles. */
  onEnded(reader: LogReader): void;
}

/** One subscription. */
export interface LogReader extends RunningSubscription {
  readonly subscription: Subscription;
  /** Joins, and resolves when partitions were given and their owner is ready, or the reader has failed. */
  start(): Promise<void>;
  holds(partition: number): boolean;
  /** Commits as a member of the group. Throws `partition_revoked` when the group does not count on this member, or may not. */
  commit(partition: number, commit: Commit): Promise<void>;
  /** Resolves when nothing more is asked of the brokers, which may be long after the reader was stopped. */
  idle(): Promise<void>;
}

import type { Millis } from "@leastwise/vocabulary";

/** A place in the log: the identity of whatever it caused, together with the log's incarnation. */
export interface Position {
  readonly topic: string;
  readonly partition: number;
  /** Non-negative, dense or not (a compacted topic has gaps), below 2^53. */
  readonly offset: number;
}

export interface NewRecord {
  readonly topic: string;
  readonly partition: number;
  /** Subject id or other key; absent for records that are only ordered. Compaction keeps the newest of a key. */
  readonly key?: string;
  /** The message's bytes. Empty is a tombstone on a compacted topic. */
  readonly value: Uint8Array;
  /** The writer's stamp, kept with the record. */
  readonly timestampMs: Millis;
  /**
   * What the record came of, as W3C's trace context writes it. It goes along where records have headers (Kafka, as configured), and is never given
   * back: who reads the log here has no use for it.
   */
  readonly traceparent?: string;
}

export interface LogRecord extends NewRecord {
  readonly offset: number;
}

/** Records of one partition, in the order of their offsets. */
export interface Batch {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly LogRecord[];
  /** Offset that the next append to this partition would get, as far as the reader knows: lag = endOffset − last − 1. */
  readonly endOffset: number;
}

export interface TopicSpec {
  readonly name: string;
  readonly partitions: number;
  readonly compacted: boolean;
  /** How long records are kept; absent means without limit. Compacted topics keep the newest of each key for ever. */
  readonly retentionMs?: number;
}

/** What a reader committed: where it goes on, and a note to itself (see the recorder's planned blocks). */
export interface Commit {
  /** The next offset to read. */
  readonly offset: number;
  /** At most 4 KiB of text. */
  readonly note: string;
}

export interface Subscription {
  readonly topic: string;
  /**
   * Readers of one group share the partitions; every partition has one reader at a time. Without a group the reader
   * gets all partitions, as a broadcast does.
   */
  readonly group?: string;
  /**
   * First offset to read, asked when a partition is given to this reader, after `onAssigned` settled. Below the oldest
   * record kept, reading starts there; beyond the end is `offset_out_of_range`, as the offset is of another log.
   */
  from(partition: number): Promise<number>;
  /** Takes one batch; the next of that partition comes after it settled. A rejection ends the subscription with that error. */
  onBatch(batch: Batch): Promise<void>;
  /**
   * Reading of the partition goes on at the offset, though no record led there: what stood below was removed, or is none
   * (the marks and leavings of transactions). Whoever waits for an offset must listen, as its record may never come: it is
   * also told first of all when `from` is below the oldest record kept. In turn with `onBatch`, and like it.
   */
  onGap?(partition: number, nextOffset: number): Promise<void>;
  /** The partitions are this reader's from now on (for a broadcast: called once with all). Awaited before any batch. */
  onAssigned?(partitions: readonly number[]): Promise<void>;
  /**
   * The partitions are no longer this reader's, and none of their batches is in hand; also called when it stops. A commit of what it finishes
   * meanwhile may be refused as `partition_revoked`: they may be another's already.
   */
  onRevoked?(partitions: readonly number[]): Promise<void>;
}

export interface RunningSubscription {
  /**
   * Stops reading after the batch in hand. Resolves when nothing more will be delivered. Idempotent. Not to be awaited
   * in `onBatch`, whose end it awaits.
   */
  stop(): Promise<void>;
  /** Rejects when reading failed for good; resolves after stop. Watch it: nothing else tells that a reader has ended. */
  readonly finished: Promise<void>;
}

/**
 * Records of one partition as places in their bytes: nothing is made for a record. Good until `onSpans` has settled; the
 * arrays and the bytes are used again. Only the first `count` entries of an array mean anything.
 */
export interface RecordSpans {
  readonly topic: string;
  readonly partition: number;
  readonly count: number;
  /** Holds all values. */
  readonly bytes: Buffer;
  /** Rising. */
  readonly offsets: Float64Array;
  readonly timestampsMs: Float64Array;
  /** Where each value begins in `bytes`. */
  readonly valueFrom: Int32Array;
  /** Where each value ends, exclusive: where it begins, for a tombstone. */
  readonly valueTo: Int32Array;
  /** Offset that the next append to this partition would get, as far as the reader knows. */
  readonly endOffset: number;
  /** First offset not in here: behind control records and what was aborted. */
  readonly nextOffset: number;
  /**
   * Only without records: the first offset that was removed before it was read, as by retention. What stood from there to `nextOffset` is gone,
   * records and what is none. Absent: nothing was; a gap of transactions, or of compaction.
   */
  readonly removedFrom?: number | undefined;
}

/** A stretch of a partition that cannot be read: its checksum or its form is not right. */
export interface PoisonedBatch {
  readonly topic: string;
  readonly partition: number;
  /** First offset that cannot be read. */
  readonly firstOffset: number;
  /** Where reading goes on, as far as what is there lets it be known. */
  readonly nextOffset: number;
  /** The bytes as they came, copied, at most the first 64 KiB of them. */
  readonly bytes: Buffer;
  /** How many bytes there were. */
  readonly bytesTotal: number;
  readonly reason: "checksum_mismatch" | "batch_malformed";
}

/** A reader that wants records raw, and fast. */
export interface ScanSubscription {
  readonly topic: string;
  /** Only these partitions; absent: all. */
  readonly partitions?: readonly number[];
  /** First offset to read, asked once for each partition; the bounds are those of {@link Subscription.from}. */
  from(partition: number): Promise<number>;
  /**
   * Takes some records; the next of that partition come after it settled, and those of other partitions may wait for it,
   * too. A rejection ends the scan with that error.
   *
   * Comes without records, but with a larger `nextOffset`, whenever reading goes on further though no record led there:
   * they were removed, before or meanwhile, or compacted away, or nothing stood there but control records or aborted
   * ones. First of all so when `from` is below the oldest record kept. What was removed is told by `removedFrom`. Whoever
   * waits until `nextOffset` has reached what {@link EventLog.offsets} gave as the end does not wait for ever, but for transactions that are open there to end.
   */
  onSpans(spans: RecordSpans): Promise<void> | void;
  /** The stretch is passed over after this settled: the rest of the partition goes on. A rejection ends the scan. */
  onPoisoned(batch: PoisonedBatch): Promise<void> | void;
}

/** Which partition is read, and for which group what came of it is committed. */
export interface RelayPlace {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
}

/**
 * Writes what is made of one partition's records, each once: what is appended and how far the partition was read are
 * there together or not at all. After a rejection it is over, and whether its last append counts is what the `committed` of
 * the next relay says. It may be over after an append that went well, too: then the next one is what rejects.
 */
export interface Relay {
  /** What was committed last when it was opened: where to read on. Undefined: nothing. */
  readonly committed: Commit | undefined;
  /**
   * Appends, and commits the next offset to read. One call after the other. Readers see the records once both are durable.
   * Rejects with a LogError: `log_closed` when it is over, also because another was opened for its place; those of
   * {@link EventLog.append}.
   */
  append(records: readonly NewRecord[], offset: number): Promise<Position[]>;
  /** Waits for what is in hand, and ends. Idempotent. */
  close(): Promise<void>;
}

/** Joins a group whose members share the partitions of a topic by agreement. A group is for one topic, and for owners only. */
export interface OwnershipOptions {
  readonly group: string;
  readonly topic: string;
  /** Where others reach this member, `host:port`: 1 to 255 bytes, and no other member's. A member that comes back should have the same. */
  readonly address: string;
  /**
   * This member owns these partitions from now on: all that it has, rising, not only new ones; none, when there are more
   * members than partitions. Called after each agreement, one call after the other; what a newer agreement has overtaken is
   * left out. The member counts as alive while this takes its time. A rejection ends the ownership with that error.
   */
  onOwned(partitions: readonly number[]): Promise<void> | void;
  /**
   * Until `onOwned` is called again nobody knows who owns what: the group agrees anew, or it has not been heard of for so
   * long that it may have given the partitions to others. Also comes while `onOwned` has not settled.
   */
  onUnsettled?(): void;
}

/** A member of a group of owners, as the group agreed. */
export interface Member {
  /** Empty where it cannot be known. */
  readonly address: string;
  /** What it owns, rising. */
  readonly partitions: readonly number[];
  /** What it would be given if that partition's owner alone left: one standby a partition, where there are two members. */
  readonly standbyOf: readonly number[];
}

/** A membership in a group of owners. Stopping leaves the group, and is not to be awaited in `onOwned`. */
export interface Ownership extends RunningSubscription {
  /** All members, this one among them; see {@link EventLog.membersOf}. */
  members(): Promise<readonly Member[]>;
}

/**
 * The log: everything that matters is a record in it, and all state is a function of it. One adapter is Kafka, the
 * other a directory on this machine; both pass one conformance suite (`log-conformance.test.ts`).
 *
 * Failures are {@link LogError}s: what is not acknowledged may or may not be in the log, what is acknowledged is there
 * after any crash.
 */
export interface EventLog {
  /** Id in the log's first record. Offsets repeat when a log is made anew; the incarnation does not. */
  readonly incarnation: string;
  /**
   * Creates what is missing, and refuses (`topic_mismatch`) what exists otherwise. In a cluster, what somebody set so that more
   * is kept than was asked may stay: longer retention, more replicas.
   */
  ensureTopics(topics: readonly TopicSpec[]): Promise<void>;
  /** Number of partitions of a topic that exists; `unknown_topic` otherwise. */
  partitions(topic: string): Promise<number>;
  /**
   * Appends in order and resolves, after the records are durable, with one position each. Records of one call that go
   * to one partition are neighbours, as far as they fit one batch (with Kafka: 4 MB, 10 000 records). The embedded
   * adapter appends a call whole or not at all; Kafka a batch.
   */
  append(records: readonly NewRecord[]): Promise<Position[]>;
  /** Offset of the oldest record kept, and the offset that the next append gets. */
  offsets(topic: string, partition: number): Promise<{ readonly begin: number; readonly end: number }>;
  /**
   * Whether a topic has every record still that was ever appended to it: none has gone by its age. Records that went to other partitions as there were
   * more of them are still there.
   */
  holdsAll(topic: string): Promise<boolean>;
  /**
   * The offset that the next append to each partition of a topic gets. Asked once, for whoever would rather ask again than wait: rejects in a few
   * seconds where a broker that leads one of them does not say. Otherwise as {@link offsets}.
   */
  ends(topic: string): Promise<ReadonlyMap<number, number>>;
  /** Reads on from given offsets until stopped, waiting for what is yet to come. */
  subscribe(subscription: Subscription): Promise<RunningSubscription>;
  /**
   * Reads on like {@link subscribe} as a broadcast, but hands over places in raw bytes, and passes over what is damaged, such as a batch
   * that cannot be unpacked.
   */
  scan(subscription: ScanSubscription): Promise<RunningSubscription>;
  /** Remembers, durably, where a group goes on. */
  commit(group: string, topic: string, partition: number, commit: Commit): Promise<void>;
  /** What the group committed last; undefined if nothing. */
  committed(group: string, topic: string, partition: number): Promise<Commit | undefined>;
  /** Opens the relay of a place. Whoever had it open before, also in another process, can append no more from here on. */
  relay(place: RelayPlace): Promise<Relay>;
  /**
   * Joins a group of owners; resolves when this member was given its partitions and took them, or has failed. A member whose
   * brokers go away waits for them, about ten minutes. With the embedded adapter a group has one member, which owns all.
   */
  own(options: OwnershipOptions): Promise<Ownership>;
  /**
   * Members of a group of owners, as it last agreed; none, if nobody is in it. While it agrees anew: what this log learnt
   * before, and if it learnt nothing yet, a LogError, `log_unavailable`.
   */
  membersOf(group: string): Promise<readonly Member[]>;
  /** Stops all subscriptions, scans, ownerships and relays, waits for appends under way, lets go of files and sockets. Idempotent. */
  close(): Promise<void>;
}

/** `retry`: the same call may succeed later. `terminal`: it will not, until somebody acts. */
export type LogErrorHint = "retry" | "terminal";

/** `unauthenticated`: the brokers do not believe who we are, or we them; `not_allowed`: they do, and no rule lets us. */
export type LogErrorCode =
  | "log_closed"
  | "log_unavailable"
  | "unauthenticated"
  | "not_allowed"
  | "disk_full"
  | "directory_in_use"
  | "directory_unusable"
  | "unknown_topic"
  | "topic_mismatch"
  | "record_too_large"
  | "incarnation_mismatch"
  | "offset_out_of_range"
  | "partition_revoked"
  | "corrupt_record"
  | "unsupported_compression";

/** An operating failure of the log, with a stable code and what the caller may do about it. */
export class LogError extends Error {
  override readonly name = "LogError";
  readonly code: LogErrorCode;
  readonly hint: LogErrorHint;

  constructor(code: LogErrorCode, message: string, hint: LogErrorHint, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.hint = hint;
  }
}

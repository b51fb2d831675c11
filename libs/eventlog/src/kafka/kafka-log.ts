import { randomUUID } from "node:crypto";
import type { Admin, Kafka } from "kafkajs";
import { clusterOf, incarnationOf, LOG_TOPIC, newIncarnation } from "../incarnation.js";
import { type Commit, type EventLog, LogError, type LogRecord, type NewRecord, type Position } from "../port.js";
import type { Member, Ownership, OwnershipOptions, Relay, RelayPlace } from "../port.js";
import type { RunningSubscription, ScanSubscription, Subscription, TopicSpec } from "../port.js";
import { checkAddress, checkCommit, checkGroup, checkPartition } from "../record-limits.js";
import { kafkaClient, type KafkaClientOptions } from "./client.js";
import { checkCluster } from "./cluster-identity.js";
import { growthIn, holdsAll, isUnderWay, refuseWhileGrowing } from "./growth/growth-record.js";
import { readRange } from "./growth/range-reading.js";
import { commitForAbsent, readGroupOffset } from "./group-offsets.js";
import { KafkaAppender, openKafkajsProducer } from "./kafka-producer.js";
import { openKafkaRelay } from "./kafka-relay.js";
import { KafkaReader } from "./kafka-reader.js";
import type { LogClient, LogReader } from "./log-client.js";
import { topicOffsets } from "./offsets.js";
import { sayOpeningFailure } from "./opening-failure.js";
import { GroupMembers } from "./ownership/group-members.js";
import { KafkaOwnership } from "./ownership/kafka-ownership.js";
import { GAP_AFTER_MS, GIVES_UP_AFTER_MS, KafkaScanner, LEADERS_GOOD_FOR_MS } from "./scan/kafka-scanner.js";
import type { RecordHeaders } from "./record-headers.js";
import { TopicEnds } from "./topic-ends.js";
import { TopicCatalogue } from "./topic-catalogue.js";
import { AS_THE_BROKERS_ARE } from "./topics/topic-settings.js";

export interface KafkaLogOptions extends KafkaClientOptions {
  /** The incarnation that the log must have; a new log gets it. Absent: any, and a new log gets a random one. */
  readonly incarnation?: string;
  /** Id of the cluster that the brokers must be of. Absent: the one that the log was begun in. */
  readonly clusterId?: string;
  /** Replicas of each partition of a topic made here, and the fewest that one may have. Default: as the brokers are configured. */
  readonly replicationFactor?: number;
  /** Most bytes that a reader fetches of one partition at once, one batch excepted. Default 1 MiB. */
  readonly batchBytesMax?: number;
  /** How long a silent reader keeps its partitions, in ms. Default 15 000. */
  readonly sessionTimeoutMs?: number;
  /** Headers of what is appended. Default: none. Nothing here reads any. */
  readonly headersOf?: RecordHeaders;
  /** Opens also while the topics grow, for whoever grows them. Default false. */
  readonly isForGrowth?: boolean;
  /** The time in Unix ms, for the stamp of a new log's first record. Default the wall clock. */
  readonly nowMs?: () => number;
}

/** Opens the log in a Kafka cluster. Rejects with a LogError: `log_unavailable`, `unauthenticated`, `not_allowed`, `incarnation_mismatch`. */
export async function openKafkaLog(options: KafkaLogOptions): Promise<EventLog> {
  return openClusterLog(options, (kafka, admin) => kafkajsClient(kafka, admin, options.headersOf));
}

/** Which log a cluster has, and how it stands. */
export interface LogIdentity {
  readonly clusterId: string;
  /** Undefined where no log was begun yet, or this user may not see it. */
  readonly incarnation: string | undefined;
  /** The growth of its topics that is under way, in numbers of partitions; undefined: none is. */
  readonly growing: { readonly from: number; readonly to: number } | undefined;
}

/**
 * Looks which log the brokers have, begins none and makes no topic. Rejects with a LogError as {@link openKafkaLog} does, for another cluster or another log
 * than is expected among others.
 */
export async function readLogIdentity(options: KafkaLogOptions): Promise<LogIdentity> {
  const kafka = kafkaClient(options);
  const admin = kafka.admin();
  const log = new ClusterLog(kafka, admin, kafkajsClient(kafka, admin, undefined), options);
  try {
    await admin.connect();
    return await log.identity();
  } catch (error) {
    throw await sayOpeningFailure(`looking for a log at ${options.brokers.join(", ")}`, error, options);
  } finally {
    await log.close();
  }
}

/** Opens the log with a client of the caller's choice for appends and subscriptions; everything else is asked through kafkajs. */
export async function openClusterLog(
  options: KafkaLogOptions,
  clientOf: (kafka: Kafka, admin: Admin) => LogClient,
): Promise<EventLog> {
  const kafka = kafkaClient(options);
  const admin = kafka.admin();
  try {
    await admin.connect();
    const log = new ClusterLog(kafka, admin, clientOf(kafka, admin), options);
    await log.begin();
    return log;
  } catch (error) {
    await admin.disconnect().catch(() => undefined);
    throw await sayOpeningFailure(`opening the log at ${options.brokers.join(", ")}`, error, options);
  }
}

function kafkajsClient(kafka: Kafka, admin: Admin, headersOf: RecordHeaders | undefined): LogClient {
  return {
    openProducer: () => openKafkajsProducer(kafka, headersOf),
    reader: (subscription, options) => {
      const { group } = subscription;
      const groupId = group ?? `${BROADCAST_GROUP}${randomUUID()}`;
      const onEnded = async (reader: LogReader): Promise<void> => {
        options.onEnded(reader);
        // One that cannot be deleted now is forgotten by the brokers in time.
        if (group === undefined) await admin.deleteGroups([groupId]).catch(() => undefined);
      };
      return new KafkaReader(kafka, admin, subscription, { ...options, groupId, onEnded });
    },
  };
}

const READ_BYTES_MAX = 1_048_576;
/** How long a silent reader keeps its partitions, ms, unless it is said otherwise. */
export const SESSION_TIMEOUT_MS = 15_000;
const BROADCAST_GROUP = "leastwise.broadcast.";

class ClusterLog implements EventLog {
  readonly #kafka: Kafka;
  readonly #admin: Admin;
  readonly #client: LogClient;
  readonly #catalogue: TopicCatalogue;
  readonly #appender: KafkaAppender;
  readonly #options: KafkaLogOptions;
  readonly #readers = new Set<LogReader>();
  readonly #scanners = new Set<KafkaScanner>();
  readonly #ownerships = new Set<KafkaOwnership>();
  readonly #relays = new Set<Relay>();
  readonly #members: GroupMembers;
  readonly #ends: TopicEnds;
  #incarnation = "";
  #closing: Promise<void> | undefined;

  constructor(kafka: Kafka, admin: Admin, client: LogClient, options: KafkaLogOptions) {
    this.#kafka = kafka;
    this.#admin = admin;
    this.#client = client;
    this.#options = options;
    this.#catalogue = new TopicCatalogue(admin, options.replicationFactor ?? AS_THE_BROKERS_ARE);
    this.#appender = new KafkaAppender(() => client.openProducer(), this.#catalogue);
    this.#members = new GroupMembers(admin);
    this.#ends = new TopicEnds(options);
  }

  get incarnation(): string {
    return this.#incarnation;
  }

  /** Finds or writes the first record; if two processes write one, the first counts for both. */
  async begin(): Promise<void> {
    const { incarnation: pinned } = this.#options;
    try {
      const { clusterId: found } = await this.#admin.describeCluster();
      // Before anything is made: a cluster that has our log's first record would be taken for its own from then on.
      checkCluster({ begunIn: undefined, pinned: this.#options.clusterId, found });
      await this.ensureTopics([LOG_TOPIC]);
      const { end } = await this.offsets(LOG_TOPIC.name, 0);
      const nowMs = (this.#options.nowMs ?? Date.now)();
      if (end === 0) await this.append([newIncarnation(pinned, nowMs, found)]);
      const records = await this.#recordsOfLog();
      this.#incarnation = this.#identified(records, found);
      if (this.#options.isForGrowth !== true) refuseWhileGrowing(growthIn(records));
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Which log it is. Changes nothing. */
  async identity(): Promise<LogIdentity> {
    const { clusterId: found } = await this.#admin.describeCluster();
    checkCluster({ begunIn: undefined, pinned: this.#options.clusterId, found });
    if (!(await this.#isBegun())) return { clusterId: found, incarnation: undefined, growing: undefined };
    const records = await this.#recordsOfLog();
    const incarnation = this.#identified(records, found);
    const growth = growthIn(records);
    const growing = isUnderWay(growth) ? { from: growth.from, to: growth.to } : undefined;
    return { clusterId: found, incarnation, growing };
  }

  async #isBegun(): Promise<boolean> {
    if (!(await this.#admin.listTopics()).includes(LOG_TOPIC.name)) return false;
    const offsets = await topicOffsets(this.#admin, LOG_TOPIC.name);
    return [...offsets.values()].some(({ end }) => end > 0);
  }

  /** The incarnation that the log's records name, which the cluster and the configuration must agree with. Throws a LogError, `incarnation_mismatch`. */
  #identified(records: readonly LogRecord[], found: string): string {
    const first = firstOf(records);
    const incarnation = incarnationOf(first, this.#options.incarnation);
    checkCluster({ begunIn: clusterOf(first), pinned: this.#options.clusterId, found });
    return incarnation;
  }

  async ensureTopics(topics: readonly TopicSpec[]): Promise<void> {
    this.#checkOpen();
    await this.#catalogue.ensure(topics);
  }

  async partitions(topic: string): Promise<number> {
    this.#checkOpen();
    return (await this.#catalogue.get(topic)).partitions;
  }

  async append(records: readonly NewRecord[]): Promise<Position[]> {
    this.#checkOpen();
    return this.#appender.append(records);
  }

  async offsets(topic: string, partition: number): Promise<{ begin: number; end: number }> {
    await this.#checkedPartitions(topic, partition);
    const bounds = (await topicOffsets(this.#admin, topic)).get(partition);
    if (bounds === undefined)
      throw new LogError("log_unavailable", `no broker knows the offsets of ${topic}/${partition}`, "retry");
    return bounds;
  }

  async holdsAll(topic: string): Promise<boolean> {
    await this.partitions(topic);
    const bounds = [...(await topicOffsets(this.#admin, topic))].sort(([a], [b]) => a - b);
    const begins = bounds.map(([, { begin }]) => begin);
    return holdsAll(topic, begins, growthIn(await this.#recordsOfLog()));
  }

  async ends(topic: string): Promise<ReadonlyMap<number, number>> {
    await this.partitions(topic);
    return this.#ends.of(topic);
  }

  async subscribe(subscription: Subscription): Promise<RunningSubscription> {
    const partitions = await this.partitions(subscription.topic);
    if (subscription.group !== undefined) checkGroup(subscription.group);
    const { batchBytesMax = READ_BYTES_MAX, sessionTimeoutMs = SESSION_TIMEOUT_MS } = this.#options;
    const onEnded = (ended: LogReader): void => void this.#readers.delete(ended);
    const reader = this.#client.reader(subscription, { partitions, batchBytesMax, sessionTimeoutMs, onEnded });
    this.#readers.add(reader);
    await reader.start();
    return reader;
  }

  async scan(subscription: ScanSubscription): Promise<RunningSubscription> {
    const { topic } = subscription;
    const count = await this.partitions(topic);
    const { compacted } = await this.#catalogue.get(topic);
    const partitions = subscription.partitions ?? Array.from({ length: count }, (_, partition) => partition);
    for (const partition of partitions) checkPartition(topic, partition, count);
    this.#checkOpen();
    const scanner = new KafkaScanner(this.#admin, subscription, {
      partitions: [...new Set(partitions)],
      client: this.#options,
      batchBytesMax: this.#options.batchBytesMax ?? READ_BYTES_MAX,
      givesUpAfterMs: GIVES_UP_AFTER_MS,
      gapAfterMs: compacted ? GAP_AFTER_MS : Number.POSITIVE_INFINITY,
      leadersGoodForMs: LEADERS_GOOD_FOR_MS,
      onEnded: (ended) => this.#scanners.delete(ended),
    });
    this.#scanners.add(scanner);
    await scanner.start();
    return scanner;
  }

  async commit(group: string, topic: string, partition: number, commit: Commit): Promise<void> {
    checkGroup(group);
    checkCommit(commit.offset, commit.note);
    const partitions = await this.#checkedPartitions(topic, partition);
    const members = [...this.#readers].filter(
      ({ subscription }) => subscription.group === group && subscription.topic === topic,
    );
    if (members.length === 0)
      return commitForAbsent(this.#kafka, this.#admin, { group, topic, partition, partitions }, commit);
    const holder = members.find((member) => member.holds(partition));
    if (holder !== undefined) return holder.commit(partition, commit);
    throw new LogError("partition_revoked", `${topic}/${partition} is held by no reader of ${group} here`, "terminal");
  }

  async committed(group: string, topic: string, partition: number): Promise<Commit | undefined> {
    checkGroup(group);
    await this.#checkedPartitions(topic, partition);
    return readGroupOffset(this.#admin, group, topic, partition);
  }

  async relay(place: RelayPlace): Promise<Relay> {
    checkGroup(place.group);
    await this.#checkedPartitions(place.topic, place.partition);
    const relay = await openKafkaRelay(this.#kafka, this.#admin, this.#catalogue, place, {
      headersOf: this.#options.headersOf,
      onOver: (closed) => this.#relays.delete(closed),
    });
    this.#relays.add(relay);
    return relay;
  }

  async own(options: OwnershipOptions): Promise<Ownership> {
    checkGroup(options.group);
    checkAddress(options.address);
    await this.partitions(options.topic);
    this.#checkOpen();
    const ownership = new KafkaOwnership(this.#kafka, options, {
      sessionTimeoutMs: this.#options.sessionTimeoutMs ?? SESSION_TIMEOUT_MS,
      members: this.#members,
      onEnded: (ended) => this.#ownerships.delete(ended),
    });
    this.#ownerships.add(ownership);
    await ownership.start();
    return ownership;
  }

  async membersOf(group: string): Promise<readonly Member[]> {
    this.#checkOpen();
    checkGroup(group);
    return this.#members.of(group);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const readers = [...this.#readers, ...this.#scanners];
    await Promise.all([...readers, ...this.#ownerships].map((reader) => reader.stop()));
    await Promise.all([...this.#relays].map((relay) => relay.close()));
    await this.#appender.close();
    await this.#ends.close();
    const letGo = (): Promise<void> => this.#admin.disconnect().catch(() => undefined);
    await letGo();
    // What one of them was still asking connects again as soon as it can: closing does not wait for that, but undoes it.
    void Promise.all(readers.map((reader) => reader.idle())).then(letGo);
  }

  /** What the log says of itself, oldest first. */
  async #recordsOfLog(): Promise<readonly LogRecord[]> {
    const { begin, end } = await this.offsets(LOG_TOPIC.name, 0);
    const records: LogRecord[] = [];
    await readRange(this, { topic: LOG_TOPIC.name, partition: 0, from: begin, to: end }, (some) => {
      records.push(...some);
    });
    return records;
  }

  /** Number of the topic's partitions, of which the asked one is one. */
  async #checkedPartitions(topic: string, partition: number): Promise<number> {
    const partitions = await this.partitions(topic);
    checkPartition(topic, partition, partitions);
    return partitions;
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new LogError("log_closed", "the log is closed", "terminal");
  }
}

function firstOf([first]: readonly LogRecord[]): LogRecord {
  if (first !== undefined) return first;
  throw new LogError("log_unavailable", `${LOG_TOPIC.name} lost its first record while it was read`, "retry");
}

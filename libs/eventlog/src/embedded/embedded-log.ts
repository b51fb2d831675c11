import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  type Commit,
  type EventLog,
  LogError,
  type NewRecord,
  type Position,
  type RunningSubscription,
} from "../port.js";
import type {
  Member,
  Ownership,
  OwnershipOptions,
  Relay,
  RelayPlace,
  ScanSubscription,
  Subscription,
  TopicSpec,
} from "../port.js";
import { incarnationOf, LOG_TOPIC, newIncarnation } from "../incarnation.js";
import { checkAddress, checkCommit, checkGroup } from "../record-limits.js";
import { Appender } from "./append.js";
import { readRecords } from "./chunk-scan.js";
import { DATA_FILE } from "./data-file.js";
import { commitChange, readCommit } from "./commits.js";
import { Maintenance } from "./maintenance.js";
import { Readers } from "./readers.js";
import { Relays } from "./relays.js";
import { Scanner } from "./scanner.js";
import { SoleOwnership } from "./sole-ownership.js";
import { Store } from "./store.js";
import { Topics } from "./topics.js";
import { Writer } from "./writer.js";

export interface EmbeddedLogOptions {
  /** The data directory, made if need be; held by one log at a time. */
  readonly directory: string;
  /** The incarnation that the log must have; a new log gets it. Absent: any, and a new log gets a random one. */
  readonly incarnation?: string;
  /** Address space set aside at first, in bytes; the log grows beyond it by itself. Default 1 GiB. */
  readonly mapSizeBytes?: number;
  /** Most records in a batch for a reader. Default 5 000. */
  readonly batchRecordsMax?: number;
  /** Most bytes of keys and values in a batch for a reader, one record excepted. Default 1 MiB. */
  readonly batchBytesMax?: number;
  /** Opens only a log that is there, and neither removes nor compacts anything: for who looks at it and serves nobody. Default false. */
  readonly isAsFound?: boolean;
  /** How often retention and compaction are looked after, in ms. Default one minute; also done on opening. */
  readonly maintenanceEveryMs?: number;
  /** The time in Unix ms, by which records expire. Default the wall clock. */
  readonly nowMs?: () => number;
}

/** The log in a directory. */
export interface EmbeddedLog extends EventLog {
  /** Looks after retention and compaction now. */
  maintain(): Promise<void>;
}

/**
 * Opens the log in a directory, or makes it. Rejects with a LogError: `directory_in_use`, `directory_unusable`,
 * `incarnation_mismatch`, `disk_full`.
 */
export async function openEmbeddedLog(options: EmbeddedLogOptions): Promise<EmbeddedLog> {
  if (options.isAsFound === true) checkIsThere(options.directory);
  const store = await Store.open(options.directory, options.mapSizeBytes);
  try {
    const log = new DirectoryLog(store, options);
    await log.begin(options.incarnation);
    return log;
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Opening would make what is not there. */
function checkIsThere(directory: string): void {
  if (!existsSync(join(directory, DATA_FILE))) throw holdsNoLog(directory);
}

function holdsNoLog(directory: string): LogError {
  return new LogError("directory_unusable", `data directory ${directory} holds no log`, "terminal");
}

const MAINTENANCE_EVERY_MS = 60_000;

class DirectoryLog implements EmbeddedLog {
  readonly #store: Store;
  readonly #writer: Writer;
  readonly #topics: Topics;
  readonly #appender: Appender;
  readonly #readers: Readers;
  readonly #relays: Relays;
  readonly #scanners = new Set<Scanner>();
  /** By group. */
  readonly #ownerships = new Map<string, SoleOwnership>();
  readonly #batchBytesMax: number;
  readonly #maintenance: Maintenance;
  readonly #nowMs: () => number;
  readonly #maintenanceEveryMs: number;
  readonly #isAsFound: boolean;
  #ensured: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;
  #incarnation = "";

  constructor(store: Store, options: EmbeddedLogOptions) {
    const { tables } = store;
    this.#store = store;
    this.#nowMs = options.nowMs ?? Date.now;
    this.#isAsFound = options.isAsFound ?? false;
    this.#maintenanceEveryMs = options.maintenanceEveryMs ?? MAINTENANCE_EVERY_MS;
    this.#writer = new Writer(store);
    this.#topics = new Topics(tables);
    this.#appender = new Appender(this.#topics, tables, this.#writer);
    this.#relays = new Relays(tables, this.#appender);
    const { batchRecordsMax: recordsMax = 5_000, batchBytesMax: bytesMax = 1_048_576 } = options;
    this.#batchBytesMax = bytesMax;
    this.#readers = new Readers(tables, { recordsMax, bytesMax });
    this.#maintenance = new Maintenance(tables, this.#topics, this.#writer, this.#nowMs);
  }

  get incarnation(): string {
    return this.#incarnation;
  }

  /** Finds the first record, or writes it where the log is not to stay as found, then looks after what expired meanwhile. */
  async begin(pinned: string | undefined): Promise<void> {
    if (this.#isAsFound && !this.#isBegun()) throw holdsNoLog(this.#store.directory);
    await this.ensureTopics([LOG_TOPIC]);
    const partition = this.#topics.partition(LOG_TOPIC.name, 0);
    if (partition.bounds.end === 0) await this.append([newIncarnation(pinned, this.#nowMs())]);
    const [first] = readRecords(this.#store.tables, partition, 0, { recordsMax: 1, bytesMax: 1 });
    if (first === undefined)
      throw new LogError("corrupt_record", `${LOG_TOPIC.name} has lost its first record`, "terminal");
    this.#incarnation = incarnationOf(first, pinned);
    if (this.#isAsFound) return;
    await this.#maintenance.run();
    this.#maintenance.every(this.#maintenanceEveryMs);
  }

  /** Whether a log stands in the store: one that was made and never begun is empty. */
  #isBegun(): boolean {
    return this.#topics.has(LOG_TOPIC.name) && this.#topics.partition(LOG_TOPIC.name, 0).bounds.end > 0;
  }

  async ensureTopics(topics: readonly TopicSpec[]): Promise<void> {
    this.#checkOpen();
    const ensured = this.#ensured.then(async () => {
      const plan = this.#topics.plan(topics);
      if (plan.changes.length > 0) await this.#writer.submit(() => plan.changes, 0);
      plan.done();
    });
    this.#ensured = ensured.catch(() => undefined);
    await ensured;
  }

  async partitions(topic: string): Promise<number> {
    this.#checkOpen();
    return Promise.resolve(this.#topics.get(topic).partitions.length);
  }

  async append(records: readonly NewRecord[]): Promise<Position[]> {
    this.#checkOpen();
    return this.#appender.append(records);
  }

  async offsets(topic: string, partition: number): Promise<{ begin: number; end: number }> {
    this.#checkOpen();
    const { begin, end } = this.#topics.partition(topic, partition).bounds;
    return Promise.resolve({ begin, end });
  }

  async holdsAll(topic: string): Promise<boolean> {
    this.#checkOpen();
    return Promise.resolve(this.#topics.get(topic).partitions.every(({ bounds }) => bounds.begin === 0));
  }

  async ends(topic: string): Promise<ReadonlyMap<number, number>> {
    this.#checkOpen();
    const ends = this.#topics.get(topic).partitions.map(({ partition, bounds }) => [partition, bounds.end] as const);
    return Promise.resolve(new Map(ends));
  }

  async subscribe(subscription: Subscription): Promise<RunningSubscription> {
    this.#checkOpen();
    if (subscription.group !== undefined) checkGroup(subscription.group);
    return this.#readers.subscribe(this.#topics.get(subscription.topic), subscription);
  }

  async scan(subscription: ScanSubscription): Promise<RunningSubscription> {
    this.#checkOpen();
    const { topic } = subscription;
    const all = this.#topics.get(topic).partitions;
    const asked = subscription.partitions ?? all.map(({ partition }) => partition);
    const partitions = [...new Set(asked)].map((partition) => this.#topics.partition(topic, partition));
    const onEnded = (ended: Scanner): void => void this.#scanners.delete(ended);
    const scanner = new Scanner(this.#store.tables, partitions, subscription, this.#batchBytesMax, onEnded);
    this.#scanners.add(scanner);
    await scanner.start();
    return scanner;
  }

  async commit(group: string, topic: string, partition: number, commit: Commit): Promise<void> {
    this.#checkOpen();
    checkGroup(group);
    checkCommit(commit.offset, commit.note);
    this.#topics.partition(topic, partition);
    const change = commitChange(this.#store.tables, group, topic, partition, commit);
    await this.#writer.submit(() => [change], commit.note.length);
  }

  async committed(group: string, topic: string, partition: number): Promise<Commit | undefined> {
    this.#checkOpen();
    checkGroup(group);
    this.#topics.partition(topic, partition);
    return Promise.resolve(readCommit(this.#store.tables, group, topic, partition));
  }

  async relay(place: RelayPlace): Promise<Relay> {
    this.#checkOpen();
    checkGroup(place.group);
    this.#topics.partition(place.topic, place.partition);
    return this.#relays.open(place);
  }

  async own(options: OwnershipOptions): Promise<Ownership> {
    this.#checkOpen();
    const { group, topic, address } = options;
    checkGroup(group);
    checkAddress(address);
    const partitions = this.#topics.get(topic).partitions.map(({ partition }) => partition);
    if (this.#ownerships.has(group)) throw new RangeError(`group: ${group} has its one member already`);
    const ownership = new SoleOwnership(options, partitions, () => this.#ownerships.delete(group));
    this.#ownerships.set(group, ownership);
    await ownership.start();
    return ownership;
  }

  async membersOf(group: string): Promise<readonly Member[]> {
    this.#checkOpen();
    checkGroup(group);
    return this.#ownerships.get(group)?.members() ?? [];
  }

  async maintain(): Promise<void> {
    this.#checkOpen();
    await this.#maintenance.run();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#readers.stop();
    await Promise.all([...this.#scanners].map((scanner) => scanner.stop()));
    await Promise.all([...this.#ownerships.values()].map((ownership) => ownership.stop()));
    await this.#relays.stop();
    await this.#maintenance.stop();
    await this.#ensured;
    await this.#writer.idle();
    await this.#store.close();
  }

  #checkOpen(): void {
    if (this.#closing !== undefined)
      throw new LogError("log_closed", `the log in ${this.#store.directory} is closed`, "terminal");
  }
}

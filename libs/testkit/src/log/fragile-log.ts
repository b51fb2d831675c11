import {
  LogError,
  type Commit,
  type EventLog,
  type Member,
  type NewRecord,
  type Ownership,
  type OwnershipOptions,
  type Position,
  type Relay,
  type RelayPlace,
  type RunningSubscription,
  type ScanSubscription,
  type Subscription,
  type TopicSpec,
} from "@leastwise/eventlog";

/** Which records a test means. */
export type Which = (record: NewRecord) => boolean;

/** Records of a topic. */
export function on(topic: string): Which {
  return (record) => record.topic === topic;
}

/** The real log, save for appends that a test has it refuse or hold back. */
export class FragileLog implements EventLog {
  readonly #log: EventLog;
  #isRefused: Which = () => false;
  #isHeld: Which = () => false;
  #untilReleased: Promise<void> = Promise.resolve();

  constructor(log: EventLog) {
    this.#log = log;
  }

  /** Refuses to append these from now on. */
  refuse(which: Which): void {
    this.#isRefused = which;
  }

  /** Takes every append again. */
  recover(): void {
    this.#isRefused = () => false;
  }

  /** Holds appends of these back until the returned function is called. */
  hold(which: Which): () => void {
    let release: () => void = () => undefined;
    this.#isHeld = which;
    this.#untilReleased = new Promise((resolve) => (release = resolve));
    return release;
  }

  async append(records: readonly NewRecord[]): Promise<Position[]> {
    if (records.some(this.#isRefused)) throw new LogError("log_unavailable", "the test refuses appends", "retry");
    if (records.some(this.#isHeld)) await this.#untilReleased;
    return this.#log.append(records);
  }

  get incarnation(): string {
    return this.#log.incarnation;
  }

  ensureTopics(topics: readonly TopicSpec[]): Promise<void> {
    return this.#log.ensureTopics(topics);
  }

  partitions(topic: string): Promise<number> {
    return this.#log.partitions(topic);
  }

  offsets(topic: string, partition: number): Promise<{ readonly begin: number; readonly end: number }> {
    return this.#log.offsets(topic, partition);
  }

  holdsAll(topic: string): Promise<boolean> {
    return this.#log.holdsAll(topic);
  }

  ends(topic: string): Promise<ReadonlyMap<number, number>> {
    return this.#log.ends(topic);
  }

  subscribe(subscription: Subscription): Promise<RunningSubscription> {
    return this.#log.subscribe(subscription);
  }

  scan(subscription: ScanSubscription): Promise<RunningSubscription> {
    return this.#log.scan(subscription);
  }

  commit(group: string, topic: string, partition: number, commit: Commit): Promise<void> {
    return this.#log.commit(group, topic, partition, commit);
  }

  committed(group: string, topic: string, partition: number): Promise<Commit | undefined> {
    return this.#log.committed(group, topic, partition);
  }

  relay(place: RelayPlace): Promise<Relay> {
    return this.#log.relay(place);
  }

  own(options: OwnershipOptions): Promise<Ownership> {
    return this.#log.own(options);
  }

  membersOf(group: string): Promise<readonly Member[]> {
    return this.#log.membersOf(group);
  }

  close(): Promise<void> {
    return this.#log.close();
  }
}

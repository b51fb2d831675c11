import { LogError, type EventLog, type LogErrorCode, type NewRecord, type Position } from "@leastwise/eventlog";
import { Seldom, type Telemetry } from "@leastwise/telemetry";
import { bucketOf, err, ok, partitionOfBucket, type Clock, type Result, type SubjectId } from "@leastwise/vocabulary";
import { ReadBacks } from "./read-backs.js";
import { notOwner, notReadBack, SOLE_TENURE, superseded, type Tenure } from "./tenure.js";

export interface OwnRecordsOptions {
  readonly log: Pick<EventLog, "append">;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  /** Absent: this process is the only one that writes, and what the log acknowledged counts. */
  readonly tenure?: Tenure;
  /** Of the topics that are written. */
  readonly partitionCount: number;
}

/** What led to a record. */
export interface Led {
  /** The place in the caller's trace, W3C Trace Context; the record says it on. */
  readonly traceparent?: string | undefined;
}

/** How messages get to a topic. */
export interface Writing<Message> {
  readonly topic: string;
  /** The bytes of a message that says that it was written under an epoch; 0: none. */
  readonly encode: (message: Message, epoch: number) => Uint8Array;
}

/** A record on its way, with the epoch that it was written under. */
interface Owned {
  readonly record: NewRecord;
  readonly epoch: number;
}

/** How long an own record may take to come back, ms: then it is in doubt. */
const READ_BACK_MAX_MS = 10_000;

/** One line so often for each topic and code, ms: while brokers are away every decision fails, and the metric counts them. */
const FAILURE_SAID_EVERY_MS = 10_000;

/** Records about subjects that this process owns, on their way to the log and back: one knows then whether they count. */
export class OwnRecords {
  readonly #options: OwnRecordsOptions;
  readonly #readBacks = new ReadBacks();
  readonly #failures = new Seldom(FAILURE_SAID_EVERY_MS);

  constructor(options: OwnRecordsOptions) {
    this.#options = options;
  }

  /** Whether others own partitions, too: a record counts when it has been read back then. */
  get areShared(): boolean {
    return this.#options.tenure !== undefined;
  }

  /** Whether this process writes for the subject. */
  owns(subject: string): boolean {
    return this.#epochOf(this.#partitionOf(subject)) !== undefined;
  }

  /**
   * Writes a message, and resolves when one knows whether it counts. `partition_revoked`: it does not, the partition is another's. Other errors are
   * the log's: it may stand there all the same.
   */
  async write<Message extends { readonly subject: string }>(
    { topic, encode }: Writing<Message>,
    message: Message,
    { traceparent }: Led,
  ): Promise<Result<void, LogError>> {
    const { subject } = message;
    const partition = this.#partitionOf(subject);
    const epoch = this.#epochOf(partition);
    if (epoch === undefined) return err(notOwner(topic, partition));
    const timestampMs = this.#options.clock.nowMs();
    const record = { topic, partition, key: subject, value: encode(message, epoch), timestampMs };
    return this.#append({ record: traceparent === undefined ? record : { ...record, traceparent }, epoch });
  }

  /**
   * Writes records that begin owners' epochs. The partitions for which all of them stand: a later owner has begun where they do not. Rejects
   * with a LogError if the log does not take them.
   */
  async begin(beginnings: readonly Owned[]): Promise<ReadonlySet<number>> {
    const positions = await this.#options.log.append(beginnings.map(({ record }) => record));
    const begun = new Set(beginnings.map(({ record }) => record.partition));
    for (const [at, position] of positions.entries()) {
      const verdict = await this.#readBacks.of(position, beginnings[at]?.epoch ?? 0, READ_BACK_MAX_MS);
      if (verdict === undefined) throw notReadBack(position.topic, position.partition);
      if (verdict === "void") begun.delete(position.partition);
    }
    return begun;
  }

  /** Takes the epoch of a topic's next record. Whether the record counts. */
  take(position: Position, epoch: number): boolean {
    return this.#readBacks.take(position, epoch);
  }

  /** The record has been seen to: its own writer, if it is here, goes on. */
  seen(position: Position): void {
    this.#readBacks.seen(position);
  }

  /** Nobody reads the topics any more. */
  giveUp(): void {
    this.#readBacks.giveUp();
  }

  #partitionOf(subject: string): number {
    return partitionOfBucket(bucketOf(subject as SubjectId), this.#options.partitionCount);
  }

  #epochOf(partition: number): number | undefined {
    return (this.#options.tenure ?? SOLE_TENURE).epochOf(partition);
  }

  async #append({ record, epoch }: Owned): Promise<Result<void, LogError>> {
    const { log, telemetry } = this.#options;
    const { topic } = record;
    const startedMs = performance.now();
    try {
      const [position] = await log.append([record]);
      telemetry.metrics.logAppendDuration.with({ topic }).observe((performance.now() - startedMs) / 1_000);
      return position !== undefined && this.areShared ? await this.#readBack(position, epoch) : ok(undefined);
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
      this.#failed("error", topic, error.code, "a record did not get onto the log");
      return err(error);
    }
  }

  /** Waits until the topic has brought the own record back. */
  async #readBack(position: Position, epoch: number): Promise<Result<void, LogError>> {
    const { topic, partition } = position;
    const verdict = await this.#readBacks.of(position, epoch, READ_BACK_MAX_MS);
    if (verdict === "stands") return ok(undefined);
    const error = verdict === "void" ? superseded(topic, partition) : notReadBack(topic, partition);
    this.#failed("warn", topic, error.code, "a record on the log does not count, or not yet");
    return err(error);
  }

  #failed(level: "error" | "warn", topic: string, code: LogErrorCode, words: string): void {
    const { metrics, logger } = this.#options.telemetry;
    metrics.logAppendFailures.with({ topic, code }).add();
    this.#failures.say(`${topic} ${code}`, (more) => {
      logger[level]({ topic, code, ...(more > 0 && { more }) }, words);
    });
  }
}

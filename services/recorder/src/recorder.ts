import { OwnerEpochs, TOPICS, wire } from "@leastwise/contracts";
import { LogError, type Batch, type EventLog, type LogRecord, type RunningSubscription } from "@leastwise/eventlog";
import { followCatalog, type Catalog, type FollowingHooks } from "@leastwise/references";
import type { Telemetry } from "@leastwise/telemetry";
import { sayRefusal, type Clock, type Refusal } from "@leastwise/vocabulary";
import { WarehouseError, type TableName, type TableRows, type Warehouse } from "@leastwise/warehouse";
import { setTimeout as delay } from "node:timers/promises";
import { HeldBytes } from "./held-bytes.js";
import { OneAtATime } from "./one-at-a-time.js";
import { PartitionRecorder } from "./partition-recorder.js";
import { plannedBlock } from "./planned-block.js";
import { commitOfRows, inWritingOrder, newestOffsets, type NewestOffsets } from "./recorded-rows.js";
import { RefusedBlock } from "./refused-block.js";
import { retryWaitMs } from "./retry-wait.js";
import { maskCodes } from "./steps/code-hash.js";
import { clickstreamRows } from "./steps/clickstream-rows.js";
import { deadLetterRows, writtenMs } from "./steps/dead-letter-rows.js";
import { decisionRows } from "./steps/decision-rows.js";
import { offerRows } from "./steps/offer-rows.js";
import { withinBounds, type Outcome, type Rows } from "./steps/outcome.js";

export interface RecorderOptions extends FollowingHooks {
  readonly log: EventLog;
  readonly warehouse: Warehouse;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  /** Most records in a block: ClickHouse wants 10,000 to 100,000 rows. */
  readonly blockRowsMax: number;
  /** Most bytes of records in a block: as rows they take several times as much. Default 16 MiB. */
  readonly blockBytesMax?: number;
  /** Most bytes of records held at once, of all partitions, and then what is in their readers' hands. Default 64 MiB. */
  readonly heldBytesMax?: number;
  /** How long a record waits for company at the most. */
  readonly blockIntervalMs: number;
  /** How long a warehouse that is away is left alone before the first new try, ms; doubled at each further one. */
  readonly retryMs: number;
  /** How long a stop waits for inserts, ms: what they leave open is done at the next start, as the block's note says. Default 5 000. */
  readonly stopTimeoutMs?: number;
}

/** The recorder: log → warehouse, exactly once. */
export interface Recorder {
  /** Rejects when recording failed for good; resolves after stop. */
  readonly finished: Promise<void>;
  /** Writes everything that is on the log now. Resolves when it is in the tables. */
  catchUp(): Promise<void>;
  /** Writes what was read, as far as the warehouse takes it in time, and stops. Idempotent. */
  stop(): Promise<void>;
}

const GROUP = "recorder";
const CONSUMER = "recorder";
const RECORDED = [TOPICS.clickstream, TOPICS.decisions, TOPICS.offers, TOPICS.deadLetters] as const;
const BLOCK_BYTES_MAX = 16 * 1024 * 1024;
const HELD_BYTES_MAX = 64 * 1024 * 1024;
/** A warehouse or log that is away is asked again, ever less often; after so many times the process gives up, and its supervisor decides. */
const ATTEMPTS_MAX = 60;
/** Most bytes of a dead letter's payload, as its contract has it. */
const PAYLOAD_BYTES_MAX = 64 * 1024;
const STOP_TIMEOUT_MS = 5_000;
/** How often catching up looks whether it has. */
const CATCH_UP_POLL_MS = 10;

/** Starts recording. */
export async function startRecorder(options: RecorderOptions): Promise<Recorder> {
  const catalog = await followCatalog(options.log, options);
  const recorder = new RunningRecorder(options, catalog);
  await recorder.start();
  return recorder;
}

class RunningRecorder implements Recorder {
  readonly finished: Promise<void>;
  readonly #options: RecorderOptions;
  readonly #catalog: Catalog;
  readonly #partitions = new Map<string, PartitionRecorder>();
  readonly #subscriptions: RunningSubscription[] = [];
  readonly #held: HeldBytes;
  /** One block at a time is rows, of all partitions: rows take several times the memory of their records. */
  readonly #blocks = new OneAtATime();
  /** What the tables had of a partition whose group's commit was forgotten; by topic and partition. */
  readonly #newestOffsets = new Map<string, NewestOffsets>();
  readonly #stopping = new AbortController();
  /** Inserts are no longer waited for. */
  readonly #givingUp = new AbortController();
  #isFlushing = false;
  #hasFailed = false;
  #stopped: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #fail: (error: unknown) => void = () => undefined;
  #end: () => void = () => undefined;

  constructor(options: RecorderOptions, catalog: Catalog) {
    this.#options = options;
    this.#catalog = catalog;
    this.#held = new HeldBytes(options.heldBytesMax ?? HELD_BYTES_MAX);
    this.finished = new Promise((resolve, reject) => {
      this.#end = resolve;
      this.#fail = reject;
    });
    this.finished.catch(() => undefined);
  }

  async start(): Promise<void> {
    // Costs of goods come from the catalog: rows with those of yesterday would be wrong without a word.
    this.#catalog.finished.catch((error: unknown) => {
      this.#failed(error);
    });
    for (const topic of RECORDED) {
      const subscription = await this.#options.log.subscribe({
        topic,
        group: `${GROUP}-${topic}`,
        from: (partition) => this.#partition(topic, partition).resume(),
        onBatch: (batch) => this.#take(batch),
        onRevoked: async (partitions) => {
          // All at once: from now on none of them begins a block.
          await Promise.all(partitions.map((partition) => this.#partition(topic, partition).release()));
        },
      });
      subscription.finished.catch((error: unknown) => {
        this.#failed(error);
      });
      this.#subscriptions.push(subscription);
    }
    this.#timer = setInterval(() => {
      // First of all, and always: while the warehouse is away nothing is flushed, and the lag must be seen to grow.
      this.#showLags();
      void this.#flushWhenIdle();
    }, this.#options.blockIntervalMs);
  }

  async catchUp(): Promise<void> {
    const { log } = this.#options;
    for (const topic of RECORDED) {
      for (let partition = 0; partition < (await log.partitions(topic)); partition += 1) {
        const { end } = await log.offsets(topic, partition);
        await this.#reach(topic, partition, end);
      }
      this.#showLag(topic);
    }
  }

  stop(): Promise<void> {
    return (this.#stopped ??= this.#stop());
  }

  async #stop(): Promise<void> {
    clearInterval(this.#timer);
    // A warehouse that is away is no longer waited for.
    this.#stopping.abort();
    const givingUp = setTimeout(() => {
      this.#givingUp.abort();
    }, this.#options.stopTimeoutMs ?? STOP_TIMEOUT_MS);
    await this.#flushAll().catch((error: unknown) => {
      this.#options.telemetry.logger.warn(
        { err: error },
        "what was read stays on the log: it is recorded at the next start",
      );
    });
    await Promise.all(this.#subscriptions.map((subscription) => subscription.stop()));
    clearTimeout(givingUp);
    await this.#catalog.stop();
    this.#end();
  }

  /** Recording cannot go on; after stop that is no news. */
  #failed(error: unknown): void {
    if (this.#stopping.signal.aborted) return;
    this.#hasFailed = true;
    this.#fail(error);
  }

  async #reach(topic: string, partition: number, end: number): Promise<void> {
    const { log } = this.#options;
    const { begin } = await log.offsets(topic, partition);
    while (!this.#stopping.signal.aborted) {
      // Nobody reads any more: it rejects with what ended the reading.
      if (this.#hasFailed) await this.finished;
      const ours = this.#partitions.get(`${topic}/${partition}`);
      await ours?.flush();
      if (ours?.isRecordedTo(end) === true) return;
      const commit = await log.committed(`${GROUP}-${topic}`, topic, partition);
      if (end === begin || (commit !== undefined && plannedBlock(commit) === undefined && commit.offset >= end)) return;
      await delay(CATCH_UP_POLL_MS);
    }
  }

  /** Once an interval; while the warehouse is away one is under way, and others would only pile up behind it. */
  async #flushWhenIdle(): Promise<void> {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    await this.#flushAll().catch((error: unknown) => {
      this.#failed(error);
    });
    this.#isFlushing = false;
  }

  #partition(topic: string, partition: number): PartitionRecorder {
    const key = `${topic}/${partition}`;
    const known = this.#partitions.get(key);
    if (known !== undefined) return known;
    const { blockRowsMax, blockBytesMax = BLOCK_BYTES_MAX } = this.#options;
    const made = new PartitionRecorder({
      ...{ log: this.#patientLog(), group: `${GROUP}-${topic}`, topic, partition },
      ...{ blockRowsMax, blockBytesMax, held: this.#held },
      write: (...block) => this.#blocks.run(() => this.#write(key, ...block)),
      commitOfRows: () => this.#commitOfRows(key, topic, partition),
    });
    this.#partitions.set(key, made);
    return made;
  }

  /** The log, whose commits are tried as often as inserts are. */
  #patientLog() {
    const { log, telemetry } = this.#options;
    const commit: EventLog["commit"] = (group, topic, partition, to) =>
      this.#untilTaken(
        () => log.commit(group, topic, partition, to),
        ({ code }, attempt) => {
          telemetry.logger.warn({ group, partition, attempt, code }, "the log did not take a commit: it is sent again");
        },
      );
    return {
      incarnation: log.incarnation,
      commit,
      offsets: (topic: string, partition: number) => log.offsets(topic, partition),
      committed: (group: string, topic: string, partition: number) => log.committed(group, topic, partition),
    };
  }

  async #commitOfRows(key: string, topic: string, partition: number) {
    const { log, warehouse, telemetry } = this.#options;
    const { begin, end } = await log.offsets(topic, partition);
    // Nothing that could be written twice.
    if (begin === end) return undefined;
    const asked = { incarnation: log.incarnation, topic, partition };
    const newest = await this.#untilTaken(
      () => newestOffsets(warehouse, asked),
      ({ code }, attempt) => {
        const words = "the log remembers no commit, and the warehouse does not say what it has: it is asked again";
        telemetry.logger.warn({ topic, partition, attempt, code }, words);
      },
    );
    const commit = commitOfRows(topic, newest);
    if (commit === undefined) return undefined;
    this.#newestOffsets.set(key, newest);
    const words = "the log remembers no commit: recording goes on after what the warehouse has";
    telemetry.logger.warn({ topic, partition, offset: commit.offset }, words);
    return commit;
  }

  async #take(batch: Batch): Promise<void> {
    const lastOffset = batch.records.at(-1)?.offset ?? -1;
    const unread = Math.max(0, batch.endOffset - lastOffset - 1);
    await this.#partition(batch.topic, batch.partition).take(batch.records, unread);
    this.#showLag(batch.topic);
  }

  async #flushAll(): Promise<void> {
    for (const partition of this.#partitions.values()) await partition.flush();
    this.#showLags();
  }

  #showLags(): void {
    for (const topic of RECORDED) this.#showLag(topic);
  }

  #showLag(topic: string): void {
    const { metrics } = this.#options.telemetry;
    let records = 0;
    let oldestMs: number | undefined;
    for (const [key, partition] of this.#partitions) {
      if (!key.startsWith(`${topic}/`)) continue;
      records += partition.pendingCount + partition.unreadCount;
      const pendingMs = partition.oldestPendingMs;
      if (pendingMs !== undefined) oldestMs = Math.min(oldestMs ?? pendingMs, pendingMs);
    }
    const ageMs = oldestMs === undefined ? 0 : Math.max(0, this.#options.clock.nowMs() - oldestMs);
    metrics.consumerLagRecords.with({ consumer: CONSUMER, topic }).set(records);
    metrics.consumerLagSeconds.with({ consumer: CONSUMER, topic }).set(ageMs / 1_000);
  }

  async #write(
    key: string,
    records: readonly LogRecord[],
    token: string,
    letGo: AbortSignal,
    epochBefore: number,
  ): Promise<number> {
    letGo.throwIfAborted();
    const rows: Rows = {};
    const { topic = "", partition = 0 } = records[0] ?? {};
    const epochs = new OwnerEpochs();
    epochs.take(partition, epochBefore);
    for (const record of records) this.#collect(rows, record, withinBounds(this.#rowsOf(record, epochs)), token);
    const newest = this.#newestOffsets.get(key);
    const [firstOffset, lastOffset] = [records[0]?.offset ?? 0, records.at(-1)?.offset ?? 0];
    const place = { topic, partition, firstOffset, lastOffset, group: `${GROUP}-${topic}` };
    for (const table of inWritingOrder(topic, Object.keys(rows) as TableName[])) {
      await this.#insert(table, notYetIn(newest?.get(table), rows[table] ?? []), token, letGo).catch(
        (error: unknown) => {
          throw isRefusal(error) ? new RefusedBlock(error, table, place) : error;
        },
      );
    }
    return epochs.newestOf(partition);
  }

  #rowsOf(record: LogRecord, epochs: OwnerEpochs): Outcome {
    const { incarnation } = this.#options.log;
    switch (record.topic) {
      case TOPICS.clickstream:
        return clickstreamRows(incarnation, record, (productId) => this.#catalog.product(productId));
      case TOPICS.decisions:
        return decisionRows(incarnation, record, epochs);
      case TOPICS.offers:
        return offerRows(incarnation, record, epochs);
      case TOPICS.deadLetters:
        return deadLetterRows(incarnation, record);
      default:
        throw new Error(`the recorder does not read ${record.topic}`);
    }
  }

  #collect(rows: Rows, record: LogRecord, outcome: Outcome, token: string): void {
    const { metrics } = this.#options.telemetry;
    const { topic, partition, offset } = record;
    if (outcome.outcome === "passed_over") {
      this.#options.onPassedOver?.({ topic, partition, offset, problem: sayRefusal(outcome.refusal) });
      return;
    }
    metrics.consumerRecords.with({ consumer: CONSUMER, topic, outcome: outcome.outcome }).add();
    switch (outcome.outcome) {
      case "ok":
        addRows(rows, outcome.rows);
        if (outcome.holdoutLeak !== undefined) this.#holdoutLeaked(outcome.holdoutLeak, record);
        return;
      case "drop":
        return;
      case "dead_letter":
        this.#setAside(record, outcome.refusal, token);
        // The row stands in the same block, so that it is written once, as the others are.
        addRows(rows, deadLetterOf(this.#options.log.incarnation, record, outcome.refusal));
        return;
    }
  }

  #setAside({ topic, partition, offset }: LogRecord, { reason, field }: Refusal, token: string): void {
    const { metrics, logger } = this.#options.telemetry;
    metrics.deadLetters.with({ reason }).add();
    logger.warn({ topic, partition, offset, reason, field, token }, "a record could not be taken");
  }

  #holdoutLeaked(experiment: string, { partition, offset }: LogRecord): void {
    const { metrics, logger } = this.#options.telemetry;
    metrics.holdoutLeaks.with({ experiment }).add();
    logger.error({ experiment, partition, offset }, "a decision gave an incentive to a subject that is held out");
  }

  async #insert<Name extends TableName>(
    table: Name,
    rows: readonly TableRows[Name][],
    token: string,
    letGo: AbortSignal,
  ): Promise<void> {
    const { warehouse, telemetry } = this.#options;
    const { metrics, logger } = telemetry;
    if (rows.length === 0) return;
    const insert = async () => {
      const startedMs = performance.now();
      try {
        await warehouse.insert(table, rows, { deduplicationToken: token, signal: this.#givingUp.signal });
      } catch (error) {
        metrics.recorderInsertFailures.with({ table }).add();
        throw error;
      }
      metrics.recorderInsertDuration.with({ table }).observe((performance.now() - startedMs) / 1_000);
      metrics.recorderRows.with({ table }).add(rows.length);
    };
    const failed = ({ code }: Passing, attempt: number) => {
      logger.warn({ table, attempt, code }, "the warehouse did not take a block: it is sent again");
    };
    await this.#untilTaken(insert, failed, letGo);
  }

  /** Tries until it succeeds, ever less often, as long as a failure may pass and nobody says to let go. */
  async #untilTaken<T>(
    act: () => Promise<T>,
    failed: (error: Passing, attempt: number) => void,
    letGo?: AbortSignal,
  ): Promise<T> {
    const stopping = this.#stopping.signal;
    const signal = letGo === undefined ? stopping : AbortSignal.any([stopping, letGo]);
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await act();
      } catch (error) {
        if (!mayPass(error) || attempt >= ATTEMPTS_MAX || signal.aborted) throw error;
        failed(error, attempt);
        await delay(retryWaitMs(this.#options.retryMs, attempt), undefined, { signal });
      }
    }
  }
}

type Passing = WarehouseError | LogError;

/** What a group takes away is not given back by asking again. */
function mayPass(error: unknown): error is Passing {
  if (error instanceof LogError) return error.hint === "retry" && error.code !== "partition_revoked";
  return error instanceof WarehouseError && error.hint === "retry";
}

/** The warehouse answered, and will answer the same again. */
function isRefusal(error: unknown): error is WarehouseError {
  return error instanceof WarehouseError && error.code === "statement_refused" && error.hint === "terminal";
}

function notYetIn<Name extends TableName>(
  newest: number | undefined,
  rows: readonly TableRows[Name][],
): readonly TableRows[Name][] {
  return newest === undefined ? rows : rows.filter(({ log_offset }) => log_offset > newest);
}

function addRows(into: Rows, rows: Rows): void {
  for (const table of Object.keys(rows) as TableName[]) append(into, table, rows[table] ?? []);
}

function append<Name extends TableName>(into: Rows, table: Name, rows: readonly TableRows[Name][]): void {
  const known: TableRows[Name][] | undefined = into[table];
  if (known === undefined) Object.assign(into, { [table]: [...rows] });
  else known.push(...rows);
}

function deadLetterOf(incarnation: string, record: LogRecord, refusal: Refusal): Rows {
  const letter = wire.DeadLetter.encode(
    wire.DeadLetter.fromPartial({
      reason: refusal.reason,
      field: refusal.field,
      expected: refusal.expected,
      source: record.topic,
      receivedAtMs: writtenMs(record),
      payload: maskCodes(record.value.subarray(0, PAYLOAD_BYTES_MAX)),
      cause: `${incarnation}/${record.topic}/${record.partition}/${record.offset}`,
    }),
  ).finish();
  const outcome = deadLetterRows(incarnation, { ...record, value: letter });
  return outcome.outcome === "ok" ? outcome.rows : {};
}

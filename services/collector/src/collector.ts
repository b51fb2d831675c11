import { kindName, TOPICS, type KindName, type SubjectHasher, type wire } from "@leastwise/contracts";
import type { EventLog, NewRecord } from "@leastwise/eventlog";
import { LinkDraft, type LinkBook } from "@leastwise/references";
import { err, ok, refusal, type Clock, type Millis, type Refusal, type Result } from "@leastwise/vocabulary";
import { NO_METRICS, type CollectorMetrics } from "./collector-metrics.js";
import { deadLetterOf } from "./dead-letter.js";
import { append, deadLetterRecord, recordsOf, type Partitions } from "./steps/append.js";
import { identify } from "./steps/identify.js";
import { link } from "./steps/link.js";
import { stamp } from "./steps/stamp.js";
import { readAs, type Incoming, type Step } from "./steps/step.js";
import { validate } from "./steps/validate.js";

/** Most events of one request. */
export const BATCH_EVENTS_MAX = 1_000;

/** Events that may wait for the log at once unless told otherwise; more are refused as `overloaded`. */
export const WAITING_EVENTS_MAX = 50_000;

/** Bytes of keys and values that may wait for the log at once unless told otherwise: 64 MiB. A request of more goes when nothing waits. */
export const WAITING_BYTES_MAX = 64 * 1024 * 1024;

export interface CollectorOptions {
  /** With the topics of `topicPlan` in it. */
  readonly log: EventLog;
  /** Stamps `received_at_ms`. */
  readonly clock: Clock;
  /** Makes subjects of raw ids; the same key at every door of the installation. */
  readonly hasher: SubjectHasher;
  /** Who is who, as the log says. */
  readonly links: LinkBook;
  readonly metrics?: CollectorMetrics;
  /** Default {@link WAITING_EVENTS_MAX}. */
  readonly waitingEventsMax?: number;
  /** Default {@link WAITING_BYTES_MAX}. */
  readonly waitingBytesMax?: number;
}

/**
 * What became of a request: verdicts, how many were taken and the position; or why none was: `batch_empty`,
 * `batch_too_large`, `overloaded`, `log_unavailable`, `disk_full`, `draining`. In the second case nothing is promised.
 */
export type RecordOutcome = Result<wire.RecordResponse, Refusal>;

/** An event that came without anybody who waits for its verdict. */
export interface Relayed {
  readonly incoming: Incoming;
  /** Where it came from: incarnation, topic, partition and offset. */
  readonly cause: string;
}

export interface Collector {
  /**
   * Takes a request's events: resolves when the good ones are durable.
   *
   * @param source the door: `grpc`, `http`, `segment`, or the name of a file format
   * @param traceparent the request's place in its sender's trace, W3C Trace Context: the records say it on
   */
  record(events: readonly wire.Event[], source: string, traceparent?: string): Promise<RecordOutcome>;
  /** The same for a door that reads events itself and may fail at some of them. */
  take(incoming: readonly Incoming[], source: string, traceparent?: string): Promise<RecordOutcome>;
  /**
   * Takes events whose sender hears nothing of it: what is not taken is kept among the dead letters, whatever is wrong with it, with where it
   * came from as its cause. Resolves when `write` has made all records durable; rejects as it does, and then nothing is promised.
   */
  relay(
    incoming: readonly Relayed[],
    source: string,
    write: (records: readonly NewRecord[]) => Promise<unknown>,
  ): Promise<void>;
  /** When it is now, by the collector's clock. */
  nowMs(): Millis;
  /** Refuses what comes from now on as `draining`, waits for the appends under way. Leaves the log open. Idempotent. */
  close(): Promise<void>;
}

/** Makes a collector. Rejects with a LogError if the log cannot be read. */
export async function createCollector(options: CollectorOptions): Promise<Collector> {
  const { log, metrics = NO_METRICS } = options;
  const partitions = {
    clickstream: await log.partitions(TOPICS.clickstream),
    links: await log.partitions(TOPICS.links),
  };
  return new LogCollector({ ...options, metrics, partitions });
}

interface CollectorParts extends CollectorOptions {
  readonly metrics: CollectorMetrics;
  readonly partitions: Partitions;
}

/** A request on its way to the log. */
interface Gathered {
  readonly verdicts: wire.EventVerdict[];
  readonly records: NewRecord[];
  readonly kinds: KindName[];
  readonly refusedFor: string[];
  readonly deadLetteredFor: string[];
  withoutId: number;
}

class LogCollector implements Collector {
  readonly #parts: CollectorParts;
  readonly #waitingMax: number;
  readonly #waitingBytesMax: number;
  readonly #underWay = new Set<Promise<unknown>>();
  #waiting = 0;
  #waitingBytes = 0;
  #isClosed = false;

  constructor(parts: CollectorParts) {
    this.#parts = parts;
    this.#waitingMax = parts.waitingEventsMax ?? WAITING_EVENTS_MAX;
    this.#waitingBytesMax = parts.waitingBytesMax ?? WAITING_BYTES_MAX;
  }

  nowMs(): Millis {
    return this.#parts.clock.nowMs();
  }

  record(events: readonly wire.Event[], source: string, traceparent?: string): Promise<RecordOutcome> {
    return this.take(
      events.map((event, index) => readAs(event, `events[${index}]`)),
      source,
      traceparent,
    );
  }

  async take(incoming: readonly Incoming[], source: string, traceparent?: string): Promise<RecordOutcome> {
    const refused = this.#refusalOf(incoming.length);
    if (refused !== undefined) return err(refused);
    const draft = new LinkDraft(this.#parts.links);
    let isDurable = false;
    try {
      const gathered = this.#gather(incoming, draft, source);
      const records =
        traceparent === undefined ? gathered.records : gathered.records.map((record) => ({ ...record, traceparent }));
      const appended = await this.#append(records, incoming.length);
      if (!appended.ok) return appended;
      isDurable = true;
      this.#tell(gathered, source);
      return ok({ verdicts: gathered.verdicts, accepted: gathered.kinds.length, position: appended.value });
    } finally {
      draft.end(isDurable);
    }
  }

  async relay(
    relayed: readonly Relayed[],
    source: string,
    write: (records: readonly NewRecord[]) => Promise<unknown>,
  ): Promise<void> {
    const draft = new LinkDraft(this.#parts.links);
    let isDurable = false;
    try {
      const incoming = relayed.map((one) => one.incoming);
      const gathered = this.#gather(incoming, draft, source, (index) => relayed[index]?.cause ?? "");
      await write(gathered.records);
      isDurable = true;
      this.#tell(gathered, source);
    } finally {
      draft.end(isDurable);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled(this.#underWay);
  }

  #refusalOf(count: number): Refusal | undefined {
    if (this.#isClosed) return refusal("draining", "", "a closing collector", "send the same again elsewhere");
    if (count === 0) return refusal("batch_empty", "events", "no event", `1 to ${BATCH_EVENTS_MAX} events`);
    if (count > BATCH_EVENTS_MAX) {
      return refusal("batch_too_large", "events", count, `1 to ${BATCH_EVENTS_MAX} events`);
    }
    return this.#waiting + count > this.#waitingMax ? overloaded(this.#waiting, "events") : undefined;
  }

  /** `causeOf`: of an event whose sender hears nothing; absent: there is one who does. */
  #gather(
    incoming: readonly Incoming[],
    draft: LinkDraft,
    source: string,
    causeOf?: (index: number) => string,
  ): Gathered {
    const nowMs = this.#parts.clock.nowMs();
    const gathered: Gathered = {
      verdicts: [],
      records: [],
      kinds: [],
      refusedFor: [],
      deadLetteredFor: [],
      withoutId: 0,
    };
    for (const [index, one] of incoming.entries()) {
      const valid = validate(one, nowMs);
      if (valid.kind !== "ok") {
        const letter = causeOf === undefined ? valid : asDeadLetter(valid.refusal, one);
        this.#gatherRefused(gathered, index, letter, nowMs, source, causeOf?.(index) ?? "");
        continue;
      }
      const { event, warnings } = valid.value;
      const linked = link(identify(event, this.#parts.hasher), draft, nowMs);
      const stamped = stamp(linked, nowMs, source);
      gathered.records.push(...recordsOf(linked, stamped, this.#parts.partitions, nowMs));
      gathered.verdicts.push({ index, reason: "ok", field: "", came: "", expected: "", warnings: [...warnings] });
      gathered.kinds.push(kindName(event.kind) ?? "page_view");
      if (event.eventId === "") gathered.withoutId += 1;
    }
    return gathered;
  }

  #gatherRefused(
    gathered: Gathered,
    index: number,
    step: Exclude<Step<unknown>, { kind: "ok" }>,
    nowMs: Millis,
    source: string,
    cause: string,
  ): void {
    const { reason, field, came, expected } = step.refusal;
    gathered.verdicts.push({ index, reason, field, came, expected, warnings: [] });
    gathered.refusedFor.push(reason);
    if (step.kind === "drop") return;
    const letter = deadLetterOf(step.refusal, step.event, this.#parts.hasher, nowMs, source, cause);
    gathered.records.push(deadLetterRecord(letter, nowMs));
    gathered.deadLetteredFor.push(reason);
  }

  async #append(records: readonly NewRecord[], count: number): Promise<Result<string, Refusal>> {
    const bytes = records.reduce((sum, { key = "", value }) => sum + key.length + value.length, 0);
    if (this.#waitingBytes > 0 && this.#waitingBytes + bytes > this.#waitingBytesMax) {
      return err(overloaded(this.#waitingBytes, "bytes"));
    }
    const appending = append(this.#parts.log, records);
    this.#underWay.add(appending);
    this.#waiting += count;
    this.#waitingBytes += bytes;
    try {
      return await appending;
    } finally {
      this.#underWay.delete(appending);
      this.#waiting -= count;
      this.#waitingBytes -= bytes;
    }
  }

  #tell({ kinds, refusedFor, deadLetteredFor, withoutId }: Gathered, source: string): void {
    const { metrics } = this.#parts;
    for (const kind of kinds) metrics.accepted(kind, source);
    for (const reason of refusedFor) metrics.refused(reason, source);
    for (const reason of deadLetteredFor) metrics.deadLettered(reason, source);
    for (let count = 0; count < withoutId; count += 1) metrics.withoutId(source);
  }
}

function overloaded(waiting: number, what: string): Refusal {
  return refusal("overloaded", "", `${waiting} ${what} that wait`, "send the same again later");
}

function asDeadLetter(refused: Refusal, one: Incoming): Exclude<Step<unknown>, { kind: "ok" }> {
  return { kind: "dead_letter", refusal: refused, event: one.kind === "read" ? one.event : undefined };
}

import { clickstreamShape, type ClickstreamShape, type ShapeEvent } from "@leastwise/testkit";
import type { Millis, SubjectId } from "@leastwise/vocabulary";
import { applyMigrations, featuresAtSql, openEmbeddedWarehouse, type EmbeddedWarehouse } from "@leastwise/warehouse";
import {
  createWindowStore,
  FEATURES,
  featuresFromHistory,
  type FeatureProbe,
  type HistoryRecord,
} from "@leastwise/windows";
import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { figuresOf, inTurn, spreadOf, type Bench, type Figures } from "./harness.js";

/** Events of the history. */
const EVENTS = 10_000_000;
/** So many visitors have so many events and a few more. */
const VISITORS = 5_250_000;
const START_MS = Date.UTC(2026, 0, 1);
const PRICE_MINOR = 1_999;
const BLOCK_LINES = 10_000;
const ROUNDS_MIN = 3;
const ROUNDS_MAX = 20;
const QUERY_TIMEOUT_MS = 3_600_000;
/** How often the memory of the TypeScript form is looked at, in events. */
const MEMORY_EVENTS = 250_000;

/**
 * A training set from history: the features at each time that something was put into a cart, of 10 million events. The windows' own code
 * reads them once, in the order of the log; SQL reads the table `clickstream` and writes a table. Both must come to the same numbers.
 */
export const offlineBench: Bench = {
  name: "offline",
  summary: `features for training from ${EVENTS / 1_000_000} million events: the windows' code from history, against SQL`,
  async run({ seconds, say }): Promise<Figures> {
    const directory = await mkdtemp(path.join(tmpdir(), "leastwise-bench-offline-"));
    const warehouse = await openEmbeddedWarehouse({ directory, queryTimeoutMs: QUERY_TIMEOUT_MS });
    try {
      await applyMigrations(warehouse);
      const shape = clickstreamShape({ seed: "offline", visitors: VISITORS, startMs: START_MS });
      if (shape.total < EVENTS) throw new Error(`the shape has ${shape.total} events, expected at least ${EVENTS}`);
      const probes = probesOf(shape);
      await fill(warehouse, shape, path.join(directory, "events.tsv"), say);
      say(`${probes.length} rows of ${FEATURES.length} features`);
      const fromHistory = () => Promise.resolve(readHistory(shape, probes));
      const fromTable = () => readTable(warehouse);
      const startedMs = performance.now();
      const { a: firstHistory, b: firstTable } = await inTurn<Reading>(1, fromHistory, fromTable);
      const pairMs = performance.now() - startedMs;
      assertSame(firstHistory, firstTable, probes.length);
      const rounds = Math.min(ROUNDS_MAX, Math.max(ROUNDS_MIN, Math.floor((seconds * 1_000) / pairMs)));
      say(`the same numbers both ways; ${rounds} rounds of ${(pairMs / 1_000).toFixed(0)} s follow`);
      const { a, b } = await inTurn<Reading>(rounds, fromHistory, fromTable);
      return figures(a, b, probes.length, say);
    } finally {
      await warehouse.close();
      await rm(directory, { recursive: true });
    }
  },
};

/** One way through the history. */
interface Reading {
  readonly tookMs: number;
  /** Of each feature, in the catalogue's order: the sum of what is there, and how often it is. */
  readonly sums: readonly number[];
  readonly present: readonly number[];
  /** Most memory of the JavaScript heap and of buffers beyond it, less what there was before. */
  readonly memoryBytes: number;
}

function figures(
  history: readonly Reading[],
  table: readonly Reading[],
  rows: number,
  say: (line: string) => void,
): Figures {
  const perSecond = (readings: readonly Reading[], count: number) =>
    spreadOf(readings.map(({ tookMs }) => (count * 1_000) / tookMs));
  const ratio = spreadOf(table.map(({ tookMs }, index) => (history[index]?.tookMs ?? Number.NaN) / tookMs));
  const lines = [
    ["TypeScript", perSecond(history, rows), perSecond(history, EVENTS)],
    ["SQL", perSecond(table, rows), perSecond(table, EVENTS)],
  ] as const;
  for (const [name, { median, min, max }, events] of lines) {
    say(
      `${name.padEnd(10)} ${median.toFixed(0)} rows/s (${min.toFixed(0)}–${max.toFixed(0)}, ${history.length} rounds), ` +
        `${events.median.toFixed(0)} events/s`,
    );
  }
  say(`SQL has ${ratio.median.toFixed(2)} times the rows/s (${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)})`);
  const peakBytes = process.resourceUsage().maxRSS * 1_024;
  const heapBytes = Math.max(...history.map(({ memoryBytes }) => memoryBytes));
  say(
    `TypeScript took ${inMegabytes(heapBytes)}; the whole process, engine of SQL included, ${inMegabytes(peakBytes)}`,
  );
  return {
    ...figuresOf("typescript_rows_per_s", perSecond(history, rows)),
    ...figuresOf("sql_rows_per_s", perSecond(table, rows)),
    ...figuresOf("typescript_events_per_s", perSecond(history, EVENTS)),
    ...figuresOf("sql_events_per_s", perSecond(table, EVENTS)),
    ...figuresOf("sql_vs_typescript", ratio),
    typescript_memory_bytes: heapBytes,
    process_peak_bytes: peakBytes,
    events: EVENTS,
    rows,
    rounds: history.length,
  };
}

const inMegabytes = (bytes: number) => `${(bytes / 1_000_000).toFixed(0)} MB`;

/** The log's records in their order: one partition, the offset is the place. */
function* records({ events }: ClickstreamShape): Generator<{ offset: number; event: Readonly<ShapeEvent> }> {
  let offset = 0;
  for (const event of events()) {
    if (offset === EVENTS) return;
    yield { offset, event };
    offset += 1;
  }
}

/** The moment of each addition to a cart, with all that was then in the log, itself included. */
function probesOf(shape: ClickstreamShape): readonly FeatureProbe[] {
  const probes: FeatureProbe[] = [];
  for (const { offset, event } of records(shape)) {
    if (event.kind !== "cart_add") continue;
    probes.push({ subject: subjectOf(event.subject), atMs: event.atMs as Millis, asOfOffset: offset });
  }
  return probes;
}

const PROBES_SQL = `SELECT log_incarnation, log_partition, subject, log_offset AS as_of_offset,
      toUnixTimestamp64Milli(occurred_at) AS at_ms
    FROM clickstream
    WHERE kind = 'cart_add'`;

function readHistory(shape: ClickstreamShape, probes: readonly FeatureProbe[]): Reading {
  const sums = FEATURES.map(() => 0);
  const present = FEATURES.map(() => 0);
  const memory = new Memory();
  const startedMs = performance.now();
  for (const { snapshot } of featuresFromHistory(history(shape, memory), probes, createWindowStore())) {
    for (const [index, value] of snapshot.values.entries()) {
      if (Number.isNaN(value)) continue;
      sums[index] = (sums[index] ?? 0) + value;
      present[index] = (present[index] ?? 0) + 1;
    }
  }
  return { tookMs: performance.now() - startedMs, sums, present, memoryBytes: memory.mostBytes };
}

function* history(shape: ClickstreamShape, memory: Memory): Generator<HistoryRecord> {
  for (const { offset, event } of records(shape)) {
    if (offset % MEMORY_EVENTS === 0) memory.look();
    const { kind, product, atMs } = event;
    const productId = `product-${product}`;
    const isOrder = kind === "purchase";
    yield {
      body: "event",
      subject: subjectOf(event.subject),
      offset,
      event: {
        kind,
        atMs: atMs as Millis,
        receivedAtMs: atMs as Millis,
        eventId: `event-${offset}`,
        productId: isOrder ? undefined : productId,
        units: isOrder ? 0 : 1,
        unitPriceMinor: isOrder ? undefined : PRICE_MINOR,
        lines: isOrder ? [{ productId, units: 1, unitPriceMinor: PRICE_MINOR }] : [],
        revenueMinor: isOrder ? PRICE_MINOR : undefined,
        discountMinor: isOrder ? 0 : undefined,
      },
    };
  }
}

async function readTable(warehouse: EmbeddedWarehouse): Promise<Reading> {
  await warehouse.command("DROP TABLE IF EXISTS training");
  const startedMs = performance.now();
  await warehouse.command(
    `CREATE TABLE training ENGINE = MergeTree ORDER BY (subject, as_of_offset) AS ${featuresAtSql(PROBES_SQL)}`,
    { home_currency: "USD" },
  );
  const tookMs = performance.now() - startedMs;
  const columns = FEATURES.flatMap(({ name }) => [`toFloat64(ifNull(sum(${name}), 0))`, `toFloat64(count(${name}))`]);
  const [row] = await warehouse.query<{ all: number[] }>(`SELECT [${columns.join(", ")}] AS all FROM training`);
  const all = row?.all ?? [];
  const even = (isEven: boolean) => all.filter((_, index) => (index % 2 === 0) === isEven);
  return { tookMs, sums: even(true), present: even(false), memoryBytes: 0 };
}

function assertSame(history: readonly Reading[], table: readonly Reading[], rows: number): void {
  for (const [index, { name }] of FEATURES.entries()) {
    const [a, b] = [history[0], table[0]].map((reading) =>
      [reading?.sums[index], reading?.present[index]].join(" of "),
    );
    if (a !== b) throw new Error(`${name} sums up to ${a} from history and ${b} from the table, of ${rows} rows`);
  }
}

/** Watches how much memory is used beyond what was used at first. */
class Memory {
  mostBytes = 0;
  readonly #before = Memory.#used();

  look(): void {
    this.mostBytes = Math.max(this.mostBytes, Memory.#used() - this.#before);
  }

  static #used(): number {
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  }
}

/** As a file that the engine reads: rows one by one would take longer than all that is measured. */
async function fill(warehouse: EmbeddedWarehouse, shape: ClickstreamShape, file: string, say: (line: string) => void) {
  say(`writing ${EVENTS} events to a file, and from there to the table clickstream`);
  await pipeline(Readable.from(blocks(shape)), createWriteStream(file));
  await warehouse.command(FILL_SQL, { file });
  await rm(file);
}

function* blocks(shape: ClickstreamShape): Generator<string> {
  let lines: string[] = [];
  for (const { offset, event } of records(shape)) {
    lines.push(`${subjectOf(event.subject)}\t${event.kind}\t${event.atMs}\tproduct-${event.product}\t${offset}\n`);
    if (lines.length < BLOCK_LINES && offset + 1 < EVENTS) continue;
    yield lines.join("");
    lines = [];
  }
}

/** The rows that the recorder would write of {@link history}. */
const FILL_SQL = `INSERT INTO clickstream
  (subject, assignment_key, event_id, kind, occurred_at, received_at, product_id, quantity, unit_price_minor, currency,
   order_id, revenue_minor, discount_minor, lines.product_id, lines.quantity, lines.unit_price_minor, lines.discount_minor,
   source, log_incarnation, log_topic, log_partition, log_offset)
  SELECT subject, subject, concat('event-', offset), kind,
    fromUnixTimestamp64Milli(at_ms, 'UTC'), fromUnixTimestamp64Milli(at_ms, 'UTC'),
    if(kind = 'purchase', '', product), if(kind = 'purchase', 0, 1), if(kind = 'purchase', NULL, ${PRICE_MINOR}), 'USD',
    if(kind = 'purchase', concat('order-', offset), ''), if(kind = 'purchase', ${PRICE_MINOR}, NULL),
    if(kind = 'purchase', 0, NULL), if(kind = 'purchase', [product], []), if(kind = 'purchase', [1], []),
    if(kind = 'purchase', [${PRICE_MINOR}], []), if(kind = 'purchase', [0], []), 'bench', 'bench', 'clickstream', 0, offset
  FROM file({file:String}, 'TSV', 'subject String, kind String, at_ms Int64, product String, offset Int64')
  SETTINGS max_partitions_per_insert_block = 0`;

/** 32 hex digits that look as if they were hashed, and tell the visitor. */
function subjectOf(visitor: number): SubjectId {
  const mixed = (Math.imul(visitor, 0x9e3779b1) >>> 0).toString(16).padStart(8, "0");
  return `${mixed}${mixed}${mixed}${mixed}` as SubjectId;
}

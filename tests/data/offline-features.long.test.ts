import {
  createSubjectHasher,
  decodeClickstreamRecord,
  encodeClickstreamRecord,
  readEvent,
  topicPlan,
  TOPICS,
  windowEventOf,
  wire,
} from "@leastwise/contracts";
import { openEmbeddedLog, type EmbeddedLog, type LogRecord, type NewRecord } from "@leastwise/eventlog";
import { startRecorder } from "@leastwise/recorder";
import { createTelemetry } from "@leastwise/telemetry";
import { openClickstream } from "@leastwise/testkit";
import {
  bucketOf,
  err,
  HOUR_MS,
  MINUTE_MS,
  partitionOfBucket,
  refusal,
  type CurrencyCode,
  type Millis,
  type SubjectId,
} from "@leastwise/vocabulary";
import { applyMigrations, featuresAtSql, openEmbeddedWarehouse, type EmbeddedWarehouse } from "@leastwise/warehouse";
import {
  AHEAD_MAX_MS,
  createWindowStore,
  FEATURES,
  featuresFromHistory,
  TEXT_FEATURES,
  type FeatureProbe,
  type FeatureSnapshot,
  type HistoryRecord,
} from "@leastwise/windows";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { DATA_FOLDER, realDataIsHere } from "./real-data.js";

/*
 * Real clickstreams on the real log, with some events that come late. The windows follow the log and are asked as it grows; the same code
 * reads the history again; the recorder writes the tables, and SQL reads those. All three say the same.
 */

const FILES = [
  { path: "rees46/rees46_cosmetics_5x1000.csv.gz", events: 4_994, duplicates: 291 },
  { path: "storefront", events: 16_008, duplicates: 4 },
];
const PARTITIONS = 4;
const HOME = "USD" as CurrencyCode;
/** So many records of the log are read between one probe and the next. */
const RECORDS_A_PROBE = 3;
const TEST_MAX_MS = 180_000;
jest.setTimeout(TEST_MAX_MS);

const isHere = realDataIsHere("offline = online on the real clickstreams");

type Features = Readonly<Record<string, number | string | null>>;

interface Probe extends FeatureProbe {
  readonly id: number;
  readonly partition: number;
}

interface Answered {
  readonly probe: Probe;
  readonly online: Features;
  /** From 5 minutes before the newest event on every feature is exact; before that it is exact or absent. */
  readonly isExact: boolean;
}

/** The windows of the log, asked as it grows. */
class Windows {
  readonly stores = Array.from({ length: PARTITIONS }, () => createWindowStore());
  readonly answered: Answered[] = [];
  records = 0;
  /** Events that came after a later one of the same subject. */
  overtaken = 0;
  readonly #histories: HistoryRecord[][] = Array.from({ length: PARTITIONS }, () => []);
  readonly #newestMs = new Map<SubjectId, number>();

  take({ partition, offset, value }: LogRecord): void {
    this.records += 1;
    const body = decodeClickstreamRecord(value);
    if (!body.ok || body.value.$case !== "event") throw new Error("an event was written");
    const subject = body.value.value.subject as SubjectId;
    const event = windowEventOf(body.value.value, HOME);
    if (event === undefined) return;
    this.#histories[partition]!.push({ body: "event", subject, event, offset });
    const { verdict } = this.stores[partition]!.apply(subject, event, offset);
    const newestMs = this.#newestMs.get(subject) ?? 0;
    if (verdict === "applied" && event.atMs < newestMs) this.overtaken += 1;
    if (verdict === "applied") this.#newestMs.set(subject, Math.max(event.atMs, newestMs));
    if (this.records % RECORDS_A_PROBE === 0) this.#ask(subject, partition, offset, event.receivedAtMs);
  }

  #ask(subject: SubjectId, partition: number, asOfOffset: number, nowMs: number): void {
    const id = this.answered.length;
    // Now, a little later, when session and cart are over, days later, and before what has come.
    const after = [
      0,
      0,
      1,
      4_000,
      29 * MINUTE_MS,
      31 * MINUTE_MS,
      25 * HOUR_MS,
      31 * 24 * HOUR_MS,
      -AHEAD_MAX_MS,
      -HOUR_MS,
    ];
    const atMs = (nowMs + after[id % after.length]!) as Millis;
    const online = featuresOf(this.stores[partition]!.read(subject, atMs));
    const isExact = atMs >= (this.#newestMs.get(subject) ?? 0) - AHEAD_MAX_MS;
    this.answered.push({ probe: { id, partition, subject, asOfOffset, atMs }, online, isExact });
  }

  /** The answers again, from the history of each partition. */
  readAgain(): ReadonlyMap<number, Features> {
    const found = new Map<number, Features>();
    for (const [partition, history] of this.#histories.entries()) {
      const probes = this.answered.map(({ probe }) => probe).filter((probe) => probe.partition === partition);
      for (const { probe, snapshot } of featuresFromHistory(history, probes, createWindowStore())) {
        found.set(probe.id, featuresOf(snapshot));
      }
    }
    return found;
  }
}

let folder: string;
let warehouse: EmbeddedWarehouse;
beforeAll(async () => {
  if (!isHere) return;
  folder = await mkdtemp(path.join(tmpdir(), "leastwise-offline-"));
  warehouse = await openEmbeddedWarehouse({ directory: path.join(folder, "warehouse"), queryTimeoutMs: TEST_MAX_MS });
  await applyMigrations(warehouse);
});
afterAll(async () => {
  if (!isHere) return;
  await warehouse.close();
  await rm(folder, { recursive: true });
});

(isHere ? describe : describe.skip).each(FILES)("the features of $path", (file) => {
  const windows = new Windows();
  let asTables: ReadonlyMap<number, Features>;
  let asRead: ReadonlyMap<number, Features>;

  beforeAll(async () => {
    const directory = path.join(folder, `log-${file.events}`);
    const log = await openEmbeddedLog({ directory, mapSizeBytes: 256 * 1024 * 1024 });
    await log.ensureTopics(topicPlan(PARTITIONS, undefined));
    const records = await recordsOf(file.path);
    await log.append(records);
    await follow(log, records.filter(({ topic }) => topic === TOPICS.clickstream).length, windows);
    await record(log);
    asRead = windows.readAgain();
    asTables = await readTables(log.incarnation, windows.answered);
    await log.close();
  });

  it("are asked at some thousands of moments, of a log that has repeats and late events", () => {
    expect(windows.records).toBe(file.events);
    expect(windows.stores.reduce((sum, { counts }) => sum + counts.duplicate, 0)).toBe(file.duplicates);
    expect(windows.overtaken).toBeGreaterThan(file.events / 50);
    expect(windows.answered.filter(({ isExact }) => isExact).length).toBeGreaterThan(file.events / 4);
    for (const { counts } of windows.stores) {
      expect(counts).toMatchObject({ cartChangesJoined: 0, cartSkuOverflow: 0, dedupOverflow: 0 });
    }
  });

  it("are from history what they were online", () => {
    expect(asRead.size).toBe(windows.answered.length);
    for (const { probe, online } of windows.answered)
      expect({ probe, ...asRead.get(probe.id) }).toEqual({ probe, ...online });
  });

  it("are in SQL what they were online", () => {
    expect(asTables.size).toBe(windows.answered.length);
    for (const { probe, online, isExact } of windows.answered) {
      const fromSql = { ...asTables.get(probe.id) };
      if (!isExact) for (const [name, value] of Object.entries(online)) if (value === null) fromSql[name] = null;
      expect({ probe, ...fromSql }).toEqual({ probe, ...online });
    }
  });
});

/** What the collector would have written: the catalog first, then the events as they arrived, one in nine of them up to hours late. */
async function recordsOf(file: string): Promise<readonly NewRecord[]> {
  const segmentToEvents = () => err(refusal("no_segment_here", "", undefined, "none"));
  const stream = await openClickstream({ path: path.join(DATA_FOLDER, file), currency: HOME, segmentToEvents });
  if (!stream.ok) throw new Error(JSON.stringify(stream.error));
  const hasher = createSubjectHasher(Buffer.from("a key of sixteen"));
  const arrived: { readonly atMs: number; readonly subject: SubjectId; readonly event: wire.Event }[] = [];
  const products = new Map<string, wire.Product>();
  let place = 0;
  for await (const event of stream.value.events) {
    place += 1;
    const atMs = Number(event.occurredAtMs) + (place % 9 === 0 ? (place * 7_919_000) % (3 * HOUR_MS) : 0);
    const checked = readEvent(event, atMs as Millis);
    if (!checked.ok) throw new Error(JSON.stringify(checked.error));
    arrived.push({ atMs, subject: hasher.known(event.userId), event: checked.value.event });
    for (const { productId } of [
      ...(event.product === undefined ? [] : [event.product]),
      ...(event.order?.lines ?? []),
    ]) {
      products.set(productId, wire.Product.fromPartial({ productId, price: { minor: 4_711n, currency: HOME } }));
    }
  }
  arrived.sort((a, b) => a.atMs - b.atMs);
  return [...[...products.values()].map(inCatalog), ...arrived.map((one) => onClickstream(one))];
}

/** A price for every product: the recorder has to tell it from what events say. */
function inCatalog(product: wire.Product): NewRecord {
  const value = wire.CatalogRecord.encode(wire.CatalogRecord.fromPartial({ product })).finish();
  return { topic: TOPICS.catalog, partition: 0, key: product.productId, value, timestampMs: 0 as Millis };
}

function onClickstream(one: {
  readonly atMs: number;
  readonly subject: SubjectId;
  readonly event: wire.Event;
}): NewRecord {
  const { atMs, subject, event } = one;
  const stamped = { subject, assignmentKey: subject, receivedAtMs: BigInt(atMs), source: "file", event };
  const value = encodeClickstreamRecord({ $case: "event", value: wire.ClickstreamEvent.fromPartial(stamped) });
  return {
    topic: TOPICS.clickstream,
    partition: partitionOf(subject),
    key: subject,
    value,
    timestampMs: atMs as Millis,
  };
}

function partitionOf(subject: SubjectId): number {
  return partitionOfBucket(bucketOf(subject), PARTITIONS);
}

/** Follows the log to its end, as the scorer does. */
async function follow(log: EmbeddedLog, records: number, windows: Windows): Promise<void> {
  let end: () => void = () => undefined;
  const atEnd = new Promise<void>((resolve) => (end = resolve));
  const reading = await log.subscribe({
    topic: TOPICS.clickstream,
    from: () => Promise.resolve(0),
    onBatch: (batch) => {
      for (const one of batch.records) windows.take(one);
      if (windows.records === records) end();
      return Promise.resolve();
    },
  });
  await Promise.race([atEnd, reading.finished]);
  await reading.stop();
}

async function record(log: EmbeddedLog): Promise<void> {
  const telemetry = createTelemetry({ service: "recorder", version: "test", logLevel: "silent", pretty: false });
  const block = { blockRowsMax: 10_000, blockIntervalMs: MINUTE_MS, retryMs: 1 };
  const recorder = await startRecorder({ log, warehouse, telemetry, clock: { nowMs: () => 0 as Millis }, ...block });
  await recorder.catchUp();
  await recorder.stop();
  telemetry.close();
}

async function readTables(incarnation: string, answered: readonly Answered[]): Promise<ReadonlyMap<number, Features>> {
  await warehouse.command(
    "CREATE OR REPLACE TABLE probes (id UInt32, log_incarnation String, log_partition UInt32, subject String, " +
      "as_of_offset Int64, at_ms Int64) ENGINE = MergeTree ORDER BY id",
  );
  const rows = answered.map(({ probe: { id, partition, subject, asOfOffset, atMs } }) =>
    [id, `'${incarnation}'`, partition, `'${subject}'`, asOfOffset, atMs].join(", "),
  );
  await warehouse.command(`INSERT INTO probes VALUES (${rows.join("), (")})`);
  const found = await warehouse.query<Record<string, number | string | null>>(featuresAtSql("SELECT * FROM probes"), {
    home_currency: HOME,
  });
  return new Map(found.map((row) => [Number(row["id"]), featuresOfRow(row)]));
}

function featuresOfRow(row: Readonly<Record<string, number | string | null>>): Features {
  const numbers = FEATURES.map(({ name }) => [name, row[name] === null ? null : Number(row[name])]);
  return Object.fromEntries([...numbers, ...TEXT_FEATURES.map(({ name }) => [name, row[name]])]) as Features;
}

function featuresOf({ values, lastChannel, lastDevice, lastPlace }: FeatureSnapshot): Features {
  const numbers = FEATURES.map(({ name }, index) => [name, Number.isNaN(values[index]) ? null : values[index]]);
  const texts = { last_channel: lastChannel ?? null, last_device: lastDevice ?? null, last_place: lastPlace ?? null };
  return { ...(Object.fromEntries(numbers) as Features), ...texts };
}

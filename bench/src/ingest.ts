import { decodeClickstreamRecord, encodeClickstreamRecord, TOPICS, wire, windowEventOf } from "@leastwise/contracts";
import { openKafkaLog, type EventLog, type NewRecord } from "@leastwise/eventlog";
import { clickstreamShape, startBroker, type ShapeEvent } from "@leastwise/testkit";
import {
  bucketOf,
  isSubjectId,
  keyedHash,
  partitionOfBucket,
  type CurrencyCode,
  type Millis,
  type SubjectId,
} from "@leastwise/vocabulary";
import { createWindowStore } from "@leastwise/windows";
import { Kafka, logLevel } from "kafkajs";
import { randomUUID } from "node:crypto";
import { figuresOf, inTurn, spreadOf, type Bench, type Figures } from "./harness.js";

const RECORDS = 300_000;
const VISITORS = 200_000;
const PARTITIONS = 4;
const APPEND_RECORDS = 5_000;
const FETCH_BYTES = 1_048_576;
const ROUNDS_MIN = 3;
const ROUNDS_MAX = 20;
const START_MS = Date.UTC(2026, 0, 1);
const USD = "USD" as CurrencyCode;

/**
 * Reading the clickstream into windows against reading it and counting: the same records of the same Kafka topic, the same fetch size.
 * Timed from a reader's first batch to its last, so that joining a group counts for neither.
 */
export const ingestBench: Bench = {
  name: "ingest",
  summary: "Kafka → decode → windows, against a bare kafkajs consumer that only counts the same records",
  async run({ seconds, say }): Promise<Figures> {
    const broker = await startBroker();
    const log = await openKafkaLog({ brokers: broker.brokers, batchBytesMax: FETCH_BYTES });
    const topic = `${TOPICS.clickstream}-bench-${randomUUID()}`;
    try {
      await log.ensureTopics([{ name: topic, partitions: PARTITIONS, compacted: false }]);
      say(`producing ${RECORDS} records to ${PARTITIONS} partitions of Kafka (${broker.how})`);
      await produce(log, topic);
      const windows = () => readIntoWindows(log, topic);
      const bare = () => readAndCount(broker.brokers, topic);
      const startedMs = performance.now();
      await inTurn(1, windows, bare);
      const pairMs = performance.now() - startedMs;
      const rounds = Math.min(ROUNDS_MAX, Math.max(ROUNDS_MIN, Math.floor((seconds * 1_000) / pairMs)));
      const { a, b } = await inTurn(rounds, windows, bare);
      return figures(a, b, say);
    } finally {
      await log.close();
      await broker.stop();
    }
  },
};

function figures(windows: readonly number[], bare: readonly number[], say: (line: string) => void): Figures {
  const ratio = spreadOf(windows.map((rate, index) => rate / (bare[index] ?? Number.NaN)));
  const lines = [
    ["into windows", spreadOf(windows)],
    ["bare consumer", spreadOf(bare)],
  ] as const;
  for (const [name, { median, min, max }] of lines) {
    say(
      `${name.padEnd(13)} ${median.toFixed(0)} records/s (${min.toFixed(0)}–${max.toFixed(0)}, ${windows.length} rounds)`,
    );
  }
  say(
    `into windows is ${ratio.median.toFixed(2)} of the bare consumer (${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)})`,
  );
  return {
    ...figuresOf("windows_records_per_s", spreadOf(windows)),
    ...figuresOf("bare_consumer_records_per_s", spreadOf(bare)),
    ...figuresOf("vs_bare_consumer", ratio),
    records: RECORDS,
    rounds: windows.length,
  };
}

/** Reads the whole topic through the log's port into fresh windows, as the scorer does. Records a second. */
async function readIntoWindows(log: EventLog, topic: string): Promise<number> {
  const stores = Array.from({ length: PARTITIONS }, () => createWindowStore({}));
  const watch = new Watch();
  const reading = await log.subscribe({
    topic,
    from: () => Promise.resolve(0),
    onBatch: ({ partition, records }) => {
      watch.begin();
      const store = stores[partition];
      for (const { value, offset } of records) {
        const body = decodeClickstreamRecord(value);
        if (!body.ok || body.value.$case !== "event") throw new Error("a record that the benchmark did not write");
        const { subject } = body.value.value;
        const event = windowEventOf(body.value.value, USD);
        if (store === undefined || event === undefined || !isSubjectId(subject))
          throw new Error("an event without windows");
        store.apply(subject, event, offset);
      }
      watch.count(records.length);
      return Promise.resolve();
    },
  });
  await Promise.race([watch.done, reading.finished]);
  await reading.stop();
  return watch.recordsPerSecond;
}

/** Reads the whole topic with the client library alone, and counts. Records a second. */
async function readAndCount(brokers: string[], topic: string): Promise<number> {
  const kafka = new Kafka({ clientId: "bench", brokers, logLevel: logLevel.NOTHING });
  const consumer = kafka.consumer({
    groupId: `bench-${randomUUID()}`,
    maxBytesPerPartition: FETCH_BYTES,
    maxWaitTimeInMs: 250,
  });
  const watch = new Watch();
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    partitionsConsumedConcurrently: PARTITIONS,
    eachBatch: ({ batch }) => {
      watch.begin();
      watch.count(batch.messages.length);
      return Promise.resolve();
    },
  });
  await watch.done;
  await consumer.disconnect();
  return watch.recordsPerSecond;
}

/** Counts to the last record, and times it from the first batch. */
class Watch {
  readonly done: Promise<void>;
  #records = 0;
  #startedMs: number | undefined;
  #tookMs = 0;
  #finish: () => void = () => undefined;

  constructor() {
    this.done = new Promise((resolve) => (this.#finish = resolve));
  }

  begin(): void {
    this.#startedMs ??= performance.now();
  }

  count(records: number): void {
    this.#records += records;
    if (this.#records < RECORDS || this.#tookMs > 0) return;
    this.#tookMs = performance.now() - (this.#startedMs ?? 0);
    this.#finish();
  }

  get recordsPerSecond(): number {
    return (this.#records * 1_000) / this.#tookMs;
  }
}

async function produce(log: EventLog, topic: string): Promise<void> {
  const subjects = new Map<number, SubjectId>();
  const { events } = clickstreamShape({ seed: "ingest", visitors: VISITORS, startMs: START_MS });
  let batch: NewRecord[] = [];
  let produced = 0;
  for (const event of events()) {
    if (produced === RECORDS) break;
    const subject = subjects.get(event.subject) ?? subjectOf(event.subject);
    subjects.set(event.subject, subject);
    batch.push(recordOf(topic, subject, event, produced));
    produced += 1;
    if (batch.length < APPEND_RECORDS && produced < RECORDS) continue;
    await log.append(batch);
    batch = [];
  }
  if (produced < RECORDS) throw new Error(`the shape has ${produced} events, expected at least ${RECORDS}`);
}

function subjectOf(visitor: number): SubjectId {
  const { high, low } = keyedHash({ k0: 1n, k1: 2n }, String(visitor));
  const subject = [high, low, low ^ high, high].map((half) => (half >>> 0).toString(16).padStart(8, "0")).join("");
  if (!isSubjectId(subject)) throw new Error("32 hex digits make a subject");
  return subject;
}

const KINDS = {
  product_view: wire.EventKind.EVENT_KIND_PRODUCT_VIEW,
  cart_add: wire.EventKind.EVENT_KIND_CART_ADD,
  purchase: wire.EventKind.EVENT_KIND_PURCHASE,
} as const;

function recordOf(
  topic: string,
  subject: SubjectId,
  { kind, product, atMs }: Readonly<ShapeEvent>,
  index: number,
): NewRecord {
  const unitPrice = { minor: 1_999n, currency: "USD" };
  const line = { productId: `product-${product}`, quantity: 1n, unitPrice };
  const event = wire.Event.fromPartial({
    eventId: `event-${index}`,
    kind: KINDS[kind],
    occurredAtMs: BigInt(atMs),
    ...(kind === "purchase" ? { order: { orderId: `order-${index}`, lines: [line] } } : { product: line }),
  });
  const recorded = { subject, assignmentKey: subject, receivedAtMs: BigInt(atMs), source: "bench", event };
  const value = encodeClickstreamRecord({ $case: "event", value: wire.ClickstreamEvent.fromPartial(recorded) });
  return {
    topic,
    partition: partitionOfBucket(bucketOf(subject), PARTITIONS),
    key: subject,
    value,
    timestampMs: atMs as Millis,
  };
}

import { encodeClickstreamRecord, TOPICS, wire } from "@leastwise/contracts";
import { openKafkaLog, type EventLog, type NewRecord } from "@leastwise/eventlog";
import { Ingest } from "@leastwise/scorer";
import { clickstreamShape, startBroker, type ShapeEvent } from "@leastwise/testkit";
import {
  bucketOf,
  DAY_MS,
  isSubjectId,
  keyedHash,
  partitionOfBucket,
  type CurrencyCode,
  type Millis,
  type SubjectId,
} from "@leastwise/vocabulary";
import { reserveSegment } from "@leastwise/windows";
import { Kafka, logLevel } from "kafkajs";
import { randomUUID } from "node:crypto";
import { figuresOf, inTurnFor, inWords, spreadOf, type Bench, type Figures } from "./harness.js";
import { buildPeers, runPeer, type PeerName, type PeerReport, type PeerRun } from "./peers.js";

const RECORDS = 2_000_000;
const VISITORS = 1_150_000;
/** Records that a peer reads before its clock starts: a fresh JVM compiles its code meanwhile. Ours and the bare consumer have a round for that. */
const PEER_WARM_UP = 500_000;
const PEER_ROUNDS = 3;
const PARTITIONS = 4;
const APPEND_RECORDS = 5_000;
const FETCH_BYTES = 1_048_576;
const START_MS = Date.UTC(2026, 0, 1);
/** Less than the silence after which we forget a subject, and peers do not. */
const SPAN_MS = 30 * DAY_MS;
const USD = "USD" as CurrencyCode;

/** One reading of the whole topic. */
interface Reading {
  readonly recordsPerSecond: number;
  /** Of the whole process, from the first batch to the last. */
  readonly cpuSeconds: number;
  readonly subjects: number;
}

/**
 * Kafka → decode → windows as the ingest thread does it, on one thread, over one topic, against (a) a bare kafkajs consumer that only counts, (b)
 * Kafka Streams and (c) Flink with the same windows, deduplication, session, cart and distinct products in compact state. Each is timed from its
 * first batch to its last, so that joining a group counts for none.
 */
export const ingestBench: Bench = {
  name: "ingest",
  summary: "Kafka → decode → windows, against a bare kafkajs consumer, Kafka Streams and Flink over the same topic",
  async run({ seconds, say }): Promise<Figures> {
    const broker = await startBroker();
    const log = await openKafkaLog({ brokers: broker.brokers, batchBytesMax: FETCH_BYTES });
    const topic = TOPICS.clickstream;
    try {
      await log.ensureTopics([{ name: topic, partitions: PARTITIONS, compacted: false }]);
      say(`producing ${RECORDS} records to ${PARTITIONS} partitions of Kafka (${broker.how})`);
      await produce(log, topic);
      const { a, b } = await inTurnFor(
        seconds,
        () => readIntoWindows(log),
        () => readAndCount(broker.brokers, topic),
      );
      const own = ownFigures(a, b, say);
      const peers = { records: RECORDS, warmUp: PEER_WARM_UP, brokers: broker.brokers, topic };
      return { ...own, ...(await peerFigures(peers, () => readIntoWindows(log), say)) };
    } finally {
      await log.close();
      await broker.stop();
    }
  },
};

function ownFigures(windows: readonly Reading[], bare: readonly number[], say: (line: string) => void): Figures {
  const rate = spreadOf(windows.map(({ recordsPerSecond }) => recordsPerSecond));
  const ratio = spreadOf(windows.map(({ recordsPerSecond }, index) => recordsPerSecond / (bare[index] ?? Number.NaN)));
  say(`into windows  ${inWords(rate)} records/s, ${windows.length} rounds`);
  say(`bare consumer ${inWords(spreadOf(bare))} records/s`);
  say(`into windows is ${inWords(ratio, 2)} of the bare consumer`);
  return {
    ...figuresOf("windows_records_per_s", rate),
    ...figuresOf("windows_cpu_s", spreadOf(windows.map(({ cpuSeconds }) => cpuSeconds))),
    ...figuresOf("bare_consumer_records_per_s", spreadOf(bare)),
    ...figuresOf("vs_bare_consumer", ratio),
    records: RECORDS,
    subjects: windows[0]?.subjects ?? null,
    rounds: windows.length,
  };
}

/** Ours and a peer in turn, the peer in a process of its own each time. */
async function peerFigures(run: PeerRun, ours: () => Promise<Reading>, say: (line: string) => void): Promise<Figures> {
  if (!(await buildPeers(say))) return { vs_kafka_streams: null, vs_flink: null };
  const figures: Record<string, number | null> = {};
  for (const [peer, name] of [
    ["kafka-streams", "kafka_streams"],
    ["flink", "flink"],
  ] as const satisfies readonly (readonly [PeerName, string])[]) {
    const own: Reading[] = [];
    const theirs: PeerReport[] = [];
    for (let round = 0; round < PEER_ROUNDS; round += 1) {
      theirs.push(await runPeer(peer, run));
      own.push(await ours());
    }
    const rate = spreadOf(theirs.map(({ recordsPerSecond }) => recordsPerSecond));
    const ratio = spreadOf(own.map((one, at) => one.recordsPerSecond / (theirs[at]?.recordsPerSecond ?? Number.NaN)));
    const cpu = spreadOf(theirs.map(({ cpuSeconds }) => cpuSeconds));
    const heap = spreadOf(theirs.map(({ heapUsedBytes }) => heapUsedBytes));
    say(`${peer.padEnd(13)} ${inWords(rate)} records/s, ${inWords(cpu, 1)} CPU s, ${inWords(heap)} bytes of heap`);
    say(`into windows is ${inWords(ratio, 2)} of ${peer}`);
    if (theirs.some(({ subjects }) => subjects !== own[0]?.subjects)) say(`${peer} has other subjects than we have`);
    Object.assign(figures, figuresOf(`${name}_records_per_s`, rate), figuresOf(`${name}_cpu_s`, cpu));
    Object.assign(figures, figuresOf(`${name}_heap_used_bytes`, heap), figuresOf(`vs_${name}`, ratio));
  }
  return figures;
}

/** Reads the whole topic into fresh windows, as the ingest thread does. */
async function readIntoWindows(log: EventLog): Promise<Reading> {
  const memories = Array.from({ length: PARTITIONS }, () => reserveSegment(2 ** 29));
  const ingest = new Ingest(
    { memories, currency: USD, incarnation: log.incarnation },
    {
      onCheckpoint: () => undefined,
      onCheckpointFailed: () => undefined,
      onPoisoned: () => {
        throw new Error("a stretch that the benchmark did not write");
      },
      areMovesDurable: () => Promise.resolve(true),
    },
  );
  const watch = new Watch();
  let cpuBefore: ReturnType<typeof process.cpuUsage> | undefined;
  const following = await ingest.follow(
    log,
    memories.map(() => 0),
    ({ records, unreadable }) => {
      if (unreadable.length > 0) throw new Error("a record that the benchmark did not write");
      cpuBefore ??= process.cpuUsage();
      watch.begin();
      watch.count(records);
    },
  );
  await Promise.race([watch.done, following.finished]);
  const { user, system } = process.cpuUsage(cpuBefore);
  await ingest.stop();
  return {
    recordsPerSecond: watch.recordsPerSecond,
    cpuSeconds: (user + system) / 1e6,
    subjects: ingest.subjectCount,
  };
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
  const { events } = clickstreamShape({ seed: "ingest", visitors: VISITORS, startMs: START_MS, spanMs: SPAN_MS });
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

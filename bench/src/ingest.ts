import { encodeClickstreamRecord, TOPICS, wire } from "@leastwise/contracts";
import { openKafkaLog, type EventLog, type NewRecord } from "@leastwise/eventlog";
import { IngestThreads } from "@leastwise/scorer";
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
import { reserveSegment, WindowReader } from "@leastwise/windows";
import { Kafka, logLevel } from "kafkajs";
import { randomUUID } from "node:crypto";
import { availableParallelism } from "node:os";
import { figuresOf, inTurnFor, inWords, spreadOf, type Bench, type Figures, type Spread } from "./harness.js";
import { ingestThread } from "./ingest-thread.js";
import { buildPeers, runPeer, type PeerName, type PeerReport, type PeerRun } from "./peers.js";

const RECORDS = 2_000_000;
const VISITORS = 1_150_000;
/** Records that are read before a clock starts: a fresh JVM compiles its code meanwhile, and so does a fresh thread of ours. */
const WARM_UP = 500_000;
const PEER_ROUNDS = 3;
const PARTITIONS = 4;
/** Of ours, where all cores are to be used. */
const THREADS_MAX = Math.min(PARTITIONS, availableParallelism());
const APPEND_RECORDS = 5_000;
/** Of a partition at once: what our log fetches, too. */
const FETCH_BYTES = 1_048_576;
const START_MS = Date.UTC(2026, 0, 1);
/** Less than the silence after which we forget a subject, and peers do not. */
const SPAN_MS = 30 * DAY_MS;
const USD = "USD" as CurrencyCode;

/** One reading of the whole topic. */
interface Reading {
  readonly recordsPerSecond: number;
  /** Of the whole process, in the time that is measured. */
  readonly cpuSeconds: number;
  readonly subjects: number;
}

/** Ours with one thread, and with as many as there are cores. */
interface Ours {
  readonly one: Reading;
  readonly allCores: Reading;
}

/**
 * Kafka → decode → windows as the server does it, with one ingest thread and with one a core, over one topic, against (a) a bare kafkajs consumer
 * that only counts, (b) Kafka Streams and (c) Flink with the same windows, deduplication, session, cart and distinct products in compact state.
 * Each is timed after its warm-up to its last batch, so that neither starting nor joining a group counts.
 *
 * `vs_bare_consumer` is of one thread, for that consumer has one. `vs_kafka_streams` and `vs_flink` are of a thread a core on both sides: stream threads
 * there, parallel instances of each operator here. How many cores each kept busy, and the same peers against one thread of ours, stand
 * beside.
 */
export const ingestBench: Bench = {
  name: "ingest",
  summary:
    "Kafka → decode → windows: one thread against a bare kafkajs consumer, a thread a core against Kafka Streams and Flink, over one topic",
  async run({ seconds, say }): Promise<Figures> {
    const broker = await startBroker({ isMeasured: true });
    const { brokers } = broker;
    const log = await openKafkaLog({ brokers });
    const topic = TOPICS.clickstream;
    const ours = async (): Promise<Ours> => ({
      one: await readIntoWindows(log, brokers, 1),
      allCores: await readIntoWindows(log, brokers, THREADS_MAX),
    });
    try {
      await log.ensureTopics([{ name: topic, partitions: PARTITIONS, compacted: false }]);
      say(`producing ${RECORDS} records to ${PARTITIONS} partitions of Kafka (${broker.how})`);
      await produce(log, topic);
      const { a, b } = await inTurnFor(seconds, ours, () => readAndCount(brokers, topic));
      const own = ownFigures(a, b, say);
      const peers = { records: RECORDS, warmUp: WARM_UP, parallelism: THREADS_MAX, brokers, topic };
      return { ...own, ...(await peerFigures(peers, ours, say)) };
    } finally {
      await log.close();
      await broker.stop();
    }
  },
};

function ownFigures(ours: readonly Ours[], bare: readonly number[], say: (line: string) => void): Figures {
  const one = readingFigures(
    "",
    "one thread",
    ours.map(({ one }) => one),
    say,
  );
  const allCores = readingFigures(
    "_all_cores",
    `${THREADS_MAX} threads`,
    ours.map(({ allCores }) => allCores),
    say,
  );
  const speedup = spreadOf(ours.map(({ one, allCores }) => allCores.recordsPerSecond / one.recordsPerSecond));
  const ratio = spreadOf(ours.map(({ one }, round) => one.recordsPerSecond / (bare[round] ?? Number.NaN)));
  say(`${THREADS_MAX} threads are ${inWords(speedup, 2)} of one`);
  say(`bare consumer ${inWords(spreadOf(bare))} records/s`);
  say(`into windows, one thread, is ${inWords(ratio, 2)} of the bare consumer`);
  return {
    ...one,
    ...allCores,
    ...figuresOf("all_cores_vs_one_thread", speedup),
    ...figuresOf("bare_consumer_records_per_s", spreadOf(bare)),
    ...figuresOf("vs_bare_consumer", ratio),
    threads_all_cores: THREADS_MAX,
    records: RECORDS,
    subjects: ours[0]?.one.subjects ?? null,
    rounds: ours.length,
  };
}

function readingFigures(
  suffix: string,
  words: string,
  readings: readonly Reading[],
  say: (line: string) => void,
): Figures {
  const rate = spreadOf(readings.map(({ recordsPerSecond }) => recordsPerSecond));
  const cpu = spreadOf(readings.map(({ cpuSeconds }) => cpuSeconds));
  say(`into windows, ${words}: ${inWords(rate)} records/s, ${inWords(cpu, 1)} CPU s, ${readings.length} rounds`);
  return { ...figuresOf(`windows_records_per_s${suffix}`, rate), ...figuresOf(`windows_cpu_s${suffix}`, cpu) };
}

/** Ours and a peer in turn, the peer in a process of its own each time. */
async function peerFigures(run: PeerRun, ours: () => Promise<Ours>, say: (line: string) => void): Promise<Figures> {
  if (!(await buildPeers(say))) return { vs_kafka_streams: null, vs_flink: null };
  const figures: Record<string, number | null> = {};
  for (const [peer, name] of [
    ["kafka-streams", "kafka_streams"],
    ["flink", "flink"],
  ] as const satisfies readonly (readonly [PeerName, string])[]) {
    const own: Ours[] = [];
    const theirs: PeerReport[] = [];
    for (let round = 0; round < PEER_ROUNDS; round += 1) {
      theirs.push(await runPeer(peer, run));
      own.push(await ours());
    }
    const each = (reading: (one: Ours) => Reading): Spread =>
      spreadOf(own.map((one, at) => reading(one).recordsPerSecond / (theirs[at]?.recordsPerSecond ?? Number.NaN)));
    const [allCores, one] = [each((both) => both.allCores), each((both) => both.one)];
    say(`into windows is ${inWords(allCores, 2)} of ${peer} with ${THREADS_MAX} threads, ${inWords(one, 2)} with one`);
    if (theirs.some(({ subjects }) => subjects !== own[0]?.one.subjects))
      say(`${peer} has other subjects than we have`);
    Object.assign(figures, reportFigures(peer, name, theirs, say));
    Object.assign(figures, figuresOf(`vs_${name}`, allCores), figuresOf(`vs_${name}_one_thread`, one));
  }
  return figures;
}

function reportFigures(
  peer: PeerName,
  name: string,
  reports: readonly PeerReport[],
  say: (line: string) => void,
): Figures {
  const rate = spreadOf(reports.map(({ recordsPerSecond }) => recordsPerSecond));
  const cpu = spreadOf(reports.map(({ cpuSeconds }) => cpuSeconds));
  const busy = spreadOf(reports.map(({ cpuSeconds, seconds }) => cpuSeconds / seconds));
  const heap = spreadOf(reports.map(({ heapUsedBytes }) => heapUsedBytes));
  const parallelism = reports[0]?.parallelism ?? null;
  say(
    `${peer.padEnd(13)} ${inWords(rate)} records/s, ${inWords(cpu, 1)} CPU s on ${inWords(busy, 2)} cores, ` +
      `${inWords(heap)} bytes of heap, parallelism ${parallelism ?? "unknown"}`,
  );
  return {
    ...figuresOf(`${name}_records_per_s`, rate),
    ...figuresOf(`${name}_cpu_s`, cpu),
    ...figuresOf(`${name}_busy_cores`, busy),
    ...figuresOf(`${name}_heap_used_bytes`, heap),
    [`${name}_parallelism`]: parallelism,
  };
}

/** Reads the whole topic into fresh windows, with so many threads that follow the log as the server's do. */
async function readIntoWindows(log: EventLog, brokers: string[], threads: number): Promise<Reading> {
  const memories = Array.from({ length: PARTITIONS }, () => reserveSegment(2 ** 29));
  const options = ingestThread({ brokers }, threads);
  const ingest = IngestThreads.start({ partitions: PARTITIONS, currency: USD, incarnation: log.incarnation }, options, {
    onCheckpoint: () => undefined,
    onCheckpointFailed: () => undefined,
    onPoisoned: () => Promise.reject(new Error("a stretch that the benchmark did not write")),
    areMovesDurable: () => Promise.resolve(true),
    onMovesDurable: () => undefined,
    reaches: () => Promise.resolve(true),
  });
  try {
    const watch = new Watch();
    await ingest.restore(
      memories.map((memory, partition) => ({
        partition,
        memory,
        begin: 0,
        end: 0,
        isWhole: true,
        claim: { role: "owned" },
      })),
    );
    await ingest.follow(({ records, unreadable }) => {
      if (unreadable.length > 0) throw new Error("a record that the benchmark did not write");
      watch.count(records);
    });
    await Promise.race([watch.done, ingest.finished]);
    const { recordsPerSecond, cpuSeconds } = watch;
    const readers = memories.map((memory) => new WindowReader(memory));
    const subjects = readers.reduce((count, reader) => count + reader.subjectCount, 0);
    return { recordsPerSecond, cpuSeconds, subjects };
  } finally {
    await ingest.stop();
  }
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
      watch.count(batch.messages.length);
      return Promise.resolve();
    },
  });
  await watch.done;
  await consumer.disconnect();
  return watch.recordsPerSecond;
}

/** Counts to the last record, and times those after the warm-up: from the batch that ends it, which counts for none, to the last. */
class Watch {
  readonly done: Promise<void>;
  #records = 0;
  #began: { readonly records: number; readonly atMs: number; readonly cpu: NodeJS.CpuUsage } | undefined;
  #tookMs = 0;
  #cpu: NodeJS.CpuUsage | undefined;
  #finish: () => void = () => undefined;

  constructor() {
    this.done = new Promise((resolve) => (this.#finish = resolve));
  }

  count(records: number): void {
    this.#records += records;
    if (this.#began === undefined) {
      if (this.#records < WARM_UP) return;
      this.#began = { records: this.#records, atMs: performance.now(), cpu: process.cpuUsage() };
    } else if (this.#records >= RECORDS && this.#cpu === undefined) {
      this.#tookMs = performance.now() - this.#began.atMs;
      this.#cpu = process.cpuUsage(this.#began.cpu);
      this.#finish();
    }
  }

  get recordsPerSecond(): number {
    return ((this.#records - (this.#began?.records ?? 0)) * 1_000) / this.#tookMs;
  }

  /** Of the whole process. */
  get cpuSeconds(): number {
    return ((this.#cpu?.user ?? Number.NaN) + (this.#cpu?.system ?? Number.NaN)) / 1e6;
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

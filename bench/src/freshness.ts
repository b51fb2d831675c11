import { encodeClickstreamRecord, topicPlan, TOPICS, wire } from "@leastwise/contracts";
import { openEmbeddedLog, openKafkaLog, type EventLog, type NewRecord } from "@leastwise/eventlog";
import { WindowsFeed, type ThreadOptions } from "@leastwise/scorer";
import { createTelemetry, type Telemetry } from "@leastwise/telemetry";
import { startBroker } from "@leastwise/testkit";
import { isSubjectId, type CurrencyCode, type Millis, type SubjectId } from "@leastwise/vocabulary";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as afterMs } from "node:timers/promises";
import { figuresOf, percentile, spreadOf, type Bench, type Figures } from "./harness.js";
import { ingestThread } from "./ingest-thread.js";
import { PARTITIONS } from "./shop.js";

/** How events come: so many at once, so often. */
const PACES = [
  { name: "", words: "one by one, 100 a second", events: 1, everyMs: 10 },
  { name: "batch_", words: "50 at once, 10 times a second", events: 50, everyMs: 100 },
] as const;
type Pace = (typeof PACES)[number];

const ROUNDS = 3;
const WARM_UP_MS = 1_000;
const ROUND_MIN_MS = 1_000;
const VISIBLE_MS = 10_000;
const BYTES_MAX = 2 ** 30;
const CLOCK = { nowMs: () => Date.now() as Millis };

/** A log, and a feed that follows it with a thread of its own. */
interface Followed {
  readonly name: "embedded" | "kafka";
  readonly log: EventLog;
  readonly feed: WindowsFeed;
  close(): Promise<void>;
}

/**
 * How long an event is on its way to the answers: from the acknowledgement of its append to the moment that the feed, which Decide asks,
 * has it. Appended and asked in one process; with Kafka the ingest thread reads the broker itself.
 */
export const freshnessBench: Bench = {
  name: "freshness",
  summary: "from an event's acknowledgement to its being in the windows that Decide reads: embedded log and Kafka",
  async run({ seconds, say }): Promise<Figures> {
    const telemetry = createTelemetry({ service: "scorer", version: "bench", logLevel: "warn", pretty: false });
    const opened: Followed[] = [];
    try {
      opened.push(await followEmbedded(telemetry));
      opened.push(await followKafka(telemetry, say));
      const roundMs = Math.max(ROUND_MIN_MS, (seconds * 1_000) / (opened.length * PACES.length * ROUNDS));
      const samples = new Map<string, number[][]>();
      for (let round = -1; round < ROUNDS; round += 1) {
        for (const pace of PACES) {
          for (const followed of opened) {
            const waitedMs = await delays(followed, pace, round < 0 ? WARM_UP_MS : roundMs);
            const name = `${followed.name}_${pace.name}`;
            if (round >= 0) samples.set(name, [...(samples.get(name) ?? []), waitedMs]);
          }
        }
      }
      return figures(samples, say);
    } finally {
      for (const followed of opened) await followed.close();
      telemetry.close();
    }
  },
};

function figures(samples: ReadonlyMap<string, readonly number[][]>, say: (line: string) => void): Figures {
  const all: Record<string, number | null> = { rounds: ROUNDS };
  for (const name of ["embedded", "kafka"]) {
    for (const pace of PACES) {
      const rounds = samples.get(`${name}_${pace.name}`) ?? [];
      const of = (share: number) => spreadOf(rounds.map((waitedMs) => percentile(waitedMs, share)));
      const [p50, p99] = [of(0.5), of(0.99)];
      const pooled = rounds.flat();
      // The percentile of all samples; smallest and largest are those of a round.
      const figure = (share: string, value: number, { min, max }: typeof p50) =>
        Object.assign(all, figuresOf(`${name}_${pace.name}${share}_ms`, { min, median: value, max }));
      figure("p50", percentile(pooled, 0.5), p50);
      figure("p99", percentile(pooled, 0.99), p99);
      all[`${name}_${pace.name}samples`] = pooled.length;
      const [middle, high] = [percentile(pooled, 0.5), percentile(pooled, 0.99)];
      say(
        `${name.padEnd(8)} ${pace.words.padEnd(30)} p50 ${middle.toFixed(2)} ms, p99 ${high.toFixed(2)} ms ` +
          `(rounds ${p99.min.toFixed(2)}–${p99.max.toFixed(2)}), ${pooled.length} events`,
      );
    }
  }
  return all;
}

async function followEmbedded(telemetry: Telemetry): Promise<Followed> {
  const directory = await mkdtemp(join(tmpdir(), "leastwise-bench-"));
  const log = await openEmbeddedLog({ directory });
  const feed = await openFeed(log, telemetry, ingestThread());
  const close = async () => {
    await feed.close();
    await log.close();
    await rm(directory, { recursive: true });
  };
  return { name: "embedded", log, feed, close };
}

async function followKafka(telemetry: Telemetry, say: (line: string) => void): Promise<Followed> {
  const broker = await startBroker({ isMeasured: true });
  say(`Kafka: ${broker.how}`);
  const log = await openKafkaLog({ brokers: broker.brokers });
  const feed = await openFeed(log, telemetry, ingestThread({ brokers: broker.brokers }));
  const close = async () => {
    await feed.close();
    await log.close();
    await broker.stop();
  };
  return { name: "kafka", log, feed, close };
}

async function openFeed(log: EventLog, telemetry: Telemetry, thread: ThreadOptions): Promise<WindowsFeed> {
  await log.ensureTopics(topicPlan(PARTITIONS, undefined));
  const currency = "USD" as CurrencyCode;
  return WindowsFeed.open({
    ...{ log, telemetry, clock: CLOCK, currency, thread, bytesMax: BYTES_MAX },
    onOrder: () => undefined,
  });
}

/** Appends events at their times, whether those before have arrived or not. How long each took to be there, ms. */
async function delays({ log, feed }: Followed, { events, everyMs }: Pace, durationMs: number): Promise<number[]> {
  const waiting: Promise<number[]>[] = [];
  const startedMs = performance.now();
  for (let dueMs = 0; dueMs < durationMs; dueMs += everyMs) {
    const aheadMs = startedMs + dueMs - performance.now();
    if (aheadMs > 0) await afterMs(aheadMs);
    waiting.push(delaysOf(log, feed, events));
  }
  return (await Promise.all(waiting)).flat();
}

async function delaysOf(log: EventLog, feed: WindowsFeed, events: number): Promise<number[]> {
  const subjects = Array.from({ length: events }, newSubject);
  const positions = await log.append(subjects.map((subject) => viewed(feed, subject)));
  const acknowledgedMs = performance.now();
  return Promise.all(
    positions.map(async ({ partition, offset }, index) => {
      // What is there before its acknowledgement has waited for nothing.
      const isThere = feed.hasSeen(partition, offset);
      if (!isThere && !(await feed.waitFor(partition, offset, VISIBLE_MS))) throw new Error("an event did not arrive");
      const waitedMs = isThere ? 0 : performance.now() - acknowledgedMs;
      const subject = subjects[index];
      if (subject === undefined || !feed.read(subject, CLOCK.nowMs()).known) throw new Error("an event is not there");
      return waitedMs;
    }),
  );
}

function newSubject(): SubjectId {
  const subject = randomBytes(16).toString("hex");
  if (!isSubjectId(subject)) throw new Error("32 hex digits make a subject");
  return subject;
}

function viewed(feed: WindowsFeed, subject: SubjectId): NewRecord {
  const nowMs = CLOCK.nowMs();
  const event = {
    eventId: `event-${subject}`,
    kind: wire.EventKind.EVENT_KIND_PRODUCT_VIEW,
    occurredAtMs: BigInt(nowMs),
    product: { productId: "product-1", quantity: 1n },
  };
  const recorded = { subject, assignmentKey: subject, receivedAtMs: BigInt(nowMs), source: "bench", event };
  const value = encodeClickstreamRecord({ $case: "event", value: wire.ClickstreamEvent.fromPartial(recorded) });
  return { topic: TOPICS.clickstream, partition: feed.partitionOf(subject), key: subject, value, timestampMs: nowMs };
}

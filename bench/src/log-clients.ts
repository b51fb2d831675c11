import { openKafkaLog, openPlatformaticLog, type EventLog, type NewRecord } from "@leastwise/eventlog";
import { startBroker } from "@leastwise/testkit";
import type { Millis } from "@leastwise/vocabulary";
import { figuresOf, inTurnFor, inWords, spreadOf, type Bench, type Figures, type Spread } from "./harness.js";

const WRITTEN = "bench.written";
const READ = "bench.read";
const PARTITIONS = 4;
const RECORDS_WRITTEN = 100_000;
const RECORDS_READ = 400_000;
/** Read before the clock starts: joining a group and the first fetches count for neither. */
const WARM_UP = 50_000;
const APPEND_RECORDS = 5_000;
const VALUE_BYTES = 120;
const NOW_MS = Date.UTC(2026, 0, 1) as Millis;

/** What one client did in one round. */
interface Round {
  readonly writtenPerSecond: number;
  readonly readPerSecond: number;
}

/**
 * The log's port on kafkajs against the same on `@platformatic/kafka`: appends of 5,000 records, one call after the other, and a broadcast that
 * reads a topic through, both on the same broker and the same topics. What a caller of the port gets, not what a client library could.
 */
export const logClientsBench: Bench = {
  name: "log-clients",
  summary: "appends and subscriptions of the log on kafkajs against those on @platformatic/kafka, over the same topics",
  async run({ seconds, say }): Promise<Figures> {
    const broker = await startBroker({ isMeasured: true });
    const logs: EventLog[] = [];
    try {
      const kafkajs = await openKafkaLog({ brokers: broker.brokers });
      logs.push(kafkajs);
      const platformatic = await openPlatformaticLog({ brokers: broker.brokers });
      logs.push(platformatic);
      await kafkajs.ensureTopics([WRITTEN, READ].map((name) => ({ name, partitions: PARTITIONS, compacted: false })));
      say(`${RECORDS_READ} records to read, ${PARTITIONS} partitions of Kafka (${broker.how})`);
      await append(kafkajs, READ, RECORDS_READ);
      const { a, b } = await inTurnFor(
        seconds,
        () => oneRound(kafkajs),
        () => oneRound(platformatic),
      );
      return { ...clientFigures(a, b, say), rounds: a.length, records_read: RECORDS_READ };
    } finally {
      await Promise.all(logs.map((log) => log.close()));
      await broker.stop();
    }
  },
};

function clientFigures(
  kafkajs: readonly Round[],
  platformatic: readonly Round[],
  say: (line: string) => void,
): Figures {
  const figures: Record<string, number | null> = {};
  for (const [name, rate] of [
    ["append", (round: Round) => round.writtenPerSecond],
    ["subscribe", (round: Round) => round.readPerSecond],
  ] as const) {
    const ours: Spread = spreadOf(kafkajs.map(rate));
    const theirs: Spread = spreadOf(platformatic.map(rate));
    const ratio = spreadOf(platformatic.map((round, at) => rate(round) / rate(kafkajs[at] ?? round)));
    say(
      `${name.padEnd(9)} kafkajs ${inWords(ours)} records/s, platformatic ${inWords(theirs)}, ${inWords(ratio, 2)} of it`,
    );
    Object.assign(figures, figuresOf(`${name}_kafkajs_records_per_s`, ours));
    Object.assign(figures, figuresOf(`${name}_platformatic_records_per_s`, theirs));
    Object.assign(figures, figuresOf(`${name}_platformatic_vs_kafkajs`, ratio));
  }
  return figures;
}

async function oneRound(log: EventLog): Promise<Round> {
  const startedMs = performance.now();
  await append(log, WRITTEN, RECORDS_WRITTEN);
  const tookMs = performance.now() - startedMs;
  return { writtenPerSecond: (RECORDS_WRITTEN * 1_000) / tookMs, readPerSecond: await readThrough(log) };
}

async function append(log: EventLog, topic: string, count: number): Promise<void> {
  const value = new Uint8Array(VALUE_BYTES).fill(7);
  for (let from = 0; from < count; from += APPEND_RECORDS) {
    await log.append(
      Array.from({ length: Math.min(APPEND_RECORDS, count - from) }, (_, index): NewRecord => {
        const n = from + index;
        return { topic, partition: n % PARTITIONS, key: `subject-${n % 1_000}`, value, timestampMs: NOW_MS };
      }),
    );
  }
}

/** Records a second, from the end of the warm-up to the last record. */
async function readThrough(log: EventLog): Promise<number> {
  let records = 0;
  let began: { readonly records: number; readonly atMs: number } | undefined;
  let finish: (perSecond: number) => void = () => undefined;
  const done = new Promise<number>((resolve) => (finish = resolve));
  const running = await log.subscribe({
    topic: READ,
    from: () => Promise.resolve(0),
    onBatch: (batch) => {
      records += batch.records.length;
      if (began === undefined && records >= WARM_UP) began = { records, atMs: performance.now() };
      else if (began !== undefined && records >= RECORDS_READ)
        finish(((records - began.records) * 1_000) / (performance.now() - began.atMs));
      return Promise.resolve();
    },
  });
  const ended = running.finished.then(() => Promise.reject(new Error("reading ended before the last record")));
  try {
    return await Promise.race([done, ended]);
  } finally {
    ended.catch(() => undefined);
    await running.stop();
  }
}

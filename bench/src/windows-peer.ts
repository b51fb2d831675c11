import { createClient } from "@redis/client";
import type { SubjectId } from "@leastwise/vocabulary";
import {
  createWindowStore,
  emptySnapshot,
  featureValue,
  WindowReader,
  WINDOWS,
  type FeatureName,
} from "@leastwise/windows";
import { shapeStream, type EventStream } from "./event-stream.js";
import { figuresOf, inTurnFor, inWords, spreadOf, type Bench, type Figures } from "./harness.js";
import { startRedis } from "./redis-server.js";
import { readFrom, takeIn } from "./windows.js";

const VISITORS = 100_000;
/** Events of a pipeline when writing, subjects of one when reading. */
const PIPELINE = 100;
/** Pipelines under way at once, so that neither the client nor the server waits for the other. */
const PIPELINES = 2;
/** Subjects whose counts are compared, outside the clock. */
const COMPARED = 1_000;

/** Measures whose sum over a window is the number of its events. */
const KIND_MEASURES = [
  "page_views",
  "product_views",
  "searches",
  "cart_adds",
  "cart_removes",
  "checkout_starts",
  "purchases",
  "content_engagements",
] as const;

interface Rates {
  readonly updatesPerSecond: number;
  readonly readsPerSecond: number;
}

type Redis = Awaited<ReturnType<typeof connected>>;

/**
 * What a team would write instead: a Redis hash for each subject, a field for each tile of each of the five windows, one HINCRBY for each event
 * and window; read with HGETALL. All in Redis's favour: it counts events of any kind and nothing else (no repeats, session, cart, distinct
 * products, recency or order values), removes no tile that is over, keeps nothing on disk, sits at a Unix socket, gets pipelines of 100, is
 * given the stream of short histories, and what it answers is not added up to windows. Our engine does the whole of its work.
 *
 * Redis is a server that many processes may ask; the engine's readers are threads of its own process.
 */
export const windowsPeerBench: Bench = {
  name: "windows-peer",
  summary: "the window engine against counters in Redis: HINCRBY for each window and event, HGETALL",
  async run({ seconds, say }): Promise<Figures> {
    const server = await startRedis();
    try {
      const redis = await connected(server.socket);
      const stream = shapeStream(VISITORS);
      say(`${stream.count} events of ${VISITORS} subjects into both; Redis at a Unix socket, without persistence`);
      const { a, b } = await inTurnFor(
        seconds,
        () => Promise.resolve(engineRound(stream)),
        () => redisRound(redis, stream),
      );
      await compare(redis, stream);
      redis.destroy();
      return figures(a, b, say);
    } finally {
      await server.stop();
    }
  },
};

function figures(engine: readonly Rates[], redis: readonly Rates[], say: (line: string) => void): Figures {
  const rate = (rounds: readonly Rates[], of: keyof Rates) => spreadOf(rounds.map((round) => round[of]));
  const ratio = (of: keyof Rates) => spreadOf(engine.map((round, index) => round[of] / (redis[index]?.[of] ?? NaN)));
  for (const [name, rounds] of [["engine", engine] as const, ["redis", redis] as const]) {
    const updates = inWords(rate(rounds, "updatesPerSecond"));
    say(`${name.padEnd(6)} ${updates} updates a second, ${inWords(rate(rounds, "readsPerSecond"))} reads a second`);
  }
  const [updates, reads] = [ratio("updatesPerSecond"), ratio("readsPerSecond")];
  say(
    `the engine takes ${inWords(updates, 1)} times the updates of Redis and gives ${inWords(reads, 1)} times the reads`,
  );
  say(
    "the engine also finds repeats and keeps session, cart, recency, orders and distinct products; Redis only counts",
  );
  return {
    ...figuresOf("updates_vs_redis", updates),
    ...figuresOf("reads_vs_redis", reads),
    ...figuresOf("engine_updates_per_s", rate(engine, "updatesPerSecond")),
    ...figuresOf("engine_reads_per_s", rate(engine, "readsPerSecond")),
    ...figuresOf("redis_updates_per_s", rate(redis, "updatesPerSecond")),
    ...figuresOf("redis_reads_per_s", rate(redis, "readsPerSecond")),
    rounds: engine.length,
  };
}

function engineRound(stream: EventStream): Rates {
  const store = createWindowStore({ bytesMax: 2 ** 30 });
  const startedMs = performance.now();
  takeIn(stream, store);
  const updatesPerSecond = (stream.count * 1_000) / (performance.now() - startedMs);
  const readsPerSecond = readFrom(stream, new WindowReader(store.memory), stream.subjects);
  return { updatesPerSecond, readsPerSecond };
}

async function redisRound(redis: Redis, stream: EventStream): Promise<Rates> {
  await redis.flushAll("SYNC");
  const startedMs = performance.now();
  await pipelined(stream.count, (from, to) => increment(redis, stream, from, to));
  const writtenMs = performance.now();
  await pipelined(stream.subjects.length, (from, to) => readHashes(redis, stream.subjects.slice(from, to)));
  const readMs = performance.now();
  return {
    updatesPerSecond: (stream.count * 1_000) / (writtenMs - startedMs),
    readsPerSecond: (stream.subjects.length * 1_000) / (readMs - writtenMs),
  };
}

async function connected(path: string) {
  const redis = createClient({ socket: { path, tls: false } });
  // Without a listener an error would end the process; the call that met it rejects all the same.
  redis.on("error", () => undefined);
  await redis.connect();
  return redis;
}

/** Goes through so many items, a few pipelines at once. */
async function pipelined(count: number, send: (from: number, to: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const inTurn = async (): Promise<void> => {
    while (next < count) {
      const from = next;
      next = Math.min(count, from + PIPELINE);
      await send(from, next);
    }
  };
  await Promise.all(Array.from({ length: PIPELINES }, inTurn));
}

function increment(redis: Redis, stream: EventStream, from: number, to: number): Promise<unknown> {
  const pipeline = redis.multi();
  for (let index = from; index < to; index += 1) {
    const subject = stream.subjects[stream.subjectAt[index] ?? 0] ?? "";
    const atMs = stream.timeAt[index] ?? 0;
    for (const { name, tileMs } of WINDOWS) pipeline.hIncrBy(subject, `${name}:${Math.floor(atMs / tileMs)}`, 1);
  }
  return pipeline.execAsPipeline();
}

async function readHashes(redis: Redis, subjects: readonly SubjectId[]): Promise<unknown[]> {
  const pipeline = redis.multi();
  for (const subject of subjects) pipeline.hGetAll(subject);
  return pipeline.execAsPipeline();
}

/** Both sides have counted the same, or the comparison means nothing: events of each window at the stream's end. */
async function compare(redis: Redis, stream: EventStream): Promise<void> {
  const store = createWindowStore({ bytesMax: 2 ** 30 });
  takeIn(stream, store);
  const snapshot = emptySnapshot();
  for (const subject of stream.subjects.slice(0, COMPARED)) {
    const hash = await redis.hGetAll(subject);
    store.read(subject, stream.endMs, snapshot);
    for (const { name, tileMs, tileCount } of WINDOWS) {
      const newest = Math.floor(stream.endMs / tileMs);
      let inRedis = 0;
      for (let tile = newest - tileCount + 1; tile <= newest; tile += 1)
        inRedis += Number(hash[`${name}:${tile}`] ?? 0);
      const features = KIND_MEASURES.map((measure): FeatureName => `${measure}_${name}`);
      const inEngine = features.reduce((sum, feature) => sum + (featureValue(snapshot, feature) ?? NaN), 0);
      if (inRedis !== inEngine)
        throw new Error(`${name} of ${subject}: ${inRedis} in Redis, ${inEngine} in the engine`);
    }
  }
}

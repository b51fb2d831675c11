import { credentials } from "@grpc/grpc-js";
import { wire } from "@leastwise/contracts";
import { openKafkaLog } from "@leastwise/eventlog";
import { callUnary } from "@leastwise/rpc";
import { startBroker } from "@leastwise/testkit";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { askedNumber } from "./asked-number.js";
import { decideRequest } from "./checkout.js";
import { fillTopics, partitionOf, subjectsAsked } from "./cluster-shoppers.js";
import { figuresOf, inWords, percentile, spreadOf, type Bench, type Figures } from "./harness.js";
import { degradedPartitionSeconds, type Answer } from "./rolling-answers.js";
import { folderOf, ScorerProcess, until } from "./scorer-process.js";

const SUBJECTS = 100_000;
const PARTITIONS = 12;
const SCORERS = 3;
const SESSION_TIMEOUT_MS = 6_000;
const RECOVERY_OBJECTIVE_MS = 1_000;
const SETTLES_WITHIN_MS = 300_000;
const CALLS_PER_S = 1_000;
const CALLS_PER_S_MAX = 100_000;
/** How long the caller waits for an answer, ms. */
const DEADLINE_MS = 1_000;
/**
 * Calls that wait for an answer at most: beyond, the caller asks less often, and the rate says so. A machine that is too small shall be slow, and not
 * have every call wait for longer than its deadline.
 */
const IN_FLIGHT_MAX = 64;
/** Not counted: connections are made, and code is compiled. */
const WARM_UP_MS = 5_000;
const BEFORE_MS = 5_000;
/** After the last scorer is ready. */
const AFTER_MS = 3_000;

/**
 * What gRPC's own client does with several addresses: each call goes to the next of those that are connected, and one that brought no
 * answer for want of a connection to another.
 */
const SERVICE_CONFIG = JSON.stringify({
  loadBalancingConfig: [{ round_robin: {} }],
  methodConfig: [
    {
      name: [{}],
      retryPolicy: {
        ...{ maxAttempts: 4, initialBackoff: "0.005s", maxBackoff: "0.05s", backoffMultiplier: 2 },
        retryableStatusCodes: ["UNAVAILABLE"],
      },
    },
  ],
});

/** One restart of one scorer: from when it was told to stop to when the next one was, or to the end. */
interface Restart {
  readonly toldAtMs: number;
  /** How long it took to end, ms. */
  readonly stopMs: number;
  /** How long it took after that to be ready again, ms. */
  readonly startMs: number;
}

/**
 * Three scorers with standbys are restarted one after the other, each waited for until it is ready again under the same address, while a client with
 * all three addresses asks for 1,000 decisions a second. `failed` are calls that brought no answer; `degraded_partition_seconds` of a restart adds up for
 * each partition the time in which answers for its subjects were degraded, as the answers say.
 */
export const rollingBench: Bench = {
  name: "rolling",
  summary:
    "rolling restart of three scorers with standbys under 1,000 Decide/s: calls without an answer, degraded time",
  async run({ seconds, say }): Promise<Figures> {
    const subjects = subjectsAsked(SUBJECTS);
    const rate = askedNumber({ name: "BENCH_CALLS_PER_S", otherwise: CALLS_PER_S, min: 1, max: CALLS_PER_S_MAX });
    const broker = await startBroker({ isMeasured: true });
    const directory = await mkdtemp(join(tmpdir(), "leastwise-bench-"));
    const scorers: ScorerProcess[] = [];
    try {
      say(`filling ${PARTITIONS} partitions of Kafka (${broker.how}) with ${subjects} subjects`);
      await fill(broker.brokers, subjects);
      say(`starting ${SCORERS} scorers`);
      scorers.push(...(await startAll(broker.brokers, directory)));
      await untilShared(scorers);
      const caller = new Caller(
        scorers.map(({ address }) => address),
        subjects,
        rate,
      );
      try {
        return { subjects, ...(await roll(scorers, caller, seconds, say)) };
      } finally {
        await caller.end();
      }
    } finally {
      await Promise.all(scorers.map((scorer) => scorer.kill()));
      await broker.stop();
      await rm(directory, { recursive: true, force: true });
    }
  },
};

async function fill(brokers: string[], subjects: number): Promise<void> {
  const log = await openKafkaLog({ brokers });
  try {
    await fillTopics(log, subjects, PARTITIONS);
  } finally {
    await log.close();
  }
}

function startAll(brokers: readonly string[], directory: string): Promise<ScorerProcess[]> {
  return Promise.all(
    Array.from({ length: SCORERS }, (_, number) =>
      ScorerProcess.start({
        ...{ brokers, directory: folderOf(directory, number), partitions: PARTITIONS, standbys: 1 },
        ...{ sessionTimeoutMs: SESSION_TIMEOUT_MS, rpcPort: 0 },
        recoveryObjectiveMs: RECOVERY_OBJECTIVE_MS,
      }),
    ),
  );
}

/** Waits until every partition has its owner and its warm copy. */
async function untilShared(scorers: readonly ScorerProcess[]): Promise<void> {
  const sum = async (role: string) => {
    const counts = await Promise.all(scorers.map((one) => one.metric("leastwise_owned_partitions", `role="${role}"`)));
    return counts.reduce((all, count) => all + count, 0);
  };
  await until("all partitions are owned, and kept warm", SETTLES_WITHIN_MS, async () => {
    return (await sum("owned")) === PARTITIONS && (await sum("standby")) === PARTITIONS;
  });
}

/** Restarts one scorer after the other under load, all of them as often as there is time for, at least once. */
async function roll(
  scorers: ScorerProcess[],
  caller: Caller,
  seconds: number,
  say: (line: string) => void,
): Promise<Figures> {
  await caller.callFor(WARM_UP_MS);
  const before = await caller.callFor(BEFORE_MS);
  say(`before: ${inShort(before)}`);
  const rolling = caller.callUntil();
  const restarts: Restart[] = [];
  const over = performance.now() + seconds * 1_000;
  do for (let at = 0; at < scorers.length; at += 1) restarts.push(await restart(scorers, at));
  while (performance.now() < over);
  await delay(AFTER_MS);
  const during = await rolling.stop();
  say(`rolling: ${inShort(during)}`);
  return figuresFor(before, during, restarts, say);
}

async function restart(scorers: ScorerProcess[], at: number): Promise<Restart> {
  const scorer = scorers[at];
  if (scorer === undefined) throw new RangeError("no such scorer");
  const toldAtMs = performance.now();
  await scorer.stop();
  const stoppedAtMs = performance.now();
  scorers[at] = await scorer.again();
  return { toldAtMs, stopMs: stoppedAtMs - toldAtMs, startMs: performance.now() - stoppedAtMs };
}

function figuresFor(before: Calls, during: Calls, restarts: readonly Restart[], say: (line: string) => void): Figures {
  const degraded = restarts.map(({ toldAtMs }, index) => {
    const endMs = restarts[index + 1]?.toldAtMs ?? Number.POSITIVE_INFINITY;
    return degradedPartitionSeconds(
      during.answers.filter(({ atMs }) => atMs < endMs),
      toldAtMs,
    );
  });
  const [stop, start] = [restarts.map(({ stopMs }) => stopMs / 1_000), restarts.map(({ startMs }) => startMs / 1_000)];
  say(
    `${restarts.length} restarts: ${inWords(spreadOf(stop), 1)} s to stop, ${inWords(spreadOf(start), 1)} s to be ready`,
  );
  say(`degraded: ${inWords(spreadOf(degraded), 2)} partition seconds a restart`);
  for (const [reason, count] of during.degradedBy) say(`degraded for ${reason}: ${count}`);
  for (const [failure, count] of during.failedBy) say(`without an answer for ${failure}: ${count}`);
  return {
    failed: during.failed,
    ...figuresOf("degraded_partition_seconds", spreadOf(degraded)),
    degraded: countOf(during, ({ isDegraded }) => isDegraded),
    stale: countOf(during, ({ isStale }) => isStale),
    calls: during.answers.length + during.failed,
    calls_per_s_wanted: during.wantedPerSecond,
    calls_per_s: rateOf(during),
    calls_per_s_before: rateOf(before),
    p99_ms: latencyOf(during),
    p99_ms_before: latencyOf(before),
    failed_before: before.failed,
    degraded_before: countOf(before, ({ isDegraded }) => isDegraded),
    ...figuresOf("stop_s", spreadOf(stop)),
    ...figuresOf("start_s", spreadOf(start)),
    restarts: restarts.length,
    partitions: PARTITIONS,
  };
}

interface TimedAnswer extends Answer {
  readonly isStale: boolean;
  readonly tookMs: number;
}

/** What came of the calls of a while. */
class Calls {
  readonly startedMs = performance.now();
  readonly wantedPerSecond: number;
  endedMs = Number.NaN;
  readonly answers: TimedAnswer[] = [];
  readonly degradedBy = new Map<string, number>();
  readonly failedBy = new Map<string, number>();

  constructor(wantedPerSecond: number) {
    this.wantedPerSecond = wantedPerSecond;
  }

  get failed(): number {
    return [...this.failedBy.values()].reduce((sum, count) => sum + count, 0);
  }

  took(partition: number, { freshness, degradedReason }: wire.DecideResponse, tookMs: number): void {
    const isDegraded = freshness === wire.Freshness.FRESHNESS_DEGRADED;
    const isStale = freshness === wire.Freshness.FRESHNESS_STALE;
    this.answers.push({ partition, atMs: performance.now(), isDegraded, isStale, tookMs });
    if (isDegraded) countIn(this.degradedBy, degradedReason);
  }

  lost(failure: string): void {
    countIn(this.failedBy, failure);
  }
}

function countIn(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function countOf({ answers }: Calls, isOne: (answer: TimedAnswer) => boolean): number {
  return answers.filter(isOne).length;
}

function rateOf({ answers, failed, startedMs, endedMs }: Calls): number {
  return ((answers.length + failed) * 1_000) / (endedMs - startedMs);
}

function latencyOf({ answers }: Calls): number {
  return percentile(
    answers.map(({ tookMs }) => tookMs),
    0.99,
  );
}

function inShort(calls: Calls): string {
  const [stale, degraded] = [countOf(calls, ({ isStale }) => isStale), countOf(calls, ({ isDegraded }) => isDegraded)];
  return (
    `${rateOf(calls).toFixed(0)} of ${calls.wantedPerSecond} calls/s, p99 ${latencyOf(calls).toFixed(1)} ms, ` +
    `${stale} stale, ${degraded} degraded, ${calls.failed} without an answer`
  );
}

/** A checkout that knows all scorers' addresses, and asks at an even rate whatever the answers do. */
class Caller {
  readonly #client: wire.DecisionServiceClient;
  readonly #partitionOf: Uint8Array;
  readonly #callsPerSecond: number;
  readonly #waiting = new Set<Promise<void>>();
  #asked = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(addresses: readonly string[], shoppers: number, callsPerSecond: number) {
    this.#callsPerSecond = callsPerSecond;
    this.#partitionOf = Uint8Array.from({ length: shoppers }, (_, shopper) => partitionOf(shopper, PARTITIONS));
    this.#client = new wire.DecisionServiceClient(`ipv4:${addresses.join(",")}`, credentials.createInsecure(), {
      "grpc.service_config": SERVICE_CONFIG,
      "grpc.initial_reconnect_backoff_ms": 100,
      "grpc.max_reconnect_backoff_ms": 1_000,
    });
  }

  async callFor(ms: number): Promise<Calls> {
    const calling = this.callUntil();
    await delay(ms);
    return calling.stop();
  }

  /** Calls until it is told to stop, which resolves when the last answer is there. */
  callUntil(): { stop(): Promise<Calls> } {
    const calls = new Calls(this.#callsPerSecond);
    let due = 0;
    let askedMs = calls.startedMs;
    clearInterval(this.#timer);
    this.#timer = setInterval(() => {
      const nowMs = performance.now();
      due += ((nowMs - askedMs) * this.#callsPerSecond) / 1_000;
      askedMs = nowMs;
      // What cannot be asked for now is not made up for later.
      due = Math.min(due, IN_FLIGHT_MAX - this.#waiting.size);
      for (; due >= 1; due -= 1) this.#call(calls);
    }, 1);
    const stop = async (): Promise<Calls> => {
      clearInterval(this.#timer);
      calls.endedMs = performance.now();
      await Promise.all(this.#waiting);
      return calls;
    };
    return { stop };
  }

  /** Asks no more, and resolves when the last answer is there. */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#waiting);
    this.#client.close();
  }

  #call(calls: Calls): void {
    const one = this.#ask(calls).finally(() => this.#waiting.delete(one));
    this.#waiting.add(one);
  }

  async #ask(calls: Calls): Promise<void> {
    this.#asked += 1;
    const shopper = this.#asked % this.#partitionOf.length;
    const request = decideRequest(shopper, `rolling-${this.#asked}`);
    const startedMs = performance.now();
    const answer = await callUnary(this.#client.decide.bind(this.#client), request, { timeoutMs: DEADLINE_MS });
    const tookMs = performance.now() - startedMs;
    if (answer.ok) calls.took(this.#partitionOf[shopper] ?? 0, answer.value, tookMs);
    else calls.lost(answer.error.code);
  }
}

import { TOPICS, wire } from "@leastwise/contracts";
import { openKafkaLog, type EventLog } from "@leastwise/eventlog";
import { callUnary, connect } from "@leastwise/rpc";
import { openCheckpointTopics } from "@leastwise/scorer";
import { startBroker } from "@leastwise/testkit";
import type { Millis } from "@leastwise/vocabulary";
import { Kafka, logLevel } from "kafkajs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { decideRequest } from "./checkout.js";
import { addEvents, fillTopics, onePerPartition, subjectOf, subjectsAsked } from "./cluster-shoppers.js";
import { figuresOf, inTurnFor, inWords, spreadOf, type Bench, type Figures } from "./harness.js";
import { buildPeers } from "./peers.js";
import { folderOf, ScorerProcess, until } from "./scorer-process.js";
import { Recovery, type Takeover } from "./takeover-course.js";
import { StreamsProcess } from "./takeover-peer.js";

const SUBJECTS = 1_000_000;
const PARTITIONS = 12;
/** The least that brokers take of themselves. */
const SESSION_TIMEOUT_MS = 6_000;
/** What scorers do by themselves with such a session. */
const HEARTBEAT_MS = 1_000;
/** So that hardly anything is to be read again after a checkpoint: the least there is. */
const RECOVERY_OBJECTIVE_MS = 1;
/** Between two events of each partition, while checkpoints are waited for: they are begun as records come. */
const TRICKLE_EVERY_MS = 100;
const PROBE_EVERY_MS = 4;
const PROBE_WITHIN_MS = 1_000;
const TAKES_OVER_WITHIN_MS = 120_000;
const SETTLES_WITHIN_MS = 300_000;
/** As long nothing of checkpoints changes before they count as written. */
const QUIET_MS = 2_000;
const APPLICATION = "leastwise-takeover";

const DETECTED = "the group agrees anew who owns what";
const AGREED = "the group has agreed who owns what";

/** Where the two systems are, and what is asked of them. */
interface Setting {
  readonly log: EventLog;
  readonly brokers: readonly string[];
  readonly directory: string;
  readonly standbys: 0 | 1;
  /** A shopper of each partition. */
  readonly shoppers: readonly number[];
}

/** Two processes that share all partitions, one of which is killed again and again. */
interface Pair {
  /** Kills one of the two, waits until the other has taken over, and then until both share all as before. */
  takeOver(): Promise<Takeover>;
  end(): Promise<void>;
}

/**
 * From kill -9 of one of two scorers until the other answers for its subjects, not degraded and not stale, against a Kafka Streams application of two
 * processes that holds the same state, until a key of each partition is read from the survivor's stores and the application runs. Both have the same
 * session timeout, both standbys or neither, and are timed from when the survivor learns that the group agrees anew; the whole time from the
 * kill stands beside.
 */
export const takeoverBench: Bench = {
  name: "takeover",
  summary:
    "from kill -9 of one of two scorers to whole answers for its subjects, against Kafka Streams with the same state, with and without standbys",
  async run({ seconds, say }): Promise<Figures> {
    const subjects = subjectsAsked(SUBJECTS);
    const isPeerThere = await buildPeers(say);
    const broker = await startBroker({ isMeasured: true });
    const directory = await mkdtemp(join(tmpdir(), "leastwise-bench-"));
    try {
      const log = await openKafkaLog({ brokers: broker.brokers });
      try {
        say(`filling ${PARTITIONS} partitions of Kafka (${broker.how}) with ${subjects} subjects`);
        const records = await fillTopics(log, subjects, PARTITIONS);
        const shoppers = onePerPartition(PARTITIONS);
        const figures: Record<string, number | null> = { subjects, records, partitions: PARTITIONS };
        for (const standbys of [0, 1] as const) {
          const setting = { log, brokers: broker.brokers, directory, standbys, shoppers };
          Object.assign(figures, await measure(setting, { isPeerThere, seconds: seconds / 2, say }));
        }
        return { ...figures, session_timeout_ms: SESSION_TIMEOUT_MS };
      } finally {
        await log.close();
      }
    } finally {
      await broker.stop();
      await rm(directory, { recursive: true, force: true });
    }
  },
};

interface Measuring {
  readonly isPeerThere: boolean;
  readonly seconds: number;
  readonly say: (line: string) => void;
}

/** Both systems in turn, with or without standbys. */
async function measure(setting: Setting, { isPeerThere, seconds, say }: Measuring): Promise<Figures> {
  say(setting.standbys === 0 ? "without standbys" : "with standbys");
  const pairs: Pair[] = [];
  try {
    const scorers = await ScorerPair.start(setting);
    pairs.push(scorers);
    const streams = isPeerThere ? await StreamsPair.start(setting) : undefined;
    if (streams !== undefined) pairs.push(streams);
    const { a, b } = await inTurnFor(
      seconds,
      () => told("scorers", scorers, say),
      () => (streams === undefined ? Promise.resolve(undefined) : told("kafka-streams", streams, say)),
    );
    return figuresFor(
      setting.standbys === 0 ? "" : "_standby",
      a,
      b.filter((one) => one !== undefined),
      say,
    );
  } finally {
    await Promise.all(pairs.map((pair) => pair.end()));
  }
}

async function told(name: string, pair: Pair, say: (line: string) => void): Promise<Takeover> {
  const took = await pair.takeOver();
  const { killedAtMs, detectedAtMs, agreedAtMs, endedAtMs } = took;
  const agreed = agreedAtMs === undefined ? "" : `agreed ${agreedAtMs - detectedAtMs} ms later, `;
  say(
    `${name.padEnd(13)} detected ${detectedAtMs - killedAtMs} ms after the kill, ${agreed}taken over ${endedAtMs - detectedAtMs} ms after detection`,
  );
  return took;
}

function figuresFor(
  suffix: string,
  ours: readonly Takeover[],
  theirs: readonly Takeover[],
  say: (line: string) => void,
): Figures {
  const standbys = suffix === "" ? "without standbys" : "with standbys";
  const own = ours.map(sinceDetected);
  const extra = ours.map(({ agreedAtMs, endedAtMs }) => (endedAtMs - (agreedAtMs ?? Number.NaN)) / 1_000);
  say(`scorers, ${standbys}: ${inWords(spreadOf(own), 2)} s from detection, ${ours.length} rounds`);
  const figures = {
    ...figuresOf(`takeover${suffix}_s`, spreadOf(own)),
    ...figuresOf(`takeover${suffix}_from_kill_s`, spreadOf(ours.map(sinceKilled))),
    ...figuresOf(suffix === "" ? "extra_s" : "standby_extra_s", spreadOf(extra)),
    [`rounds${suffix}`]: ours.length,
  };
  if (theirs.length === 0) return { ...figures, [`vs_kafka_streams${suffix}`]: null };
  const peer = theirs.map(sinceDetected);
  const ratio = spreadOf(own.map((seconds, round) => seconds / (peer[round] ?? Number.NaN)));
  say(`kafka-streams, ${standbys}: ${inWords(spreadOf(peer), 2)} s; scorers take ${inWords(ratio, 2)} of that`);
  return {
    ...figures,
    ...figuresOf(`kafka_streams${suffix}_s`, spreadOf(peer)),
    ...figuresOf(`kafka_streams${suffix}_from_kill_s`, spreadOf(theirs.map(sinceKilled))),
    ...figuresOf(`vs_kafka_streams${suffix}`, ratio),
  };
}

function sinceDetected({ detectedAtMs, endedAtMs }: Takeover): number {
  return (endedAtMs - detectedAtMs) / 1_000;
}

function sinceKilled({ killedAtMs, endedAtMs }: Takeover): number {
  return (endedAtMs - killedAtMs) / 1_000;
}

/** Two scorers. Who was left last time is killed the next time. */
class ScorerPair implements Pair {
  readonly #setting: Setting;
  readonly #prober: Prober;
  #scorers: readonly [ScorerProcess, ScorerProcess];

  private constructor(setting: Setting, scorers: readonly [ScorerProcess, ScorerProcess]) {
    this.#setting = setting;
    this.#scorers = scorers;
    this.#prober = new Prober(setting.shoppers);
  }

  static async start(setting: Setting): Promise<ScorerPair> {
    const one = (number: number) =>
      ScorerProcess.start({
        ...{ brokers: setting.brokers, directory: folderOf(setting.directory, number), partitions: PARTITIONS },
        ...{ standbys: setting.standbys, sessionTimeoutMs: SESSION_TIMEOUT_MS, rpcPort: 0 },
        recoveryObjectiveMs: RECOVERY_OBJECTIVE_MS,
      });
    const pair = new ScorerPair(setting, await Promise.all([one(1), one(2)]));
    try {
      await pair.#settle();
      await untilCheckpointed(setting);
      await pair.#settle();
    } catch (error) {
      await pair.end();
      throw error;
    }
    return pair;
  }

  async takeOver(): Promise<Takeover> {
    const [killed, left] = this.#scorers;
    const owners = await left.owners();
    const taken = owners.flatMap((address, partition) => (address === killed.address ? [partition] : []));
    const killedAtMs = Date.now();
    await killed.kill();
    const endedAtMs = await this.#prober.untilRecovered(left.address, taken);
    const detectedAtMs = left.saidAtMs(DETECTED, killedAtMs);
    const agreedAtMs = left.saidAtMs(AGREED, killedAtMs);
    if (detectedAtMs === undefined || agreedAtMs === undefined)
      throw new Error("a scorer took over and said nothing of it");
    this.#scorers = [left, await killed.again()];
    await this.#settle();
    return { killedAtMs, detectedAtMs, agreedAtMs, endedAtMs };
  }

  async end(): Promise<void> {
    await Promise.all(this.#scorers.map((scorer) => scorer.stop()));
  }

  /** Waits until each owns its half, keeps the other's warm if it is to, has written its checkpoints, and answers. */
  async #settle(): Promise<void> {
    const half = PARTITIONS / 2;
    for (const scorer of this.#scorers) {
      await until("a scorer has its share", SETTLES_WITHIN_MS, async () => {
        const owned = await scorer.metric("leastwise_owned_partitions", 'role="owned"');
        const standby = await scorer.metric("leastwise_owned_partitions", 'role="standby"');
        return owned === half && standby === half * this.#setting.standbys;
      });
    }
    await this.#untilCheckpointsStand();
    for (const scorer of this.#scorers)
      await until("a scorer answers for everybody", SETTLES_WITHIN_MS, () => this.#prober.areAllGood(scorer.address));
  }

  async #untilCheckpointsStand(): Promise<void> {
    const written = async () => {
      const counts = await Promise.all(this.#scorers.map((scorer) => scorer.metric("leastwise_checkpoints_total")));
      return counts.join();
    };
    let last = await written();
    let sinceMs = performance.now();
    await until("checkpoints are written", SETTLES_WITHIN_MS, async () => {
      const now = await written();
      if (now !== last) sinceMs = performance.now();
      last = now;
      return performance.now() - sinceMs > QUIET_MS;
    });
  }
}

/** Has a few events come until a checkpoint of each partition has all that stands on the topic now. */
async function untilCheckpointed({ log, shoppers }: Setting): Promise<void> {
  const checkpoints = openCheckpointTopics(log, () => Date.now() as Millis);
  const ends = await Promise.all(shoppers.map((_, partition) => log.offsets(TOPICS.clickstream, partition)));
  let lacking = [...shoppers.keys()];
  await until("each partition has a checkpoint", SETTLES_WITHIN_MS, async () => {
    const newest = await Promise.all(lacking.map((partition) => checkpoints.newest(partition)));
    lacking = lacking.filter((partition, at) => {
      const found = newest[at];
      return !(found?.ok === true && (found.value?.offset ?? 0) >= (ends[partition]?.end ?? 0));
    });
    if (lacking.length === 0) return true;
    const asked = lacking.map((partition) => shoppers[partition] ?? 0);
    await addEvents(log, asked, PARTITIONS);
    await delay(TRICKLE_EVERY_MS);
    return false;
  });
}

/** Asks one scorer for shoppers of all partitions. */
class Prober {
  readonly #shoppers: readonly number[];
  #asked = 0;

  constructor(shoppers: readonly number[]) {
    this.#shoppers = shoppers;
  }

  async areAllGood(address: string): Promise<boolean> {
    const client = connect(wire.DecisionServiceClient, address);
    try {
      const answers = await Promise.all(this.#shoppers.map((_, partition) => this.#isGood(client, partition)));
      return answers.every((isGood) => isGood);
    } finally {
      client.close();
    }
  }

  /** Asks for one of the partitions after the other until all of them are answered for; resolves to when they were, Unix ms. */
  async untilRecovered(address: string, partitions: readonly number[]): Promise<number> {
    const client = connect(wire.DecisionServiceClient, address);
    const recovery = new Recovery(partitions);
    const over = performance.now() + TAKES_OVER_WITHIN_MS;
    try {
      for (let turn = 0; recovery.endedAtMs === undefined; turn += 1) {
        if (performance.now() > over) throw new Error(`not taken over within ${TAKES_OVER_WITHIN_MS / 1_000} s`);
        const partition = partitions[turn % partitions.length] ?? 0;
        void this.#isGood(client, partition).then((isGood) => {
          recovery.answered(partition, isGood, Date.now());
        });
        await delay(PROBE_EVERY_MS);
      }
      return recovery.endedAtMs;
    } finally {
      client.close();
    }
  }

  async #isGood(client: wire.DecisionServiceClient, partition: number): Promise<boolean> {
    this.#asked += 1;
    const request = decideRequest(this.#shoppers[partition] ?? 0, `probe-${this.#asked}-${Date.now()}`);
    const answer = await callUnary(client.decide.bind(client), request, { timeoutMs: PROBE_WITHIN_MS });
    return answer.ok && answer.value.freshness === wire.Freshness.FRESHNESS_FRESH;
  }
}

/** Two processes of the Kafka Streams application. Who was left last time is killed the next time. */
class StreamsPair implements Pair {
  readonly #setting: Setting;
  #processes: readonly [StreamsProcess, StreamsProcess];

  private constructor(setting: Setting) {
    this.#setting = setting;
    this.#processes = [this.#start(1), this.#start(2)];
  }

  static async start(setting: Setting): Promise<StreamsPair> {
    const pair = new StreamsPair(setting);
    try {
      await pair.#settle();
      await untilCommitted(setting.brokers);
    } catch (error) {
      await pair.end();
      throw error;
    }
    return pair;
  }

  async takeOver(): Promise<Takeover> {
    const [killed, left] = this.#processes;
    left.forget();
    const killedAtMs = Date.now();
    await killed.kill();
    let took: Takeover | undefined;
    await until("Kafka Streams has taken over", TAKES_OVER_WITHIN_MS, () => {
      took = left.standing && left.takeover(killedAtMs);
      return took !== undefined;
    });
    if (took === undefined) throw new Error("waited for");
    this.#processes = [left, new StreamsProcess(killed.options)];
    await this.#settle();
    return took;
  }

  async end(): Promise<void> {
    await Promise.all(this.#processes.map((one) => one.stop()));
  }

  #start(number: number): StreamsProcess {
    const { brokers, directory, standbys, shoppers } = this.#setting;
    return new StreamsProcess({
      ...{ brokers, standbys, topic: TOPICS.clickstream, application: APPLICATION },
      ...{ directory: join(directory, `streams-${number}`), probes: shoppers.map(subjectOf) },
      ...{ sessionTimeoutMs: SESSION_TIMEOUT_MS, heartbeatMs: HEARTBEAT_MS },
    });
  }

  /** Waits until each runs, owns its half, and keeps the other's warm if it is to, to the changelog's end. */
  async #settle(): Promise<void> {
    const half = PARTITIONS / 2;
    for (const one of this.#processes) {
      await until("Kafka Streams has settled", SETTLES_WITHIN_MS, () => {
        const standing = one.standing;
        if (standing?.state !== "RUNNING" || standing.lag !== 0 || standing.served.length !== half) return false;
        return standing.standbys.length === half * this.#setting.standbys;
      });
    }
  }
}

/** Waits until all of the topic is in the application's state, and that in its changelog. */
async function untilCommitted(brokers: readonly string[]): Promise<void> {
  const kafka = new Kafka({ clientId: "bench", brokers: [...brokers], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  try {
    const ends = await admin.fetchTopicOffsets(TOPICS.clickstream);
    await until("Kafka Streams has read all", SETTLES_WITHIN_MS, async () => {
      const [committed] = await admin.fetchOffsets({ groupId: APPLICATION, topics: [TOPICS.clickstream] });
      const at = new Map(committed?.partitions.map(({ partition, offset }) => [partition, offset]));
      return ends.every(({ partition, offset }) => at.get(partition) === offset);
    });
  } finally {
    await admin.disconnect();
  }
}

import { wire } from "@leastwise/contracts";
import { callUnary, connect } from "@leastwise/rpc";
import { bucketOf, partitionOfBucket } from "@leastwise/vocabulary";
import { decideRequest, HASHER, SHOPPERS, userIdOf } from "./checkout.js";
import { Child } from "./child.js";
import { figuresOf, inTurn, inWords, percentile, spreadOf, type Bench, type Figures } from "./harness.js";
import type { FromScorer, ToScorer } from "./routing-messages.js";

const IN_FLIGHT = 32;
const ROUND_MS = 1_000;
const ROUNDS_MIN = 3;

/**
 * A forwarded Decide against an own one: the same scorer is asked, one call after the other, in turn for one of its own shoppers and for one of
 * another scorer's, each answer's append to the owner's embedded log (fsync) included. Then as many calls as two scorers answer, against what one
 * does. The scorers are processes of their own with routed services, each on a log of its own, and told who owns what: the
 * map's own way, over Kafka, is not part of it.
 */
export const routingBench: Bench = {
  name: "routing",
  summary: "p50 of a Decide that another scorer owns, in one hop, against an own one; calls/s over 2 scorers against 1",
  async run({ seconds, say }): Promise<Figures> {
    say(`preparing two scorers, each with ${SHOPPERS} shoppers on an embedded log`);
    const scorers = await Scorers.start();
    try {
      const rounds = Math.max(ROUNDS_MIN, Math.floor((seconds * 1_000) / (4 * ROUND_MS)));
      const latency = await latencies(scorers, rounds, say);
      return { ...latency, ...(await throughput(scorers, rounds, say)), rounds };
    } finally {
      await scorers.end();
    }
  },
};

/** Two scorers: who is asked first owns the first half of the partitions, or all of them. */
class Scorers {
  readonly first: Scorer;
  readonly second: Scorer;

  private constructor(first: Scorer, second: Scorer) {
    this.first = first;
    this.second = second;
  }

  static async start(): Promise<Scorers> {
    const [first, second] = await Promise.all([Scorer.start(), Scorer.start()]);
    return new Scorers(first, second);
  }

  async share(): Promise<void> {
    const { first, second } = this;
    await this.#map((partition) => (isOfSecond(partition, first.partitions) ? second : first));
  }

  async leaveAllToFirst(): Promise<void> {
    await this.#map(() => this.first);
  }

  async end(): Promise<void> {
    await Promise.all([this.first.end(), this.second.end()]);
  }

  async #map(ownerOf: (partition: number) => Scorer): Promise<void> {
    const owners = Array.from({ length: this.first.partitions }, (_, partition) => ownerOf(partition).address);
    await this.first.goBy(owners);
    await this.second.goBy(owners);
  }
}

function isOfSecond(partition: number, partitions: number): boolean {
  return partition >= partitions / 2;
}

class Scorer {
  readonly address: string;
  readonly partitions: number;
  readonly #child: Child<ToScorer, FromScorer>;
  readonly #client: wire.DecisionServiceClient;

  private constructor(child: Child<ToScorer, FromScorer>, address: string, partitions: number) {
    this.#child = child;
    this.address = address;
    this.partitions = partitions;
    this.#client = connect(wire.DecisionServiceClient, address);
  }

  static async start(): Promise<Scorer> {
    const child = new Child<ToScorer, FromScorer>(new URL("./routing-child.js", import.meta.url));
    const { address, partitions } = await child.told("ready");
    return new Scorer(child, address, partitions);
  }

  async goBy(owners: readonly string[]): Promise<void> {
    const mapped = this.#child.told("mapped");
    this.#child.ask({ kind: "map", owners });
    await mapped;
  }

  /** Calls that it has passed on so far. */
  async passedOn(): Promise<number> {
    const count = this.#child.told("count");
    this.#child.ask({ kind: "count" });
    return (await count).passedOn;
  }

  /** How long an answer took, ms. */
  async decide(request: wire.DecideRequest): Promise<number> {
    const calledMs = performance.now();
    const answer = await callUnary(this.#client.decide.bind(this.#client), request);
    const tookMs = performance.now() - calledMs;
    if (!answer.ok) throw new Error(`${answer.error.code}: ${answer.error.message}`);
    if (answer.value.degradedReason !== "") throw new Error(`an answer was degraded: ${answer.value.degradedReason}`);
    return tookMs;
  }

  async end(): Promise<void> {
    this.#client.close();
    await this.#child.end({ kind: "end" });
  }
}

/** Some of the shoppers, by their partitions, one after the other, each time as another request. */
class Shoppers {
  static #requests = 0;
  readonly #shoppers: readonly { readonly shopper: number; readonly partition: number }[];
  #next = 0;

  constructor(partitions: number, isOne: (partition: number) => boolean) {
    this.#shoppers = Array.from({ length: SHOPPERS }, (_, shopper) => ({
      shopper,
      partition: partitionOfBucket(bucketOf(HASHER.known(userIdOf(shopper))), partitions),
    })).filter(({ partition }) => isOne(partition));
  }

  next(): { readonly request: wire.DecideRequest; readonly partition: number } {
    const one = this.#shoppers[this.#next % this.#shoppers.length];
    if (one === undefined) throw new RangeError("no shoppers");
    this.#next += 1;
    Shoppers.#requests += 1;
    return { request: decideRequest(one.shopper, `request-${Shoppers.#requests}`), partition: one.partition };
  }
}

/** What one round of calls to the same scorer took, ms: those for its own shoppers, and those in between for the other's. */
interface Round {
  readonly own: readonly number[];
  readonly forwarded: readonly number[];
}

/** The same scorer is asked for its own shoppers and for the other's, call by call in turn. */
async function latencies(scorers: Scorers, rounds: number, say: (line: string) => void): Promise<Figures> {
  const { first, second } = scorers;
  await scorers.share();
  const ownShoppers = new Shoppers(first.partitions, (partition) => !isOfSecond(partition, first.partitions));
  const otherShoppers = new Shoppers(first.partitions, (partition) => isOfSecond(partition, first.partitions));
  await calmRound(first, ownShoppers, otherShoppers);
  const passedOnBefore = await first.passedOn();
  const measured: Round[] = [];
  while (measured.length < rounds) measured.push(await calmRound(first, ownShoppers, otherShoppers));
  const passedOn = (await first.passedOn()) - passedOnBefore + (await second.passedOn());
  const forwardedCalls = measured.flatMap(({ forwarded }) => forwarded).length;
  const p50s = (which: keyof Round) => measured.map((round) => percentile(round[which], 0.5));
  const [own, forwarded] = [p50s("own"), p50s("forwarded")];
  const ratio = spreadOf(forwarded.map((p50, round) => p50 / (own[round] ?? Number.NaN)));
  const one = (which: keyof Round): Figures => {
    const p99 = percentile(
      measured.flatMap((round) => round[which]),
      0.99,
    );
    const p50 = spreadOf(p50s(which));
    say(`${which.padEnd(9)} p50 ${inWords(p50, 2)} ms, p99 ${p99.toFixed(2)} ms`);
    return { ...figuresOf(`p50_ms_${which}`, p50), [`p99_ms_${which}`]: p99 };
  };
  const both = { ...one("own"), ...one("forwarded") };
  const hops = passedOn / forwardedCalls;
  say(`p50 of a forwarded Decide is ${inWords(ratio, 2)} of an own one's, ${hops.toFixed(2)} hops each`);
  say(
    `one call at a time, own and forwarded in turn, ${rounds} rounds of ${ROUND_MS / 1_000} s; logs: embedded, fsync`,
  );
  return { ...both, ...figuresOf("p50_ratio", ratio), hops_per_forwarded_call: hops };
}

/** As many calls as are answered: by one scorer that owns all; by two, whichever is asked; by two, each asked for its own. */
async function throughput(scorers: Scorers, rounds: number, say: (line: string) => void): Promise<Figures> {
  const { first, second } = scorers;
  const everybody = new Shoppers(first.partitions, () => true);
  const alone = async () => {
    await scorers.leaveAllToFirst();
    return busyRound(everybody, () => first);
  };
  const shared = async () => {
    await scorers.share();
    let calls = 0;
    const any = await busyRound(everybody, () => ((calls += 1) % 2 === 0 ? first : second));
    const byMap = await busyRound(everybody, (partition) => (isOfSecond(partition, first.partitions) ? second : first));
    return { any, byMap };
  };
  await inTurn(1, alone, shared);
  const { a, b } = await inTurn(rounds, alone, shared);
  const over = (rates: readonly number[]) => spreadOf(rates.map((rate, round) => rate / (a[round] ?? Number.NaN)));
  const [one, any, byMap] = [a, b.map((round) => round.any), b.map((round) => round.byMap)];
  say(`one scorer ${inWords(spreadOf(one))} calls/s`);
  say(`two, any asked, half of the calls forwarded: ${inWords(over(any), 2)} of that`);
  say(`two, each asked for its own, as a client that goes by the map: ${inWords(over(byMap), 2)} of that`);
  say(`${IN_FLIGHT} calls in flight; the caller and all scorers share this machine's cores`);
  return {
    ...figuresOf("calls_per_s_one", spreadOf(one)),
    ...figuresOf("two_vs_one", over(any)),
    ...figuresOf("two_by_map_vs_one", over(byMap)),
    in_flight: IN_FLIGHT,
  };
}

async function calmRound(scorer: Scorer, ownShoppers: Shoppers, otherShoppers: Shoppers): Promise<Round> {
  const [own, forwarded]: [number[], number[]] = [[], []];
  const startedMs = performance.now();
  while (performance.now() - startedMs < ROUND_MS) {
    own.push(await scorer.decide(ownShoppers.next().request));
    forwarded.push(await scorer.decide(otherShoppers.next().request));
  }
  return { own, forwarded };
}

/** So many calls in flight, each to whom is said; calls a second. */
async function busyRound(shoppers: Shoppers, scorerOf: (partition: number) => Scorer): Promise<number> {
  const startedMs = performance.now();
  let calls = 0;
  const callInTurn = async (): Promise<void> => {
    while (performance.now() - startedMs < ROUND_MS) {
      const { request, partition } = shoppers.next();
      await scorerOf(partition).decide(request);
      calls += 1;
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, callInTurn));
  return (calls * 1_000) / (performance.now() - startedMs);
}

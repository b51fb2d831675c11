import type { CompiledPolicy } from "@leastwise/decision";
import { figuresOf, garbageCollector, inTurnFor, inWords, spreadOf, type Bench, type Figures } from "./harness.js";
import { loaded, policyDocument, situations, weighingRound } from "./market-policy.js";

const SEED = "policy";
const REGIONS = 50;
const CAMPAIGNS_OF_REGION = 20;
const SEGMENTS_OF_REGION = 100;
/** The region whose shoppers decide: its campaigns stand in the middle of the large policy. */
const REGION = 25;
const LINES = 8;
const SHOPPERS = 200;
const LOADS = 5;
const MIB = 2 ** 20;

/**
 * A policy as large as one may be, of a group of shops in 50 regions: how long it takes to load, and what a decision under it takes against the policy
 * of one region alone, in turn. Both weigh the same rungs; what the large one has besides is what cannot matter to the shopper.
 */
export const policyBench: Bench = {
  name: "policy",
  summary: "a policy of 1,000 campaigns and 5,000 segments: load, memory, decisions against one of 20 and 100",
  async run({ seconds, say }): Promise<Figures> {
    const size = { campaigns: CAMPAIGNS_OF_REGION, segments: SEGMENTS_OF_REGION };
    const document = policyDocument({ regions: REGIONS, ...size }, SEED);
    const load = loads(document);
    const [large] = load.policies;
    const small = loaded(policyDocument({ regions: REGIONS, ...size, only: REGION }, SEED));
    const roundUnder = (policy: CompiledPolicy) => weighingRound(situations(policy, REGION, SHOPPERS, LINES, SEED));
    const { a, b } = await inTurnFor(seconds, roundUnder(large), roundUnder(small));
    const largeUs = spreadOf(a.map(({ meanUs }) => meanUs));
    const smallUs = spreadOf(b.map(({ meanUs }) => meanUs));
    const slowdown = spreadOf(a.map(({ meanUs }, i) => meanUs / (b[i]?.meanUs ?? Number.NaN)));
    if (a[0]?.rungs !== b[0]?.rungs) throw new Error("the two policies weighed different rungs");
    say(`a document of ${(document.length / MIB).toFixed(2)} MiB, ${LOADS} loads: ${inWords(load.seconds, 2)} s`);
    say(
      `${SHOPPERS} shoppers of one region again and again, ${a.length} rounds, seed ${SEED}, ${a[0]?.rungs ?? 0} rungs weighed on average`,
    );
    say(`a loaded policy holds ${load.heapMib.toFixed(1)} MiB`);
    say(`${large.campaigns.length} campaigns, ${large.segments.length} segments: ${inWords(largeUs, 1)} µs a decision`);
    say(`${small.campaigns.length} campaigns, ${small.segments.length} segments: ${inWords(smallUs, 1)} µs a decision`);
    return {
      ...figuresOf("load_s", load.seconds),
      ...figuresOf("slowdown", slowdown),
      ...figuresOf("large_mean_us", largeUs),
      ...figuresOf("small_mean_us", smallUs),
      heap_mib: Math.round(load.heapMib * 10) / 10,
    };
  },
};

/** Loads the document several times, and once more to see what a loaded policy holds in memory. */
function loads(document: string) {
  let policy = loaded(document);
  const tookS: number[] = [];
  for (let load = 0; load < LOADS; load += 1) {
    const startedMs = performance.now();
    policy = loaded(document);
    tookS.push((performance.now() - startedMs) / 1_000);
  }
  const collect = garbageCollector();
  collect();
  const beforeBytes = process.memoryUsage().heapUsed;
  const kept = loaded(document);
  collect();
  const heapMib = (process.memoryUsage().heapUsed - beforeBytes) / MIB;
  return { policies: [policy, kept] as const, seconds: spreadOf(tookS), heapMib };
}

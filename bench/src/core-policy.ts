import { figuresOf, inTurnFor, inWords, spreadOf, type Bench, type Figures } from "./harness.js";
import { loaded, policyDocument, policyForAll, situations, weighingRound } from "./market-policy.js";

const SEED = "core-policy";
const CAMPAIGNS = 20;
const LINES = 8;
const SHOPPERS = 200;

/**
 * The pure steps from consent to guardrails under a policy of 20 campaigns of 8 rungs, for carts of 8 lines: as a shop has it, each campaign aimed at
 * a segment, and, in turn, where every campaign is for everybody.
 */
export const corePolicyBench: Bench = {
  name: "core-policy",
  summary: `pure steps from consent to guardrails: ${CAMPAIGNS} campaigns of 8 rungs, ${LINES} lines`,
  async run({ seconds, say }): Promise<Figures> {
    const aimed = loaded(policyDocument({ regions: 1, campaigns: CAMPAIGNS, segments: CAMPAIGNS }, SEED));
    const forAll = loaded(policyForAll(CAMPAIGNS));
    const asked = situations(aimed, 0, SHOPPERS, LINES, SEED);
    const askedOfAll = situations(forAll, 0, SHOPPERS, LINES, SEED);
    const { a, b } = await inTurnFor(seconds, weighingRound(asked), weighingRound(askedOfAll));
    const aimedUs = spreadOf(a.map(({ meanUs }) => meanUs));
    const forAllUs = spreadOf(b.map(({ meanUs }) => meanUs));
    const rungs = { aimed: a[0]?.rungs ?? 0, forAll: b[0]?.rungs ?? 0 };
    say(`${SHOPPERS} shoppers again and again, ${a.length} rounds, seed ${SEED}`);
    say(`each campaign for a segment, ${rungs.aimed.toFixed(1)} rungs weighed: ${inWords(aimedUs, 2)} µs`);
    say(`each campaign for everybody, ${rungs.forAll.toFixed(1)} rungs weighed: ${inWords(forAllUs, 2)} µs`);
    return {
      ...figuresOf("mean_us", aimedUs),
      rungs_weighed: rungs.aimed,
      ...figuresOf("for_all_mean_us", forAllUs),
      for_all_rungs_weighed: rungs.forAll,
    };
  },
};

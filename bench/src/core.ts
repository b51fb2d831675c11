import { decisionRecord, wire } from "@leastwise/contracts";
import { decide, type DecisionInput } from "@leastwise/decision";
import { figuresOf, inTurnFor, inWords, spreadOf, type Bench, type Figures } from "./harness.js";
import { loaded, policyDocument, situations } from "./market-policy.js";

const SEED = "core";
const [FEW, MANY] = [20, 100];
const LINES = 8;
const SHOPPERS = 200;
const ROUND_MS = 400;

/** What whole decisions took, and how they came out. */
interface CoreRound {
  readonly meanUs: number;
  /** Rungs a decision, rung 0 included. */
  readonly rungs: number;
  /** Share that granted something, 0 to 1. */
  readonly granted: number;
}

/** The whole decision, from its input to the value that fills its record, under a policy of 20 campaigns of 8 rungs and, in turn, of 100. */
export const coreBench: Bench = {
  name: "core",
  summary: `the pure decision, whole: ${FEW} and ${MANY} campaigns of 8 rungs, ${LINES} lines`,
  async run({ seconds, say }): Promise<Figures> {
    const [few, many] = [inputs(FEW), inputs(MANY)];
    const { a, b } = await inTurnFor(seconds, decidingRound(few), decidingRound(many));
    const fewUs = spreadOf(a.map(({ meanUs }) => meanUs));
    const manyUs = spreadOf(b.map(({ meanUs }) => meanUs));
    const bytes = recordBytes(few);
    say(`${SHOPPERS} shoppers again and again, ${a.length} rounds, seed ${SEED}`);
    say(`${FEW} campaigns, ${words(a[0])}: ${inWords(fewUs, 1)} µs; record ${bytes.toFixed(0)} bytes`);
    say(`${MANY} campaigns, ${words(b[0])}: ${inWords(manyUs, 1)} µs`);
    return {
      ...figuresOf("mean_us", fewUs),
      ...figuresOf("mean_us_100_campaigns", manyUs),
      rungs: a[0]?.rungs ?? 0,
      rungs_100_campaigns: b[0]?.rungs ?? 0,
      bytes_per_decision: bytes,
    };
  },
};

function inputs(campaigns: number): readonly DecisionInput[] {
  const policy = loaded(policyDocument({ regions: 1, campaigns, segments: campaigns }, SEED));
  return situations(policy, 0, SHOPPERS, LINES, SEED);
}

function decidingRound(asked: readonly DecisionInput[]): () => Promise<CoreRound> {
  return () => {
    let [decisions, rungs, granted] = [0, 0, 0];
    const startedMs = performance.now();
    let tookMs = 0;
    while (tookMs < ROUND_MS) {
      for (const input of asked) {
        const { candidates, offer } = decided(input);
        rungs += candidates.length;
        if (offer !== undefined) granted += 1;
      }
      decisions += asked.length;
      tookMs = performance.now() - startedMs;
    }
    const meanUs = (tookMs * 1_000) / decisions;
    return Promise.resolve({ meanUs, rungs: rungs / decisions, granted: granted / decisions });
  };
}

function decided(input: DecisionInput) {
  const outcome = decide(input);
  if (outcome.kind === "repeated") throw new Error("nothing was answered before");
  return outcome.decision;
}

/** Mean length of the records, encoded. */
function recordBytes(asked: readonly DecisionInput[]): number {
  const bytes = asked.map((input) => wire.DecisionRecord.encode(decisionRecord(decided(input), input)).finish().length);
  return bytes.reduce((sum, length) => sum + length, 0) / bytes.length;
}

function words(round: CoreRound | undefined): string {
  const { rungs = 0, granted = 0 } = round ?? {};
  return `${rungs.toFixed(1)} rungs weighed, ${(100 * granted).toFixed(0)} % granted`;
}

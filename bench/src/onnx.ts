import { beginDecision, decide, type CompiledModel, type DecisionInput, type ModelAnswer } from "@leastwise/decision";
import { loadCustom, type AskableModel } from "@leastwise/onnx-response";
import { FEATURE_CATALOGUE } from "@leastwise/references";
import { INCENTIVE_KINDS } from "@leastwise/offers";
import { treeModel } from "@leastwise/testkit";
import { CannotRun, figuresOf, inTurnFor, inWords, spreadOf, type Bench, type Figures } from "./harness.js";
import { loaded, modelOfPriors, policyDocument, situations } from "./market-policy.js";

/** The inputs of the bench `core`. */
const SEED = "core";
const CAMPAIGNS = 20;
const LINES = 8;
const SHOPPERS = 200;
const [TREES, DEPTH] = [200, 4];
const ROUND_MS = 400;
/** Nothing is late here: what it takes is what is measured. */
const PATIENT_MS = 1_000;

interface OnnxRound {
  readonly meanUs: number;
  /** Rows of a question, rung 0 among them. */
  readonly rows: number;
}

/** The whole decision by the priors, and, in turn, with a model in ONNX that is asked about all rungs in one call. */
export const onnxBench: Bench = {
  name: "onnx",
  summary: `the pure decision with a model of ${TREES} trees in ONNX, asked about all rungs in one call, and without`,
  async run({ seconds, say }): Promise<Figures> {
    const policy = loaded(policyDocument({ regions: 1, campaigns: CAMPAIGNS, segments: CAMPAIGNS }, SEED));
    const model = customModel();
    const part = await standing(model);
    const without = situations(policy, 0, SHOPPERS, LINES, SEED);
    const asked = without.map((input) => ({ ...input, model }));
    const { a, b } = await inTurnFor(seconds, withoutRound(without), askingRound(asked, part));
    await part.close();
    const extraUs = spreadOf(b.map(({ meanUs }, round) => meanUs - (a[round]?.meanUs ?? Number.NaN)));
    const [withoutUs, withUs] = [a, b].map((rounds) => spreadOf(rounds.map(({ meanUs }) => meanUs)));
    const rows = b[0]?.rows ?? 0;
    say(`${SHOPPERS} shoppers again and again, ${a.length} rounds, ${TREES} trees of ${DEPTH} decisions, seed ${SEED}`);
    if (withoutUs !== undefined) say(`by the priors: ${inWords(withoutUs, 1)} µs`);
    if (withUs !== undefined) say(`asking a model in ONNX, ${rows.toFixed(1)} rows a call: ${inWords(withUs, 1)} µs`);
    say(`which is ${inWords(extraUs, 1)} µs more`);
    return {
      ...figuresOf("extra_us", extraUs),
      ...(withoutUs && figuresOf("mean_us_without", withoutUs)),
      ...(withUs && figuresOf("mean_us", withUs)),
      rows_per_call: rows,
      trees: TREES,
      tree_depth: DEPTH,
    };
  },
};

/** The priors with a custom part, under a name of its own. */
function customModel(): CompiledModel {
  const featureCount = FEATURE_CATALOGUE.names.length;
  const columns = featureCount + INCENTIVE_KINDS.length + 1;
  const onnx = treeModel({ seed: "onnx", columns, trees: TREES, depth: DEPTH });
  return modelOfPriors({ version: "bench-onnx", custom: { onnx, featureCount } });
}

async function standing(model: CompiledModel): Promise<AskableModel> {
  const part = await loadCustom(model, { budgetMs: PATIENT_MS });
  if (part.ok) return part.value;
  throw new CannotRun(
    `the model in ONNX is refused: ${part.error.map(({ reason, came }) => `${reason} ${came}`).join()}`,
  );
}

function withoutRound(inputs: readonly DecisionInput[]): () => Promise<OnnxRound> {
  return rounds(inputs, (input) => {
    decide(input);
    return 0;
  });
}

function askingRound(inputs: readonly DecisionInput[], part: AskableModel): () => Promise<OnnxRound> {
  return rounds(inputs, async (input) => {
    const begun = beginDecision(input);
    const { question } = begun;
    const answer = question === undefined ? undefined : await answerOf(part, question);
    begun.finish(answer);
    return question === undefined ? 0 : question.rows.length + 1;
  });
}

async function answerOf(part: AskableModel, question: Parameters<AskableModel["ask"]>[0]): Promise<ModelAnswer> {
  const outcome = await part.ask(question, PATIENT_MS);
  if (outcome.outcome === "answered") return outcome.answer;
  throw new Error(`the model did not answer: ${outcome.outcome}`);
}

/** @param decideOne decides, and gives the rows that were asked */
function rounds(
  inputs: readonly DecisionInput[],
  decideOne: (input: DecisionInput) => number | Promise<number>,
): () => Promise<OnnxRound> {
  return async () => {
    let [decisions, rows, tookMs] = [0, 0, 0];
    const startedMs = performance.now();
    while (tookMs < ROUND_MS) {
      for (const input of inputs) rows += await decideOne(input);
      decisions += inputs.length;
      tookMs = performance.now() - startedMs;
    }
    return { meanUs: (tookMs * 1_000) / decisions, rows: rows / decisions };
  };
}

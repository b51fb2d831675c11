import {
  isWithin,
  GIVEN_LOGIT_MOST,
  GIVEN_MOST,
  LOADED_BAND,
  logistic,
  type CompiledCustom,
  type CompiledModel,
  type ResponseQuestion,
} from "@leastwise/decision";
import { err, InWords, ok, refusal, type Refusal, type Result } from "@leastwise/vocabulary";
import { setImmediate } from "node:timers/promises";
import { StandingModel } from "./standing-model.js";
import { probesOf, timedQuestion } from "./probes.js";
import { onnxRuntime, type OnnxRuntime, type OnnxSession } from "./runtime.js";
import { columnsOf, lengthOf } from "./rows.js";
import { askRows, isFinite, type Shaped } from "./session.js";

export interface LoadOptions {
  /** Longest that an answer may take, ms. */
  readonly budgetMs: number;
  /** Whether one that takes longer is taken all the same: who follows what was put into force has no choice, and asks it for as long as it answers in time. Absent: it is refused. */
  readonly mayBeSlow?: boolean;
  /** A clock that never goes back, ms. Absent: the process's. */
  readonly nowMs?: () => number;
  /** The runtime. Absent: `onnxruntime-node`. */
  readonly runtime?: () => Promise<Result<OnnxRuntime, Refusal>>;
}

/** Rows of the call whose time is taken. */
const TIMED_ROWS = 64;
/** Calls of which one has to be quick enough: the first ones are slow, and the machine may have had something else to do. */
const TIMED_CALLS = 8;
/** How much a logit may fall with depth before it is called falling: sums of float32 are not exact. */
const FALL_TOLERATED = 1e-4;

/** One thread, and no other device: a scorer has its own use for its cores, and answers are small. */
const ONE_THREAD = {
  executionProviders: ["cpu"],
  executionMode: "sequential",
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  // Of what is wrong with a model, the refusal tells.
  logSeverityLevel: 4,
} as const;

/**
 * Loads the custom part of a model and tries it, on the probes of {@link probesOf} and against the time that it may take, so that nothing comes into force that is not to
 * be used. Whoever gets it closes it.
 */
export async function loadCustom(
  { version, custom }: Pick<CompiledModel, "version" | "custom">,
  options: LoadOptions,
): Promise<Result<StandingModel, readonly Refusal[]>> {
  if (custom === undefined) throw new Error(`${version} has no custom part`);
  const { nowMs = () => performance.now(), runtime = onnxRuntime, budgetMs, mayBeSlow = false } = options;
  const found = await runtime();
  if (!found.ok) return err([found.error]);
  const session = await sessionOf(found.value, custom);
  if (!session.ok) return err([session.error]);
  const problem = await tried(found.value, session.value, custom, { budgetMs: mayBeSlow ? Infinity : budgetMs, nowMs });
  if (problem.ok) return ok(new StandingModel(problem.value, { budgetMs, nowMs }));
  await session.value.release();
  return err([problem.error]);
}

async function sessionOf(
  { InferenceSession }: OnnxRuntime,
  { onnx }: CompiledCustom,
): Promise<Result<OnnxSession, Refusal>> {
  try {
    return ok(await InferenceSession.create(onnx, ONE_THREAD));
  } catch (error) {
    return err(refused("onnx_unreadable", whyOf(error), "a model in ONNX that this runtime reads"));
  }
}

async function tried(
  runtime: OnnxRuntime,
  session: OnnxSession,
  custom: CompiledCustom,
  timing: Required<Pick<LoadOptions, "budgetMs" | "nowMs">>,
): Promise<Result<Shaped, Refusal>> {
  const { inputNames, outputNames } = session;
  const columns = columnsOf(custom.featureCount);
  const [[input], [output]] = [inputNames, outputNames];
  if (input === undefined || inputNames.length !== 1)
    return err(refused("onnx_input_shape", namesOf(inputNames), `one input, float32 [rows, ${columns}]`));
  if (output === undefined || outputNames.length !== 1) return err(outputRefused(namesOf(outputNames)));
  const shaped = { runtime, session, custom, input, output };
  try {
    // Its time first: trying one that is slow would take as much longer.
    const problem = (await timed(shaped, timing)) ?? (await probed(shaped));
    return problem === undefined ? ok(shaped) : err(problem);
  } catch (error) {
    // What it reads shows when it is asked: the runtime tells other shapes and types than it has been given.
    return err(refused("onnx_input_shape", whyOf(error), `one input, float32 [rows, ${columns}]`));
  }
}

/** What is wrong with what the model says of the probes; undefined: nothing. */
async function probed(shaped: Shaped): Promise<Refusal | undefined> {
  const { featureCount } = shaped.custom;
  const probes = probesOf(featureCount);
  const data = new Float32Array(Math.max(...probes.map(({ rows }) => lengthOf(featureCount, rows))));
  for (const [place, probe] of probes.entries()) {
    // Checkouts are answered meanwhile.
    await setImmediate();
    const rows = await askRows(shaped, probe, data);
    if (rows === undefined) return outputRefused("other rows than were asked");
    const whom = place === 0 ? "a shopper of whom nothing is known" : `probe ${place}`;
    if (!isFinite(rows)) return refused("not_finite", `another number for ${whom}`, "finite numbers");
    const chance = logistic(rows.logits[0] ?? Number.NaN);
    if (place === 0 && !isWithin(LOADED_BAND, chance)) {
      const expected = `a chance to buy of ${LOADED_BAND.least} to ${LOADED_BAND.most} for ${whom}`;
      return refused("conversion_unbelievable", chance, expected);
    }
    const most = Math.max(...rows.logits.slice(1));
    if (place === 0 && most > GIVEN_LOGIT_MOST) {
      const expected = `a chance to buy of at most ${GIVEN_MOST} for ${whom}, whatever is given`;
      return refused("conversion_unbelievable", logistic(most), expected);
    }
    const fall = fallIn(probe, rows.logits);
    if (fall !== undefined) return refused("response_falls", `${fall}, for ${whom}`, "a response that never falls");
  }
  return undefined;
}

/** Where the logit falls with depth, in words; undefined: nowhere. */
function fallIn({ rows }: ResponseQuestion, logits: readonly number[]): string | undefined {
  for (const [place, { kind, depthBp }] of rows.entries()) {
    const before = rows[place - 1];
    const [logit = Number.NaN, next = Number.NaN] = [logits[place], logits[place + 1]];
    if (before?.kind === kind && next < logit - FALL_TOLERATED)
      return `${kind}: ${(next - logit).toFixed(4)} from ${before.depthBp} to ${depthBp} bp`;
  }
  return undefined;
}

async function timed(
  shaped: Shaped,
  { budgetMs, nowMs }: Required<Pick<LoadOptions, "budgetMs" | "nowMs">>,
): Promise<Refusal | undefined> {
  const { featureCount } = shaped.custom;
  const question = timedQuestion(featureCount, TIMED_ROWS);
  const data = new Float32Array(lengthOf(featureCount, question.rows));
  let quickestMs = Infinity;
  for (let call = 0; call < TIMED_CALLS && quickestMs > budgetMs; call += 1) {
    await setImmediate();
    const startedMs = nowMs();
    await askRows(shaped, question, data);
    quickestMs = Math.min(quickestMs, nowMs() - startedMs);
  }
  if (quickestMs <= budgetMs) return undefined;
  const expected = `at most ${budgetMs} ms for ${TIMED_ROWS} rows (scorer.custom_model_budget_ms)`;
  return refused("too_slow", `${quickestMs.toFixed(1)} ms`, expected);
}

function namesOf(names: readonly string[]): string {
  return names.length === 0 ? "none" : names.join(" and ");
}

function outputRefused(came: string): Refusal {
  return refused("onnx_output_shape", came, "one output, float32 [rows], [rows, 1] or [rows, 2]");
}

function refused(reason: string, came: unknown, expected: string): Refusal {
  return refusal(reason, "custom.onnx", typeof came === "string" ? new InWords(came) : came, expected);
}

function whyOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

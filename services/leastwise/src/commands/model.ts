import { writeJson, type wire } from "@leastwise/contracts";
import { loadCustom } from "@leastwise/onnx-response";
import { writeModelDocument } from "@leastwise/policy";
import { printable } from "@leastwise/vocabulary";
import { askingBy } from "../host/ask-service.js";
import { ServiceFailure } from "../host/start-failure.js";
import { ModelClient } from "../model/model-client.js";
import { checkModelFile, tryModelFile } from "../model/model-file.js";
import { nameOf, sayDocumentProblem } from "../policy/document-text.js";
import type { AskingOptions, PolicyOptions, RollbackOptions } from "./policy.js";
import { countOf, say } from "./saying.js";

/** What names a model in ONNX beside its document. */
interface OnnxOptions {
  /** Its bytes become the document's `custom.onnx`. */
  readonly onnx?: string;
}

export type ValidateModelOptions = PolicyOptions & OnnxOptions;

/** How long a model in ONNX may take to answer where nobody says otherwise, ms: the default of `scorer.custom_model_budget_ms`. */
const CUSTOM_BUDGET_MS = 5;

/** Checks a document without asking anybody; what is in ONNX is run here. Ends with 1 where it could not be put into force. */
export async function validateModelCommand(file: string, { json, onnx }: ValidateModelOptions): Promise<void> {
  const checked = await tryModelFile({ file, onnx }, (model) => loadCustom(model, { budgetMs: CUSTOM_BUDGET_MS }));
  const problems = checked.ok ? [] : checked.error;
  if (json) say(JSON.stringify({ valid: checked.ok, problems }));
  else for (const problem of problems) say(sayDocumentProblem(file, problem));
  if (!checked.ok) throw new ServiceFailure(countOf(problems.length, "problem"));
  if (!json) say(`${nameOf(file)}: ${sayModel(checked.value)}`);
}

/** Who puts a model into force, and why. */
export type ApplyModelOptions = AskingOptions & OnnxOptions & Pick<wire.ApplyModelRequest, "author" | "reason">;

/** Puts a document into force. What is in ONNX is run by the service alone: its machine is the one that counts. */
export async function applyModelCommand(file: string, options: ApplyModelOptions): Promise<void> {
  const { address, author, reason, json, onnx } = options;
  const checked = await checkModelFile({ file, onnx });
  if (!checked.ok) {
    if (json) say(JSON.stringify({ valid: false, problems: checked.error }));
    for (const problem of checked.error) process.stderr.write(`${sayDocumentProblem(file, problem)}\n`);
    throw new ServiceFailure(`${countOf(checked.error.length, "problem")}: nothing was done`);
  }
  await asking(address, async (client) => {
    const version = await client.apply({ model: checked.value, author, reason });
    say(json ? JSON.stringify({ version }) : `${version} is in force`);
  });
}

/** Prints a model as a document. */
export async function showModelCommand(version: string | undefined, { address, json }: AskingOptions): Promise<void> {
  const { model } = await asking(address, (client) => client.get(version));
  if (model === undefined) throw new ServiceFailure(`${address} answered without a model`);
  say(json ? JSON.stringify(writeJson("ResponseModel", model)) : writeModelDocument(model).trimEnd());
}

/** Prints who put what into force, when and why, the newest first. */
export async function modelHistoryCommand({ address, json }: AskingOptions): Promise<void> {
  const [history, inForce] = await asking(address, async (client) => [await client.history(), await client.get()]);
  const rows = history.map(({ model, appliedAtMs, author, reason }) => ({
    version: model?.version ?? "",
    applied_at: new Date(Number(appliedAtMs)).toISOString(),
    author,
    reason,
  }));
  if (json) say(JSON.stringify({ models: rows }));
  else if (rows.length === 0) say(`none was put into force: the priors hold, ${inForce.model?.version ?? ""}`);
  else
    for (const { applied_at: appliedAt, version, author, reason } of rows)
      say(`${appliedAt}  ${version.padEnd(24)}  ${printable(`${author}: ${reason}`)}`);
}

/** Puts what an earlier version said into force again. */
export async function rollbackModelCommand(version: string, options: RollbackOptions): Promise<void> {
  const { address, author, reason, json } = options;
  await asking(address, async (client) => {
    const applied = await client.rollBack({ version, author, reason });
    say(json ? JSON.stringify({ version: applied }) : `${applied} is in force: it says what ${version} said`);
  });
}

function asking<T>(address: string, ask: (client: ModelClient) => Promise<T>): Promise<T> {
  return askingBy(new ModelClient(address), ask);
}

function sayModel({ version, baseline, formats, custom }: wire.ResponseModel): string {
  const ownModel = custom === undefined ? "" : `, ${countOf(custom.onnx.length, "byte")} of ONNX`;
  return `${version} could be put into force: ${countOf(baseline.length, "coefficient")}, ${countOf(formats.length, "format")}${ownModel}`;
}

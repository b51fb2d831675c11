import { writeJson, type wire } from "@leastwise/contracts";
import { writeModelDocument } from "@leastwise/policy";
import { printable } from "@leastwise/vocabulary";
import { askingBy } from "../host/ask-service.js";
import { ServiceFailure } from "../host/start-failure.js";
import { ModelClient } from "../model/model-client.js";
import { checkModelFile } from "../model/model-file.js";
import { nameOf, sayDocumentProblem } from "../policy/document-text.js";
import type { AskingOptions, PolicyOptions, RollbackOptions } from "./policy.js";
import { countOf, say } from "./saying.js";

/** Checks a document without asking anybody. Ends with 1 where it could not be put into force. */
export async function validateModelCommand(file: string, { json }: PolicyOptions): Promise<void> {
  const checked = await checkModelFile(file);
  const problems = checked.ok ? [] : checked.error;
  if (json) say(JSON.stringify({ valid: checked.ok, problems }));
  else for (const problem of problems) say(sayDocumentProblem(file, problem));
  if (!checked.ok) throw new ServiceFailure(countOf(problems.length, "problem"));
  if (!json) say(`${nameOf(file)}: ${sayModel(checked.value)}`);
}

/** Who puts a model into force, and why. */
export type ApplyModelOptions = AskingOptions & Pick<wire.ApplyModelRequest, "author" | "reason">;

/** Puts a document into force. */
export async function applyModelCommand(file: string, options: ApplyModelOptions): Promise<void> {
  const { address, author, reason, json } = options;
  const checked = await checkModelFile(file);
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

function sayModel({ version, baseline, formats }: wire.ResponseModel): string {
  return `${version} could be put into force: ${countOf(baseline.length, "coefficient")}, ${countOf(formats.length, "format")}`;
}

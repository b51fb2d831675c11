import type { wire } from "@leastwise/contracts";
import { readModelDocument, type DocumentProblem, type ModelDocument } from "@leastwise/policy";
import { compileWrittenModel, problemsOfWritten, type LoadCustom } from "@leastwise/references";
import { err, ok, type Refusal, type Result } from "@leastwise/vocabulary";
import { readFile } from "node:fs/promises";
import { StartFailure } from "../host/start-failure.js";
import { documentText } from "../policy/document-text.js";

/** A model in files. */
export interface ModelFiles {
  /** The document; `-` is standard input. */
  readonly file: string;
  /** A model in ONNX whose bytes become the document's `custom.onnx`. Absent: the document has them, or none. */
  readonly onnx?: string | undefined;
}

/** Reads and checks the document of a response model, as the door of a service does but for running what is in ONNX, and says where in it each thing stands. */
export async function checkModelFile(
  files: ModelFiles,
): Promise<Result<wire.ResponseModel, readonly DocumentProblem[]>> {
  const read = await readModelFiles(files);
  if (!read.ok) return read;
  const compiled = compileWrittenModel(read.value.model);
  return compiled.ok ? ok(read.value.model) : err(placed(compiled.error, read.value));
}

/** The same, and tries what is in ONNX. */
export async function tryModelFile(
  files: ModelFiles,
  loadCustom: LoadCustom,
): Promise<Result<wire.ResponseModel, readonly DocumentProblem[]>> {
  const read = await readModelFiles(files);
  if (!read.ok) return read;
  const problems = await problemsOfWritten(read.value.model, loadCustom);
  return problems.length === 0 ? ok(read.value.model) : err(placed(problems, read.value));
}

async function readModelFiles({ file, onnx }: ModelFiles): Promise<Result<ModelDocument, readonly DocumentProblem[]>> {
  const text = await documentText(file, "model");
  if (!text.ok) return text;
  const document = readModelDocument(text.value);
  if (!document.ok || onnx === undefined) return document;
  const { model, locate } = document.value;
  const custom = { ...(model.custom ?? NO_CUSTOM), onnx: await bytesOf(onnx) };
  return ok({ model: { ...model, custom }, locate });
}

/** What a document without a custom part has of it: it lacks how many features the model takes, which is told. */
const NO_CUSTOM = { featureCount: 0, baselineSd: undefined, shiftSd: undefined, nullProbability: undefined };

async function bytesOf(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new StartFailure(`the model ${file} cannot be read: ${why}`, { cause: error });
  }
}

function placed(problems: readonly Refusal[], { locate }: ModelDocument): readonly DocumentProblem[] {
  return problems.map(locate).sort((a, b) => a.line - b.line || a.column - b.column);
}

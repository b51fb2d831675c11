import type { wire } from "@leastwise/contracts";
import { readModelDocument, type DocumentProblem } from "@leastwise/policy";
import { compileWrittenModel } from "@leastwise/references";
import { err, ok, type Result } from "@leastwise/vocabulary";
import { documentText } from "../policy/document-text.js";

/** Reads and checks the document of a response model, as the door of a service does, and says where in it each thing stands; `-` is standard input. */
export async function checkModelFile(file: string): Promise<Result<wire.ResponseModel, readonly DocumentProblem[]>> {
  const text = await documentText(file, "model");
  if (!text.ok) return text;
  const document = readModelDocument(text.value);
  if (!document.ok) return document;
  const { model, locate } = document.value;
  const compiled = compileWrittenModel(model);
  if (compiled.ok) return ok(model);
  return err(compiled.error.map(locate).sort((a, b) => a.line - b.line || a.column - b.column));
}

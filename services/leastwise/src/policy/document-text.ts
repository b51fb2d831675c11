import { DOCUMENT_BYTES_MAX, type DocumentProblem } from "@leastwise/policy";
import { sayRefusal } from "@leastwise/vocabulary";
import { createReadStream } from "node:fs";
import { StartFailure } from "../host/start-failure.js";

/**
 * A document's text, cut off where it is longer than any: what is read of it then says so. `-` is standard input.
 *
 * @param of what it is a document of, as in `policy`
 */
export async function documentText(file: string, of: string): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of file === "-" ? process.stdin : createReadStream(file)) {
      parts.push(part as Buffer);
      bytes += (part as Buffer).length;
      if (bytes > DOCUMENT_BYTES_MAX) break;
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new StartFailure(`the ${of} file ${file} cannot be read: ${why}`, { cause: error });
  }
  return Buffer.concat(parts).toString("utf8");
}

/** `policy.yaml:12:7: guardrails.floor_price_bp: expected …, got … (reason)`, as compilers say it and editors jump to. */
export function sayDocumentProblem(file: string, problem: DocumentProblem): string {
  return `${file === "-" ? "stdin" : file}:${problem.line}:${problem.column}: ${sayRefusal(problem)}`;
}

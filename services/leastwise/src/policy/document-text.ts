import { DOCUMENT_BYTES_MAX, type DocumentProblem } from "@leastwise/policy";
import { err, ok, refusal, sayRefusal, type Result } from "@leastwise/vocabulary";
import { isUtf8 } from "node:buffer";
import { createReadStream } from "node:fs";
import { StartFailure } from "../host/start-failure.js";

/**
 * A document's text, cut off where it is longer than any: what is read of it then says so. `-` is standard input. Refused: what is no UTF-8.
 *
 * @param of what it is a document of, as in `policy`
 */
export async function documentText(file: string, of: string): Promise<Result<string, readonly DocumentProblem[]>> {
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
  return textIn(Buffer.concat(parts));
}

/** The text that bytes are in UTF-8. What is none would be read as U+FFFD, and a segment or a budget would have another name than it was given. */
export function textIn(bytes: Buffer): Result<string, readonly DocumentProblem[]> {
  const text = bytes.toString("utf8");
  // Of what is too long, that is told; and it may be cut off within a character.
  if (bytes.length > DOCUMENT_BYTES_MAX || isUtf8(bytes)) return ok(text);
  const again = Buffer.from(text);
  const at = bytes.findIndex((byte, i) => byte !== again[i]);
  // A character that is cut off at the end is read as one of as many bytes.
  const before = bytes
    .subarray(0, at < 0 ? bytes.length : at)
    .toString("utf8")
    .split("\n");
  const place = { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
  return err([{ ...refusal("text_not_utf8", "", "other bytes", "text in UTF-8"), ...place }]);
}

/** `policy.yaml:12:7: guardrails.floor_price_bp: expected …, got … (reason)`, as compilers say it and editors jump to. */
export function sayDocumentProblem(file: string, problem: DocumentProblem): string {
  return `${nameOf(file)}:${problem.line}:${problem.column}: ${sayRefusal(problem)}`;
}

/** What a file is called in words: standard input has no name. */
export function nameOf(file: string): string {
  return file === "-" ? "stdin" : file;
}

import { openText } from "./file-text.js";

/** One line of an NDJSON file. */
export interface JsonLine {
  /** Place in the file, from 1. */
  readonly line: number;
  /** What it says; undefined if it is no JSON. */
  readonly json: unknown;
}

/** Longest line that is parsed, in UTF-16 units: what is longer counts as no JSON, and is not kept in memory. */
const LINE_LENGTH_MAX = 4 << 20;

/** The lines of an NDJSON file, gzip or not. Blank lines are passed over. */
export async function* jsonLines(path: string): AsyncGenerator<JsonLine> {
  const text = await openText(path);
  text.setEncoding("utf8");
  let line = 0;
  let begun = "";
  for await (const chunk of text) {
    const parts = String(chunk).split("\n");
    const last = parts.pop() ?? "";
    for (const part of parts) {
      line += 1;
      const said = sayLine(line, begun + part);
      begun = "";
      if (said !== undefined) yield said;
    }
    if (begun.length <= LINE_LENGTH_MAX) begun += last;
  }
  const said = sayLine(line + 1, begun);
  if (said !== undefined) yield said;
}

function sayLine(line: number, text: string): JsonLine | undefined {
  const said = (line === 1 ? text.replace(/^\uFEFF/, "") : text).trim();
  return said === "" ? undefined : { line, json: parseJson(said) };
}

function parseJson(text: string): unknown {
  if (text.length > LINE_LENGTH_MAX) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

import { readFile } from "node:fs/promises";
import { err, ok, type Result } from "@leastwise/vocabulary";
import { LineCounter, isMap, isScalar, parseDocument, type YAMLMap } from "yaml";
import { entriesOf, type Source } from "./entry.js";
import { problem, type ConfigProblem } from "./problem.js";

/** A configuration is written by hand; anything larger is another file. */
const FILE_BYTES_MAX = 1_048_576;
/** How often anchors may be repeated: enough for people, too few to fill the memory. */
const ALIASES_MAX = 100;

/** Reads a YAML or JSON file. Every problem names its line and column, from 1. */
export async function readFileSource(file: string): Promise<Source> {
  const text = await readText(file, "file");
  return text.ok ? parseFileSource(file, text.value) : { entries: [], problems: [text.error] };
}

/** The file's text, or why it cannot be had. `field` names it in the problem. */
export async function readText(file: string, field: string): Promise<Result<string, ConfigProblem>> {
  try {
    const bytes = await readFile(file);
    if (bytes.byteLength <= FILE_BYTES_MAX) return ok(bytes.toString("utf8"));
    return err(problem("file_unreadable", field, file, bytes.byteLength, `a file of at most ${FILE_BYTES_MAX} bytes`));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return err(problem("file_unreadable", field, "", file, `a file that can be read (${why})`));
  }
}

/** Reads the text of a file of this name. JSON is YAML too. */
function parseFileSource(file: string, text: string): Source {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  if (document.errors.length > 0) {
    const problems = document.errors.map(({ pos, message }) =>
      problem("file_malformed", "file", at(pos[0]), message, "YAML or JSON"),
    );
    return { entries: [], problems };
  }
  const positions = isMap(document.contents) ? positionsOf(document.contents) : new Map<string, number>();
  let raw: unknown;
  try {
    raw = document.toJS({ maxAliasCount: ALIASES_MAX });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { entries: [], problems: [problem("file_malformed", "file", file, why, "YAML with few aliases")] };
  }
  return entriesOf(raw, (path) => at(positions.get(path) ?? 0));
}

/** Where each key stands in the text, by its path. */
function positionsOf(map: YAMLMap, above = "", found = new Map<string, number>()): Map<string, number> {
  for (const { key, value } of map.items) {
    if (!isScalar(key)) continue;
    const path = above === "" ? String(key.value) : `${above}.${String(key.value)}`;
    found.set(path, key.range?.[0] ?? 0);
    if (isMap(value)) positionsOf(value, path, found);
  }
  return found;
}

import { PLACED_KEYS, childOf } from "./catalogue.js";
import type { Key, Tree } from "./key.js";
import { KEYS } from "./keys.js";
import { nearestOf, problem, type ConfigProblem } from "./problem.js";

/** A value that somebody set, and where; it has been checked. */
export interface Entry {
  readonly path: string;
  readonly where: string;
  readonly value: unknown;
}

/** What one source says: the entries that are good, and what is wrong with the others. */
export interface Source {
  readonly entries: readonly Entry[];
  readonly problems: readonly ConfigProblem[];
}

/** Reads keys and sections as a file or the command line has them. `locate` tells where a path stands. */
export function entriesOf(raw: unknown, locate: (path: string) => string): Source {
  const entries: Entry[] = [];
  const problems: ConfigProblem[] = [];
  readSection(KEYS, raw, "");
  return { entries, problems };

  function readSection(tree: Tree, value: unknown, path: string): void {
    if (value === undefined || value === null) return;
    if (!isRecord(value)) {
      const expected = `a section with the keys ${Object.keys(tree).join(", ")}`;
      problems.push(
        problem("not_a_section", path === "" ? "the whole" : path, locate(path), describe(value), expected),
      );
      return;
    }
    for (const [name, child] of Object.entries(value))
      readChild(tree, name, child, path === "" ? name : `${path}.${name}`);
  }

  function readChild(tree: Tree, name: string, value: unknown, path: string): void {
    const node = childOf(tree, name);
    if (node === undefined) problems.push(unknownKey(path, locate(path)));
    else if (node.node === "section") readSection(node.children, value, path);
    else if (value !== undefined) take(checkedEntry(node, path, locate(path), value));
  }

  function take(outcome: Entry | ConfigProblem): void {
    if ("reason" in outcome) problems.push(outcome);
    else entries.push(outcome);
  }
}

/** The entry, or what is wrong with its value. */
export function checkedEntry(key: Key<unknown>, path: string, where: string, value: unknown): Entry | ConfigProblem {
  const checked = key.schema.safeParse(value);
  if (checked.success) return { path, where, value: checked.data };
  return problem("wrong_value", path, where, key.secret ? hiddenValue(value) : describe(value), key.expected);
}

/** What may stand in a file: sections, then keys. */
const NAMES = [
  ...new Set(PLACED_KEYS.filter(({ path }) => path.includes(".")).map(({ path }) => path.slice(0, path.indexOf(".")))),
  ...PLACED_KEYS.map(({ path }) => path),
];

function unknownKey(path: string, where: string): ConfigProblem {
  const nearest = nearestOf(path, NAMES);
  const found = problem("unknown_key", path, where, path, "a key of the configuration");
  return nearest === undefined ? found : { ...found, nearest };
}

/** A value for a problem's text: sections and lists show as JSON, not as a text in quotes. */
function describe(value: unknown): unknown {
  return typeof value === "object" && value !== null ? unquoted(JSON.stringify(value)) : value;
}

/** What is told of a secret: its kind and length. */
function hiddenValue(value: unknown): unknown {
  if (typeof value === "string") return unquoted(`a text of ${value.length} characters`);
  return unquoted(Array.isArray(value) ? `a list of ${value.length}` : `a ${typeof value}`);
}

/** A refusal puts texts in quotes, and shows anything else by its toString. */
function unquoted(shown: string): { toString(): string } {
  return { toString: () => shown };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

import { DoorError } from "./door-error.js";

/** A statement that may run: in the words of the engine's parser, so that what was checked is what runs. */
export interface CheckedStatement {
  readonly text: string;
  /** The format that it names itself. */
  readonly format: string | undefined;
}

/** The engine's parser: gives one statement in canonical form, and the same with all literals replaced by `?`. */
export type Canonical = (text: string) => Promise<readonly [statement: string, normalised: string]>;

/** What a statement is checked against. */
export interface StatementRules {
  /** Names that it may not have, in lower case. */
  readonly deniedNames: ReadonlySet<string>;
  /** Values of its parameters: one of type Identifier becomes a part of it. */
  readonly parameters: ReadonlyMap<string, string>;
}

const READS = /^\(*\s*(?:SELECT|WITH|SHOW|DESCRIBE|DESC|EXISTS|EXPLAIN)\b/;

/**
 * What `readonly` and grants do not cover, because the engine in process is built as a local tool: statements about the
 * session and other queries (SET, USE, KILL), results written to a file (INTO OUTFILE), and functions that read any file there is. A
 * function need not be called to run: `APPLY(file)` and `arrayMap(file, …)` take its bare name. So a denied name is refused wherever
 * it stands, quoted or not, be it only a column's, on the parser's canonical text without literals and comments, never on what
 * the client wrote; where a name only looks like these, the answer is no as well.
 */
export async function checkStatement(
  query: string,
  canonical: Canonical,
  rules: StatementRules,
): Promise<CheckedStatement> {
  const [text, normalised] = await canonical(query);
  if (!READS.test(normalised)) {
    throw new DoorError(
      164,
      "READONLY",
      "Cannot execute query in readonly mode: the door runs SELECT, SHOW, DESCRIBE, EXISTS and EXPLAIN.",
    );
  }
  if (/\bINTO\s+OUTFILE\b/i.test(normalised)) {
    throw new DoorError(164, "READONLY", "Cannot execute query in readonly mode: INTO OUTFILE is not allowed here.");
  }
  refuseDeniedNames(normalised, rules.deniedNames);
  for (const identifier of identifierParameters(normalised, rules.parameters)) {
    refuseDeniedNames(identifier, rules.deniedNames);
  }
  return { text, format: /\bFORMAT\s+`?([A-Za-z0-9_]+)`?\s*(?:SETTINGS\b.*)?$/s.exec(normalised)?.[1] };
}

/** Word by word, so that neither quotes nor dots around a name make it another. */
function refuseDeniedNames(text: string, deniedNames: ReadonlySet<string>): void {
  const denied = text.match(/\w+/g)?.find((word) => deniedNames.has(word.toLowerCase()));
  if (denied === undefined) return;
  const words =
    `Not enough privileges: the name ${denied} is refused here. It is that of a function that reaches outside the warehouse, ` +
    "and may stand in no statement, not even as the name of a column or an alias; in a string it may.";
  throw new DoorError(497, "ACCESS_DENIED", words);
}

/** Values that become names; only plain ones are taken, since the engine would unescape them after they were looked at. */
function identifierParameters(normalised: string, parameters: ReadonlyMap<string, string>): string[] {
  const names = [...normalised.matchAll(/\{\s*`?(\w+)`?\s*:\s*Identifier\s*\}/gi)].map(([, name]) => name ?? "");
  return names.map((name) => {
    const value = parameters.get(name) ?? "";
    if (/^[\w.]*$/.test(value)) return value;
    const words = `The parameter ${name} is an Identifier: letters, digits, underscores and dots are taken here.`;
    throw new DoorError(36, "BAD_ARGUMENTS", words);
  });
}

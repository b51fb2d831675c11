import { DoorError } from "./door-error.js";

/** A statement that may run: in the words of the engine's parser, so that what was checked is what runs. */
export interface CheckedStatement {
  readonly text: string;
  /** The format that it names itself. */
  readonly format: string | undefined;
}

/** The engine's parser: gives one statement in canonical form, and the same with all literals replaced by `?`. */
export type Canonical = (text: string) => Promise<readonly [statement: string, normalised: string]>;

const READS = /^\(*\s*(?:SELECT|WITH|SHOW|DESCRIBE|DESC|EXISTS|EXPLAIN)\b/;

/**
 * What `readonly` and grants do not cover, because the engine in process is built as a local tool: statements about the
 * session and other queries (SET, USE, KILL), results written to a file (INTO OUTFILE), and the scalar function `file`, which
 * reads any file there. Refused on the parser's canonical text without literals and comments, never on what the client wrote;
 * where a name only looks like these, the answer is no as well.
 */
export async function checkStatement(query: string, canonical: Canonical): Promise<CheckedStatement> {
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
  if (/(?<![A-Za-z0-9_])`?(?:file|catboostEvaluate)`?\s*\(/i.test(normalised)) {
    throw new DoorError(497, "ACCESS_DENIED", "Not enough privileges: files cannot be read here.");
  }
  return { text, format: /\bFORMAT\s+([A-Za-z0-9_]+)\s*(?:SETTINGS\b.*)?$/s.exec(normalised)?.[1] };
}

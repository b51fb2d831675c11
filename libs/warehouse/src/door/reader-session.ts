import { Session, type ChdbResult } from "chdb";
import { EMBEDDED_DATABASE, READER_ROLE } from "../embedded-access.js";
import { DoorError } from "./door-error.js";
import { checkStatement } from "./statement.js";

/** What a session is opened for: one query. */
export interface Reading {
  readonly query: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly settings: ReadonlyMap<string, string>;
  readonly format: string;
  readonly database: string;
  /** Names that the query may not have, in lower case. */
  readonly deniedNames: ReadonlySet<string>;
  /** Size of the answer, bytes; beyond it error 396. */
  readonly resultBytes: number;
}

/** The engine's answer. */
export interface ReadingResult {
  readonly bytes: Uint8Array;
  /** The format that the bytes are in. */
  readonly format: string;
  readonly rowsRead: number;
  readonly bytesRead: number;
  readonly elapsedSeconds: number;
}

/**
 * Runs one query in a session of its own on the engine's directory, which costs about a millisecond and keeps settings,
 * parameters and the current database of one client from another. Before the query the session gives up the writer's role and
 * turns `readonly` on, which the engine never lets it turn off: neither can be undone, since one statement is all it runs.
 */
export async function readOnce(enginePath: string, reading: Reading): Promise<ReadingResult> {
  const session = new Session(enginePath);
  try {
    await session.queryAsync(`SET ROLE ${READER_ROLE}`);
    await session.queryAsync(`USE ${identifier(reading.database === "" ? EMBEDDED_DATABASE : reading.database)}`);
    const names = [...reading.settings].map(([name, value]) => `${name} = ${literal(value)}`);
    const values = [...reading.parameters].map(([name, value]) => `${parameterName(name)} = ${literal(value)}`);
    await session.queryAsync(`SET ${[...names, ...values].join(", ")}`);
    await session.queryAsync("SET readonly = 1");
    const statement = await checkStatement(reading.query, (text) => canonical(session, text), reading);
    const format = statement.format ?? formatName(reading.format);
    const result: ChdbResult = await session.queryAsync(statement.text, { format });
    const bytes = result.bytes();
    // The engine's own limit counts a constant column once, however many rows it is written out for.
    if (bytes.length > reading.resultBytes) throw tooLarge(bytes.length, reading.resultBytes);
    return {
      bytes,
      format,
      rowsRead: result.rowsRead,
      bytesRead: result.bytesRead,
      elapsedSeconds: result.elapsed,
    };
  } finally {
    session.close();
  }
}

/** One statement as the engine's own parser writes it down, and again with every literal replaced by `?`. */
async function canonical(session: Session, text: string): Promise<readonly [statement: string, normalised: string]> {
  const sql = `WITH formatQuery(${literal(text)}) AS statement SELECT statement, normalizeQueryKeepNames(statement)`;
  const answer = await session.queryAsync(sql, { format: "JSONCompactEachRow" });
  const [statement, normalised] = JSON.parse(answer.text()) as [string, string];
  return [statement, normalised];
}

function tooLarge(bytes: number, bytesMax: number): DoorError {
  const words = `Limit for result exceeded, max bytes: ${bytesMax}, current bytes: ${bytes}.`;
  return new DoorError(396, "TOO_MANY_ROWS_OR_BYTES", words);
}

function literal(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'").replaceAll("\0", "\\0")}'`;
}

function identifier(text: string): string {
  return `\`${text.replaceAll("\\", "\\\\").replaceAll("`", "\\`")}\``;
}

function parameterName(name: string): string {
  return identifier(`param_${name}`);
}

function formatName(text: string): string {
  return /^[A-Za-z0-9_]{1,64}$/.test(text) ? text : "TabSeparated";
}

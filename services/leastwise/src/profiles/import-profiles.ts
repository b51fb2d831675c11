import { csvRecords, refusalOfReading } from "@leastwise/testkit";
import { refusal, sayRefusal, type Refusal } from "@leastwise/vocabulary";
import { ServiceFailure, StartFailure } from "../host/start-failure.js";
import { InTurn } from "./in-turn.js";
import { readColumns, type ProfileColumns } from "./profile-columns.js";
import { readRow, type ProfileRow } from "./profile-row.js";

/** Calls on their way at once: enough to keep the log's appends full, few enough to leave a checkout its share. */
const CALLS_MAX = 32;

/** A row that was not taken. */
export interface RejectedRow {
  /** The line that it ends on, the header's being 1. */
  readonly line: number;
  readonly values: readonly string[];
  /** What is wrong with it, each with its column where there is one. */
  readonly problems: readonly string[];
}

/** What an import asks for, and tells. */
export interface ProfileImport {
  /** Rows are checked only, and none is taken in. */
  readonly isDryRun: boolean;
  /** Unix milliseconds. */
  readonly nowMs: () => number;
  /** Keeps what a row says; why it was refused, in words, if it was. What it throws ends the import. */
  readonly keep: (row: ProfileRow) => Promise<string | undefined>;
  /** Told before the first row. */
  readonly onHeader: (names: readonly string[]) => Promise<void>;
  readonly onRejected: (row: RejectedRow) => Promise<void>;
  /** Told after each row. */
  readonly onRow: (counts: ImportCounts) => void;
}

/** What came of a file so far. */
export interface ImportCounts {
  rows: number;
  profiles: number;
  consents: number;
  rejected: number;
}

/**
 * Imports a file of profiles, a row at a time. Of a shopper who stands in several rows, the last one is what is kept. A row that is wrong is told,
 * and the others are kept all the same.
 *
 * @throws StartFailure in words, where the file cannot be read or its header is wrong
 * @throws ServiceFailure in words, where it cannot be read or kept to its end
 */
export async function importProfiles(path: string, told: ProfileImport): Promise<ImportCounts> {
  const counts: ImportCounts = { rows: 0, profiles: 0, consents: 0, rejected: 0 };
  const inTurn = new InTurn(CALLS_MAX);
  try {
    await readAll(path, counts, inTurn, told);
  } catch (error) {
    await inTurn.ended();
    throw asFailure(path, error, counts, told.isDryRun);
  }
  await inTurn.ended();
  return counts;
}

async function readAll(path: string, counts: ImportCounts, inTurn: InTurn, told: ProfileImport): Promise<void> {
  const reject = async (rejected: RejectedRow): Promise<void> => {
    counts.rejected += 1;
    await told.onRejected(rejected);
  };
  let columns: ProfileColumns | undefined;
  for await (const { line, values } of csvRecords(path)) {
    if (columns === undefined) {
      columns = columnsOf(path, line, values);
      await told.onHeader(columns.names);
      continue;
    }
    counts.rows += 1;
    const row = readRow(columns, values, told.nowMs());
    if (row.ok)
      await inTurn.begin(keyOf(row.value), async () => {
        const refused = await told.keep(row.value);
        if (refused !== undefined) return reject({ line, values, problems: [refused] });
        if (row.value.profile !== undefined) counts.profiles += 1;
        if (row.value.consent !== undefined) counts.consents += 1;
      });
    else await reject({ line, values, problems: row.error.map(sayRefusal) });
    told.onRow(counts);
  }
  if (columns === undefined) throw new StartFailure(sayRefusal(refusal("file_empty", "", path, "a header and rows")));
}

function columnsOf(path: string, line: number, header: readonly string[]): ProfileColumns {
  const read = readColumns(header);
  if (read.ok) return read.value;
  const lines = read.error.map((problem: Refusal) => `${path}:${line}: ${sayRefusal(problem)}`);
  throw new StartFailure(`nothing was imported, as the header is wrong\n${lines.join("\n")}`);
}

/** Whose row it is: a user id outranks an anonymous one. */
function keyOf({ subject: { userId, anonymousId } }: ProfileRow): string {
  return userId === "" ? `anonymous/${anonymousId}` : `user/${userId}`;
}

function asFailure(path: string, error: unknown, { rows }: ImportCounts, isDryRun: boolean): unknown {
  const unreadable = refusalOfReading(path, error);
  if (unreadable === undefined) return error;
  const said = sayRefusal(unreadable);
  if (rows === 0) return new StartFailure(said);
  const before = rows === 1 ? "the row before" : `the ${rows.toLocaleString("en")} rows before`;
  const became = isDryRun ? "checked, and nothing is taken in" : "taken in";
  const verb = rows === 1 ? "is" : "are";
  return new ServiceFailure(`${said}; ${before} ${verb} ${became}: mend the file, and import it again`);
}

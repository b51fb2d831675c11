import { isSameFile } from "../host/same-file.js";
import { ServiceFailure, StartFailure } from "../host/start-failure.js";
import { Progress } from "../play/progress.js";
import { importProfiles, type ImportCounts, type RejectedRow } from "../profiles/import-profiles.js";
import { RejectsFile } from "../profiles/rejects-file.js";
import { SubjectClient } from "../profiles/subject-client.js";
import { say } from "./saying.js";

/** What `leastwise profiles import` takes. */
export interface ProfilesOptions {
  /** gRPC door of a running service, `host:port`. */
  readonly address: string;
  readonly json: boolean;
  /** Checks all rows, and asks no service. */
  readonly dryRun: boolean;
  /** Where rows go that are wrong. */
  readonly rejects?: string;
}

/** Wrong rows that are told one by one. */
const TOLD_MAX = 100;

/** Keeps the profiles and consents of a CSV file. Ends with 1 where a row was not taken. */
export async function importProfilesCommand(file: string, options: ProfilesOptions): Promise<void> {
  if (options.rejects !== undefined && isSameFile(options.rejects, file))
    throw new StartFailure(`--rejects ${options.rejects}: expected another file than the one that is imported`);
  const client = options.dryRun ? undefined : new SubjectClient(options.address);
  const rejects = new Rejects(file, options.rejects);
  const progress = new Progress({
    ...{ stream: process.stderr, unit: "rows", total: undefined },
    nowMs: () => performance.now(),
  });
  try {
    const counts = await importProfiles(file, {
      isDryRun: options.dryRun,
      nowMs: () => Date.now(),
      keep: (row) => client?.keep(row) ?? Promise.resolve(undefined),
      onHeader: (names) => rejects.begin(names),
      onRejected: (row) => rejects.add(row),
      onRow: ({ rows, rejected }) => {
        progress.at(rows, () => `${rejected.toLocaleString("en")} rejected`);
      },
    });
    await rejects.end();
    say(options.json ? jsonOf(counts, rejects.told, options) : sayCounts(file, counts, options));
    if (counts.rejected > 0) throw new ServiceFailure(sayRejected(counts, options));
  } finally {
    await rejects.end();
    client?.close();
  }
}

/** Where wrong rows go: told as compilers do, and into the file that was named for them. */
class Rejects {
  /** Those that were told. */
  readonly told: RejectedRow[] = [];
  readonly #from: string;
  readonly #to: string | undefined;
  #file: RejectsFile | undefined;

  constructor(from: string, to: string | undefined) {
    this.#from = from;
    this.#to = to;
  }

  async begin(header: readonly string[]): Promise<void> {
    if (this.#to !== undefined) this.#file = await RejectsFile.begin(this.#to, header);
  }

  async add(row: RejectedRow): Promise<void> {
    if (this.told.length < TOLD_MAX) this.#tell(row);
    await this.#file?.add(row.values, row.problems.join("; "));
  }

  async end(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.end();
  }

  #tell(row: RejectedRow): void {
    this.told.push(row);
    for (const problem of row.problems) process.stderr.write(`${this.#from}:${row.line}: ${problem}\n`);
    if (this.told.length === TOLD_MAX)
      process.stderr.write(`Further rows that are wrong are counted, and not told here.\n`);
  }
}

function jsonOf(counts: ImportCounts, told: readonly RejectedRow[], { dryRun }: ProfilesOptions): string {
  const problems = told.map(({ line, problems: said }) => ({ line, problems: said }));
  return JSON.stringify({ ...counts, dry_run: dryRun, problems });
}

function sayCounts(file: string, counts: ImportCounts, { dryRun }: ProfilesOptions): string {
  const { rows, profiles, consents, rejected } = counts;
  // The service does not say what it had already, and which consents a newer statement outweighs.
  const done = dryRun ? "could be kept" : "sent";
  return `${file}: ${countOf(rows, "row")}: ${countOf(profiles, "profile")} and ${countOf(consents, "consent")} ${done}, ${countOf(rejected, "row")} rejected`;
}

function sayRejected({ rejected }: ImportCounts, { rejects }: ProfilesOptions): string {
  const were = `${countOf(rejected, "row")} ${rejected === 1 ? "was" : "were"} not taken`;
  return rejects === undefined
    ? `${were}: --rejects FILE keeps them`
    : `${were}: ${rejects} has them, with what is wrong`;
}

function countOf(count: number, of: string): string {
  return `${count.toLocaleString("en")} ${of}${count === 1 ? "" : "s"}`;
}

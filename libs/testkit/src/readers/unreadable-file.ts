import { CsvError } from "csv-parse";
import { refusal, type Refusal } from "@leastwise/vocabulary";

/**
 * A file that cannot be read as a whole, on its way out of the asynchronous iterators of a reader, which can end in no
 * other way. `openClickstream` turns it into the refusal that it carries.
 */
export class UnreadableFile extends Error {
  readonly refusal: Refusal;

  constructor(reason: string, field: string, came: unknown, expected: string) {
    super(`${reason}: ${field}`);
    this.name = "UnreadableFile";
    this.refusal = refusal(reason, field, came, expected);
  }
}

/** The refusal for whatever a file system, a decompressor or a parser threw; undefined for anything else, which is a bug. */
export function refusalOfReading(path: string, thrown: unknown): Refusal | undefined {
  if (thrown instanceof UnreadableFile) return thrown.refusal;
  const code = typeof thrown === "object" && thrown !== null && "code" in thrown ? String(thrown.code) : "";
  if (code === "ENOENT" || code === "ENOTDIR") return refusal("file_not_found", "path", path, "a file that exists");
  if (code === "EISDIR") return refusal("not_a_file", "path", path, "a file, not a folder");
  if (code === "EACCES" || code === "EPERM") return refusal("file_not_readable", "path", path, "a file one may read");
  if (code.startsWith("Z_")) return refusal("gzip_malformed", "path", path, `whole gzip data (${code})`);
  if (thrown instanceof CsvError) return refusal("csv_malformed", "path", path, `well-formed CSV (${code})`);
  if (/^E[A-Z]+$/.test(code)) return refusal("file_not_readable", "path", path, `a file that can be read (${code})`);
  return undefined;
}

import { once } from "node:events";
import { createWriteStream, type WriteStream } from "node:fs";
import { finished } from "node:stream/promises";
import { StartFailure } from "../host/start-failure.js";
import { PROBLEM_COLUMN } from "./profile-columns.js";

/** Rows that were not taken, as they came, each with why: a CSV that can be mended and imported. */
export class RejectsFile {
  readonly #stream: WriteStream;
  readonly #columns: readonly string[];

  private constructor(stream: WriteStream, columns: readonly string[]) {
    this.#stream = stream;
    this.#columns = columns;
  }

  /**
   * Begins a file, in the place of one that is there.
   *
   * @param header of the file that the rows come from
   * @throws StartFailure in words, where it cannot be written
   */
  static async begin(path: string, header: readonly string[]): Promise<RejectsFile> {
    const stream = createWriteStream(path);
    try {
      await once(stream, "open");
    } catch (error) {
      throw new StartFailure(
        `--rejects ${path} cannot be written (${error instanceof Error ? error.message : String(error)})`,
      );
    }
    const columns = header.filter((name) => name !== PROBLEM_COLUMN);
    const file = new RejectsFile(stream, header);
    stream.write(csvLine([...columns, PROBLEM_COLUMN]));
    return file;
  }

  /** Adds a row. */
  async add(values: readonly string[], problem: string): Promise<void> {
    const own = values.filter((_, place) => this.#columns[place] !== PROBLEM_COLUMN);
    if (!this.#stream.write(csvLine([...own, problem]))) await once(this.#stream, "drain");
  }

  /** Ends it; it is whole then. */
  async end(): Promise<void> {
    this.#stream.end();
    await finished(this.#stream);
  }
}

function csvLine(values: readonly string[]): string {
  return `${values.map((value) => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value)).join(",")}\n`;
}

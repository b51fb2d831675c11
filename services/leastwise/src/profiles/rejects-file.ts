import { once } from "node:events";
import { createWriteStream, type WriteStream } from "node:fs";
import { finished } from "node:stream/promises";
import { ServiceFailure, StartFailure } from "../host/start-failure.js";
import { PROBLEM_COLUMN } from "./profile-columns.js";

/** Rows that were not taken, as they came, each with why: a CSV that can be mended and imported. */
export class RejectsFile {
  readonly #path: string;
  readonly #stream: WriteStream;
  readonly #columns: readonly string[];
  #failure: Error | undefined;

  private constructor(path: string, stream: WriteStream, columns: readonly string[]) {
    this.#path = path;
    this.#stream = stream;
    this.#columns = columns;
    // A disk that is full says so when it likes: whoever writes next is told.
    stream.on("error", (error) => (this.#failure ??= error));
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
    const file = new RejectsFile(path, stream, header);
    stream.write(csvLine([...columns, PROBLEM_COLUMN]));
    return file;
  }

  /**
   * Adds a row.
   *
   * @throws ServiceFailure in words, where it cannot be written any more
   */
  async add(values: readonly string[], problem: string): Promise<void> {
    if (this.#failure !== undefined) throw this.#asFailure(this.#failure);
    const own = values.filter((_, place) => this.#columns[place] !== PROBLEM_COLUMN);
    if (this.#stream.write(csvLine([...own, problem]))) return;
    await once(this.#stream, "drain").catch((error: unknown) => {
      throw this.#asFailure(error);
    });
  }

  /**
   * Ends it; it is whole then.
   *
   * @throws ServiceFailure in words, where it is not
   */
  async end(): Promise<void> {
    if (this.#failure !== undefined) throw this.#asFailure(this.#failure);
    this.#stream.end();
    await finished(this.#stream).catch((error: unknown) => {
      throw this.#asFailure(error);
    });
  }

  #asFailure(error: unknown): ServiceFailure {
    const why = error instanceof Error ? error.message : String(error);
    return new ServiceFailure(`--rejects ${this.#path} could not be written to its end (${why})`);
  }
}

function csvLine(values: readonly string[]): string {
  return `${values.map((value) => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value)).join(",")}\n`;
}

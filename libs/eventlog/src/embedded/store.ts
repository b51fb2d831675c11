import { existsSync, mkdirSync, readdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { type Database, open, type RootDatabase } from "lmdb";
import { LogError } from "../port.js";
import { messageOf } from "../thrown.js";
import { checkHeader, checkLength, DATA_FILE } from "./data-file.js";
import { holdHere, otherHolders, releaseHere } from "./directory-holder.js";
import { causeOfCommitFailure, sayWriteFailure } from "./write-failure.js";

type Table = Database<Buffer, Buffer>;

/** One change of the store: a value for a key, or its removal. */
export interface Change {
  readonly table: Table;
  readonly key: Buffer;
  readonly value: Buffer | undefined;
}

/** The tables of a data directory. Each is described where it is used. */
export interface Tables {
  readonly meta: Table;
  readonly topics: Table;
  readonly partitions: Table;
  readonly groups: Table;
  readonly chunks: Table;
}

const FORMAT_KEY = Buffer.from("format");
const FORMAT = "leastwise-log 1";
/** Address space set aside at first; the map grows by itself. */
const MAP_BYTES_DEFAULT = 1_073_741_824;
/** What a file system itself may put into an empty directory. */
const NOT_FOREIGN = new Set(["lost+found", "lock.mdb", "space-probe"]);

/** The data directory: tables, changed by durable transactions only. */
export class Store {
  readonly directory: string;
  readonly tables: Tables;
  readonly #root: RootDatabase<Buffer, Buffer>;
  #failure: LogError | undefined;

  private constructor(directory: string, root: RootDatabase<Buffer, Buffer>) {
    this.directory = directory;
    this.#root = root;
    this.tables = openTables(root);
  }

  /** Opens or creates the directory. Throws `directory_in_use` or `directory_unusable`. */
  static async open(directory: string, mapSizeBytes = MAP_BYTES_DEFAULT): Promise<Store> {
    const real = prepare(directory);
    if (!holdHere(real)) throw inUse(directory, [process.pid]);
    let root: RootDatabase<Buffer, Buffer> | undefined;
    try {
      const isNew = !existsSync(join(real, DATA_FILE));
      if (!isNew) checkHeader(real);
      root = openRoot(real, mapSizeBytes);
      const others = otherHolders(root);
      if (others.length > 0) throw inUse(directory, others);
      checkLength(real, root);
      const store = new Store(real, root);
      await store.#checkFormat(isNew);
      const joined = otherHolders(root);
      if (joined.length > 0) throw inUse(directory, joined);
      return store;
    } catch (error) {
      await root?.close();
      releaseHere(real);
      throw error instanceof LogError ? error : unusable(directory, error);
    }
  }

  /**
   * Makes all the changes or none, and resolves when they are on the disk. Throws `disk_full`, after which the store goes
   * on, or `log_unavailable`, after which it refuses every change: what a failed write left in the system's cache must
   * not be built upon.
   */
  async commit(changes: readonly Change[]): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      await this.#root.batch(() => {
        for (const { table, key, value } of changes)
          void (value === undefined ? table.remove(key) : table.put(key, value));
      });
    } catch (error) {
      const bytes = changes.reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
      const failure = sayWriteFailure(this.directory, bytes, await causeOfCommitFailure(error));
      if (failure.code !== "disk_full") this.#failure = failure;
      throw failure;
    }
  }

  async close(): Promise<void> {
    await this.#root.close();
    releaseHere(this.directory);
  }

  async #checkFormat(isNew: boolean): Promise<void> {
    const format = this.tables.meta.get(FORMAT_KEY)?.toString();
    if (format === FORMAT) return;
    if (format === undefined && isNew)
      return this.commit([{ table: this.tables.meta, key: FORMAT_KEY, value: Buffer.from(FORMAT) }]);
    throw unusable(this.directory, `its format is ${format ?? "not a log's"}, expected ${FORMAT}`);
  }
}

function openRoot(path: string, mapSize: number): RootDatabase<Buffer, Buffer> {
  return open<Buffer, Buffer>({
    path,
    mapSize,
    maxDbs: 5,
    encoding: "binary",
    keyEncoding: "binary",
    // A commit is then done when it is on the disk, and fails when that fails.
    overlappingSync: false,
    // Transactions are made here, one at a time; a turn's own transaction would fail where nobody listens.
    eventTurnBatching: false,
  });
}

function openTables(root: RootDatabase<Buffer, Buffer>): Tables {
  const table = (name: string): Table =>
    root.openDB<Buffer, Buffer>({ name, encoding: "binary", keyEncoding: "binary" });
  return {
    meta: table("meta"),
    topics: table("topics"),
    partitions: table("partitions"),
    groups: table("groups"),
    chunks: table("chunks"),
  };
}

/** The directory's real path, made if need be. */
function prepare(directory: string): string {
  try {
    mkdirSync(directory, { recursive: true });
    const real = realpathSync(directory);
    const foreign = readdirSync(real).filter((name) => !NOT_FOREIGN.has(name));
    if (foreign.length > 0 && !foreign.includes(DATA_FILE)) {
      throw unusable(directory, `it holds other files, such as ${foreign[0] ?? ""}`);
    }
    return real;
  } catch (error) {
    throw error instanceof LogError ? error : unusable(directory, error);
  }
}

function inUse(directory: string, pids: readonly number[]): LogError {
  const who = pids.map((pid) => (pid === process.pid ? "this process" : `process ${pid}`)).join(", ");
  return new LogError(
    "directory_in_use",
    `data directory ${directory} is in use by ${who}: stop that, or choose another directory`,
    "terminal",
  );
}

function unusable(directory: string, why: unknown): LogError {
  return new LogError(
    "directory_unusable",
    `data directory ${directory} cannot be used: ${messageOf(why)}`,
    "terminal",
    {
      cause: why,
    },
  );
}

import type { TableName, TableRows } from "./rows.js";

/** Values of a query's parameters, by name: `{name:Type}` in the text. Never spliced into the text. */
export type QueryParameters = Readonly<Record<string, string | number | bigint | boolean | readonly string[] | null>>;

/** What makes an insert the same insert when it is sent again. */
export interface InsertOptions {
  /**
   * Identity of the block, for example `incarnation/topic/partition/first-last`. While it is among the table's last 10 000
   * blocks, inserting again under the same token adds nothing. 1 to 512 printable ASCII characters.
   */
  readonly deduplicationToken: string;
  /** Aborted, the insert is no longer waited for (`warehouse_timeout`): it may or may not happen. */
  readonly signal?: AbortSignal;
}

/**
 * The warehouse: ClickHouse over HTTP, or its engine in this process. Both take the same migrations and the same SQL.
 *
 * Numbers: 64-bit and wider integers come out of a query as decimal text (a double holds 53 bits), floats as numbers,
 * DateTime64 as `YYYY-MM-DD hh:mm:ss.sss` UTC. Going in, integers may be numbers or bigints, times are Unix milliseconds.
 *
 * Every call has a timeout (`warehouse_timeout`), and fails with {@link WarehouseError} only.
 */
export interface Warehouse {
  /** Runs one SELECT and gives its rows as objects; the caller names their shape. */
  query<Row>(sql: string, parameters?: QueryParameters): Promise<Row[]>;
  /** Inserts rows, as one block, in order. Resolves when they are written. No rows: nothing happens. */
  insert<Name extends TableName>(
    table: Name,
    rows: readonly TableRows[Name][] | AsyncIterable<TableRows[Name]>,
    options: InsertOptions,
  ): Promise<void>;
  /** Runs one statement that gives no rows. */
  command(sql: string, parameters?: QueryParameters): Promise<void>;
  /** Rejects unless the engine answers. */
  ping(): Promise<void>;
  /** Waits for nothing new and lets go of sockets and files. Idempotent. */
  close(): Promise<void>;
}

/** `retry`: the same call may succeed later. `terminal`: it will not, until somebody acts. */
export type WarehouseErrorHint = "retry" | "terminal";

/**
 * `directory_in_use`: another process (or another warehouse of this one) holds the data directory. `directory_unusable`: it
 * cannot be made, read or written. `warehouse_unavailable`: no connection. `warehouse_timeout`: no answer in time; an insert
 * may or may not have happened, and its token makes it safe to send again. `warehouse_closed`: called after close.
 * `statement_refused`: the engine refused; see `clickhouseCode`. `bad_token`, `migration_changed`, `migration_unknown`,
 * `migration_unsafe`, `migrations_unreadable`: see there.
 */
export type WarehouseErrorCode =
  | "directory_in_use"
  | "directory_unusable"
  | "warehouse_unavailable"
  | "warehouse_timeout"
  | "warehouse_closed"
  | "statement_refused"
  | "bad_token"
  | "migration_changed"
  | "migration_unknown"
  | "migration_unsafe"
  | "migrations_unreadable";

/** An operating failure of the warehouse, with a stable code and what the caller may do about it. */
export class WarehouseError extends Error {
  override readonly name = "WarehouseError";
  readonly code: WarehouseErrorCode;
  readonly hint: WarehouseErrorHint;
  /** ClickHouse's own error number, where the engine refused: 60 is an unknown table, 159 a timeout. */
  readonly clickhouseCode: number | undefined;

  constructor(
    code: WarehouseErrorCode,
    message: string,
    hint: WarehouseErrorHint,
    options: ErrorOptions & { readonly clickhouseCode?: number } = {},
  ) {
    super(message, options);
    this.code = code;
    this.hint = hint;
    this.clickhouseCode = options.clickhouseCode;
  }
}

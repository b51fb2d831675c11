import {
  WarehouseError,
  type InsertOptions,
  type TableName,
  type TableRows,
  type Warehouse,
} from "@leastwise/warehouse";

/** A warehouse that keeps its tables in memory, counts a token once a table, and is away or out of order when told to. */
export class TableMemory implements Warehouse {
  readonly inserts: { readonly table: TableName; readonly token: string }[] = [];
  /** Inserts that were asked for, taken or not. */
  attempts = 0;
  readonly #tables = new Map<TableName, unknown[]>();
  readonly #tokens = new Set<string>();
  #failures: WarehouseError[] = [];
  #isAway = false;

  /** The next so many inserts fail so; the answer to a failed one is lost only if it says so. */
  failNext(times: number, hint: "retry" | "terminal"): void {
    const code = hint === "retry" ? "warehouse_unavailable" : "statement_refused";
    this.#failures = Array.from({ length: times }, () => new WarehouseError(code, "the test has it fail", hint));
  }

  /** Takes nothing from now on, or takes everything again. */
  setAway(isAway: boolean): void {
    this.#isAway = isAway;
  }

  /** Rows of a table, in the order in which they came. */
  rows<Name extends TableName>(table: Name): readonly TableRows[Name][] {
    return (this.#tables.get(table) ?? []) as readonly TableRows[Name][];
  }

  async insert<Name extends TableName>(
    table: Name,
    rows: readonly TableRows[Name][] | AsyncIterable<TableRows[Name]>,
    { deduplicationToken: token }: InsertOptions,
  ): Promise<void> {
    this.attempts += 1;
    await Promise.resolve();
    const failure = this.#isAway
      ? new WarehouseError("warehouse_unavailable", "away", "retry")
      : this.#failures.shift();
    if (failure !== undefined) throw failure;
    if (this.#tokens.has(`${table} ${token}`)) return;
    this.#tokens.add(`${table} ${token}`);
    this.inserts.push({ table, token });
    const kept = this.#tables.get(table) ?? [];
    for await (const row of rows) kept.push(row);
    this.#tables.set(table, kept);
  }

  query<Row>(): Promise<Row[]> {
    return Promise.reject(new Error("the recorder asks nothing"));
  }

  command(): Promise<void> {
    return Promise.reject(new Error("the recorder runs no statement"));
  }

  ping(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

import {
  WarehouseError,
  type InsertOptions,
  type LogPosition,
  type QueryParameters,
  type TableName,
  type TableRows,
  type Warehouse,
} from "@leastwise/warehouse";
import { once } from "node:events";

/** A warehouse that keeps its tables in memory, counts a token once a table, and is away or out of order when told to. */
export class TableMemory implements Warehouse {
  readonly inserts: { readonly table: TableName; readonly token: string }[] = [];
  /** Inserts that were asked for, taken or not. */
  attempts = 0;
  /** Answers nothing: who asks waits until it gives up. */
  isSilent = false;
  /** A table that takes nothing, for good. */
  brokenTable: TableName | undefined;
  readonly #tables = new Map<TableName, unknown[]>();
  readonly #tokens = new Set<string>();
  #failures: WarehouseError[] = [];
  #answersToLose = 0;
  #isAway = false;

  /** The next so many inserts are not taken. */
  failNext(times: number, hint: "retry" | "terminal"): void {
    const code = hint === "retry" ? "warehouse_unavailable" : "statement_refused";
    this.#failures = Array.from({ length: times }, () => new WarehouseError(code, "the test has it fail", hint));
  }

  /** The next so many inserts are taken, and whoever asked hears of a failure. */
  loseAnswers(times: number): void {
    this.#answersToLose = times;
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
    { deduplicationToken: token, signal }: InsertOptions,
  ): Promise<void> {
    this.attempts += 1;
    await (this.isSilent && signal?.aborted === false ? once(signal, "abort") : Promise.resolve());
    if (signal?.aborted === true) throw new WarehouseError("warehouse_timeout", "no longer waited for", "retry");
    const failure = this.#failureOf(table);
    if (failure !== undefined) throw failure;
    if (!this.#tokens.has(`${table} ${token}`)) await this.#keep(table, rows, token);
    if (this.#answersToLose === 0) return;
    this.#answersToLose -= 1;
    throw new WarehouseError("warehouse_unavailable", "the answer was lost", "retry");
  }

  #failureOf(table: TableName): WarehouseError | undefined {
    if (this.#isAway) return new WarehouseError("warehouse_unavailable", "away", "retry");
    if (table === this.brokenTable) return new WarehouseError("statement_refused", "the table is broken", "terminal");
    return this.#failures.shift();
  }

  async #keep(table: TableName, rows: Iterable<unknown> | AsyncIterable<unknown>, token: string): Promise<void> {
    this.#tokens.add(`${table} ${token}`);
    this.inserts.push({ table, token });
    const kept = this.#tables.get(table) ?? [];
    for await (const row of rows) kept.push(row);
    this.#tables.set(table, kept);
  }

  /** The newest offset of a partition that each table has: the recorder asks nothing else. */
  query<Row>(_: string, { incarnation, topic, partition }: QueryParameters = {}): Promise<Row[]> {
    const rows = [...this.#tables].flatMap(([name, ofTable]) => {
      const offsets = (ofTable as LogPosition[]).flatMap((row) =>
        row.log_incarnation === incarnation && row.log_topic === topic && row.log_partition === partition
          ? [row.log_offset]
          : [],
      );
      return offsets.length === 0 ? [] : [{ name, newest: String(Math.max(...offsets)) }];
    });
    return Promise.resolve(rows as Row[]);
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

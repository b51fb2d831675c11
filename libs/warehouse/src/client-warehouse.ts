import type { ClickHouseClient } from "@clickhouse/client";
import { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import { warehouseError } from "./failure.js";
import { WarehouseError, type InsertOptions, type QueryParameters, type Warehouse } from "./port.js";
import { rowText } from "./row-text.js";
import type { TableName, TableRows } from "./rows.js";

/** Longest insert_deduplication_token taken. */
const TOKEN = /^[\x20-\x7e]{1,512}$/;

/** How long calls may take. */
export interface WarehouseTimeouts {
  /** A query or command, ms. */
  readonly queryTimeoutMs: number;
  /** An insert, ms. */
  readonly insertTimeoutMs: number;
}

export const DEFAULT_TIMEOUTS: WarehouseTimeouts = { queryTimeoutMs: 30_000, insertTimeoutMs: 60_000 };

/** The port over ClickHouse's own client, whichever engine stands behind it. */
export class ClientWarehouse implements Warehouse {
  readonly #client: ClickHouseClient;
  readonly #timeouts: WarehouseTimeouts;
  readonly #release: () => Promise<void>;
  #closing: Promise<void> | undefined;

  /** `release` lets go of what stands under the client, after it is closed. */
  constructor(client: ClickHouseClient, timeouts: WarehouseTimeouts, release: () => Promise<void> = async () => {}) {
    this.#client = client;
    this.#timeouts = timeouts;
    this.#release = release;
  }

  query<Row>(sql: string, parameters: QueryParameters = {}): Promise<Row[]> {
    return this.#call("query", this.#timeouts.queryTimeoutMs, async (abort_signal) => {
      const answer = await this.#client.query({
        query: sql,
        query_params: parameters,
        format: "JSONEachRow",
        abort_signal,
      });
      return await answer.json<Row>();
    });
  }

  async insert<Name extends TableName>(
    table: Name,
    rows: readonly TableRows[Name][] | AsyncIterable<TableRows[Name]>,
    { deduplicationToken, signal }: InsertOptions,
  ): Promise<void> {
    if (!TOKEN.test(deduplicationToken)) {
      throw new WarehouseError("bad_token", "a token is 1 to 512 printable ASCII characters", "terminal");
    }
    if (Array.isArray(rows) && rows.length === 0) return;
    // In the statement and not as a setting of the call: the engine in process keeps settings for later calls.
    const token = deduplicationToken.replaceAll("\\", "\\\\").replaceAll("'", "\\'");
    const settings = [
      `insert_deduplication_token = '${token}'`,
      "input_format_skip_unknown_fields = 0",
      "async_insert = 0",
      // An import of ten years is one block of more months than the engine takes unless told to.
      "max_partitions_per_insert_block = 0",
    ];
    const query = `INSERT INTO ${table} SETTINGS ${settings.join(", ")} FORMAT JSONEachRow`;
    const insert = async (abort_signal: AbortSignal) => {
      const values = Readable.from(lines(rows), { objectMode: false });
      const { stream } = await this.#client.exec({ query, values, abort_signal });
      // The answer has no rows, but until it is read the socket is not free.
      stream.resume();
      await finished(stream);
    };
    await this.#call(`insert into ${table}`, this.#timeouts.insertTimeoutMs, insert, signal);
  }

  command(sql: string, parameters: QueryParameters = {}): Promise<void> {
    return this.#call("command", this.#timeouts.queryTimeoutMs, async (abort_signal) => {
      await this.#client.command({ query: sql, query_params: parameters, abort_signal });
    });
  }

  ping(): Promise<void> {
    return this.#call("ping", this.#timeouts.queryTimeoutMs, async () => {
      const answer = await this.#client.ping();
      if (!answer.success) throw answer.error;
    });
  }

  close(): Promise<void> {
    this.#closing ??= (async () => {
      await this.#client.close();
      await this.#release();
    })();
    return this.#closing;
  }

  async #call<T>(
    doing: string,
    timeoutMs: number,
    call: (signal: AbortSignal) => Promise<T>,
    givenUp?: AbortSignal,
  ): Promise<T> {
    if (this.#closing !== undefined) throw new WarehouseError("warehouse_closed", `${doing} after close`, "terminal");
    const timeout = AbortSignal.timeout(timeoutMs);
    const signal = givenUp === undefined ? timeout : AbortSignal.any([timeout, givenUp]);
    try {
      return await Promise.race([call(signal), untilAborted(signal)]);
    } catch (cause) {
      if (givenUp?.aborted === true) {
        throw new WarehouseError("warehouse_timeout", `${doing}: no longer waited for`, "retry", { cause });
      }
      if (timeout.aborted) {
        throw new WarehouseError("warehouse_timeout", `${doing}: no answer within ${timeoutMs} ms`, "retry", { cause });
      }
      throw warehouseError(cause, doing);
    }
  }
}

/** Rejects when the signal is aborted. The engine in process looks at it late: it first reads all rows. */
function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const abort = () => {
      reject(signal.reason instanceof Error ? signal.reason : new Error("aborted"));
    };
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
  });
}

async function* lines(rows: Iterable<object> | AsyncIterable<object>): AsyncGenerator<string> {
  for await (const row of rows) yield rowText(row);
}

import { ClickHouseError } from "@clickhouse/client";
import { WarehouseError, type WarehouseErrorHint } from "./port.js";

// What passes by itself: TIMEOUT_EXCEEDED, TOO_MANY_SIMULTANEOUS_QUERIES, SOCKET_TIMEOUT, NETWORK_ERROR, ABORTED,
// MEMORY_LIMIT_EXCEEDED, TABLE_IS_READ_ONLY, NOT_ENOUGH_SPACE, TOO_MANY_PARTS, UNKNOWN_STATUS_OF_INSERT, QUERY_WAS_CANCELLED,
// KEEPER_EXCEPTION. A server that is restarted in good order says ABORTED or QUERY_WAS_CANCELLED to what it was doing.
const PASSING = new Set([159, 202, 209, 210, 236, 241, 242, 243, 252, 319, 394, 999]);

/** Any failure of the client as a {@link WarehouseError}. */
export function warehouseError(cause: unknown, doing: string): WarehouseError {
  if (cause instanceof WarehouseError) return cause;
  const words = cause instanceof Error ? cause.message : String(cause);
  const code = clickhouseCode(cause);
  if (code !== undefined) {
    const hint: WarehouseErrorHint = PASSING.has(code) ? "retry" : "terminal";
    return new WarehouseError("statement_refused", `${doing}: ${words} (ClickHouse ${code})`, hint, {
      cause,
      clickhouseCode: code,
    });
  }
  if (isTimeout(cause))
    return new WarehouseError("warehouse_timeout", `${doing}: no answer in time`, "retry", { cause });
  return new WarehouseError("warehouse_unavailable", `${doing}: ${words}`, "retry", { cause });
}

/** ClickHouse's error number, if the engine said one. */
export function clickhouseCode(cause: unknown): number | undefined {
  if (cause instanceof ClickHouseError) return Number(cause.code);
  // The engine in process throws the error class of its own copy of the client's core.
  const match = /Code: (\d+)\. DB::/.exec(cause instanceof Error ? cause.message : "");
  if (match !== null) return Number(match[1]);
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  return typeof code === "string" && /^\d+$/.test(code) ? Number(code) : undefined;
}

function isTimeout(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false;
  if (["AbortError", "TimeoutError"].includes(cause.name)) return true;
  return /timeout error|timed out|aborted/i.test(cause.message);
}

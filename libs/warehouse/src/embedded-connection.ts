import type { createClient } from "@clickhouse/client";
import { createChdbConnection, type ConnBaseQueryParams } from "chdb/connection";

/** What the client takes in place of its own sockets. */
export type ClientConnection = NonNullable<NonNullable<Parameters<typeof createClient>[0]>["connection"]>;

/** What the client asks of a connection, as far as an engine in process can heed it. */
interface Asked {
  readonly query: string;
  readonly query_params?: Record<string, unknown> | undefined;
  readonly query_id?: string | undefined;
  readonly abort_signal?: AbortSignal | undefined;
}

/**
 * The engine in process as the client's connection. The settings of a call are left out on purpose: the engine would keep them
 * for all later calls, so that what a statement needs stands in the statement.
 */
export function embeddedConnection(enginePath: string): ClientConnection {
  const engine = createChdbConnection({ path: enginePath });
  return {
    query: (asked) => engine.query(kept(asked)),
    command: (asked) => engine.command(kept(asked)),
    exec: (asked) => engine.exec({ ...kept(asked), ...(asked.values === undefined ? {} : { values: asked.values }) }),
    insert: (asked) => engine.insert({ ...kept(asked), values: asked.values }),
    ping: () => engine.ping({ select: true }),
    close: () => engine.close(),
  };
}

function kept({ query, query_params, query_id, abort_signal }: Asked): ConnBaseQueryParams {
  return {
    query,
    ...(query_params === undefined ? {} : { query_params }),
    ...(query_id === undefined ? {} : { query_id }),
    ...(abort_signal === undefined ? {} : { abort_signal }),
  };
}

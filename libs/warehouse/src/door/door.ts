import { err, ok, refusal, type Refusal, type Result } from "@leastwise/vocabulary";
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { hostname } from "node:os";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { EmbeddedWarehouse } from "../embedded.js";
import { settingsOf } from "./allowed-settings.js";
import { deniedNames } from "./denied-names.js";
import { DoorError, doorError, httpStatus } from "./door-error.js";
import { DEFAULT_LIMITS, type DoorLimits } from "./limits.js";
import { readOnce, type ReadingResult } from "./reader-session.js";
import { readRequest, urlOf } from "./request.js";
import { Turns } from "./turns.js";

export interface SqlDoorOptions {
  /** The engine that is asked. Its own writes go on beside the door's reads. */
  readonly warehouse: EmbeddedWarehouse;
  /** Address to listen on. The door has no passwords: whoever reaches it may read the warehouse. */
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly limits?: Partial<DoorLimits>;
  /** How long a close waits for requests that were begun, ms; then their connections are cut. Default 5 000. */
  readonly drainTimeoutMs?: number;
}

const DRAIN_TIMEOUT_MS = 5_000;

export interface SqlDoor {
  readonly port: number;
  /**
   * Takes no new queries, lets the running ones end, and cuts the connections of those that take longer than the drain timeout, be it
   * that a request never comes whole or that its answer is never read. Resolves when all sockets are closed. Before the
   * warehouse's close, which waits for what the engine still does.
   */
  close(): Promise<void>;
}

const compress = promisify(gzip);

/**
 * Opens the read-only SQL door: ClickHouse's HTTP protocol over the engine in process, for its own client, Python's
 * clickhouse-connect and Grafana. `port_taken`, `port_forbidden` or `address_unusable` if it cannot listen.
 */
export async function openSqlDoor(options: SqlDoorOptions): Promise<Result<SqlDoor, Refusal>> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const turns = new Turns(limits.running, limits.waiting);
  const version = await engineVersion(options.warehouse);
  const denied = await deniedNames(options.warehouse);
  const room = { enginePath: options.warehouse.enginePath, limits, turns, version, deniedNames: denied };
  const server = createServer((request, response) => {
    void answer(room, request, response);
  });
  server.requestTimeout = limits.executionTimeMs + 30_000;
  const trouble = await listening(server, options);
  if (trouble !== undefined) return err(trouble);
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a listening server has a port");
  return ok({
    port: address.port,
    close: () => closeWithin(server, options.drainTimeoutMs ?? DRAIN_TIMEOUT_MS),
  });
}

async function closeWithin(server: Server, maxMs: number): Promise<void> {
  const timer = setTimeout(() => {
    server.closeAllConnections();
  }, maxMs);
  await new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
    server.closeIdleConnections();
  });
  clearTimeout(timer);
}

async function engineVersion(warehouse: EmbeddedWarehouse): Promise<string> {
  const [row] = await warehouse.query<{ version: string }>("SELECT version() AS version");
  return row?.version ?? "";
}

async function listening(server: Server, { host, port }: SqlDoorOptions): Promise<Refusal | undefined> {
  return await new Promise((resolve) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const came = `${host}:${port}`;
      if (cause.code === "EADDRINUSE") resolve(refusal("port_taken", "port", came, "a port that nobody listens on"));
      else if (cause.code === "EACCES") resolve(refusal("port_forbidden", "port", came, "a port this user may open"));
      else resolve(refusal("address_unusable", "host", came, `an address of this machine (${cause.message})`));
    });
    server.listen(port, host, () => {
      resolve(undefined);
    });
  });
}

interface Room {
  readonly enginePath: string;
  readonly limits: DoorLimits;
  readonly turns: Turns;
  readonly version: string;
  readonly deniedNames: ReadonlySet<string>;
}

async function answer(room: Room, request: IncomingMessage, response: ServerResponse): Promise<void> {
  // A client that goes away while it is answered is no trouble of ours.
  response.on("error", () => undefined);
  response.setHeader("X-ClickHouse-Server-Display-Name", hostname());
  try {
    if (urlOf(request).pathname === "/ping") return void response.end("Ok.\n");
    if (request.method !== "GET" && request.method !== "POST") return void response.writeHead(405).end();
    const asked = await readRequest(request, room.limits.requestBytes);
    if (asked.query === "") return void response.end("Ok.\n");
    const queryId = asked.queryId ?? randomUUID();
    response.setHeader("X-ClickHouse-Query-Id", queryId);
    const settings = settingsOf(asked.settings, room.limits);
    const { deniedNames, limits } = room;
    const result = await room.turns.take(() => {
      // Whoever waited may be gone by now, and the warehouse be about to close.
      if (response.destroyed) throw new DoorError(236, "ABORTED", "The client went away.");
      return readOnce(room.enginePath, { ...asked, settings, deniedNames, resultBytes: limits.resultBytes });
    });
    await send(response, result, asked.gzip);
  } catch (cause) {
    sendError(response, cause, room.version);
  }
}

async function send(response: ServerResponse, result: ReadingResult, zipped: boolean): Promise<void> {
  const summary = {
    read_rows: String(result.rowsRead),
    read_bytes: String(result.bytesRead),
    written_rows: "0",
    written_bytes: "0",
    total_rows_to_read: String(result.rowsRead),
    result_rows: "0",
    result_bytes: String(result.bytes.length),
    elapsed_ns: String(Math.round(result.elapsedSeconds * 1e9)),
  };
  const body = zipped ? await compress(result.bytes) : result.bytes;
  if (zipped) response.setHeader("Content-Encoding", "gzip");
  response.writeHead(200, {
    "Content-Type": contentType(result.format),
    "Content-Length": body.length,
    "X-ClickHouse-Format": result.format,
    "X-ClickHouse-Timezone": "UTC",
    "X-ClickHouse-Summary": JSON.stringify(summary),
  });
  response.end(body);
}

function sendError(response: ServerResponse, cause: unknown, version: string): void {
  const error = doorError(cause);
  if (response.headersSent) return void response.destroy();
  // The rest of a body that was too long is not read.
  if (error.code === 307) response.setHeader("Connection", "close");
  response.writeHead(httpStatus(error.code), {
    "Content-Type": "text/plain; charset=UTF-8",
    "X-ClickHouse-Exception-Code": error.code,
  });
  response.end(error.text(version));
}

function contentType(format: string): string {
  if (/^JSON.*EachRow/.test(format)) return "application/x-ndjson; charset=UTF-8";
  if (/^(?:JSON|GeoJSON)/.test(format)) return "application/json; charset=UTF-8";
  if (/^(?:TabSeparated|TSV)/.test(format)) return "text/tab-separated-values; charset=UTF-8";
  if (format.startsWith("CSV")) return "text/csv; charset=UTF-8; header=absent";
  return /^(?:Native|RowBinary|Parquet|Arrow|ORC|Avro|MsgPack)/.test(format)
    ? "application/octet-stream"
    : "text/plain; charset=UTF-8";
}

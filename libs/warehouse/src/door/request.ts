import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { DoorError } from "./door-error.js";

/** A query as it came, whichever of the protocol's ways it took. */
export interface DoorRequest {
  /** Empty: the client only asks whether somebody is there. */
  readonly query: string;
  /** Values of `{name:Type}`, in the protocol's own escaped text. */
  readonly parameters: ReadonlyMap<string, string>;
  /** Settings asked for, those of transport left out. */
  readonly settings: ReadonlyMap<string, string>;
  /** Format where the query names none. */
  readonly format: string;
  /** Empty: the door's. */
  readonly database: string;
  /** The client's id of the query; absent: one is made. */
  readonly queryId: string | undefined;
  /** True if the client takes a compressed answer. */
  readonly gzip: boolean;
}

// Parameters of the URL that speak of the exchange and not of the query. The door keeps no state between requests, so what
// is about sessions has nothing to act on; it has no users of its own, so that names and passwords have neither.
const TRANSPORT = new Set([
  "query",
  "query_id",
  "database",
  "default_format",
  "user",
  "password",
  "quota_key",
  "role",
  "session_id",
  "session_timeout",
  "session_check",
  "wait_end_of_query",
  "buffer_size",
  "stacktrace",
  "readonly",
  "decompress",
  "enable_http_compression",
  "http_zlib_compression_level",
  "send_progress_in_http_headers",
  "http_response_buffer_size",
  "http_headers_progress_interval_ms",
  "http_write_exception_in_output_format",
  "cancel_http_readonly_queries_on_client_close",
  "client_protocol_version",
  "log_comment",
  "compress",
  "add_http_cors_header",
]);

const QUERY_ID = /^[\x21-\x7e]{1,128}$/;
const gunzipped = promisify(gunzip);

/** Reads a request whole. Errors are {@link DoorError}s with ClickHouse's numbers. */
export async function readRequest(request: IncomingMessage, requestBytesMax: number): Promise<DoorRequest> {
  const url = urlOf(request);
  if (url.searchParams.get("compress") === "1" || url.searchParams.get("decompress") === "1") {
    throw new DoorError(48, "NOT_IMPLEMENTED", "The door does not speak ClickHouse's own block compression; use gzip.");
  }
  const body = request.method === "POST" ? await readBody(request, requestBytesMax) : "";
  const inUrl = url.searchParams.get("query") ?? "";
  const parameters = new Map<string, string>();
  const settings = new Map<string, string>();
  for (const [name, value] of url.searchParams) {
    if (name.startsWith("param_")) parameters.set(name.slice("param_".length), value);
    else if (!TRANSPORT.has(name)) settings.set(name, value);
  }
  const queryId = url.searchParams.get("query_id") ?? header(request, "x-clickhouse-query-id");
  return {
    query: [inUrl, body].filter((part) => part.trim() !== "").join("\n"),
    parameters,
    settings,
    format: url.searchParams.get("default_format") ?? header(request, "x-clickhouse-format") ?? "TabSeparated",
    database: url.searchParams.get("database") ?? header(request, "x-clickhouse-database") ?? "",
    queryId: queryId !== undefined && QUERY_ID.test(queryId) ? queryId : undefined,
    gzip:
      url.searchParams.get("enable_http_compression") === "1" &&
      /\bgzip\b/.test(header(request, "accept-encoding") ?? ""),
  };
}

/** The request's address; a malformed one is the client's error 36. */
export function urlOf(request: IncomingMessage): URL {
  const url = URL.parse(request.url ?? "/", "http://door");
  if (url === null) throw new DoorError(36, "BAD_ARGUMENTS", "The address of the request is malformed.");
  return url;
}

async function readBody(request: IncomingMessage, bytesMax: number): Promise<string> {
  const type = header(request, "content-type") ?? "";
  if (type.startsWith("multipart/")) {
    throw new DoorError(48, "NOT_IMPLEMENTED", "The door takes no external tables (multipart/form-data).");
  }
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > bytesMax) throw tooLarge(bytesMax);
    chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks);
  const encoding = header(request, "content-encoding") ?? "identity";
  if (encoding === "identity") return bytes.toString("utf8");
  if (encoding !== "gzip") {
    throw new DoorError(48, "NOT_IMPLEMENTED", `The door unpacks gzip and nothing else, not ${encoding.slice(0, 32)}.`);
  }
  try {
    return (await gunzipped(bytes, { maxOutputLength: bytesMax })).toString("utf8");
  } catch (cause) {
    if (isObject(cause) && "code" in cause && cause.code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(bytesMax);
    throw new DoorError(117, "INCORRECT_DATA", "The body is no gzip.", { cause });
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function tooLarge(bytesMax: number): DoorError {
  return new DoorError(307, "QUERY_IS_TOO_LARGE", `The request is larger than ${bytesMax} bytes.`);
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

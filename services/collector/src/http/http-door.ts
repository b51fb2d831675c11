import { writeJson } from "@leastwise/contracts";
import { isTraceparent } from "@leastwise/rpc";
import { err, ok, refusal, type CurrencyCode, type Refusal, type Result } from "@leastwise/vocabulary";
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { randomUUID } from "node:crypto";
import { maxHeaderSize, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { Collector } from "../collector.js";
import type { DeviceBundles } from "../references/device-bundles.js";
import type { Incoming } from "../steps/step.js";
import { bodyText, parseJson, readEventBody, readEventLines, unparsed, type EventBody } from "./event-body.js";
import { problemOf, PROBLEM_TYPE, retryAfterSeconds } from "./problem.js";
import { readSegmentBody, writeKeyOf } from "./segment-body.js";
import { WriteKeys } from "./write-keys.js";

/** Largest body taken unless told otherwise, bytes. */
export const BODY_BYTES_MAX = 4 * 1024 * 1024;

/** How long a request may take to arrive, ms. */
const REQUEST_ARRIVAL_MAX_MS = 30_000;

/** How long closing waits for requests under way unless told otherwise, ms. */
const DRAIN_MAX_MS = 10_000;

const SEGMENT_CALLS = ["track", "identify", "page", "screen", "batch"] as const;

/** What a page of another origin may do: give events, for which it gets a verdict, and get what all devices get. */
const CROSS_ORIGIN = {
  "access-control-allow-origin": "*",
  "access-control-allow-methods": "GET, POST",
  "access-control-allow-headers": "authorization, content-type",
  "access-control-max-age": "86400",
} as const;

/** How a request ended. */
export interface HttpEnd {
  /** The route: `/v1/events`; `unknown` for a path that is none. */
  readonly route: string;
  /** As the client said it: `POST`. */
  readonly method: string;
  readonly status: number;
  readonly durationMs: number;
}

export interface HttpDoorOptions {
  readonly collector: Collector;
  /** An address of this machine. */
  readonly host: string;
  /** 0 to 65535; 0 takes any free port. */
  readonly port: number;
  /** Keys that may write; none: everybody may. */
  readonly writeKeys: readonly string[];
  /** Largest body, bytes; default {@link BODY_BYTES_MAX}. */
  readonly bodyLimit?: number;
  /** Currency of Segment amounts that come without one. Absent: such amounts are left out, with a warning. */
  readonly homeCurrency?: CurrencyCode;
  /** What devices get. Absent: nothing. */
  readonly bundles?: Pick<DeviceBundles, "current">;
  /** After each request: for metrics. */
  onRequest?(end: HttpEnd): void;
  /** A bug: the caller was told the reference and nothing else. */
  onDefect?(error: unknown, reference: string): void;
}

export interface HttpDoor {
  readonly port: number;
  /** Takes no new connection, waits for the requests under way, at most `maxMs` (default 10 s). Idempotent. */
  close(maxMs?: number): Promise<void>;
}

/** Opens the HTTP door. Errors: `port_taken`, `address_unusable`. */
export async function openHttpDoor(options: HttpDoorOptions): Promise<Result<HttpDoor, Refusal>> {
  const app = fastify({
    bodyLimit: options.bodyLimit ?? BODY_BYTES_MAX,
    requestTimeout: REQUEST_ARRIVAL_MAX_MS,
    forceCloseConnections: "idle",
    routerOptions: { ignoreTrailingSlash: true },
    // What Node and the router refuse by themselves is said in the same words as everything else.
    return503OnClosing: false,
    http: { requireHostHeader: false },
    frameworkErrors: (error, _request, reply) => {
      void refuse(reply, refusalOfError(error, options));
    },
    clientErrorHandler: refuseUnreadable,
  });
  takeBytes(app);
  addErrors(app, options);
  addRoutes(app, options);
  try {
    await app.listen({ host: options.host, port: options.port });
  } catch (error) {
    await app.close();
    return err(listenRefusal(error, options));
  }
  let closed: Promise<void> | undefined;
  return ok({
    port: boundPort(app, options.port),
    close(maxMs = DRAIN_MAX_MS) {
      closed ??= closeWithin(app, maxMs);
      return closed;
    },
  });
}

function boundPort(app: FastifyInstance, asked: number): number {
  const address = app.server.address();
  return address === null || typeof address === "string" ? asked : address.port;
}

/** Bodies come as bytes: what is wrong with them is said here, in the same words at every door. */
function takeBytes(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    ["application/json", "text/plain", "application/x-ndjson"],
    { parseAs: "buffer" },
    (_request, body, done) => {
      done(null, body);
    },
  );
}

function addRoutes(app: FastifyInstance, options: HttpDoorOptions): void {
  const keys = new WriteKeys(options.writeKeys);
  const authorized = (request: FastifyRequest, bodyKey: () => unknown = () => undefined): Result<void, Refusal> => {
    const query = request.query;
    const key = typeof query === "object" && query !== null && "write_key" in query ? query.write_key : undefined;
    return keys.check(request.headers.authorization, key, bodyKey);
  };
  app.post("/v1/events", (request, reply) =>
    answer(request, reply, options.collector, "http", authorized(request), (text) =>
      request.headers["content-type"]?.startsWith("application/x-ndjson") === true
        ? readEventLines(text)
        : parsed(text, readEventBody),
    ),
  );
  for (const type of SEGMENT_CALLS) {
    const take = (request: FastifyRequest, reply: FastifyReply) =>
      answer(
        request,
        reply,
        options.collector,
        "segment",
        authorized(request, () => writeKeyInBody(request.body)),
        (text) => parsed(text, (json) => readSegmentBody(json, type, options.collector.nowMs(), options.homeCurrency)),
      );
    app.post(`/v1/${type}`, take);
    // Segment's SDK for browsers says `/v1/t` for track, and so on.
    app.post(`/v1/${type.charAt(0)}`, take);
  }
  app.get("/v1/device-bundle", (_request, reply) => giveBundle(reply, options.bundles));
  app.options("/v1/*", (_request, reply) => reply.code(204).send());
}

/** Everybody's: there is nothing in it that a shopper may not see. A new one is made each minute. */
function giveBundle(reply: FastifyReply, bundles: HttpDoorOptions["bundles"]): FastifyReply {
  const current =
    bundles?.current() ?? err(refusal("not_found", "path", "a bundle", "a collector that knows the policy"));
  if (!current.ok) return refuse(reply, current.error);
  return reply.header("cache-control", "public, max-age=60").send(writeJson("SignedDeviceBundle", current.value));
}

function writeKeyInBody(body: unknown): unknown {
  const text = bodyText(body);
  const json = text.ok ? parseJson(text.value, "") : text;
  return json.ok ? writeKeyOf(json.value) : undefined;
}

function parsed(text: string, read: (json: unknown) => Result<EventBody, Refusal>): Result<EventBody, Refusal> {
  const json = parseJson(text, "");
  if (json.ok) return read(json.value);
  return ok({ isSingle: true, incoming: [unparsed(json.error)] });
}

async function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  collector: Collector,
  source: string,
  authorized: Result<void, Refusal>,
  read: (text: string) => Result<EventBody, Refusal>,
): Promise<FastifyReply> {
  if (!authorized.ok) {
    return refuse(reply.header("www-authenticate", 'Basic realm="leastwise"'), authorized.error);
  }
  const text = bodyText(request.body);
  if (!text.ok) return refuse(reply, text.error);
  const body = read(text.value);
  if (!body.ok) return refuse(reply, body.error);
  const { isSingle, incoming } = body.value;
  const { traceparent } = request.headers;
  const isTraced = typeof traceparent === "string" && isTraceparent(traceparent);
  const outcome = await collector.take(incoming, source, isTraced ? traceparent : undefined);
  if (!outcome.ok) return refuse(reply, outcome.error);
  const [verdict] = outcome.value.verdicts;
  const isRefused = isSingle && verdict !== undefined && verdict.reason !== "ok" && !saysNothing(incoming);
  return isRefused ? refuse(reply, verdict) : reply.send(outcome.value);
}

/** A call that is right and says nothing to us is no mistake of its sender's. */
function saysNothing([incoming]: readonly Incoming[]): boolean {
  return incoming?.kind === "unread" && incoming.refusal.reason === "nothing_to_link";
}

function refuse(reply: FastifyReply, refused: Refusal): FastifyReply {
  const { reason, field, came, expected } = refused;
  const problem = problemOf({ reason, field, came, expected });
  const retryAfter = retryAfterSeconds(problem);
  if (retryAfter !== undefined) reply.header("retry-after", retryAfter);
  return reply.code(problem.status).type(PROBLEM_TYPE).serializer(JSON.stringify).send(problem);
}

function addErrors(app: FastifyInstance, options: HttpDoorOptions): void {
  app.setNotFoundHandler((request, reply) => {
    const given = ["events", ...SEGMENT_CALLS].map((name) => `POST /v1/${name}`);
    const paths = [...given, "GET /v1/device-bundle"].join(", ");
    return refuse(
      reply,
      refusal("not_found", "path", `${request.method} ${request.url.split("?")[0] ?? ""}`, `one of ${paths}`),
    );
  });
  app.setErrorHandler((error, _request, reply) => {
    // The connection stays: closed while a body that is too large is still arriving, its sender would lose the answer. What comes is
    // thrown away, no longer than a request may take.
    reply.removeHeader("connection");
    return refuse(reply, refusalOfError(error, options));
  });
  app.addHook("onSend", (_request, reply, _payload, done) => {
    reply.headers(CROSS_ORIGIN);
    done();
  });
  app.addHook("onResponse", (request, reply, done) => {
    options.onRequest?.({
      route: request.routeOptions.url ?? "unknown",
      method: request.method,
      status: reply.statusCode,
      durationMs: reply.elapsedTime,
    });
    done();
  });
}

function refusalOfError(error: unknown, options: HttpDoorOptions): Refusal {
  const code = codeOf(error);
  if (code === "FST_ERR_CTP_BODY_TOO_LARGE") {
    const limit = options.bodyLimit ?? BODY_BYTES_MAX;
    return refusal("body_too_large", "", "a larger body", `at most ${limit} bytes`);
  }
  if (code === "FST_ERR_CTP_INVALID_MEDIA_TYPE") {
    const expected = "application/json, text/plain or application/x-ndjson";
    return refusal("unsupported_media_type", "content-type", "another type", expected);
  }
  if (code === "FST_ERR_BAD_URL") {
    return refusal("not_found", "path", "a path that is not percent-encoded as URLs are", "a path of this door");
  }
  if (code.startsWith("FST_ERR_CTP_")) return refusal("body_malformed", "", code, "a body as its headers announce it");
  const reference = randomUUID();
  options.onDefect?.(error, reference);
  return refusal("internal", "", reference, "no defect; quote the reference to the operators");
}

/** Answers what could not be read as HTTP, and ends the connection: what comes next on it has no known beginning. */
function refuseUnreadable(error: unknown, socket: Socket): void {
  if (!socket.writable || codeOf(error) === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const problem = problemOf(unreadableRequest(codeOf(error)));
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ""}`,
    `content-type: ${PROBLEM_TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
    "connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}

function unreadableRequest(code: string): Refusal {
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return refusal("headers_too_large", "", "larger headers", `at most ${maxHeaderSize} bytes of headers`);
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return refusal(
        "request_timeout",
        "",
        "a part of a request",
        `a whole request within ${REQUEST_ARRIVAL_MAX_MS} ms`,
      );
    default:
      return refusal("request_malformed", "", code, "a request in the form of HTTP/1.1");
  }
}

function codeOf(error: unknown): string {
  return typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
}

function listenRefusal(error: unknown, { host, port }: HttpDoorOptions): Refusal {
  const came = `${host}:${port}`;
  if (codeOf(error) === "EADDRINUSE") {
    return refusal("port_taken", "port", came, `a free port: another process listens on port ${port}`);
  }
  const expected = "an address of this machine and a port that this user may listen on";
  return refusal("address_unusable", "port", came, expected);
}

async function closeWithin(app: FastifyInstance, maxMs: number): Promise<void> {
  const timer = setTimeout(() => {
    app.server.closeAllConnections();
  }, maxMs);
  await app.close();
  clearTimeout(timer);
}

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { err, ok, refusal, type Refusal, type Result } from "@leastwise/vocabulary";
import type { Telemetry } from "./telemetry.js";

/** Whether a process can do its work, and if not, why. */
export interface Readiness {
  readonly ready: boolean;
  /** In words, for a person; empty if ready. */
  readonly reasons: readonly string[];
}

/** What the operations page needs. */
export interface OpsDoorOptions {
  /** Address to listen on, for example `127.0.0.1`. */
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly telemetry: Telemetry;
  /** False once the process cannot recover without a restart. */
  live(): boolean;
  /** Whether the process can do its work now. */
  ready(): Readiness;
}

/** The operations page, listening. */
export interface OpsDoor {
  readonly host: string;
  /** The port it listens on; the one asked for, unless that was 0. */
  readonly port: number;
  /** Stops listening and ends what is open. Idempotent. */
  close(): Promise<void>;
}

/**
 * Opens the operations page: `/metrics`, `/healthz` (503 once not live), `/readyz` (503 with the reasons until ready),
 * and `/` with links to them. Refused with `port_taken`, `port_forbidden` or `host_unusable`.
 */
export async function openOpsDoor(options: OpsDoorOptions): Promise<Result<OpsDoor, Refusal>> {
  const server = createServer((request, response) => {
    void answer(request, response, options);
  });
  server.maxConnections = CONNECTIONS_MAX;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  const failure = await listen(server, options.host, options.port);
  if (failure !== undefined) return err(sayListenFailure(failure, options));
  const { port } = server.address() as AddressInfo;
  return ok({ host: options.host, port, close: () => close(server) });
}

const CONNECTIONS_MAX = 64;
const REQUEST_TIMEOUT_MS = 10_000;

interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

type Page = (options: OpsDoorOptions) => Answer | Promise<Answer>;

const PAGES: ReadonlyMap<string, Page> = new Map<string, Page>([
  ["/", () => ({ status: 200, contentType: "text/html; charset=utf-8", body: INDEX })],
  ["/metrics", metricsPage],
  ["/healthz", (options) => (options.live() ? json(200, { live: true }) : json(503, { live: false }))],
  ["/readyz", readinessPage],
]);

async function answer(request: IncomingMessage, response: ServerResponse, options: OpsDoorOptions): Promise<void> {
  const startedMs = performance.now();
  const method = request.method ?? "GET";
  const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
  const route = PAGES.has(path) ? path : "unknown";
  const { status, contentType, body } = await pageOf(path, method, options);
  response.writeHead(status, {
    "content-type": contentType,
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
    ...(status === 405 ? { allow: "GET, HEAD" } : {}),
  });
  response.end(method === "HEAD" ? undefined : body);
  const { metrics } = options.telemetry;
  const code = `${String(status).charAt(0)}xx`;
  metrics.httpRequests.with({ door: "ops", route, method, code }).add();
  metrics.httpDuration.with({ door: "ops", route }).observe((performance.now() - startedMs) / 1_000);
}

async function pageOf(path: string, method: string, options: OpsDoorOptions): Promise<Answer> {
  const page = PAGES.get(path);
  if (page === undefined) return json(404, refusal("unknown_page", "path", path, [...PAGES.keys()].join(", ")));
  if (method !== "GET" && method !== "HEAD") return json(405, refusal("method_not_allowed", "method", method, "GET"));
  try {
    return await page(options);
  } catch (error) {
    options.telemetry.logger.error({ err: error, path }, "the operations page failed");
    return json(500, { reason: "internal" });
  }
}

async function metricsPage({ telemetry }: OpsDoorOptions): Promise<Answer> {
  return { status: 200, contentType: telemetry.contentType, body: await telemetry.render() };
}

function readinessPage(options: OpsDoorOptions): Answer {
  const { ready, reasons } = options.ready();
  return json(ready ? 200 : 503, { ready, reasons });
}

function json(status: number, value: object): Answer {
  return { status, contentType: "application/json; charset=utf-8", body: `${JSON.stringify(value)}\n` };
}

const INDEX = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Leastwise: operations</title></head>
<body>
<h1>Leastwise: operations</h1>
<ul>
<li><a href="/metrics">/metrics</a>: figures for Prometheus</li>
<li><a href="/healthz">/healthz</a>: 200 while the process lives</li>
<li><a href="/readyz">/readyz</a>: 200 while it can do its work, else 503 and why</li>
</ul>
</body>
</html>
`;

function listen(server: Server, host: string, port: number): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    server.once("error", resolve);
    server.listen({ host, port }, () => {
      server.removeListener("error", resolve);
      resolve(undefined);
    });
  });
}

function sayListenFailure(failure: NodeJS.ErrnoException, { host, port }: OpsDoorOptions): Refusal {
  switch (failure.code) {
    case "EADDRINUSE":
      return refusal("port_taken", "ops.port", port, `a free port; another process listens on ${host}:${port}`);
    case "EACCES":
      return refusal("port_forbidden", "ops.port", port, "a port that this user may open, for example 1024 and up");
    default:
      return refusal("host_unusable", "ops.host", host, `an address of this machine (${failure.message})`);
  }
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
    server.closeAllConnections();
  });
}

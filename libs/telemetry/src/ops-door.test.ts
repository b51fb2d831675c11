import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { sayRefusal } from "@leastwise/vocabulary";
import { openOpsDoor, type OpsDoor, type Readiness } from "./ops-door.js";
import { createTelemetry, type Telemetry } from "./telemetry.js";

let telemetry: Telemetry;
let door: OpsDoor;
let live = true;
let readiness: Readiness = { ready: true, reasons: [] };
const opened: OpsDoor[] = [];

async function open(port: number) {
  const result = await openOpsDoor({ host: "127.0.0.1", port, telemetry, live: () => live, ready: () => readiness });
  if (result.ok) opened.push(result.value);
  return result;
}

function get(path: string, method = "GET"): Promise<Response> {
  return fetch(`http://127.0.0.1:${door.port}${path}`, { method });
}

beforeEach(async () => {
  const stream = { write: () => undefined };
  telemetry = createTelemetry({ service: "scorer", version: "1.2.3", logLevel: "info", pretty: false, stream });
  live = true;
  readiness = { ready: true, reasons: [] };
  const result = await open(0);
  if (!result.ok) throw new Error(sayRefusal(result.error));
  door = result.value;
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((each) => each.close()));
  telemetry.close();
});

describe("the operations page", () => {
  it("shows the metrics as Prometheus reads them", async () => {
    await get("/healthz");
    const response = await get("/metrics");
    const page = await response.text();
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe(telemetry.contentType);
    expect(page).toContain(`leastwise_build_info{service="scorer",version="1.2.3",node="${process.versions.node}"} 1`);
    expect(page).toContain('leastwise_http_requests_total{door="ops",route="/healthz",method="GET",code="2xx"} 1');
    expect(page).toMatch(/^process_cpu_seconds_total /m);
  });

  it("says how late the event loop is, once it has turned", async () => {
    for (;;) {
      const page = await (await get("/metrics")).text();
      if (/^leastwise_event_loop_delay_seconds\{figure="p99"\} \d/m.test(page)) break;
    }
  });

  it("says whether the process lives", async () => {
    expect((await get("/healthz")).status).toBe(200);
    live = false;
    expect((await get("/healthz")).status).toBe(503);
  });

  it("says why the process is not ready", async () => {
    expect(await (await get("/readyz")).json()).toEqual({ ready: true, reasons: [] });
    readiness = { ready: false, reasons: ["windows are 4 s behind"] };
    const response = await get("/readyz?verbose");
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual(readiness);
  });

  it("links its pages, and says which there are", async () => {
    const index = await (await get("/")).text();
    for (const path of ["/metrics", "/healthz", "/readyz"]) expect(index).toContain(`href="${path}"`);
    const missing = await get("/metrix");
    expect(missing.status).toBe(404);
    expect(await missing.json()).toMatchObject({ reason: "unknown_page", came: '"/metrix"' });
  });

  it("is for reading", async () => {
    const response = await get("/metrics", "POST");
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("GET, HEAD");
    expect(await (await get("/metrics", "HEAD")).text()).toBe("");
  });

  it("goes on after a page failed", async () => {
    readiness = new Proxy(readiness, {
      get: () => {
        throw new Error("a bug");
      },
    });
    expect((await get("/readyz")).status).toBe(500);
    expect((await get("/healthz")).status).toBe(200);
  });

  it("refuses in words a port that is taken and an address that is not here", async () => {
    const taken = await open(door.port);
    expect(taken.ok ? undefined : taken.error.reason).toBe("port_taken");
    expect(taken.ok ? "" : sayRefusal(taken.error)).toContain(`another process listens on 127.0.0.1:${door.port}`);
    const elsewhere = await openOpsDoor({
      host: "203.0.113.1",
      port: 0,
      telemetry,
      live: () => true,
      ready: () => readiness,
    });
    expect(elsewhere.ok ? undefined : elsewhere.error.reason).toBe("host_unusable");
  });

  it("closes twice", async () => {
    await door.close();
    await door.close();
    await expect(get("/healthz")).rejects.toThrow();
  });
});

import { createSubjectHasher, decodeClickstreamRecord, TOPICS, wire } from "@leastwise/contracts";
import type { EventLog, NewRecord } from "@leastwise/eventlog";
import { LogError } from "@leastwise/eventlog";
import { err, ok, refusal, type CurrencyCode, type Millis } from "@leastwise/vocabulary";
import { followLinks } from "@leastwise/references";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { connect } from "node:net";
import { createCollector, type Collector } from "../collector.js";
import { openHttpDoor, type HttpDoor, type HttpDoorOptions, type HttpEnd } from "./http-door.js";

const NOW = 1_760_000_000_000;
const KEY = Buffer.from("a secret of at least 16 bytes");
const hasher = createSubjectHasher(KEY);

let appended: NewRecord[] = [];
let failure: LogError | undefined;
let ends: HttpEnd[] = [];
let doors: HttpDoor[] = [];

/** A log that only takes: the doors are what is tried here. */
const log: EventLog = {
  incarnation: "test",
  ensureTopics: () => Promise.resolve(),
  partitions: () => Promise.resolve(1),
  append(records) {
    if (failure !== undefined) return Promise.reject(failure);
    appended.push(...records);
    return Promise.resolve(records.map(({ topic, partition }, index) => ({ topic, partition, offset: index })));
  },
  offsets: () => Promise.resolve({ begin: 0, end: 0 }),
  holdsAll: () => Promise.resolve(true),
  ends: () => Promise.resolve(new Map([[0, 0]])),
  subscribe: () => Promise.resolve({ stop: () => Promise.resolve(), finished: Promise.resolve() }),
  scan: () => Promise.resolve({ stop: () => Promise.resolve(), finished: Promise.resolve() }),
  commit: () => Promise.resolve(),
  committed: () => Promise.resolve(undefined),
  relay: () => Promise.reject(new Error("nothing is relayed here")),
  own: () => Promise.reject(new Error("nothing is owned here")),
  membersOf: () => Promise.resolve([]),
  close: () => Promise.resolve(),
};

let collector: Collector;

beforeEach(async () => {
  appended = [];
  failure = undefined;
  ends = [];
  const links = await followLinks(log);
  collector = await createCollector({ log, clock: { nowMs: () => NOW as Millis }, hasher, links: links.book });
});

afterEach(async () => {
  for (const door of doors) await door.close(0);
  doors = [];
});

async function open(
  options: Partial<Pick<HttpDoorOptions, "writeKeys" | "bodyLimit" | "homeCurrency" | "bundles">> = {},
) {
  const opened = await openHttpDoor({
    collector,
    host: "127.0.0.1",
    port: 0,
    writeKeys: [],
    onRequest: (end) => ends.push(end),
    ...options,
  });
  if (!opened.ok) throw new Error(opened.error.reason);
  doors.push(opened.value);
  return async (path: string, body: unknown, headers: Record<string, string> = {}) => {
    const response = await fetch(`http://127.0.0.1:${opened.value.port}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body),
    });
    const answer = (await response.json()) as Record<string, unknown> & {
      verdicts: { reason: string; field: string }[];
    };
    return {
      status: response.status,
      headers: response.headers,
      mediaType: response.headers.get("content-type"),
      ...answer,
    };
  };
}

function events(): wire.Event[] {
  return appended
    .filter(({ topic }) => topic === TOPICS.clickstream)
    .map(({ value }) => decodeClickstreamRecord(value))
    .flatMap((body) => (body.ok && body.value.$case === "event" ? [body.value.value.event!] : []));
}

const view = { event_id: "e1", kind: "page_view", occurred_at_ms: NOW, anonymous_id: "browser-1" };

describe("POST /v1/events", () => {
  it("takes one event, and a beacon's text", async () => {
    const post = await open();
    for (const type of ["application/json", "text/plain;charset=UTF-8"]) {
      expect(await post("/v1/events", view, { "content-type": type })).toMatchObject({
        status: 200,
        accepted: 1,
        position: "test/0:0",
        verdicts: [{ index: 0, reason: "ok", warnings: [] }],
      });
    }
    expect(events()).toHaveLength(2);
  });

  it.each([
    ["a list", [view, { ...view, kind: "teleport" }, 17]],
    ["an object with a list", { events: [view, { ...view, kind: "teleport" }, 17] }],
  ])("takes %s, keeping the good", async (_, body) => {
    const post = await open();
    const answer = await post("/v1/events", body);
    expect(answer).toMatchObject({ status: 200, accepted: 1 });
    expect(answer.verdicts.map(({ reason, field }) => `${reason} ${field}`)).toEqual([
      "ok ",
      "unknown_value events[1].kind",
      "wrong_type events[2]",
    ]);
  });

  it("takes lines, and keeps one that does not parse among the dead letters, without its bytes", async () => {
    const post = await open();
    const lines = `${JSON.stringify(view)}\n\n{"anonymous_id":"browser-1\n${JSON.stringify(view)}\n`;
    const answer = await post("/v1/events", lines, { "content-type": "application/x-ndjson" });
    expect(answer.verdicts.map(({ reason }) => reason)).toEqual(["ok", "json_malformed", "ok"]);
    const letter = appended.find(({ topic }) => topic === "dead_letters")!;
    expect(wire.DeadLetter.decode(letter.value)).toMatchObject({ reason: "json_malformed", field: "events[1]" });
    expect(Buffer.from(letter.value).toString("latin1")).not.toContain("browser");
  });

  it.each<[string, unknown, Record<string, string>, number, string, string]>([
    ["an unknown field", { ...view, knid: 1 }, {}, 400, "unknown_field", "knid"],
    ["no id", { ...view, anonymous_id: "" }, {}, 400, "id_missing", "anonymous_id"],
    ["a long id", { ...view, anonymous_id: "x".repeat(257) }, {}, 400, "id_too_long", "anonymous_id"],
    ["a lone surrogate", '{"kind":"search","anonymous_id":"\\ud800"}', {}, 400, "invalid_text", "anonymous_id"],
    ["NUL", '{"kind":"search","anonymous_id":"\\u0000"}', {}, 400, "invalid_text", "anonymous_id"],
    ["seconds", { ...view, occurred_at_ms: 1_760_000_000 }, {}, 400, "timestamp_in_seconds", "occurred_at_ms"],
    ["the far future", { ...view, occurred_at_ms: NOW + 400_000 }, {}, 400, "ahead_of_received", "occurred_at_ms"],
    ["no JSON", "{", {}, 400, "json_malformed", "body"],
    ["no UTF-8", Uint8Array.of(0x22, 0xff, 0x22), {}, 400, "json_malformed", "body"],
    ["no body", "", {}, 400, "body_empty", ""],
    ["an empty list", [], {}, 400, "batch_empty", "events"],
    ["1,001 events", Array.from({ length: 1_001 }, () => view), {}, 400, "batch_too_large", "events"],
    ["something beside the list", { events: [view], evnts: 1 }, {}, 400, "unknown_field", "evnts"],
    ["another media type", "<a/>", { "content-type": "text/xml" }, 415, "unsupported_media_type", "content-type"],
    ["a large body", JSON.stringify({ x: "x".repeat(200_000) }), {}, 413, "body_too_large", ""],
  ])("refuses %s", async (_, body, headers, status, reason, field) => {
    const post = await open({ bodyLimit: 150_000 });
    const answer = await post("/v1/events", body, headers);
    expect(answer).toMatchObject({
      status,
      mediaType: expect.stringContaining("application/problem+json"),
      type: `urn:leastwise:problem:${reason}`,
      reason,
      field,
      expected: expect.stringMatching(/./),
    });
    expect(events()).toHaveLength(0);
    expect(ends).toMatchObject([{ route: "/v1/events", method: "POST", status }]);
  });

  it.each([
    ["a path that is no URL's", "POST /v1/%zz HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 404, "not_found"],
    [
      "a length that is no number",
      "POST /v1/events HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
      400,
      "request_malformed",
    ],
    [
      "headers of 20 kB",
      `POST /v1/events HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(20_000)}\r\n\r\n`,
      431,
      "headers_too_large",
    ],
    ["no host", "POST /v1/nowhere HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 404, "not_found"],
    ["what is no HTTP", "HELLO\r\n\r\n", 400, "request_malformed"],
  ])("answers %s with a problem like any other", async (_, request, status, reason) => {
    await open();
    const socket = connect(doors[0]!.port, "127.0.0.1").setEncoding("utf8");
    socket.write(request);
    let answer = "";
    for await (const chunk of socket) {
      answer += String(chunk);
      if (answer.endsWith("}")) break;
    }
    const [head = "", body = ""] = answer.split("\r\n\r\n");
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} .*application/problem\\+json`, "s"));
    expect(JSON.parse(body)).toMatchObject({ status, reason, expected: expect.stringMatching(/./) });
  });

  it("refuses ids that are numbers with lost digits: two shoppers would become one", async () => {
    const post = await open();
    const page = (id: string) =>
      `{"anonymousId":"b","messageId":"m","userId":${id},"timestamp":"${new Date(NOW).toISOString()}"}`;
    expect(await post("/v1/page", page("9007199254740993"))).toMatchObject({
      status: 400,
      reason: "id_not_exact",
      field: "userId",
    });
    expect(await post("/v1/page", page("9007199254740991"))).toMatchObject({ status: 200, accepted: 1 });
  });

  it.each([
    [new LogError("disk_full", "", "terminal"), 507, "disk_full", null],
    [new LogError("log_unavailable", "", "retry"), 503, "log_unavailable", "1"],
  ])("promises nothing when the log fails: %s", async (error, status, reason, retryAfter) => {
    const post = await open();
    failure = error;
    const answer = await post("/v1/events", view);
    expect(answer).toMatchObject({ status, reason });
    expect(answer.headers.get("retry-after")).toBe(retryAfter);
  });

  it("gives devices their bundle, to keep for a minute, or says why there is none", async () => {
    const signed = { bundle: Buffer.from("{}"), signature: Buffer.alloc(64), publicKey: Buffer.alloc(32) };
    const answers = [ok(signed), err(refusal("no_device_policy", "device", undefined, "a policy that has it"))];
    const bundles = { current: () => answers.shift()! };
    await open({ bundles });
    const get = () => fetch(`http://127.0.0.1:${doors[0]!.port}/v1/device-bundle`);
    const given = await get();
    expect([given.status, given.headers.get("cache-control")]).toEqual([200, "public, max-age=60"]);
    expect(await given.json()).toMatchObject({ bundle: "e30=" });
    const none = await get();
    expect([none.status, await none.json()]).toMatchObject([404, { reason: "no_device_policy" }]);
    expect(ends.map(({ route, method }) => `${method} ${route}`)).toContain("GET /v1/device-bundle");
  });

  it("names the paths that there are", async () => {
    const post = await open();
    expect(await post("/v1/evnets", view)).toMatchObject({ status: 404, reason: "not_found" });
  });

  it("says in words that a port is taken", async () => {
    await open();
    const port = doors[0]!.port;
    const second = await openHttpDoor({ collector, host: "127.0.0.1", port, writeKeys: [] });
    expect(second).toMatchObject({ ok: false, error: { reason: "port_taken", field: "port" } });
    expect(second.ok ? "" : second.error.expected).toContain(`port ${port}`);
  });

  it("outlives a caller that hangs up in the middle", async () => {
    const post = await open();
    await new Promise<void>((resolve) => {
      const socket = connect(doors[0]!.port, "127.0.0.1", () => {
        socket.write(
          "POST /v1/events HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{",
        );
        socket.destroy();
        resolve();
      });
    });
    expect(await post("/v1/events", view)).toMatchObject({ status: 200 });
  });
});

describe("write keys", () => {
  const basic = (user: string) => ({ authorization: `Basic ${Buffer.from(`${user}:`).toString("base64")}` });

  it("are asked for at every path, by basic auth or in the query", async () => {
    const post = await open({ writeKeys: ["key-1", "key-2"] });
    expect(await post("/v1/events", view)).toMatchObject({ status: 401, reason: "write_key_missing" });
    expect(await post("/v1/track", {}, basic("key-3"))).toMatchObject({ status: 401, reason: "write_key_unknown" });
    expect(JSON.stringify(await post("/v1/track", {}, basic("key-3")))).not.toContain("key-3");
    expect(await post("/v1/events", view, basic("key-2"))).toMatchObject({ status: 200 });
    expect(await post("/v1/events?write_key=key-1", view)).toMatchObject({ status: 200 });
  });
});

describe("the Segment shapes", () => {
  const base = { messageId: "m1", anonymousId: "browser-1", timestamp: "2025-10-09T08:53:20.000Z" };
  const home = { homeCurrency: "EUR" as CurrencyCode };

  it("takes the e-commerce events", async () => {
    const post = await open();
    const goods = { product_id: "p1", price: 35.79, currency: "EUR", quantity: 2, brand: "b", category: "c" };
    const order = {
      order_id: 50_314,
      currency: "EUR",
      total: 30,
      revenue: "25.00",
      discount: 2.5,
      coupon: "HELLO",
      products: [
        { product_id: "p1", price: 10, quantity: 2 },
        { sku: "s2", price: "7.5", coupon: "EXTRA" },
      ],
    };
    const calls: [string, object][] = [
      ["Products Searched", { query: "secret words" }],
      ["Product List Viewed", {}],
      ["Product Viewed", goods],
      ["product_added", goods],
      ["Product Removed", goods],
      ["Checkout Started", { ...order, order_id: undefined }],
      ["Order Completed", order],
      ["Order Refunded", order],
      ["Product Shared", { product_id: "p1" }],
    ];
    for (const [event, properties] of calls) {
      expect(await post("/v1/track", { ...base, event, properties })).toMatchObject({ status: 200, accepted: 1 });
    }
    const taken = events();
    expect(taken.map(({ kind }) => kind)).toEqual([3, 1, 2, 4, 5, 6, 7, 9, 8]);
    expect(taken.every(({ eventId, occurredAtMs }) => eventId === "m1" && occurredAtMs === BigInt(NOW))).toBe(true);
    expect(taken[2]!.product).toEqual({
      productId: "p1",
      category: "c",
      brand: "b",
      unitPrice: { minor: 3_579n, currency: "EUR" },
      quantity: 2n,
    });
    expect(taken[6]!.order).toEqual({
      orderId: "50314",
      lines: [
        { productId: "p1", quantity: 2n, unitPrice: { minor: 1_000n, currency: "EUR" }, discount: undefined },
        { productId: "s2", quantity: 1n, unitPrice: { minor: 750n, currency: "EUR" }, discount: undefined },
      ],
      total: { minor: 2_500n, currency: "EUR" },
      discount: { minor: 250n, currency: "EUR" },
      codes: ["HELLO", "EXTRA"],
    });
    expect(Buffer.concat(appended.map(({ value }) => value)).toString("latin1")).not.toContain("secret words");
  });

  it("takes the return of a whole order, which names no goods, by what was paid back", async () => {
    const post = await open(home);
    const refunded = (properties: object) => post("/v1/track", { ...base, event: "Order Refunded", properties });
    expect(await refunded({ order_id: "o-1", total: 30 })).toMatchObject({ status: 200, accepted: 1 });
    expect(await refunded({ order_id: "o-2", revenue: "25.00", total: 30 })).toMatchObject({
      status: 200,
      accepted: 1,
    });
    expect(await refunded({ order_id: "o-3" })).toMatchObject({ status: 400, reason: "lines_missing" });
    expect(events().map(({ goodsReturn }) => goodsReturn)).toEqual([
      { orderId: "o-1", lines: [], refund: { minor: 3_000n, currency: "EUR" } },
      { orderId: "o-2", lines: [], refund: { minor: 2_500n, currency: "EUR" } },
    ]);
  });

  it("takes identify, page and screen", async () => {
    const post = await open();
    expect(await post("/v1/identify", { ...base, userId: 42, traits: { email: "a@b" } })).toMatchObject({
      accepted: 1,
    });
    expect(await post("/v1/page", { ...base, name: "Home" })).toMatchObject({ accepted: 1 });
    expect(await post("/v1/screen", base)).toMatchObject({ accepted: 1 });
    expect(events().map(({ kind }) => kind)).toEqual([10, 1, 1]);
    expect(appended.at(-1)!.key).toBe(hasher.known("42"));
    const bytes = Buffer.concat(appended.map(({ value }) => value)).toString("latin1");
    expect(bytes).not.toMatch(/a@b|browser-1/);
  });

  it("takes a batch, naming what it does not take and keeping the others", async () => {
    const post = await open();
    const answer = await post("/v1/batch", {
      batch: [
        { ...base, type: "track", event: "Cart Teleported" },
        { ...base, type: "page" },
        { ...base, type: "group" },
        { type: "identify", userId: "u" },
        {
          ...base,
          type: "track",
          event: "Product Viewed",
          properties: { product_id: "p", price: -1, currency: "EUR" },
        },
        {
          ...base,
          type: "track",
          event: "Product Viewed",
          properties: { product_id: "p", price: "abc", currency: "EUR" },
        },
        { ...base, type: "track", event: "Product Viewed", properties: { product_id: "p", currency: "EURO" } },
        { ...base, type: "track", event: "Product Added", properties: { product_id: "p", quantity: 1.5 } },
        { ...base, type: "track", event: "Product Added", properties: { product_id: "p", quantity: 3e9 } },
        { ...base, type: "page", timestamp: "yesterday" },
        "text",
      ],
    });
    expect(answer).toMatchObject({ status: 200, accepted: 1 });
    expect(answer.verdicts.map(({ reason, field }) => `${reason} ${field}`)).toEqual([
      "unknown_event_name batch[0].event",
      "ok ",
      "unknown_call_type batch[2].type",
      "nothing_to_link batch[3].anonymousId",
      "negative_price batch[4].product.unit_price.minor",
      "price_malformed batch[5].properties.price",
      "unknown_currency batch[6].properties.currency",
      "quantity_out_of_range batch[7].properties.quantity",
      "quantity_out_of_range batch[8].product.quantity",
      "timestamp_malformed batch[9].timestamp",
      "wrong_type batch[10]",
    ]);
  });

  it("corrects the device's clock by the time of sending", async () => {
    const post = await open();
    const wrong = { anonymousId: "a", type: "page", timestamp: "2031-01-01T00:00:00.000Z" };
    await post("/v1/batch", { batch: [wrong], sentAt: "2031-01-01T00:00:30.000Z" });
    await post("/v1/page", { ...wrong, sentAt: "2031-01-01T00:00:05Z" });
    await post("/v1/page", { anonymousId: "a" });
    expect(events().map(({ occurredAtMs }) => Number(occurredAtMs) - NOW)).toEqual([-30_000, -5_000, 0]);
  });

  it("leaves out amounts without a currency, with a warning, unless the shop has one", async () => {
    const call = { ...base, event: "Product Viewed", properties: { product_id: "p", price: 5 } };
    expect(await (await open())("/v1/track", call)).toMatchObject({
      verdicts: [{ warnings: ["price_without_currency"] }],
    });
    expect(await (await open(home))("/v1/track", call)).toMatchObject({ verdicts: [{ warnings: [] }] });
    expect(events().map(({ product }) => product?.unitPrice?.minor)).toEqual([undefined, 500n]);
  });

  it("says where, on what and in which visit", async () => {
    const post = await open();
    await post("/v1/page", {
      ...base,
      context: {
        library: { name: "analytics.js" },
        userAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148",
        location: { country: "de", region: "BY", city: "Passau" },
        sessionId: 17,
      },
    });
    await post("/v1/screen", { ...base, context: { device: { type: "android" } } });
    expect(events()).toMatchObject([
      {
        channel: wire.Channel.CHANNEL_WEB,
        device: wire.Device.DEVICE_MOBILE,
        place: { country: "DE", region: "BY" },
        sessionId: "17",
      },
      { channel: wire.Channel.CHANNEL_APP, device: wire.Device.DEVICE_MOBILE, place: undefined },
    ]);
  });

  it("answers a lone identify that says nothing with 200: its sender did no wrong", async () => {
    const post = await open();
    expect(await post("/v1/identify", { userId: "u" })).toMatchObject({ status: 200, accepted: 0 });
    expect(await post("/v1/track", { ...base, event: "X" })).toMatchObject({
      status: 400,
      reason: "unknown_event_name",
    });
  });
});

describe("a body that is too large", () => {
  it("is told so each time, although its end is still on its way", async () => {
    const post = await open();
    const body = "x".repeat(5 * 1024 * 1024);
    for (let time = 0; time < 20; time += 1) {
      expect(await post("/v1/events", body)).toMatchObject({ status: 413, reason: "body_too_large" });
    }
  });
});

describe("a shop's own pages", () => {
  it("send with Segment's SDK for browsers, whose paths are first letters", async () => {
    const post = await open();
    const base = { anonymousId: "browser-1", timestamp: new Date(NOW).toISOString() };
    const track = {
      ...base,
      type: "track",
      messageId: "m-1",
      event: "Product Viewed",
      properties: { product_id: "p" },
    };
    expect(await post("/v1/t", track)).toMatchObject({ status: 200, accepted: 1 });
    expect(await post("/v1/p", { ...base, type: "page", messageId: "m-2" })).toMatchObject({
      status: 200,
      accepted: 1,
    });
    expect(await post("/v1/b", { batch: [{ ...track, messageId: "m-3" }] })).toMatchObject({
      status: 200,
      accepted: 1,
    });
    expect(events()).toHaveLength(3);
  });

  it("carry their write key in the body, as Segment's SDK for browsers puts it there", async () => {
    const post = await open({ writeKeys: ["of the shop"] });
    const page = { anonymousId: "browser-1", messageId: "m-1", timestamp: new Date(NOW).toISOString() };
    const asText = { "content-type": "text/plain" };
    expect(await post("/v1/p", { ...page, writeKey: "of the shop" }, asText)).toMatchObject({
      status: 200,
      accepted: 1,
    });
    const batch = [{ ...page, type: "page", messageId: "m-2", writeKey: "of the shop" }];
    expect(await post("/v1/b", { batch }, asText)).toMatchObject({ status: 200, accepted: 1 });
    expect(await post("/v1/p", { ...page, writeKey: "another" }, asText)).toMatchObject({
      status: 401,
      reason: "write_key_unknown",
    });
    expect(await post("/v1/p", page, asText)).toMatchObject({ status: 401, reason: "write_key_missing" });
    expect(await post("/v1/events", { ...view, writeKey: "of the shop" })).toMatchObject({ status: 401 });
  });

  it("may send from another origin, and are told so before they ask", async () => {
    const post = await open();
    const { status, headers } = await post("/v1/events", view);
    expect([status, headers.get("access-control-allow-origin")]).toEqual([200, "*"]);
    const { port } = doors[0]!;
    const preflight = await fetch(`http://127.0.0.1:${port}/v1/events`, { method: "OPTIONS" });
    expect([preflight.status, preflight.headers.get("access-control-allow-headers")]).toEqual([
      204,
      "authorization, content-type",
    ]);
  });
});

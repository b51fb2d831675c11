import { readJson, wire } from "@leastwise/contracts";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { execFileSync } from "node:child_process";
import { statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { newFolder, runToEnd, serve, type Program } from "./program.js";
import { rawCall } from "./raw-call.js";
import { rawIdsLetOut } from "./raw-ids.js";
import { CART, eur, line, need, RAW_MARK, refusalOf, Shop } from "./shop.js";

// What users get wrong, at every door: a refusal with a stable reason, the field and what was expected, and a program that answers
// the next caller as if nothing had been.

const RECORD = "/leastwise.v1.CollectorService/Record";
const DECIDE = "/leastwise.v1.DecisionService/Decide";
const USER = `${RAW_MARK}-user`;
const LONG = `${RAW_MARK}${"x".repeat(257 - RAW_MARK.length)}`;
const HOUR_MS = 3_600_000;

let data: string;
let program: Program;
let shop: Shop;

beforeAll(async () => {
  data = newFolder();
  program = await serve(data);
  shop = new Shop(program.ports);
}, 60_000);

afterEach(async () => {
  // Whatever it was, the next caller is answered.
  expect(need(await shop.decide({ subject: { userId: `${USER}-next` }, cart: CART })).policyVersion).toBe("starter-1");
  expect((await shop.ops("/healthz")).status).toBe(200);
});

afterAll(() => {
  shop.close();
});

type CartCase = readonly [what: string, lines: wire.DeepPartial<wire.Line>[], reason: string, field: string];

const CARTS: readonly CartCase[] = [
  ["no line", [], "empty_cart", "lines"],
  ["10,000 lines", Array.from({ length: 10_000 }, () => line("p", 1, 100)), "cart_too_large", "lines"],
  [
    "an unknown currency",
    [{ ...line("p", 1, 100), unitPrice: { minor: 100n, currency: "EURO" } }],
    "unknown_currency",
    "lines[0].unit_price.currency",
  ],
  [
    "no currency",
    [{ ...line("p", 1, 100), unitPrice: { minor: 100n, currency: "" } }],
    "unknown_currency",
    "lines[0].unit_price.currency",
  ],
  [
    "two currencies",
    [line("p", 1, 100), { ...line("q", 1, 100), unitPrice: { minor: 100n, currency: "USD" } }],
    "mixed_currencies",
    "lines[1].unit_price.currency",
  ],
  ["a negative price", [line("p", 1, -1)], "negative_price", "lines[0].unit_price.minor"],
  ["a negative quantity", [line("p", -1, 100)], "quantity_out_of_range", "lines[0].quantity"],
  ["a quantity of none", [line("p", 0, 100)], "quantity_out_of_range", "lines[0].quantity"],
  ["a quantity over int32", [line("p", 2_147_483_648, 100)], "quantity_out_of_range", "lines[0].quantity"],
  ["more money than there is", [line("p", 2_147_483_647, 9_007_199_254_740_991)], "amount_out_of_range", "lines"],
  ["a product without an id", [line("", 1, 100)], "id_missing", "lines[0].product_id"],
  ["a product id of 257 bytes", [line("x".repeat(257), 1, 100)], "id_too_long", "lines[0].product_id"],
  ["NUL in a product id", [line("p\u0000", 1, 100)], "invalid_text", "lines[0].product_id"],
];

describe.each(CARTS)("a cart with %s", (_what, lines, reason, field) => {
  const subject = { userId: USER };
  const order = { orderId: "order", idempotencyKey: "key", code: "any" };

  it("is refused by Decide, Validate and Redeem alike", async () => {
    const answers = [
      await shop.decide({ subject, cart: { lines } }),
      await shop.validate({ ...order, subject, lines }),
      await shop.redeem({ ...order, subject, lines }),
    ];
    expect(answers.map((answer) => refusalOf<unknown>(answer))).toEqual(Array(3).fill(`INVALID_ARGUMENT ${reason}`));
    const said = answers.map((answer) => (answer.ok ? undefined : answer.error.field));
    expect(said).toEqual([`cart.${field}`, field, field]);
    for (const answer of answers) expect(answer.ok ? "" : answer.error.expected).not.toBe("");
  });
});

describe("a shopper's id", () => {
  it.each<[string, wire.DeepPartial<wire.SubjectRef>, string, string]>([
    ["that is missing", {}, "id_missing", "subject"],
    ["of no byte", { userId: "", anonymousId: "" }, "id_missing", "subject"],
    ["of 257 bytes", { userId: LONG }, "id_too_long", "subject.user_id"],
    ["with NUL", { anonymousId: `${USER}\u0000` }, "invalid_text", "subject.anonymous_id"],
  ])("%s is refused", async (_what, subject, reason, field) => {
    const answer = await shop.decide({ subject, cart: CART });
    expect([refusalOf(answer), answer.ok ? "" : answer.error.field]).toEqual([
      `INVALID_ARGUMENT ${reason}`,
      expect.stringContaining(field),
    ]);
    expect(JSON.stringify(answer)).not.toContain(RAW_MARK);
  });

  it("of 256 bytes is fine", async () => {
    need(await shop.decide({ subject: { userId: LONG.slice(0, 256) }, cart: CART }));
  });
});

const GOOD = { event_id: "e", kind: "search", occurred_at_ms: Date.now(), user_id: USER };
const PRODUCT = { ...GOOD, kind: "cart_add", product: { product_id: "p", quantity: 1 } };
const price = (minor: number, currency: string) => ({
  ...PRODUCT,
  product: { product_id: "p", unit_price: { minor, currency } },
});
const order = (lines: unknown[]) => ({ ...GOOD, kind: "purchase", order: { order_id: "o", lines } });
const jsonLine = (quantity: number, currency = "EUR") => ({
  product_id: "p",
  quantity,
  unit_price: { minor: 1, currency },
});

const EVENTS: readonly (readonly [what: string, event: Record<string, unknown>, reason: string, field: string])[] = [
  ["a timestamp of 0", { ...GOOD, occurred_at_ms: 0 }, "timestamp_zero", "occurred_at_ms"],
  [
    "a timestamp in seconds",
    { ...GOOD, occurred_at_ms: Math.floor(Date.now() / 1_000) },
    "timestamp_in_seconds",
    "occurred_at_ms",
  ],
  [
    "a timestamp an hour ahead",
    { ...GOOD, occurred_at_ms: Date.now() + HOUR_MS },
    "ahead_of_received",
    "occurred_at_ms",
  ],
  [
    "a timestamp of the year 5000",
    { ...GOOD, occurred_at_ms: 95_617_584_000_000 },
    "timestamp_out_of_range",
    "occurred_at_ms",
  ],
  ["a negative timestamp", { ...GOOD, occurred_at_ms: -1 }, "timestamp_out_of_range", "occurred_at_ms"],
  ["no kind", { ...GOOD, kind: undefined }, "kind_missing", "kind"],
  ["nobody's id", { ...GOOD, user_id: "" }, "id_missing", "anonymous_id"],
  ["a user id of 257 bytes", { ...GOOD, user_id: LONG }, "id_too_long", "user_id"],
  ["an event id of 257 bytes", { ...GOOD, event_id: "x".repeat(257) }, "id_too_long", "event_id"],
  ["NUL in an id", { ...GOOD, user_id: `${USER}\u0000` }, "invalid_text", "user_id"],
  ["no product", { ...PRODUCT, product: undefined }, "product_missing", "product"],
  ["a negative price", price(-1, "EUR"), "negative_price", "product.unit_price.minor"],
  ["an unknown currency", price(1, "XXQ"), "unknown_currency", "product.unit_price.currency"],
  [
    "a negative quantity",
    { ...PRODUCT, product: { product_id: "p", quantity: -1 } },
    "quantity_out_of_range",
    "product.quantity",
  ],
  [
    "a quantity over int32",
    { ...PRODUCT, product: { product_id: "p", quantity: 2_147_483_648 } },
    "quantity_out_of_range",
    "product.quantity",
  ],
  [
    "an order in two currencies",
    order([jsonLine(1), jsonLine(1, "USD")]),
    "mixed_currencies",
    "order.lines[1].unit_price.currency",
  ],
  [
    "an order of 10,000 lines",
    order(Array.from({ length: 10_000 }, () => jsonLine(1))),
    "too_many_lines",
    "order.lines",
  ],
];

describe.each(EVENTS)("an event with %s", (_what, event, reason, field) => {
  it("is refused over HTTP, as a problem with its reason and field", async () => {
    const { status, mediaType, body } = await shop.post("/v1/events", event);
    expect([status, body.reason, body.field]).toEqual([400, reason, field]);
    expect(mediaType).toContain("application/problem+json");
    expect(body.expected).not.toBe("");
  });

  it("is refused by gRPC, beside a good one that is kept", async () => {
    // The JSON reader refuses NUL by itself: it is put in where only the wire can carry it.
    const read = readJson("Event", JSON.parse(JSON.stringify(event).replaceAll("\\u0000", "~")));
    if (!read.ok) throw new Error(read.error.reason);
    const bad = { ...read.value, userId: read.value.userId.replaceAll("~", "\u0000") };
    const good = {
      eventId: "good",
      kind: wire.EventKind.EVENT_KIND_SEARCH,
      userId: USER,
      occurredAtMs: BigInt(Date.now()),
    };
    const { accepted, verdicts } = need(await shop.record(bad, good));
    expect(accepted).toBe(1);
    expect(verdicts.map((verdict) => `${verdict.reason} ${verdict.field}`)).toEqual([
      `${reason} events[0].${field}`,
      "ok ",
    ]);
  });
});

describe("an event without an id", () => {
  it("is taken, and its sender told that a repeat of it counts again", async () => {
    const { status, body } = await shop.post("/v1/events", { ...GOOD, event_id: undefined });
    expect([status, body.accepted, body.verdicts![0]!.warnings]).toEqual([200, 1, ["no_event_id"]]);
    expect(await shop.metric("leastwise_events_without_id_total")).toBe(1);
  });
});

describe("broken text", () => {
  it.each(["\\ud800", "a\\udc00b", "\\udc00\\ud800", "\\u0000"])(
    "%s is refused over HTTP wherever it stands",
    async (text) => {
      const base = `"kind":"search","occurred_at_ms":${Date.now()}`;
      const bodies = [
        `{${base},"user_id":"${text}"}`,
        `{${base},"user_id":"u","event_id":"${text}"}`,
        `{${base},"user_id":"u","product":{"product_id":"${text}"}}`,
      ];
      for (const body of bodies)
        expect(await shop.post("/v1/events", body)).toMatchObject({ status: 400, body: { reason: "invalid_text" } });
      expect(await shop.post("/v1/events", `{"${text}":1}`)).toMatchObject({
        status: 400,
        body: { reason: "unknown_field" },
      });
      expect(await shop.post("/v1/events", `{${base},"kind":"${text}"}`)).toMatchObject({ status: 400 });
      expect((await shop.post("/v1/track", `{"userId":"${text}","event":"${text}","type":"track"}`)).status).toBe(400);
    },
  );

  // A string that is not UTF-8, as an encoder makes it that lets lone surrogates through: grpc-js would die of it in a status text.
  it.each(["eda080", "ff", "c3", "00"])("bytes %s end no process", async (hex) => {
    const bytes = Buffer.from(hex, "hex");
    const text = (field: number, value: Uint8Array) =>
      Buffer.concat([Buffer.from([(field << 3) | 2, value.length]), value]);
    const subject = text(3, text(2, bytes));
    const lines = text(5, text(1, Buffer.concat([text(1, bytes), Buffer.from([0x10, 1])])));
    for (const message of [
      subject,
      Buffer.concat([subject, lines]),
      Buffer.concat([text(1, bytes), text(10, bytes)]),
    ]) {
      const { status, reason } = await rawCall(program.ports.rpc!, DECIDE, [message]);
      expect([status, reason]).toEqual(["3", expect.stringMatching(/^[a-z_]+$/)]);
    }
    const explain = await rawCall(program.ports.rpc!, "/leastwise.v1.DecisionService/Explain", [text(1, bytes)]);
    expect(["3", "5"]).toContain(explain.status);
    const validate = await rawCall(program.ports.rpc!, "/leastwise.v1.OfferService/Get", [text(1, bytes)]);
    expect(validate.status).toBe("3");
  });
});

describe("a gRPC call", () => {
  const decide = wire.DecideRequest.encode(
    wire.DecideRequest.fromPartial({ subject: { userId: USER }, cart: CART }),
  ).finish();
  const call = (message: Uint8Array, headers: Record<string, string> = {}) =>
    rawCall(program.ports.rpc!, DECIDE, [message], headers).then(({ status, reason }) => [status, reason]);

  it.each(["0n", "0m", "0S", "1n"])("with a deadline of %s is told that it has passed", async (timeout) => {
    expect((await call(decide, { "grpc-timeout": timeout }))[0]).toBe("4");
  });

  it.each(["2147484S", "99999999S", "99999999M", "99999999H"])(
    "with a deadline of %s, over 24.8 days, is answered",
    async (timeout) => {
      expect(await call(decide, { "grpc-timeout": timeout })).toEqual(["0", ""]);
    },
  );

  it("with a truncated message is told so", async () => {
    for (const length of [1, 5, decide.length - 1])
      expect(await call(decide.subarray(0, length))).toEqual(["3", "message_malformed"]);
    expect(await call(Buffer.from("ffffffffffffffffffffff", "hex"))).toEqual(["3", "message_malformed"]);
  });

  it("with a message of 5 MiB is told the limit, with one of 20 MiB cut off", async () => {
    expect(await call(Buffer.alloc(5 << 20))).toEqual(["8", "message_too_large"]);
    const events = Buffer.alloc(5 << 20, 0x0a);
    expect((await rawCall(program.ports.rpc!, RECORD, [events])).status).toBe("8");
    expect((await call(Buffer.alloc(20 << 20)))[0]).toBe("8");
  });

  it("to a method that nobody has is told so", async () => {
    expect((await rawCall(program.ports.rpc!, "/leastwise.v1.DecisionService/Guess", [decide])).status).toBe("12");
  });

  it("with too many requests or events in it is refused", async () => {
    const event = wire.Event.fromPartial({ userId: USER });
    expect(refusalOf(await shop.record(...Array.from({ length: 1_001 }, () => event)))).toBe(
      "INVALID_ARGUMENT batch_too_large",
    );
    expect(refusalOf(await shop.record())).toBe("INVALID_ARGUMENT batch_empty");
  });
});

describe("an HTTP request", () => {
  it("with a body of 5 MiB is told the limit", async () => {
    expect(await shop.post("/v1/events", " ".repeat(5 << 20))).toMatchObject({
      status: 413,
      body: { reason: "body_too_large" },
    });
  });

  it.each<[string, string, string, number, string]>([
    ["no JSON", "/v1/events", "{", 400, "json_malformed"],
    ["an unknown path", "/v1/evnets", "{}", 404, "not_found"],
    ["no event", "/v1/events", "[]", 400, "batch_empty"],
    ["very deep JSON", "/v1/events", "[".repeat(100_000), 400, "json_malformed"],
  ])("with %s is told so", async (_what, path, text, status, reason) => {
    expect(await shop.post(path, text)).toMatchObject({ status, body: { reason } });
  });
});

describe("products and policies", () => {
  it.each<[string, wire.DeepPartial<wire.Product>, string]>([
    ["a negative price", { productId: "p", price: eur(-1) }, "negative_price"],
    ["two currencies", { productId: "p", price: eur(1), unitCost: { minor: 1n, currency: "USD" } }, "mixed_currencies"],
    ["an unknown currency", { productId: "p", price: { minor: 1n, currency: "eur" } }, "unknown_currency"],
    ["no id", { price: eur(1) }, "id_missing"],
  ])("with %s are refused, all or none", async (_what, product, reason) => {
    const good = { productId: "p-good-neighbour", price: eur(1) };
    expect(refusalOf(await shop.putProducts(good, product))).toBe(`INVALID_ARGUMENT ${reason}`);
    const { status } = await rawCall(program.ports.rpc!, "/leastwise.v1.CatalogService/GetProduct", [
      wire.GetProductRequest.encode({ productId: "p-good-neighbour" }).finish(),
    ]);
    expect(status).toBe("5");
  });
});

describe("a configuration", () => {
  const starts = async (yaml: string, env: Record<string, string> = {}) => {
    const file = path.join(newFolder(), "leastwise.yaml");
    writeFileSync(file, yaml);
    const { exit, stderr, stdout } = await runToEnd({ args: ["serve", "--config", file, "--data", newFolder()], env });
    expect(exit.code).toBe(1);
    expect(stdout).toEqual([]);
    return stderr.join("\n");
  };

  it("with an unknown key names it, its place and the nearest", async () => {
    expect(await starts("log:\n  adaptor: embedded\n")).toMatch(
      /leastwise\.yaml:2:3: unknown key log\.adaptor; did you mean log\.adapter\?/,
    );
    expect(await starts("", { LEASTWISE_RPC__PROT: "1" })).toMatch(
      /unknown key .*LEASTWISE_RPC__PROT; did you mean LEASTWISE_RPC__PORT\?/,
    );
  });

  it("with a wrong type names the key, what came and what was expected", async () => {
    expect(await starts("rpc:\n  max_message_bytes: many\n")).toMatch(
      /leastwise\.yaml:2:\d+: rpc\.max_message_bytes: expected an integer.*got "?many"?/,
    );
    expect(await starts("", { LEASTWISE_OPS__PORT: "65536" })).toMatch(
      /LEASTWISE_OPS__PORT: ops\.port: expected an integer from 0 to 65535, got "?65536"?/,
    );
  });

  it("that is no YAML, or is not there, says so", async () => {
    expect(await starts("log: [\n")).toMatch(/leastwise\.yaml/);
    const { exit, stderr } = await runToEnd({ args: ["serve", "--config", path.join(newFolder(), "none.yaml")] });
    expect([exit.code, stderr.join("\n")]).toEqual([1, expect.stringContaining("none.yaml")]);
  });
});

describe("a command line", () => {
  it.each<[string, readonly string[], RegExp]>([
    ["with a mistyped command", ["serv"], /unknown command "serv": expected one of .*; did you mean serve\?$/],
    [
      "with a format and no file",
      ["--format", "segment"],
      /--format says how to read a file: name the file with --replay/,
    ],
    [
      "whose data directory is a file",
      ["--once", "--data", "README.md"],
      /--data: .*expected a directory .*README\.md/,
    ],
    [
      "with a file in another format",
      ["--once", "--replay", "README.md", "--format", "leastwise"],
      /every row was refused \(json_malformed/,
    ],
  ])("%s says what to do", async (_, args, words) => {
    const { exit, stderr } = await runToEnd({ args });
    expect(exit.code).toBe(1);
    expect(stderr.at(-1)).toMatch(words);
  });
});

describe("a door that is taken", () => {
  it.each<[string, string, (ports: Program["ports"]) => number]>([
    ["gRPC", "LEASTWISE_RPC__PORT", (ports) => ports.rpc!],
    ["HTTP", "LEASTWISE_COLLECTOR__HTTP_PORT", (ports) => ports.http!],
    ["operations", "LEASTWISE_OPS__PORT", (ports) => ports.ops],
    ["SQL", "LEASTWISE_SQL_DOOR__PORT", (ports) => ports.sql!],
  ])("%s: the second program says which, ends, and leaves nothing held", async (door, variable, portOf) => {
    const port = portOf(program.ports);
    const { exit, stderr } = await runToEnd({
      args: ["serve", "--data", newFolder()],
      env: { [variable]: String(port) },
    });
    expect(exit.code).toBe(1);
    expect(stderr.at(-1)).toMatch(new RegExp(`^leastwise: cannot open the .*${door}.*${port}.*port_taken`));
  });
});

describe("a data directory that another process holds", () => {
  it("is left alone: the second program says who holds it, and ends", async () => {
    const { exit, stderr } = await runToEnd({ args: ["serve", "--data", data] });
    expect(exit.code).toBe(1);
    expect(stderr.at(-1)).toMatch(new RegExp(`^leastwise: .*${program.pid}.*directory_in_use`));
  });
});

describe("a disk that is full", () => {
  const event = (n: number) => ({
    eventId: `full-${n}`,
    kind: wire.EventKind.EVENT_KIND_SEARCH,
    userId: `${USER}-full`,
    sessionId: "s".repeat(250),
    occurredAtMs: BigInt(Date.now()),
  });
  const batch = (from: number) => Array.from({ length: 500 }, (_, place) => event(from + place));

  it("is told to the caller; nothing acknowledged is lost; the program lives on and goes on", async () => {
    const folder = newFolder();
    const full = await serve(folder);
    const shopper = new Shop(full.ports);
    limitFileSize(full.pid, String(statSync(path.join(folder, "log", "data.mdb")).size + 1_000_000));
    let sent = 0;
    let refused = "";
    while (refused === "" && sent < 100_000) {
      const answer = await shopper.record(...batch(sent));
      if (answer.ok) sent += 500;
      else refused = refusalOf(answer);
    }
    expect(refused).toBe("RESOURCE_EXHAUSTED disk_full");
    const search = { kind: "search", occurred_at_ms: Date.now(), user_id: USER, session_id: "s".repeat(250) };
    const overHttp = { events: Array.from({ length: 500 }, (_, n) => ({ ...search, event_id: `http-${n}` })) };
    expect(await shopper.post("/v1/events", overHttp)).toMatchObject({ status: 507, body: { reason: "disk_full" } });
    const decided = need(await shopper.decide({ subject: { userId: `${USER}-full` }, cart: CART }));
    expect(decided.decisionId).not.toBe("");

    limitFileSize(full.pid, "unlimited");
    expect(need(await shopper.record(...batch(sent))).accepted).toBe(500);
    await shopper.sees("uniqExact(event_id) FROM clickstream WHERE startsWith(event_id, 'full-')", sent + 500);
    expect(await full.kill()).toEqual({ code: null, signal: "SIGKILL" });
    shopper.close();

    const again = await serve(folder);
    const reopened = new Shop(again.ports);
    await reopened.sees("count() FROM clickstream WHERE startsWith(event_id, 'full-')", sent + 500);
    expect(
      await reopened.number("max(log_offset) + 1 - count() FROM clickstream WHERE startsWith(event_id, 'full-')"),
    ).toBe(0);
    reopened.close();
    expect(await again.stop()).toEqual({ code: 0, signal: null });
  }, 60_000);
});

function limitFileSize(pid: number, bytes: string): void {
  execFileSync("prlimit", ["--pid", String(pid), `--fsize=${bytes}:unlimited`]);
}

describe("after all of it", () => {
  it("no raw id was let out, no defect met, and the program stops as it should", async () => {
    expect(await rawIdsLetOut([program], shop)).toEqual([]);
    expect(await shop.metric("leastwise_rpc_requests_total", { code: "INTERNAL" })).toBe(0);
    expect(program.stderr.filter((text) => /"level":"(error|fatal)"/.test(text))).toEqual([]);
    const last = await serve(newFolder()); // for the look after each test
    const { exited } = program;
    shop.close();
    await program.stop();
    expect(await exited).toEqual({ code: 0, signal: null });
    program = last;
    shop = new Shop(last.ports);
  });
});

import { wire } from "@leastwise/contracts";
import { callUnary } from "@leastwise/rpc";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { newFolder, serve, type Program } from "./program.js";
import { rawCall } from "./raw-call.js";
import { filesWithRawIds, rawIdsLetOut } from "./raw-ids.js";
import { CART, eur, need, RAW_MARK, refusalOf, Shop } from "./shop.js";
import { until } from "./until.js";

// One program, one story: each test stands on what those before it did.

const DECIDE = "/leastwise.v1.DecisionService/Decide";
/** A shopper gets an offer with a chance of about a quarter: so many without one do not happen. */
const ASKED_MAX = 120;

let program: Program;
let shop: Shop;
let data: string;
let granted: { readonly user: string; readonly answer: wire.DecideResponse; readonly offer: wire.Offer };
const answers = new Map<string, { readonly user: string; readonly answer: wire.DecideResponse }>();

beforeAll(async () => {
  data = newFolder();
  program = await serve(data);
  shop = new Shop(program.ports);
}, 60_000);

afterAll(() => {
  shop.close();
});

const view = (anonymousId: string, eventId: string) => ({
  event_id: eventId,
  kind: "product_view",
  occurred_at_ms: Date.now(),
  anonymous_id: `${RAW_MARK}-${anonymousId}`,
  product: { product_id: "p-coat", unit_price: { minor: 12_000, currency: "EUR" } },
});

describe("health", () => {
  it("is told by both pages, and by gRPC's own service", async () => {
    expect((await shop.ops("/healthz")).status).toBe(200);
    expect((await shop.ops("/readyz")).status).toBe(200);
    const { status, messages } = await rawCall(program.ports.rpc!, "/grpc.health.v1.Health/Check", [Buffer.alloc(0)]);
    expect([status, messages.map((message) => message.toString("hex"))]).toEqual(["0", ["0801"]]); // SERVING
  });

  it.each(["v1", "v1alpha"])("comes with reflection %s, so that grpcurl needs no proto files", async (version) => {
    const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
    const { status, messages } = await rawCall(program.ports.rpc!, path, [Buffer.from([0x3a, 1, 0x2a])]); // list_services: "*"
    expect(status).toBe("0");
    for (const name of ["Collector", "Decision", "Offer", "Subject", "Catalog", "Policy"])
      expect(messages[0]!.toString("latin1")).toContain(`leastwise.v1.${name}Service`);
    expect(messages[0]!.toString("latin1")).toContain("grpc.health.v1.Health");
  });
});

describe("events", () => {
  it("come one by one over HTTP", async () => {
    const { status, body } = await shop.post("/v1/events", view("a1", "single-1"));
    expect([status, body.accepted, body.verdicts![0]]).toEqual([
      200,
      1,
      { index: 0, reason: "ok", field: "", came: "", expected: "", warnings: [] },
    ]);
    expect(body.position).toMatch(/./);
  });

  it("come as a batch, whose good ones are kept and whose bad ones are told why", async () => {
    const bad = { ...view("a1", "batch-2"), occurred_at_ms: Math.floor(Date.now() / 1_000) };
    const { status, body } = await shop.post("/v1/events", {
      events: [view("a1", "batch-1"), bad, { ...view("a1", "batch-3"), knid: 1 }, view("a2", "batch-4")],
    });
    expect([status, body.accepted]).toEqual([200, 2]);
    expect(body.verdicts!.map(({ reason, field }) => `${reason} ${field}`.trim())).toEqual([
      "ok",
      "timestamp_in_seconds events[1].occurred_at_ms",
      "unknown_field events[2].knid",
      "ok",
    ]);
  });

  it("come as a beacon, in text/plain", async () => {
    const { status, body } = await shop.post("/v1/events", JSON.stringify(view("a2", "beacon-1")), {
      "content-type": "text/plain;charset=UTF-8",
    });
    expect([status, body.accepted]).toEqual([200, 1]);
  });

  it("come in the shape of Segment's calls", async () => {
    const base = { anonymousId: `${RAW_MARK}-s1`, timestamp: new Date().toISOString() };
    const properties = { product_id: "p-scarf", price: 25, currency: "EUR", quantity: 2 };
    const track = { ...base, type: "track", messageId: "segment-1", event: "Product Added", properties };
    const key = { authorization: `Basic ${Buffer.from("any-key:").toString("base64")}` };
    expect((await shop.post("/v1/track", track, key)).body.accepted).toBe(1);
    const batch = [
      { ...track, messageId: "segment-2", event: "Product Viewed" },
      { ...base, type: "page", messageId: "segment-3", name: "Home" },
      { ...base, type: "identify", messageId: "segment-4", userId: `${RAW_MARK}-u-segment` },
    ];
    expect(await shop.post("/v1/batch", { batch }, key)).toMatchObject({ status: 200, body: { accepted: 3 } });
  });

  it("come by gRPC, in one call or in a stream", async () => {
    const event = wire.Event.fromPartial({
      eventId: "grpc-1",
      kind: wire.EventKind.EVENT_KIND_SEARCH,
      occurredAtMs: BigInt(Date.now()),
      anonymousId: `${RAW_MARK}-g1`,
    });
    expect(need(await shop.record(event)).accepted).toBe(1);
    const stream = shop.collector.recordStream();
    stream.write({ events: [{ ...event, eventId: "grpc-2" }] });
    stream.write({ events: [{ ...event, eventId: "grpc-3" }] });
    stream.end();
    const accepted: number[] = [];
    for await (const answer of stream) accepted.push((answer as wire.RecordResponse).accepted);
    expect(accepted).toEqual([1, 1]);
  });

  it("that come again count once in the features", async () => {
    const user = `${RAW_MARK}-again`;
    const event = { ...view("x", "again-1"), anonymous_id: "", user_id: user };
    let position = "";
    for (let time = 0; time < 3; time += 1) position = (await shop.post("/v1/events", event)).body.position!;
    need(await shop.putConsent(user, wire.Purpose.PURPOSE_PERSONALIZATION));
    const asked = { requestId: "again", subject: { userId: user }, cart: CART, after: position, maxWaitMs: 1_000 };
    const { decisionId } = need(await shop.decide(asked));
    await shop.sees(`count() FROM decisions WHERE decision_id = '${decisionId}'`, 1);
    const [row] = await shop.sql<{ views: number }>(
      `SELECT features['product_views_24h'] AS views FROM decisions WHERE decision_id = '${decisionId}'`,
    );
    expect(row!.views).toBe(1);
  });
});

describe("what the shop knows", () => {
  it("is kept: products and consent", async () => {
    const products = [
      { productId: "p-coat", price: eur(12_000), unitCost: eur(5_000), category: "coats" },
      { productId: "p-scarf", price: eur(2_500), unitCost: eur(700), category: "scarves" },
    ];
    expect(need(await shop.putProducts(...products)).kept).toBe(2);
    need(await shop.putConsent(`${RAW_MARK}-known`, wire.Purpose.PURPOSE_PERSONALIZATION));
    const request = wire.GetSubjectRequest.fromPartial({ subject: { userId: `${RAW_MARK}-known` } });
    const kept = need(await callUnary(shop.subjects.getSubject.bind(shop.subjects), request));
    expect(kept.consent!.purposes).toEqual([wire.Purpose.PURPOSE_PERSONALIZATION]);
  });
});

describe("a decision", () => {
  it("has seen the click that it was asked to come after", async () => {
    const user = `${RAW_MARK}-reads-own`;
    need(await shop.putConsent(user, wire.Purpose.PURPOSE_PERSONALIZATION));
    const { body } = await shop.post("/v1/events", { ...view("x", "own-1"), anonymous_id: "", user_id: user });
    const answer = need(
      await shop.decide({ subject: { userId: user }, cart: CART, after: body.position!, maxWaitMs: 1_000 }),
    );
    expect([answer.freshness, answer.staleMs, answer.degradedReason]).toEqual([wire.Freshness.FRESHNESS_FRESH, 0n, ""]);
  });

  it("grants something, to one shopper or another", async () => {
    for (let asked = 0; asked < ASKED_MAX && (granted as unknown) === undefined; asked += 1) {
      const user = `${RAW_MARK}-shopper-${asked}`;
      const request = { requestId: `ask-${asked}`, caller: "journey", subject: { userId: user }, cart: CART };
      const answer = need(await shop.decide(request));
      answers.set(request.requestId, { user, answer });
      if (answer.offer !== undefined) granted = { user, answer, offer: answer.offer };
    }
    expect(granted.offer.code).toMatch(/^[0-9A-Z-]{12,}$/);
    expect(granted.offer.faceValue!.minor).toBeGreaterThan(0n);
    expect(granted.answer.message).not.toBe("");
  });

  it("comes again byte for byte under the same request id", async () => {
    for (const [requestId, { user, answer }] of answers) {
      const request = wire.DecideRequest.fromPartial({
        requestId,
        caller: "journey",
        subject: { userId: user },
        cart: CART,
      });
      const { status, messages } = await rawCall(program.ports.rpc!, DECIDE, [
        wire.DecideRequest.encode(request).finish(),
      ]);
      expect(status).toBe("0");
      expect(messages[0]!.equals(wire.DecideResponse.encode(answer).finish())).toBe(true);
    }
  });

  it("explains itself", async () => {
    const request = wire.ExplainRequest.fromPartial({ decisionId: granted.answer.decisionId });
    const { record, sentences } = need(await callUnary(shop.decisions.explain.bind(shop.decisions), request));
    expect(record!.offer!.offerId).toBe(granted.offer.offerId);
    expect(record!.candidates.reduce((sum, { weight }) => sum + weight, 0n)).toBe(2n ** 32n);
    expect(sentences.length).toBeGreaterThan(0);
    const unknown = wire.ExplainRequest.fromPartial({ decisionId: "no-such-decision" });
    expect(refusalOf(await callUnary(shop.decisions.explain.bind(shop.decisions), unknown))).toBe(
      "NOT_FOUND unknown_decision",
    );
  });

  it("of a shopper held out gives nothing, and looks like any other answer of none", async () => {
    for (let asked = 0; asked < 40; asked += 1) {
      const user = `${RAW_MARK}-holdout-${asked}`;
      const answer = need(
        await shop.decide({ requestId: `out-${asked}`, caller: "journey", subject: { userId: user }, cart: CART }),
      );
      answers.set(`out-${asked}`, { user, answer });
    }
    await shop.sees("uniqExact(request_id) FROM decisions WHERE caller = 'journey'", answers.size);
    const rows = await shop.sql<{ request_id: string; arm: string; ghost: boolean }>(
      "SELECT DISTINCT request_id, arm, ghost FROM decisions WHERE caller = 'journey'",
    );
    const shapes = { holdout: new Set<string>(), treatment: new Set<string>() };
    for (const { request_id, arm, ghost } of rows) {
      const { answer } = answers.get(request_id)!;
      if (arm === "holdout") expect([answer.offer, answer.message, ghost]).toEqual([undefined, "", true]);
      if (answer.offer === undefined) shapes[arm as "holdout"].add(shapeOf(answer));
    }
    expect(shapes.holdout.size).toBe(1);
    expect(shapes.holdout).toEqual(shapes.treatment);
  });

  it("comes in batches and streams, each like a call of its own", async () => {
    const request = (user: string) =>
      wire.DecideRequest.fromPartial({ subject: { userId: `${RAW_MARK}-${user}` }, cart: CART });
    const requests = [
      request("b1"),
      wire.DecideRequest.fromPartial({ subject: { userId: `${RAW_MARK}-b2` } }),
      request("b3"),
    ];
    const { outcomes } = need(await callUnary(shop.decisions.decideBatch.bind(shop.decisions), { requests }));
    expect(outcomes.map(({ outcome }) => outcome!.$case)).toEqual(["response", "refusal", "response"]);
    const stream = shop.decisions.decideStream();
    for (const one of requests) stream.write(one);
    stream.end();
    const streamed: wire.DecideOutcome[] = [];
    for await (const one of stream) streamed.push(one as wire.DecideOutcome);
    expect(streamed.map(({ outcome }) => outcome!.$case)).toEqual(["response", "refusal", "response"]);
  });
});

/** What of an answer is the same for everybody who gets nothing: all but ids and times. */
function shapeOf({ decisionId, validUntilMs, ...rest }: wire.DecideResponse): string {
  const typed = [typeof decisionId, decisionId.length, typeof validUntilMs, validUntilMs > BigInt(Date.now())];
  return JSON.stringify([typed, rest], (_, value: unknown) => (typeof value === "bigint" ? String(value) : value));
}

describe("an offer", () => {
  const use = () => ({ code: granted.offer.code, subject: { userId: granted.user }, ...CART });
  const redeem = (orderId: string, idempotencyKey: string, code = granted.offer.code) =>
    shop.redeem({ ...use(), code, orderId, idempotencyKey });

  it("is good for the shopper's cart, however the code is typed, and for nobody else's", async () => {
    const answer = need(
      await shop.validate({ ...use(), code: ` ${granted.offer.code.toLowerCase().replaceAll("-", " ")}` }),
    );
    expect([answer.valid, answer.discount]).toEqual([true, granted.offer.faceValue]);
    const other = need(await shop.validate({ ...use(), subject: { userId: `${RAW_MARK}-thief` } }));
    expect([other.valid, other.reason]).toEqual([false, "foreign_subject"]);
  });

  it("is redeemed once and once only, however many ask at once", async () => {
    const tries = await Promise.all(
      Array.from({ length: 8 }, (_, index) => redeem(`order-${index % 4}`, `key-${index % 4}`)),
    );
    const taken = tries.flatMap((one) => (one.ok ? [one.value] : []));
    expect(taken.map(({ replayed }) => replayed).sort()).toEqual([false, true]);
    expect(taken[0]!.discount).toEqual(granted.offer.faceValue);
    expect(tries.filter(({ ok }) => !ok).map(refusalOf)).toEqual(Array(6).fill("FAILED_PRECONDITION offer_redeemed"));
  });

  it("answers the same key the same, and every other key with a refusal", async () => {
    const tries = await Promise.all([0, 1, 2, 3].map((index) => redeem(`order-${index}`, `key-${index}`)));
    const index = tries.findIndex(({ ok }) => ok);
    expect(need(tries[index]!)).toMatchObject({ replayed: true, discount: granted.offer.faceValue });
    expect(refusalOf(await redeem("order-other", "key-other"))).toBe("FAILED_PRECONDITION offer_redeemed");
    expect(refusalOf(await redeem("order-other", `key-${index}`))).toBe("ALREADY_EXISTS idempotency_mismatch");
    expect(need(await shop.validate(use()))).toMatchObject({ valid: false, reason: "offer_redeemed" });
    const get = wire.GetOfferRequest.fromPartial({ code: granted.offer.code });
    const got = need(await callUnary(shop.offers.get.bind(shop.offers), get));
    expect(got.status).toBe(wire.OfferStatus.OFFER_STATUS_REDEEMED);
  });

  it("that nobody was given is refused", async () => {
    expect(refusalOf(await redeem("o", "k", "nonsense!"))).toBe("INVALID_ARGUMENT code_malformed");
  });
});

describe("what is not there yet", () => {
  it("answers UNIMPLEMENTED, and nothing else does", async () => {
    const unimplemented = [
      "OfferService/Reserve",
      "OfferService/Release",
      "OfferService/Refund",
      "SubjectService/Forget",
    ];
    const methods = [
      ...["Record"].map((name) => `CollectorService/${name}`),
      ...["Decide", "DecideBatch", "Explain"].map((name) => `DecisionService/${name}`),
      ...["Validate", "Reserve", "Redeem", "Release", "Refund", "Get"].map((name) => `OfferService/${name}`),
      ...["PutProfile", "PutConsent", "GetSubject", "Forget"].map((name) => `SubjectService/${name}`),
      ...["PutProducts", "GetProduct"].map((name) => `CatalogService/${name}`),
      ...Object.values(wire.ModelServiceService).map(({ path }) => path.replace("/leastwise.v1.", "")),
      ...Object.values(wire.PolicyServiceService).map(({ path }) => path.replace("/leastwise.v1.", "")),
    ];
    const answered: string[] = [];
    for (const method of methods) {
      const { status } = await rawCall(program.ports.rpc!, `/leastwise.v1.${method}`, [Buffer.alloc(0)]);
      if (status === "12") answered.push(method);
      else expect(["0", "3", "5"]).toContain(status); // an empty request is answered, invalid, or asks for nothing known
    }
    expect(answered.sort()).toEqual(unimplemented.sort());
  });
});

describe("SQL", () => {
  it("shows the order that the shopper then placed, and the whole road to it", async () => {
    const order = {
      orderId: "order-0",
      lines: CART.lines,
      discount: granted.offer.faceValue!,
      codes: [granted.offer.code],
    };
    const event = {
      eventId: "purchase-1",
      kind: wire.EventKind.EVENT_KIND_PURCHASE,
      occurredAtMs: BigInt(Date.now()),
      userId: granted.user,
      order,
    };
    expect(need(await shop.record(event)).accepted).toBe(1);
    await shop.sees("count() FROM orders WHERE order_id = 'order-0'", 1);
    const [row] = await shop.sql<{ path: string; discount: string; revenue: string }>(
      `SELECT arrayStringConcat(arraySort(groupArray(kind)), ' ') AS path, toString(any(o.discount_minor)) AS discount,
              toString(any(o.revenue_minor)) AS revenue
       FROM (SELECT kind, subject FROM offers WHERE offer_id = {offer:String}) AS f
       INNER JOIN (SELECT * FROM orders WHERE order_id = 'order-0') AS o ON o.subject = f.subject`,
      { offer: granted.offer.offerId },
    );
    const face = Number(granted.offer.faceValue!.minor);
    expect(row).toEqual({ path: "issued redeemed", discount: String(face), revenue: String(17_000 - face) });
  });

  it("has every event once, with its door", async () => {
    await shop.sees("count() FROM clickstream WHERE startsWith(event_id, 'segment-')", 4);
    const rows = await shop.sql<{ id: string; source: string }>(
      "SELECT event_id AS id, source FROM clickstream WHERE match(event_id, '^(single|batch|beacon|segment|grpc)-') ORDER BY id",
    );
    expect(rows.map(({ id, source }) => `${source} ${id}`)).toEqual([
      ...["batch-1", "batch-4", "beacon-1"].map((id) => `http ${id}`),
      ...["grpc-1", "grpc-2", "grpc-3"].map((id) => `grpc ${id}`),
      ...["segment-1", "segment-2", "segment-3", "segment-4"].map((id) => `segment ${id}`),
      "http single-1",
    ]);
  });

  it("has each subject enrolled once, both arms, and the lift between them", async () => {
    const rows = await shop.sql<{ arm: string; subjects: string; rows: string }>(
      "SELECT arm, toString(uniqExact(subject)) AS subjects, toString(count()) AS rows FROM enrolments GROUP BY arm ORDER BY arm",
    );
    expect(rows.map(({ arm }) => arm)).toEqual(["holdout", "treatment"]);
    for (const { subjects, rows: enrolled } of rows) expect(enrolled).toBe(subjects);
    const [lift] = await shop.sql<{ treatment: string; holdout: string; bought: string }>(
      `SELECT toString(treatment_subjects) AS treatment, toString(holdout_subjects) AS holdout, toString(treatment_sum) AS bought
       FROM lift(experiment = 'checkout-incentives', from_ms = 0, to_ms = 4000000000000, as_of_ms = 4000000000000,
                 horizon_ms = 604800000, return_window_ms = 2592000000, currency = 'EUR')
       WHERE metric = 'conversion'`,
    );
    expect(lift).toEqual({ treatment: rows[1]!.subjects, holdout: rows[0]!.subjects, bought: "1" });
  });

  it("is read only, and errors have ClickHouse's codes", async () => {
    await expect(shop.sql("SELECT no_such_column FROM orders")).rejects.toThrow(/Code: 47/);
    const drop = await fetch(`http://127.0.0.1:${program.ports.sql!}/`, { method: "POST", body: "DROP TABLE orders" });
    expect(drop.ok).toBe(false);
    expect(await shop.number("count() FROM orders")).toBe(1);
  });
});

describe("the metrics page", () => {
  it("counts what happened", async () => {
    const rpc = (service: string, method: string, code: string) =>
      shop.metric("leastwise_rpc_requests_total", { service: `leastwise.v1.${service}`, method, code });
    expect(await rpc("OfferService", "Redeem", "OK")).toBe(3);
    expect(await rpc("OfferService", "Reserve", "UNIMPLEMENTED")).toBe(1);
    expect(await shop.metric("leastwise_http_requests_total", { door: "collector", route: "/v1/batch" })).toBe(1);
    expect(await shop.metric("leastwise_events_accepted_total", { source: "segment" })).toBe(4);
    expect(await shop.metric("leastwise_events_refused_total", { reason: "timestamp_in_seconds" })).toBe(1);
    expect(await shop.metric("leastwise_decisions_total", { outcome: "ghost" })).toBeGreaterThan(0);
    expect(await shop.metric("leastwise_offers_total", { event: "redeemed" })).toBe(1);
    expect(await shop.metric("leastwise_window_verdicts_total", { verdict: "duplicate" })).toBe(2);
    expect(await shop.metric("leastwise_holdout_leaks_total")).toBe(0);
    const recorded = async (table: string) => {
      const rows = await shop.metric("leastwise_recorder_rows_total", { table });
      return rows === (await shop.number(`count() FROM ${table}`)) ? true : undefined;
    };
    for (const table of ["clickstream", "decisions", "offers", "orders"])
      await until(() => recorded(table), `rows of ${table} as the metrics have them`);
  });
});

describe("raw ids", () => {
  it("stand in no line, no table, no metric, and not on the disk", async () => {
    expect(await rawIdsLetOut([program], shop)).toEqual([]);
    expect(filesWithRawIds(data)).toEqual([]);
    expect(program.lines.length).toBeGreaterThan(1);
  });
});

describe("SIGTERM", () => {
  it("lets what was begun finish, and ends with 0", async () => {
    const event = {
      kind: wire.EventKind.EVENT_KIND_SEARCH,
      occurredAtMs: BigInt(Date.now()),
      userId: `${RAW_MARK}-last`,
    };
    const before = await shop.number("count() FROM clickstream");
    const inHand = Promise.all(Array.from({ length: 50 }, (_, n) => shop.record({ ...event, eventId: `last-${n}` })));
    const stopped = program.stop();
    const taken = (await inHand).filter(({ ok }) => ok).length;
    expect(await stopped).toEqual({ code: 0, signal: null });
    expect(program.stdout).toEqual([]);
    for (const text of program.stderr) expect(() => void JSON.parse(text)).not.toThrow();

    const again = await serve(data);
    const reopened = new Shop(again.ports);
    await reopened.sees("count() FROM clickstream", before + taken);
    reopened.close();
    expect(await again.stop("SIGINT")).toEqual({ code: 0, signal: null });
  });
});

import { encodeClickstreamRecord, TOPICS, wire } from "@leastwise/contracts";
import { describe, expect, it } from "@jest/globals";
import { ADA, decided, did, euros, happened, ISSUED, NOON, standing, torn, written } from "../given/records.js";
import { clickstreamRows } from "./clickstream-rows.js";
import { codeHash } from "./code-hash.js";
import { deadLetterRows } from "./dead-letter-rows.js";
import { decisionRows } from "./decision-rows.js";
import { offerRows } from "./offer-rows.js";
import type { Outcome, Rows } from "./outcome.js";

const { EventKind } = wire;
const costs = (productId: string) => ({ shoe: 2_000, sock: 100 })[productId];

function rowsOf(outcome: Outcome): Rows {
  if (outcome.outcome !== "ok") throw new Error(outcome.outcome);
  return outcome.rows;
}

const clicked = (event: wire.DeepPartial<wire.Event>) => rowsOf(clickstreamRows("i", standing(did(event)), costs));
const wrote = (decision: wire.DeepPartial<wire.DecisionRecord>) => decisionRows("i", standing(decided(decision)));

const shoe = { productId: "shoe", quantity: 2n, unitPrice: euros(5_000), discount: euros(500) };
const sock = { productId: "sock", quantity: 1n, unitPrice: euros(700) };

describe("an event", () => {
  it("is a row of clickstream, with its place on the log and its shopper's key", () => {
    const { clickstream, ...others } = clicked({
      kind: EventKind.EVENT_KIND_PRODUCT_VIEW,
      sessionId: "visit-1",
      channel: wire.Channel.CHANNEL_WEB,
      place: { country: "DE", region: "BE" },
      product: { productId: "shoe", category: "feet", unitPrice: euros(9_007_199_254_740_991n), quantity: 1n },
    });
    expect(others).toEqual({});
    expect(clickstream).toMatchObject([
      {
        log_incarnation: "i",
        log_topic: "clickstream",
        log_partition: 0,
        log_offset: 41,
        subject: ADA,
        assignment_key: "her browser's",
        kind: "product_view",
        channel: "web",
        place: "DE-BE",
        product_id: "shoe",
        unit_price_minor: 9_007_199_254_740_991,
        currency: "EUR",
        occurred_at: NOON,
        received_at: NOON + 5,
        revenue_minor: null,
      },
    ]);
  });

  it("that is an order is a row of orders too: what was paid, what was off, what the goods cost", () => {
    const order = { orderId: "order-1", lines: [shoe, sock], discount: euros(200), codes: ["WELCOME"] };
    expect(clicked({ kind: EventKind.EVENT_KIND_PURCHASE, order }).orders).toMatchObject([
      {
        order_id: "order-1",
        assignment_key: "her browser's",
        revenue_minor: 10_700 - 700,
        discount_minor: 700,
        cost_of_goods_minor: 4_100,
        codes: ["WELCOME"],
        lines: [
          { product_id: "shoe", quantity: 2, unit_price_minor: 5_000, discount_minor: 500, unit_cost_minor: 2_000 },
          { product_id: "sock", quantity: 1, unit_price_minor: 700, discount_minor: 0, unit_cost_minor: 100 },
        ],
      },
    ]);
  });

  it.each([
    ["what the shop says was paid, before any sum of ours", { lines: [shoe], total: euros(8_765) }, 8_765, 4_000],
    ["no less than nothing, whatever the discounts", { lines: [sock], discount: euros(9_999) }, 0, 100],
    ["no cost where that of one line is unknown", { lines: [shoe, { ...sock, productId: "gift" }] }, 10_200, null],
    ["no cost where no line is known", { total: euros(300) }, 300, null],
  ])("that is an order has %s", (_, order, revenue_minor, cost_of_goods_minor) => {
    const { orders } = clicked({ kind: EventKind.EVENT_KIND_PURCHASE, order: { orderId: "o", ...order } });
    expect(orders).toMatchObject([{ revenue_minor, cost_of_goods_minor }]);
  });

  it("that begins a checkout is no order", () => {
    expect(clicked({ kind: EventKind.EVENT_KIND_CHECKOUT_START, order: { lines: [shoe] } }).orders).toBeUndefined();
  });

  it("that is a return says what was paid back and what can be sold again", () => {
    const goodsReturn = { orderId: "order-1", lines: [shoe, { ...sock, productId: "gift" }], refund: euros(9_500) };
    expect(clicked({ kind: EventKind.EVENT_KIND_RETURN, goodsReturn }).returns).toMatchObject([
      { order_id: "order-1", assignment_key: "her browser's", refund_minor: 9_500, cost_recovered_minor: 4_000 },
    ]);
  });

  it("is nobody's where the record is a login or a moved state", () => {
    const value = wire.SubjectLink.fromPartial({ anonymousSubject: ADA, knownSubject: ADA });
    const link = standing(written(TOPICS.clickstream, encodeClickstreamRecord({ $case: "link", value })));
    expect(clickstreamRows("i", link, costs)).toEqual({ outcome: "drop", reason: "link" });
  });
});

describe("a decision", () => {
  it("is a row with what was weighed, drawn and answered", () => {
    const { decisions, enrolments, offers } = rowsOf(wrote({ exploit: 1, propensity: 0.5, draw: 7n }));
    expect([enrolments, offers]).toEqual([[], undefined]);
    expect(decisions).toMatchObject([
      {
        decision_id: "d1",
        rung: 0,
        exploit_rung: 1,
        explored: true,
        incentive_kind: "",
        propensity: 0.5,
        propensity_weight: 2 ** 31,
        cart_value_minor: 10_000,
        freshness: "fresh",
        arm: "",
        enrolled_at: null,
        rungs: [
          { rung: 0, admissible: true },
          { campaign: "autumn", rung: 1, incentive_kind: "percent_off", face_value_minor: 1_000 },
        ],
      },
    ]);
  });

  it("that enrols somebody is a row of enrolments, once", () => {
    const enrolment = { experimentId: "x", arm: "holdout", enrolledAtMs: BigInt(NOON), holdoutBp: 1_000 };
    const first = rowsOf(wrote({ enrolments: [{ ...enrolment, first: true }], segments: ["new"] }));
    expect(first.enrolments).toMatchObject([
      { experiment: "x", arm: "holdout", holdout_bp: 1_000, segments: ["new"], assignment_key: "her browser's" },
    ]);
    expect(rowsOf(wrote({ enrolments: [enrolment] })).enrolments).toEqual([]);
  });

  it("that issues an offer is a row of offers too, its code only as a hash", () => {
    const rows = rowsOf(wrote(ISSUED));
    expect(rows.offers).toMatchObject([
      { kind: "issued", offer_id: "o1", cost_minor: 1_000, assignment_key: "her browser's", at: NOON },
    ]);
    expect(rows.offers?.[0]?.code_hash).toBe(codeHash(ISSUED.offer.code));
    expect(JSON.stringify(rows)).not.toContain(ISSUED.offer.code);
  });

  it("that repeats an offer issued before issues none", () => {
    expect(rowsOf(wrote({ ...ISSUED, budgetId: "", held: undefined, continued: true })).offers).toBeUndefined();
  });

  const heldOut = [{ experimentId: "x", arm: "holdout" }];
  it.each([
    ["gave a held-out subject an incentive", { ...ISSUED, enrolments: heldOut }, "x"],
    ["gave a held-out subject what it is owed", { ...ISSUED, chosen: 0, enrolments: heldOut, ghost: true }, undefined],
    [
      "gave somebody else an incentive",
      { ...ISSUED, enrolments: [{ experimentId: "x", arm: "treatment" }] },
      undefined,
    ],
    ["gave nothing", { enrolments: heldOut, ghost: true, chosen: 1 }, undefined],
  ])("that %s: is it a leak?", (_, decision, holdoutLeak) => {
    expect(wrote(decision)).toMatchObject({ outcome: "ok", ...(holdoutLeak === undefined ? {} : { holdoutLeak }) });
    expect("holdoutLeak" in wrote(decision)).toBe(holdoutLeak !== undefined);
  });
});

describe("what happened to an offer", () => {
  const wrote = (event: wire.DeepPartial<wire.OfferEvent>) => offerRows("i", standing(happened(event)));

  it("is a row with what it cost, by line", () => {
    const shares = [{ line: 0, productId: "shoe", quantity: 2n, discount: euros(900) }];
    const value = { orderId: "order-1", discount: euros(900), shares };
    expect(rowsOf(wrote({ idempotencyKey: "key-1", kind: { $case: "redeemed", value } })).offers).toMatchObject([
      {
        kind: "redeemed",
        order_id: "order-1",
        cost_minor: 900,
        currency: "EUR",
        idempotency_key: "key-1",
        assignment_key: "her browser's",
        lines: [{ product_id: "shoe", quantity: 2, discount_minor: 900 }],
      },
    ]);
    expect(rowsOf(wrote({ kind: { $case: "expired", value: {} } })).offers).toMatchObject([
      { kind: "expired", cost_minor: 0 },
    ]);
  });

  it("is a dead letter where it does not say what", () => {
    expect(wrote({})).toMatchObject({ outcome: "dead_letter", refusal: { reason: "empty_record", field: "kind" } });
  });
});

describe("what cannot be read", () => {
  it("is a dead letter, with its reason", () => {
    const outcomes = [
      clickstreamRows("i", standing(torn(TOPICS.clickstream)), costs),
      decisionRows("i", standing(torn(TOPICS.decisions))),
      offerRows("i", standing(torn(TOPICS.offers))),
    ];
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({ outcome: "dead_letter", refusal: { reason: "record_malformed" } });
  });

  it("is a row of its bytes where the dead letter itself cannot be read", () => {
    expect(rowsOf(deadLetterRows("i", standing(torn(TOPICS.deadLetters)))).dead_letters).toMatchObject([
      { reason: "record_malformed", payload: "////", topic: "", offset: null, received_at: NOON },
    ]);
  });

  it("says where the record stood that it is of", () => {
    const letter = {
      reason: "ahead_of_time",
      cause: "i/clickstream/3/77",
      payload: Buffer.from("x"),
      receivedAtMs: 5n,
    };
    const value = wire.DeadLetter.encode(wire.DeadLetter.fromPartial(letter)).finish();
    expect(rowsOf(deadLetterRows("i", standing(written(TOPICS.deadLetters, value)))).dead_letters).toMatchObject([
      { reason: "ahead_of_time", topic: "clickstream", partition: 3, offset: 77, payload: "eA==", received_at: 5 },
    ]);
  });
});

import { encodeClickstreamRecord, OwnerEpochs, TOPICS, wire } from "@leastwise/contracts";
import { isWellFormed, LATEST_MS, type Millis } from "@leastwise/vocabulary";
import { FEATURES } from "@leastwise/windows";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { ADA, decided, did, euros, happened, ISSUED, NOON, standing, torn, written } from "../given/records.js";
import { clickstreamRows } from "./clickstream-rows.js";
import { codeHash } from "./code-hash.js";
import { deadLetterRows } from "./dead-letter-rows.js";
import { decisionRows } from "./decision-rows.js";
import { offerRows } from "./offer-rows.js";
import { withinBounds, type Outcome, type Rows } from "./outcome.js";

const { EventKind } = wire;
const MOST = Number.MAX_SAFE_INTEGER;
const BEN = "0".repeat(31) + "b";

/** What the catalog has: shoes and socks, of which Ada has to be told neither price nor cost, and a hat that is sold in dollars. */
const CATALOG: readonly wire.Product[] = [
  { productId: "shoe", price: euros(6_000), unitCost: euros(2_000), category: "feet", brand: "Stride" },
  { productId: "sock", price: euros(800), unitCost: euros(100) },
  { productId: "hat", price: { minor: 3_000n, currency: "USD" }, unitCost: { minor: 900n, currency: "USD" } },
].map((product) => wire.Product.fromPartial(product));
const products = (productId: string) => CATALOG.find((product) => product.productId === productId);

function rowsOf(outcome: Outcome): Rows {
  if (outcome.outcome !== "ok") throw new Error(outcome.outcome);
  return outcome.rows;
}

const clicked = (event: wire.DeepPartial<wire.Event>) => rowsOf(clickstreamRows("i", standing(did(event)), products));
const wrote = (decision: wire.DeepPartial<wire.DecisionRecord>, epochs = new OwnerEpochs()) =>
  decisionRows("i", standing(decided(decision)), epochs);

const shoe = { productId: "shoe", quantity: 2n, unitPrice: euros(5_000), discount: euros(500) };
const sock = { productId: "sock", quantity: 1n, unitPrice: euros(700) };

describe("a state that a login moved", () => {
  const moved = (state: wire.DeepPartial<wire.StateMoved>) => {
    const value = wire.StateMoved.fromPartial({ fromSubject: ADA, toSubject: BEN, assignmentKey: "k", ...state });
    const record = written(TOPICS.clickstream, encodeClickstreamRecord({ $case: "stateMoved", value }));
    return clickstreamRows("i", standing(record), products);
  };
  const windows = Buffer.from([1]);

  it("is a row of moves, with the places of the link that sent it and of the record that brought it", () => {
    expect(rowsOf(moved({ cause: "i/clickstream/7/31", windows }))).toEqual({
      moves: [
        {
          ...{ subject: BEN, from_subject: ADA, link_partition: 7, link_offset: 31 },
          ...{ log_incarnation: "i", log_topic: "clickstream", log_partition: 0, log_offset: 41 },
        },
      ],
    });
  });

  it("is nobody's row where there was none, and a dead letter where its link is not named", () => {
    expect(moved({ cause: "i/clickstream/7/31" })).toEqual({ outcome: "drop", reason: "no_windows" });
    expect(moved({ cause: "i/7", windows })).toMatchObject({
      outcome: "dead_letter",
      refusal: { reason: "cause_malformed", field: "state_moved.cause" },
    });
  });
});

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
    ["the catalog's price where it says none", { lines: [{ productId: "shoe", quantity: 2n }, sock] }, 12_700, 4_100],
    ["no money where nobody knows a price", { lines: [shoe, { productId: "gift", quantity: 1n }] }, null, null],
    ["no money of another currency", { lines: [shoe, { productId: "hat", quantity: 1n }] }, null, null],
    ["its total where no price is known", { lines: [{ productId: "gift", quantity: 1n }], total: euros(5) }, 5, null],
  ])("that is an order has %s", (_, order, revenue_minor, cost_of_goods_minor) => {
    const { orders } = clicked({ kind: EventKind.EVENT_KIND_PURCHASE, order: { orderId: "o", ...order } });
    expect(orders).toMatchObject([{ revenue_minor, cost_of_goods_minor }]);
  });

  it.each([
    ["said", { kind: EventKind.EVENT_KIND_CART_ADD, product: { ...shoe } }, false, false],
    [
      "the catalog's",
      { kind: EventKind.EVENT_KIND_CART_ADD, product: { productId: "shoe", quantity: 1n } },
      true,
      false,
    ],
    ["nobody's", { kind: EventKind.EVENT_KIND_CART_ADD, product: { productId: "gift", quantity: 1n } }, false, false],
    [
      "said line by line",
      { kind: EventKind.EVENT_KIND_PURCHASE, order: { orderId: "o", lines: [shoe, sock] } },
      false,
      false,
    ],
    [
      "said as a total, whatever its lines",
      { kind: EventKind.EVENT_KIND_PURCHASE, order: { orderId: "o", lines: [{ productId: "shoe" }], total: euros(5) } },
      false,
      false,
    ],
    [
      "the catalog's for one line",
      {
        kind: EventKind.EVENT_KIND_PURCHASE,
        order: { orderId: "o", lines: [sock, { productId: "shoe", quantity: 1n }] },
      },
      false,
      true,
    ],
    [
      "nobody's",
      { kind: EventKind.EVENT_KIND_PURCHASE, order: { orderId: "o", lines: [{ productId: "gift" }] } },
      false,
      false,
    ],
  ])("whose money is %s says so", (_, event, unit_price_from_catalog, revenue_from_catalog) => {
    expect(clicked(event).clickstream).toMatchObject([{ unit_price_from_catalog, revenue_from_catalog }]);
  });

  it("whose sums no number can hold is a dead letter: a warehouse would refuse all that stands beside it", () => {
    const line = { productId: "shoe", quantity: 2n, unitPrice: euros(Number.MAX_SAFE_INTEGER) };
    const discount = euros(Number.MAX_SAFE_INTEGER);
    const orders = [
      { lines: [line] },
      { lines: [{ ...line, quantity: 1n, discount }], discount, total: euros(1) },
      { lines: [sock, { ...line, quantity: 1n }] },
    ];
    for (const order of orders) {
      const event = { kind: EventKind.EVENT_KIND_CHECKOUT_START, order };
      expect(clickstreamRows("i", standing(did(event)), products)).toMatchObject({
        outcome: "dead_letter",
        refusal: { reason: "amount_out_of_range", field: "event.order.lines" },
      });
    }
  });

  it("has only amounts that a column can hold, whatever the door let through", () => {
    const amount = fc.option(fc.maxSafeNat().map(euros), { nil: undefined });
    const quantity = fc.integer({ min: 1, max: 2_147_483_647 }).map(BigInt);
    const productId = fc.constantFrom("shoe", "sock", "gift");
    const line = fc.record({ productId, quantity, unitPrice: amount, discount: amount });
    const lines = fc.array(line, { minLength: 1, maxLength: 5 });
    const order = fc.record({ orderId: fc.constant("o"), lines, total: amount, discount: amount });
    fc.assert(
      fc.property(order, lines, amount, (order, returned, refund) => {
        const outcomes = [
          { kind: EventKind.EVENT_KIND_PURCHASE, order },
          { kind: EventKind.EVENT_KIND_RETURN, goodsReturn: { orderId: "o", lines: returned, refund } },
        ].map((event) => clickstreamRows("i", standing(did(event)), products));
        const kept = outcomes.map(withinBounds).filter(({ outcome }) => outcome === "ok");
        const amounts = JSON.stringify(kept).match(/(?<="\w+_minor":)-?\d[^,}]*/g) ?? [];
        expect(amounts.filter((text) => !Number.isSafeInteger(Number(text)))).toEqual([]);
      }),
    );
  });

  it("whose goods cost more, or would by the catalog, than a number can hold is a dead letter", () => {
    const dear = () => wire.Product.fromPartial({ price: euros(MOST), unitCost: euros(MOST) });
    const lines = [{ productId: "yacht", quantity: 2n, unitPrice: euros(1) }];
    const events = [
      { kind: EventKind.EVENT_KIND_PURCHASE, order: { orderId: "o", lines } },
      { kind: EventKind.EVENT_KIND_RETURN, goodsReturn: { orderId: "o", lines, refund: euros(1) } },
      { kind: EventKind.EVENT_KIND_PURCHASE, order: { orderId: "o", lines: [{ productId: "yacht", quantity: 2n }] } },
    ];
    for (const event of events) {
      expect(withinBounds(clickstreamRows("i", standing(did(event)), dear))).toMatchObject({
        outcome: "dead_letter",
        refusal: { reason: "amount_out_of_range" },
      });
    }
  });

  it("that names no amount has the currency of the catalog, and a product its category, brand and price", () => {
    const product = { productId: "shoe", quantity: 1n };
    expect(clicked({ kind: EventKind.EVENT_KIND_PRODUCT_VIEW, product }).clickstream).toMatchObject([
      { category: "feet", brand: "Stride", unit_price_minor: 6_000, currency: "EUR" },
    ]);
    expect(clicked({ product: { ...product, category: "own", unitPrice: euros(1) } }).clickstream).toMatchObject([
      { category: "own", brand: "Stride", unit_price_minor: 1, currency: "EUR" },
    ]);
    const order = { orderId: "o", lines: [{ productId: "hat", quantity: 2n }] };
    expect(clicked({ kind: EventKind.EVENT_KIND_PURCHASE, order }).orders).toMatchObject([
      { revenue_minor: 6_000, cost_of_goods_minor: 1_800, currency: "USD", lines: [{ unit_price_minor: 3_000 }] },
    ]);
  });

  it("whose bytes are no text is a row all the same: the engine refuses half a character", () => {
    const value = encodeClickstreamRecord({
      $case: "event",
      value: wire.ClickstreamEvent.fromPartial({ subject: ADA, event: { eventId: "half \ud800 a pair" } }),
    });
    const { clickstream } = rowsOf(clickstreamRows("i", standing(written(TOPICS.clickstream, value)), products));
    expect(isWellFormed(clickstream?.[0]?.event_id ?? "\ud800")).toBe(true);
  });

  it.each([
    [{ country: "DE" }, "DE"],
    [{ region: "BE" }, ""],
    [undefined, ""],
  ])("from %j has the place %j", (place, expected) => {
    expect(clicked({ place }).clickstream).toMatchObject([{ place: expected }]);
  });

  it("has a code of ours only as the hash that its offer has, however it was typed; what everybody knows stays", () => {
    const typed = ["M7Q0-4Z8K-1XWD-3RV2", "m7qo 4z8k lxwd 3rv2", "M7Q04Z8K1XWD3RV2", "SUMMER10", "M7Q0-4Z8K-1XWD-3RVJ"];
    const { clickstream, orders } = clicked({
      kind: EventKind.EVENT_KIND_PURCHASE,
      order: { orderId: "o", codes: typed },
    });
    const hash = rowsOf(wrote(ISSUED)).offers?.[0]?.code_hash;
    const codes = [hash, hash, hash, "SUMMER10", "M7Q0-4Z8K-1XWD-3RVJ"];
    expect([clickstream, orders]).toMatchObject([[{ codes }], [{ codes }]]);
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

  it("that is a return whose refund is not said gives nothing back", () => {
    const goodsReturn = { orderId: "order-1", lines: [shoe] };
    expect(clicked({ eventId: "r1", kind: EventKind.EVENT_KIND_RETURN, goodsReturn }).returns).toMatchObject([
      { event_id: "r1", currency: "EUR", refund_minor: null, cost_recovered_minor: 0 },
    ]);
  });

  it("that is a return of a whole order may name no goods: none are then recovered", () => {
    const goodsReturn = { orderId: "order-1", refund: euros(9_500) };
    expect(clicked({ kind: EventKind.EVENT_KIND_RETURN, goodsReturn }).returns).toMatchObject([
      { refund_minor: 9_500, cost_recovered_minor: 0, lines: [] },
    ]);
  });

  it("is nobody's where the record is a login, or moves an assignment key alone", () => {
    const value = wire.SubjectLink.fromPartial({ anonymousSubject: ADA, knownSubject: ADA });
    const link = standing(written(TOPICS.clickstream, encodeClickstreamRecord({ $case: "link", value })));
    expect(clickstreamRows("i", link, products)).toEqual({ outcome: "drop", reason: "link" });
    const move = wire.StateMoved.fromPartial({ fromSubject: ADA, toSubject: ADA });
    const moved = standing(written(TOPICS.clickstream, encodeClickstreamRecord({ $case: "stateMoved", value: move })));
    expect(clickstreamRows("i", moved, products)).toEqual({ outcome: "drop", reason: "no_windows" });
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

  it("says what was known of the shopper, and leaves out what was not", () => {
    const values = FEATURES.map((_, index) => (index === 1 ? 0 : index === 2 ? 7 : Number.NaN));
    const { decisions } = rowsOf(
      wrote({
        ...{ features: { values, partition: 3, asOfOffset: 99n }, consent: [wire.Purpose.PURPOSE_PERSONALIZATION] },
        ...{ channel: wire.Channel.CHANNEL_APP, device: wire.Device.DEVICE_MOBILE, clock: "event" },
        ...{ freshness: wire.Freshness.FRESHNESS_DEGRADED, degradedReason: "deadline" },
      }),
    );
    const [, second, third] = FEATURES;
    expect(decisions).toMatchObject([
      {
        ...{ consent: true, channel: "app", device: "mobile", clock: "event" },
        ...{ freshness: "degraded", degraded_reason: "deadline" },
        ...{ features_as_of_partition: 3, features_as_of_offset: 99 },
      },
    ]);
    expect(decisions?.[0]?.features).toEqual({ [second!.name]: 0, [third!.name]: 7 });
  });

  it("says which exchange of consent the shopper was asked, and empty where none", () => {
    const asked = rowsOf(wrote({ consentExchange: { campaignId: "welcome", words: "Agree, and get 5 % off." } }));
    expect(asked.decisions).toMatchObject([{ exchange_campaign_id: "welcome" }]);
    expect(rowsOf(wrote({})).decisions).toMatchObject([{ exchange_campaign_id: "" }]);
  });

  it("says of a shopper of whom nothing was known that nothing was", () => {
    expect(rowsOf(wrote({})).decisions).toMatchObject([
      { features: {}, features_as_of_offset: -1, consent: false, channel: "", device: "", clock: "wall" },
    ]);
  });

  it("that is a ghost says what would have been given, and gives nothing", () => {
    const enrolments = [{ experimentId: "x", arm: "holdout", enrolledAtMs: BigInt(NOON) }];
    const { decisions, offers } = rowsOf(wrote({ enrolments, ghost: true, chosen: 1, reason: "held_out" }));
    expect(offers).toBeUndefined();
    expect(decisions).toMatchObject([
      {
        ...{ ghost: true, experiment: "x", arm: "holdout", enrolled_at: NOON, first_of_enrolment: false },
        ...{ campaign: "autumn", rung: 1, incentive_kind: "percent_off", depth_bp: 1_000 },
        ...{ face_value_minor: 1_000, expected_cost_minor: 400, offer_id: "", held_minor: 0 },
      },
    ]);
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
  const wrote = (event: wire.DeepPartial<wire.OfferEvent>, epochs = new OwnerEpochs()) =>
    offerRows("i", standing(happened(event)), epochs);

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

describe("what an owner wrote behind its successor's beginning", () => {
  const begun = () => {
    const epochs = new OwnerEpochs();
    const beginning = { decisionId: "", cart: undefined, candidates: [], ownerEpoch: 2n };
    expect(wrote(beginning, epochs)).toEqual({ outcome: "drop", reason: "owner_began" });
    return epochs;
  };

  it("is a draw that failed, where there was one", () => {
    const consentExchange = { campaignId: "welcome" };
    const { decisions, offers } = rowsOf(
      wrote({ ...ISSUED, consentExchange, episodeId: "e", ownerEpoch: 1n }, begun()),
    );
    expect(decisions?.[0]?.exchange_campaign_id).toBe("");
    expect(decisions).toMatchObject([
      { reason: "failed_after_draw", degraded_reason: "owner_changing", offer_id: "", held_minor: 0, rung: 1 },
    ]);
    expect(offers).toBeUndefined();
  });

  it("is nothing, where nothing was drawn", () => {
    const late = { episodeId: "", ownerEpoch: 1n };
    expect(wrote(late, begun())).toEqual({ outcome: "drop", reason: "owner_superseded" });
    const ended = happened({ kind: { $case: "expired", value: {} }, ownerEpoch: 1n });
    expect(offerRows("i", standing(ended), begun())).toEqual({ outcome: "drop", reason: "owner_superseded" });
  });

  it("is as good as any for an owner that has none", () => {
    expect(rowsOf(wrote({ ...ISSUED, ownerEpoch: 2n }, begun())).offers).toHaveLength(1);
    const beginning = happened({ offerId: "", ownerEpoch: 2n });
    expect(offerRows("i", standing(beginning), begun())).toEqual({ outcome: "drop", reason: "owner_began" });
  });
});

describe("what cannot be read", () => {
  it("is a dead letter, with its reason", () => {
    const outcomes = [
      clickstreamRows("i", standing(torn(TOPICS.clickstream)), products),
      decisionRows("i", standing(torn(TOPICS.decisions)), new OwnerEpochs()),
      offerRows("i", standing(torn(TOPICS.offers)), new OwnerEpochs()),
    ];
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({ outcome: "dead_letter", refusal: { reason: "record_malformed" } });
  });

  it("is a row of its bytes where the dead letter itself cannot be read", () => {
    expect(rowsOf(deadLetterRows("i", standing(torn(TOPICS.deadLetters)))).dead_letters).toMatchObject([
      { reason: "record_malformed", payload: "////", topic: "", offset: null, received_at: NOON },
    ]);
  });

  it("is a row where the dead letter itself cannot be read, and bears a time that no column holds", () => {
    const times = [-1, Number.MAX_SAFE_INTEGER].map((timestampMs) => {
      const record = { ...standing(torn(TOPICS.deadLetters)), timestampMs: timestampMs as Millis };
      return rowsOf(deadLetterRows("i", record)).dead_letters?.[0]?.received_at;
    });
    expect(times).toEqual([0, LATEST_MS - 1]);
  });

  it.each([
    ['{"codes":["M7Q0-4Z8K-1XWD-3RV2"]}', '{"codes":["*******************"]}'],
    ["used m7q0 4z8k 1xwd 3rv2!", "used *******************!"],
    ["used M7Q04Z8K1XWD3RV2!", "used ****************!"],
    ["used SUMMER10, M7Q0-4Z8K-1XWD-3RVJ", "used SUMMER10, M7Q0-4Z8K-1XWD-3RVJ"],
  ])("has no code of ours in its bytes: %s", (came, kept) => {
    const value = wire.DeadLetter.encode(
      wire.DeadLetter.fromPartial({ reason: "odd", payload: Buffer.from(came) }),
    ).finish();
    const { dead_letters } = rowsOf(deadLetterRows("i", standing(written(TOPICS.deadLetters, value))));
    expect(Buffer.from(dead_letters?.[0]?.payload ?? "", "base64").toString()).toBe(kept);
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

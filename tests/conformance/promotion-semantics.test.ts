import {
  CivilClock,
  compileBudget,
  compilePolicy,
  decide,
  EMPTY_STATE,
  ineligibleFor,
  type Decision,
} from "@leastwise/decision";
import {
  compileModel,
  PRIOR_MODEL,
  type Campaign,
  type DecisionInput,
  type Guardrails,
  type Policy,
} from "@leastwise/decision";
import {
  appraise,
  bestStack,
  evolve,
  mintCode,
  readCode,
  PromotionUsage,
  limitsRefused,
  redeem,
  refund,
  RESERVATION_TTL_MS,
  reserve,
  UNKNOWN_OFFER,
  validate,
  type Cart,
  type Incentive,
  type LimitsInForce,
  type OfferEvent,
  type OfferState,
  type OfferTerms,
  type PriceBasis,
  type RedeemCommand,
  type RefundCommand,
  type StackOffer,
  type UsageLimit,
} from "@leastwise/offers";
import { readPolicyDocument } from "@leastwise/policy";
import {
  bucketOf,
  DAY_MS,
  HOUR_MS,
  PURPOSES,
  type AssignmentKey,
  type CurrencyCode,
  type Millis,
  type SubjectId,
} from "@leastwise/vocabulary";
import { describe, expect, it } from "@jest/globals";

// What engineers of promotions expect of an engine, a test each, named after it. Where engines differ the choice is named.

const EUR = "EUR" as CurrencyCode;
const NOON = Date.UTC(2026, 10, 23, 12) as Millis;
const ADA = "5f".repeat(16) as SubjectId;

const money = (minor: number, currency = EUR) => ({ minor, currency });
const percent = (percentBp: number): Incentive => ({ kind: "percent_off", percentBp });

/** A cart of one unit a line, at these prices. */
const cartOf = (prices: readonly number[], currency = EUR): Cart => ({
  currency,
  lines: prices.map((unitPriceMinor, i) => ({ productId: `p${i}`, quantity: 1, unitPriceMinor })),
  shippingMinor: 0,
});

describe("money", () => {
  it("amounts are integers in the currency's minor unit, of none, two or three decimals alike", () => {
    for (const code of ["JPY", "EUR", "KWD"] as CurrencyCode[]) {
      const { worthMinor = 0 } = appraise(percent(1_250), cartOf([999, 1], code)) ?? {};
      expect([code, worthMinor]).toEqual([code, 125]);
    }
  });

  it("a half rounds to even, or up where the policy says so (choice: half to even)", () => {
    const gives = (rounding?: "half_up") => appraise(percent(500), cartOf([250]), { rounding })?.worthMinor;
    expect([gives(), gives("half_up")]).toEqual([12, 13]);
  });

  it("rounding happens once per action, not once a line", () => {
    expect(appraise(percent(1_000), cartOf([333, 333, 334]))?.worthMinor).toBe(100);
  });

  it("an order's discount is allocated to lines, and the parts add up exactly (choice: largest remainder)", () => {
    const { shares = [] } = appraise({ kind: "amount_off", amount: money(100) }, cartOf([100, 100, 100])) ?? {};
    expect([shares, shares.reduce((sum, share) => sum + share, 0)]).toEqual([[34, 33, 33], 100]);
  });

  it("a line never goes below zero, and what it cannot take is not moved to another", () => {
    const each: Incentive = { kind: "amount_off", amount: money(500), per: "line" };
    expect(appraise(each, cartOf([200, 900]))?.shares).toEqual([200, 500]);
  });

  it("a hundred per cent off is exactly zero", () => {
    const cart = cartOf([333, 1_999, 1]);
    const { goodsMinor = 0 } = appraise(percent(10_000), cart) ?? {};
    expect(2_333 - goodsMinor).toBe(0);
  });

  it("fixed amounts are stated with tax or without, and nothing is given on prices of the other kind", () => {
    const taken: Incentive = { kind: "amount_off", amount: money(1_000) };
    const owed = campaign({ ladder: [{ incentive: taken }] });
    const under = (prices: PriceBasis | undefined, taxed: PriceBasis | undefined) => {
      const cart = { ...cartOf([10_000]), ...(taxed === undefined ? {} : { prices: taxed }) };
      const { offer, reason } = decision([owed], { cart }, {}, prices === undefined ? {} : { prices }).decision;
      return offer?.faceValueMinor ?? reason;
    };
    expect([under("with_tax", "with_tax"), under("without_tax", "without_tax")]).toEqual([1_000, 1_000]);
    expect([under("with_tax", undefined), under(undefined, "with_tax")]).toEqual([1_000, 1_000]);
    expect(under("with_tax", "without_tax")).toBe("foreign_price_basis");
    expect(under("without_tax", "with_tax")).toBe("foreign_price_basis");
  });

  it("when a cap shortens a discount, what was wanted is reported beside what is granted", () => {
    const half: Incentive = { kind: "percent_off", percentBp: 5_000, maximum: money(2_000) };
    const owed = campaign({ ladder: [{ incentive: half }] });
    expect(decision([owed]).decision.offer).toMatchObject({ faceValueMinor: 2_000, wantedMinor: 5_000 });
    const whole = decision([owed], { cart: cartOf([3_000]) }).decision.offer;
    expect([whole?.faceValueMinor, whole?.wantedMinor]).toEqual([1_500, undefined]);
    const used = redeem(command({ cart: cartOf([30_000]) }), issued({ incentive: half, heldMinor: 2_000 }));
    expect(used).toMatchObject({ ok: true, value: { redemption: { discountMinor: 2_000, wantedMinor: 15_000 } } });
  });

  it("of prices with tax the margin is what is left without it", () => {
    // 119.00 with 19 % are 100.00; goods of 80.00 leave 20 %, and 10 % off leaves (90.00 − 80.00) ÷ 90.00.
    const owed = campaign();
    const cart = cartOf([11_900]);
    const catalog = [{ productId: "p0", unitCostMinor: 8_000 }];
    const reasonAt = (marginFloorBp: number, taxed: Partial<Policy>) =>
      decision([owed], { cart, catalog }, { marginFloorBp }, taxed).decision.offer?.faceValueMinor ?? "none";
    expect([
      reasonAt(1_111, { prices: "with_tax", taxBp: 1_900 }),
      reasonAt(1_112, { prices: "with_tax", taxBp: 1_900 }),
    ]).toEqual([1_190, "none"]);
    expect(reasonAt(2_000, { prices: "without_tax" })).toBe(1_190);
  });

  it("a percentage may have a maximum", () => {
    expect(appraise({ ...percent(5_000), maximum: money(300) } as Incentive, cartOf([1_000]))?.worthMinor).toBe(300);
  });
});

const stackCart = {
  currency: EUR,
  lines: [{ productId: "a", quantity: 1, unitPriceMinor: 10_000, floorPriceMinor: 0 }],
  shippingMinor: 500,
};
const offer = (given: Partial<StackOffer> & Pick<StackOffer, "id" | "kind">): StackOffer =>
  ({ priority: 0, minBasketMinor: 0, partnerShareBp: 0, productIds: [], ...given }) as StackOffer;
const best = (...offers: readonly StackOffer[]) => bestStack(stackCart, offers, { kind: "shopper_gain" });

describe("order and stacking", () => {
  it("goods come first item by item, then the order, then shipping", () => {
    const plan = best(
      offer({ id: "c", kind: "shipping_off" }),
      offer({ id: "b", kind: "cart_percent", percentBp: 1_000 }),
      offer({ id: "a", kind: "item_percent", percentBp: 5_000 }),
    );
    expect(plan.applied.map(({ id, gainMinor }) => [id, gainMinor])).toEqual([
      ["a", 5_000],
      ["b", 500],
      ["c", 500],
    ]);
  });

  it("a percentage is one of the already discounted amount (choice)", () => {
    const plan = best(
      offer({ id: "a", kind: "cart_percent", percentBp: 1_000 }),
      offer({ id: "b", kind: "cart_percent", percentBp: 1_000, priority: 1 }),
    );
    expect(plan.applied.map(({ gainMinor }) => gainMinor)).toEqual([1_000, 900]);
  });

  it("exclusive offers of one group are picked by what is best, and the other is told why not", () => {
    const plan = best(
      offer({ id: "a", kind: "cart_percent", percentBp: 1_000, group: "coupon" }),
      offer({ id: "b", kind: "cart_percent", percentBp: 2_000, group: "coupon" }),
    );
    expect(plan.applied.map(({ id }) => id)).toEqual(["b"]);
    expect(plan.leftOut).toEqual([{ id: "a", reason: "group_taken", by: "b" }]);
  });

  it("a minimum is one of the goods before any offer (choice)", () => {
    const plan = best(
      offer({ id: "a", kind: "cart_percent", percentBp: 9_000 }),
      offer({ id: "b", kind: "cart_amount", amountMinor: 500, minBasketMinor: 10_000, priority: 1 }),
      offer({ id: "c", kind: "cart_amount", amountMinor: 500, minBasketMinor: 10_001, priority: 2 }),
    );
    expect(plan.applied.map(({ id }) => id)).toEqual(["a", "b"]);
    expect(plan.leftOut).toEqual([{ id: "c", reason: "basket_below_minimum" }]);
  });

  it("an offer that does not apply stops no other of its group", () => {
    const plan = best(
      offer({ id: "a", kind: "cart_percent", percentBp: 5_000, group: "coupon", minBasketMinor: 20_000 }),
      offer({ id: "b", kind: "cart_amount", amountMinor: 100, group: "coupon", priority: 1 }),
    );
    expect(plan.applied.map(({ id }) => id)).toEqual(["b"]);
    expect(plan.leftOut).toEqual([{ id: "a", reason: "basket_below_minimum" }]);
  });

  it("there is a bound on how many are weighed, and it is said", () => {
    const many = Array.from({ length: 65 }, (_, i) => offer({ id: `o${i}`, kind: "cart_amount", amountMinor: 1 }));
    expect(() => best(...many)).toThrow(RangeError);
    expect(best(...many.slice(0, 12)).exact).toBe(true);
  });
});

const FEATURES = PRIOR_MODEL.baseline.map(({ feature }) => feature).filter((name) => name !== "intercept");

const campaign = (changes: Partial<Campaign> = {}): Campaign => ({
  ...{ campaignId: "autumn", kind: "entitlement", approach: { kind: "rules", segment: "everyone" } },
  ...{ ladder: [{ incentive: percent(1_000) }], experimentId: "", budgetId: "all", offerTtlMs: 2 * HOUR_MS },
  ...{ frequencyCaps: [], stackingGroup: "", priority: 0 },
  ...changes,
});

function decision(
  campaigns: readonly Campaign[],
  changes: Partial<DecisionInput> = {},
  limits: Partial<Guardrails> = {},
  more: Partial<Policy> = {},
): { readonly decision: Decision; readonly input: DecisionInput; readonly nextState: DecisionInput["decisionState"] } {
  const policy = compilePolicy(
    {
      ...{ version: "v", author: "a", reason: "r", currency: "EUR", killSwitch: false, timeZone: "Europe/Berlin" },
      segments: [{ name: "everyone", expression: "true" }],
      campaigns,
      guardrails: {
        ...{ floorPriceBp: 0, maxDiscountBp: 10_000, marginFloorBp: -10_000, assumedMarginBp: 5_000 },
        ...{ goodsLimits: [], openOffersMax: 0, frequencyCaps: [], coolDownMs: 0 },
        ...limits,
      },
      ...{ stackingGroups: [], experiments: [], templates: [], partners: [] },
      budgets: [{ budgetId: "all", amount: money(1_000_000), shadowPriceBp: 0, partOf: "" }],
      ...more,
    },
    { names: FEATURES },
  );
  const model = compileModel(PRIOR_MODEL, FEATURES);
  if (!policy.ok || !model.ok) throw new Error(JSON.stringify(policy.ok ? model : policy));
  const input: DecisionInput = {
    cause: { caller: "shop", requestId: "", sessionId: "visit" },
    ...{ subject: ADA, assignmentKey: "key" as AssignmentKey, nowMs: NOON, clock: "wall", cart: cartOf([10_000]) },
    ...{
      channel: "web",
      device: "mobile",
      place: { country: "DE", region: "" },
      partnerSegments: [],
      proposedClass: "",
    },
    features: { catalogue: "t", values: FEATURES.map(() => Number.NaN), texts: {}, asOfOffset: 0, partition: 0 },
    ...{ consent: PURPOSES, catalog: [], decisionState: EMPTY_STATE },
    budgets: { all: { remainingMinor: 1_000_000, shadowPriceBp: 0 } },
    ...{
      explorationSpentMinor: {},
      decisionsPerRung: {},
      realisedMargins: {},
      offersLeft: {},
      policy: policy.value,
      model: model.value,
    },
    ...{ killSwitch: false, observeOnly: false, language: "en", freshness: "fresh" },
    codeKey: { secret: { k0: 7n, k1: 11n }, version: 1 },
    ...changes,
  };
  const outcome = decide(input);
  if (outcome.kind !== "decided") throw new Error("it was answered before");
  return { decision: outcome.decision, input, nextState: outcome.nextState };
}

describe("priority", () => {
  it("is total and explicit, and a tie has a rule: the lesser id", () => {
    const two = ["b", "a"].map((campaignId) => campaign({ campaignId }));
    expect(decision(two).decision.offer?.campaignId).toBe("a");
    const ranked = [campaign({ campaignId: "a" }), campaign({ campaignId: "b", priority: 1 })];
    expect(decision(ranked).decision.offer?.campaignId).toBe("b");
  });

  it("promotions compete as wholes, and the rungs of one are its alternatives, not its sum (choice)", () => {
    const ladder = [500, 1_000].map((bp) => ({ incentive: percent(bp) }));
    expect(decision([campaign({ ladder })]).decision.offer?.faceValueMinor).toBe(1_000);
  });
});

describe("bounds", () => {
  it("how many campaigns a policy has, and how many incentives a campaign, is bounded and said", () => {
    const many = Array.from({ length: 1_001 }, (_, i) => campaign({ campaignId: `c${i}` }));
    expect(() => decision(many)).toThrow("too_many_campaigns");
    const ladder = Array.from({ length: 17 }, (_, i) => ({ incentive: percent(100 * (i + 1)) }));
    expect(() => decision([campaign({ ladder })])).toThrow("ladder_size");
  });

  it("nothing said is no limit, and a limit of 0 is refused (choice)", () => {
    expect(decision([campaign()], {}, { openOffersMax: 0, coolDownMs: 0 }).decision.offer).toBeDefined();
    const never = [campaign({ frequencyCaps: [{ offersMax: 0, periodMs: DAY_MS }] })];
    expect(() => decision(never)).toThrow("campaigns[0].frequency_caps[0].offers_max");
  });
});

const TERMS: OfferTerms = {
  ...{ offerId: "o", code: "0000-0000-0000-0000", subject: ADA, campaignId: "autumn", decisionId: "d" },
  ...{ incentive: percent(1_000), currency: EUR, faceValueMinor: 1_000, heldMinor: 1_000, issuedAtMs: NOON },
  expiresAtMs: (NOON + HOUR_MS) as Millis,
};
const issued = (changes: Partial<OfferTerms> = {}): OfferState =>
  evolve(UNKNOWN_OFFER, { kind: "issued", terms: { ...TERMS, ...changes } });
const command = (changes: Partial<RedeemCommand> = {}): RedeemCommand => ({
  ...{ subject: ADA, nowMs: NOON, cart: cartOf([10_000]), catalog: [], orderId: "order", idempotencyKey: "key" },
  guardrails: { floorPriceBp: 0, maxDiscountBp: 10_000, marginFloorBp: -10_000, assumedMarginBp: 5_000 },
  named: { known: ADA, anonymous: undefined },
  offerOnOrder: undefined,
  ...changes,
});
interface Taken {
  readonly events: readonly OfferEvent[];
}
type Outcome =
  { readonly ok: true; readonly value: Taken } | { readonly ok: false; readonly error: { reason: string } };
const reasonOf = (outcome: Outcome) => (outcome.ok ? "taken" : outcome.error.reason);
/** The offer after an act that is taken. */
const then = (state: OfferState, outcome: Outcome): OfferState => {
  if (!outcome.ok) throw new Error(outcome.error.reason);
  return outcome.value.events.reduce(evolve, state);
};
const usedOn = (cart: Cart, changes: Partial<OfferTerms> = {}) =>
  then(issued(changes), redeem(command({ cart }), issued(changes)));
const returned = (changes: Partial<RefundCommand> = {}): RefundCommand => ({
  ...{ nowMs: NOON, orderId: "order", lines: [], idempotencyKey: "back" },
  ...changes,
});

/** The limits of one promotion, whose offers are redeemed one after the other, each for an order of its own. */
class Limited {
  readonly usage = new PromotionUsage();
  readonly #limits: readonly UsageLimit[];

  constructor(...limits: readonly Partial<UsageLimit>[]) {
    this.#limits = limits.map((limit) => ({
      ...{ limitId: "l", usesMax: 1, per: { kind: "all" }, periodAt: () => "" },
      ...limit,
    }));
  }

  uses(
    offerId: string,
    changes: Partial<RedeemCommand> = {},
    limits: Partial<LimitsInForce> = {},
    terms: Partial<OfferTerms> = {},
  ): string {
    const inForce = { limits: this.#limits, usage: this.usage, attributes: {}, ...limits };
    const free = issued({ offerId, subject: changes.subject ?? ADA, ...terms });
    const outcome = redeem(command({ orderId: offerId, limits: inForce, ...changes }), free);
    if (!outcome.ok) return outcome.error.reason;
    for (const event of outcome.value.events) this.usage.take(event);
    return "taken";
  }

  cancels(orderId: string, givesUseBack?: boolean): void {
    const used = then(issued({ offerId: orderId }), redeem(command({ orderId }), issued({ offerId: orderId })));
    const outcome = refund(returned({ orderId, givesUseBack }), used);
    if (!outcome.ok) throw new Error(outcome.error.reason);
    for (const event of outcome.value.events) this.usage.take(event);
  }
}

describe("codes, limits, use", () => {
  it("the case of a code does not matter, and its alphabet has no look-alikes", () => {
    const code = mintCode({ offerId: "o", bucket: bucketOf(ADA), keyVersion: 1, secretKey: { k0: 1n, k1: 2n } });
    expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}$/);
    const typed = [code.toLowerCase(), code.replaceAll("-", " "), code.replaceAll("0", "O").replaceAll("1", "l")];
    for (const one of typed) expect(readCode(one)).toMatchObject({ ok: true, value: { canonical: code } });
  });

  it("limits hold for what nobody had to type a code for, within a period", () => {
    const capped = [campaign({ frequencyCaps: [{ offersMax: 1, periodMs: DAY_MS }], offerTtlMs: HOUR_MS })];
    const { nextState } = decision(capped);
    const state = { ...nextState, open: [], history: nextState.history.map((grant) => ({ ...grant, ended: true })) };
    const again = (afterMs: number) =>
      decision(capped, { decisionState: state, nowMs: (NOON + afterMs) as Millis }).decision.offer;
    expect(again(DAY_MS - 1)).toBeUndefined();
    expect(again(DAY_MS)).toBeDefined();
  });

  it("a guest is decided for as anybody", () => {
    expect(decision([campaign()], { profile: undefined, consent: [] }).decision.offer).toBeDefined();
  });

  it("a use counts only if a discount was given (choice)", () => {
    const state = issued({ incentive: { kind: "free_shipping" } });
    expect(reasonOf(redeem(command(), state))).toBe("incentive_not_applicable");
    expect(state.status).toBe("issued");
  });

  it("the same key again is answered again and marked; with another body it is refused", () => {
    const first = redeem(command(), issued());
    if (!first.ok) throw new Error(first.error.reason);
    const used = first.value.events.reduce(evolve, issued());
    expect(redeem(command(), used)).toMatchObject({ ok: true, value: { replayed: true, events: [] } });
    expect(reasonOf(refund(returned({ idempotencyKey: "key" }), used))).toBe("idempotency_mismatch");
    expect(reasonOf(redeem(command({ orderId: "another" }), used))).toBe("idempotency_mismatch");
    expect(reasonOf(redeem(command({ idempotencyKey: "another" }), used))).toBe("offer_redeemed");
  });

  it("limits are total, per customer, per identifier and per period", () => {
    const ben = { subject: "00".repeat(16) as SubjectId };
    const told = (limit: Partial<UsageLimit>, ...changes: readonly Partial<RedeemCommand>[]) => {
      const promotion = new Limited(limit);
      return changes.map((change, i) => promotion.uses(`o${i}`, change, { attributes: { card: "c" } }));
    };
    expect(told({}, {}, ben)).toEqual(["taken", "limit_reached"]);
    expect(told({ per: { kind: "subject" } }, {}, ben, {})).toEqual(["taken", "taken", "limit_reached"]);
    expect(told({ per: { kind: "attribute", attribute: "card" } }, {}, ben)).toEqual(["taken", "limit_reached"]);
    const hourly = { periodAt: (atMs: number) => String(Math.floor(atMs / HOUR_MS)) };
    const inTime = (ms: number) => ({ nowMs: (NOON + ms) as Millis });
    expect(told(hourly, inTime(0), inTime(HOUR_MS - 1))).toEqual(["taken", "limit_reached"]);
  });

  it("limits go by the promotion and not by the code, and hold for what came without one", () => {
    const promotion = new Limited({ usesMax: 2 });
    expect(["a", "b", "c"].map((offerId) => promotion.uses(offerId))).toEqual(["taken", "taken", "limit_reached"]);
  });

  it("limits are checked in the step that redeems: what is shown to be used is what the redemption is held against", () => {
    const limits: UsageLimit[] = [{ limitId: "l", usesMax: 1, per: { kind: "all" }, periodAt: () => "" }];
    const usage = new PromotionUsage();
    const outcome = redeem(command({ limits: { limits, usage, attributes: {} } }), issued());
    expect(outcome).toMatchObject({ value: { events: [{ use: { counters: [{ limitId: "l" }] } }] } });
  });

  it("a reservation has a time to live and an owner, whose next one replaces it; to redeem confirms it, its end releases it", () => {
    const held = then(issued(), reserve(command({ idempotencyKey: "hold" }), issued()));
    expect(held).toMatchObject({ status: "reserved", reservation: { untilMs: NOON + 15 * 60_000 } });
    const other = { orderId: "another", idempotencyKey: "other" };
    expect(reasonOf(redeem(command(other), held))).toBe("offer_reserved");
    expect(reasonOf(redeem(command({ ...other, nowMs: (NOON + RESERVATION_TTL_MS) as Millis }), held))).toBe("taken");
    const again = then(held, reserve({ ...command({ idempotencyKey: "renew" }), ttlMs: HOUR_MS }, held));
    expect(again).toMatchObject({ reservation: { untilMs: NOON + HOUR_MS } });
    expect(reasonOf(redeem(command(), again))).toBe("taken");
  });

  it("what was reserved in time is honoured behind the end of its life (choice)", () => {
    const late = { nowMs: (NOON + HOUR_MS - 1) as Millis };
    const held = then(issued(), reserve(command({ ...late, idempotencyKey: "hold" }), issued()));
    expect(reasonOf(redeem(command({ nowMs: (NOON + HOUR_MS + 1) as Millis }), held))).toBe("taken");
  });

  it("a guest without the attribute that a limit goes by is skipped with a reason", () => {
    const promotion = new Limited({ per: { kind: "attribute", attribute: "card" } });
    expect(promotion.uses("o")).toBe("limit_attribute_missing");
  });

  it("an order that is split is one use", () => {
    const promotion = new Limited({});
    const split = { orderId: "split" };
    expect([promotion.uses("a", split), promotion.uses("b", split), promotion.uses("c")]).toEqual([
      ...["taken", "taken", "limit_reached"],
    ]);
  });

  it("a cancelled order gives the use back (choice: it does)", () => {
    const afterCancel = (givesUseBack?: boolean) => {
      const promotion = new Limited({});
      promotion.uses("a");
      promotion.cancels("a", givesUseBack);
      return promotion.uses("b");
    };
    expect([afterCancel(), afterCancel(true), afterCancel(false)]).toEqual(["taken", "taken", "limit_reached"]);
    const used = usedOn(cartOf([10_000]));
    expect(then(used, refund(returned(), used)).status).toBe("issued");
    expect(then(used, refund(returned({ givesUseBack: false }), used)).status).toBe("refunded");
  });

  it("over the limit at the last instant is refused (choice)", () => {
    const promotion = new Limited({});
    const held = then(issued(), reserve(command({ idempotencyKey: "hold" }), issued()));
    promotion.uses("somebody's");
    const limits = { limits: [{ limitId: "l", usesMax: 1, per: { kind: "all" }, periodAt: () => "" }] as UsageLimit[] };
    const asked = command({ limits: { ...limits, usage: promotion.usage, attributes: {} } });
    expect(reasonOf(redeem(asked, held))).toBe("limit_reached");
  });

  it("a limit is not lowered below what is used", () => {
    const promotion = new Limited({ usesMax: 3 });
    for (const offerId of ["a", "b"]) promotion.uses(offerId);
    const lowered = (usesMax: number) =>
      limitsRefused([{ limitId: "l", usesMax, per: { kind: "all" }, periodAt: () => "" }], promotion.usage, NOON)
        ?.reason;
    expect([lowered(2), lowered(1), lowered(0)]).toEqual([undefined, "limit_below_used", "quantity_out_of_range"]);
  });

  it("a redemption is computed anew on the final cart, never beyond what was promised", () => {
    expect(validate(command({ cart: cartOf([5_000]) }), issued())).toMatchObject({ value: { discountMinor: 500 } });
    expect(validate(command({ cart: cartOf([90_000]) }), issued())).toMatchObject({ value: { discountMinor: 1_000 } });
  });
});

describe("after the sale", () => {
  const cups = { ...cartOf([100, 200]), lines: [{ productId: "cup", quantity: 3, unitPriceMinor: 100 }] };
  const hundred: Partial<OfferTerms> = { incentive: { kind: "amount_off", amount: money(100) } };
  const oneCup = (key: string) => returned({ lines: [{ productId: "cup", quantity: 1 }], idempotencyKey: key });

  it("what was given is locked at redemption, and a return reads the share that was recorded", () => {
    let state = usedOn(cups, hundred);
    const given = ["a", "b", "c"].map((key) => {
      const outcome = refund(oneCup(key), state);
      state = then(state, outcome);
      return outcome.ok ? outcome.value.refund.discountMinor : outcome.error.reason;
    });
    expect(given).toEqual([34, 33, 33]);
  });

  it("a redemption is rolled back whole, once under a key, and without an end to the time for it (choice)", () => {
    const used = usedOn(cups, hundred);
    const later = returned({ nowMs: (NOON + 1_000 * DAY_MS) as Millis });
    const back = then(used, refund(later, used));
    expect(back).toMatchObject({ status: "refunded", refunded: { discountMinor: 100 } });
    expect(refund(later, back)).toMatchObject({ value: { replayed: true, events: [] } });
    expect(reasonOf(refund(returned({ idempotencyKey: "again" }), back))).toBe("offer_refunded");
  });

  it("a return is by line and quantity, and what is left keeps its discount, whatever its total (choice)", () => {
    const least: Incentive = { kind: "amount_off", amount: money(100), cartMin: money(300) };
    const used = usedOn(cups, { incentive: least });
    const state = then(used, refund(oneCup("a"), used));
    expect(state).toMatchObject({ status: "redeemed", refunded: { discountMinor: 34, quantities: [1] } });
    const over = returned({ lines: [{ line: 0, productId: "cup", quantity: 3 }], idempotencyKey: "b" });
    expect(refund(over, state)).toMatchObject({
      error: { reason: "refund_over_redeemed", field: "lines[0].quantity", came: "3", expected: "at most 2 units" },
    });
  });

  it("a partial return does not give the use back, one of all that is left does", () => {
    const used = usedOn(cups, hundred);
    const part = refund(oneCup("a"), used);
    const rest = refund(returned(), then(used, part));
    expect([part, rest]).toMatchObject([
      { value: { refund: { givesUseBack: false } } },
      { value: { refund: { givesUseBack: true } } },
    ]);
  });
});

describe("time", () => {
  it("windows are half-open instants of a named zone", () => {
    const schedule = { startsAtMs: NOON, endsAtMs: NOON + 1, timeZone: "Europe/Berlin", weekly: [] };
    const runs = (nowMs: number) =>
      decision([campaign({ schedule })], { nowMs: nowMs as Millis }).decision.offer !== undefined;
    expect([NOON - 1, NOON, NOON + 1].map(runs)).toEqual([false, true, false]);
  });

  it("what ends on a date ends with that day, through daylight saving", () => {
    const read = readPolicyDocument(
      "campaigns: [{schedule: {time_zone: Europe/Berlin, starts: 2026-10-25, ends: 2026-10-25}}]",
    );
    if (!read.ok) throw new Error(JSON.stringify(read.error));
    const { startsAtMs = 0n, endsAtMs = 0n } = read.value.policy.campaigns[0]?.schedule ?? {};
    expect(Number(endsAtMs - startsAtMs)).toBe(25 * HOUR_MS);
  });

  it("a personal offer's life begins at its issue, and may outlast the campaign (choice)", () => {
    const schedule = { endsAtMs: NOON + 1, timeZone: "", weekly: [] };
    expect(decision([campaign({ schedule })]).decision.offer?.expiresAtMs).toBe(NOON + 2 * HOUR_MS);
  });

  it("hours of the week recur by the clock on the wall", () => {
    const schedule = { timeZone: "", weekly: [{ days: [1], fromMinute: 13 * 60, toMinute: 14 * 60 }] };
    const runs = (nowMs: number) =>
      decision([campaign({ schedule })], { nowMs: nowMs as Millis }).decision.offer !== undefined;
    // Monday noon in UTC is one in Berlin, and an hour less a week after the clocks go forward.
    expect([
      runs(NOON),
      runs(NOON + HOUR_MS),
      runs(Date.UTC(2026, 2, 30, 11)),
      runs(Date.UTC(2026, 2, 30, 12)),
    ]).toEqual([true, false, true, false]);
  });

  it("limits of a period begin anew in the policy's zone", () => {
    const budget = { budgetId: "b", amount: money(1), shadowPriceBp: 0, partOf: "", period: "day" as const };
    const daily = compileBudget(budget, new CivilClock("Europe/Berlin"));
    const midnightMs = Date.UTC(2026, 10, 23, 23);
    expect([midnightMs - 1, midnightMs].map((nowMs) => daily.periodAt(nowMs))).toEqual(["2026-11-23", "2026-11-24"]);
    const promotion = new Limited({ periodAt: (atMs) => daily.periodAt(atMs) });
    const expiresAtMs = (NOON + DAY_MS) as Millis;
    const uses = [NOON, midnightMs - 1, midnightMs].map((nowMs, i) =>
      promotion.uses(`o${i}`, { nowMs: nowMs as Millis }, {}, { expiresAtMs }),
    );
    expect(uses).toEqual(["taken", "limit_reached", "taken"]);
  });
});

describe("data", () => {
  it("no consent said is none given", () => {
    const regulars = campaign({
      approach: { kind: "propensity", of: "dormant", propensityMinBp: 0, propensityMaxBp: 0, awayMs: 0 },
    });
    expect(ineligibleFor(decision([regulars], { consent: [] }).input)).toEqual([
      { campaignId: "autumn", reason: "consent_missing" },
    ]);
  });

  it("a decision's record has the probability, the versions, the features with their age, and all that was weighed", () => {
    const { decision: made } = decision([campaign()]);
    expect(made).toMatchObject({
      ...{ policyVersion: "v", modelVersion: PRIOR_MODEL.version, propensity: expect.any(Number) },
      features: { asOfOffset: 0, values: FEATURES.map(() => Number.NaN) },
      candidates: [{ rung: 0 }],
    });
  });
});

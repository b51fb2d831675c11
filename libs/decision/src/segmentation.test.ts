import { describe, expect, it } from "@jest/globals";
import { DAY_MS, type CurrencyCode, type Millis } from "@leastwise/vocabulary";
import fc from "fast-check";
import { decide } from "./decide.js";
import { ineligibleFor } from "./explain/ineligible.js";
import { campaign, compiledModel, EUR, input, policy, PROFILE } from "./given/store.js";
import type { DecisionInput } from "./input.js";
import { daysToBirthday } from "./policy/birthday.js";
import { compilePolicy } from "./policy/compile.js";
import type { Policy, PropensityApproach } from "./policy/policy.js";
import { compileModel } from "./model/response-model.js";
import { PRIOR_MODEL } from "./priors.js";

// Segments by customer records and purchase history, and win-back by churn: each as a policy's author writes it.

const CATALOGUE = {
  names: [
    "purchases_30d",
    "cart_abandoned",
    "since_checkout_start_ms",
    "since_purchase_ms",
    "purchases_all",
    "purchase_days_all",
    "revenue_minor_all",
    "since_first_purchase_ms",
  ],
};

const RFM = {
  recencyMs: [7, 30, 90, 180].map((days) => days * DAY_MS),
  frequency: [2, 4, 8, 16],
  monetary: [5_000, 10_000, 50_000, 100_000].map((minor) => ({ minor, currency: EUR })),
};

function compiled(changes: Partial<Policy>) {
  const result = compilePolicy(policy(changes), CATALOGUE);
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

const problems = (changes: Partial<Policy>) => {
  const result = compilePolicy(policy(changes), CATALOGUE);
  return result.ok ? [] : result.error.map(({ reason, field }) => `${field}: ${reason}`);
};

type Seen = Readonly<Record<string, number>>;

function decision(changes: Partial<DecisionInput>) {
  const outcome = decide(input(changes));
  if (outcome.kind !== "decided") throw new Error("repeated");
  return outcome.decision;
}

const vector = (seen: Seen) => ({
  ...{ catalogue: "test", texts: {}, asOfOffset: 1, partition: 0 },
  values: CATALOGUE.names.map((name) => seen[name] ?? Number.NaN),
});

const MODEL = (() => {
  const model = compileModel(
    { ...PRIOR_MODEL, baseline: PRIOR_MODEL.baseline.filter(({ feature }) => feature === "intercept") },
    CATALOGUE.names,
  );
  if (!model.ok) throw new Error(JSON.stringify(model.error));
  return model.value;
})();

/** Whether a segment holds for a shopper; the reason that its campaign does not apply if it does not. */
function holds(expression: string, seen: Seen = {}, more: Partial<DecisionInput> = {}, own: Partial<Policy> = {}) {
  const segments = [{ name: "everyone", expression }];
  const policy = compiled({ segments, rfm: RFM, ...own });
  const asked = { policy, features: vector(seen), model: MODEL, ...more };
  return decision(asked).segments.length === 1 ? "holds" : ineligibleFor(input(asked))[0]?.reason;
}

const bought = (days: number, orders: number, revenueMinor: number): Seen => ({
  since_purchase_ms: days * DAY_MS,
  purchases_all: orders,
  revenue_minor_all: revenueMinor,
});

/** Of all shoppers the same. */
const ALIKE = [{ feature: "intercept", mean: 0, sd: 0.1 }];

describe("segments that marketing writes", () => {
  it.each<[string, string, Seen, Partial<DecisionInput>, Partial<DecisionInput>]>([
    [
      "a loyalty tier",
      'profile.loyalty_tier in ["gold", "platinum"]',
      {},
      { profile: PROFILE },
      { profile: { ...PROFILE, loyaltyTier: "silver" } },
    ],
    ["members", "profile.member", {}, { profile: PROFILE }, { profile: { ...PROFILE, member: false } }],
    [
      "a birthday today",
      "profile.days_to_birthday == 0",
      {},
      { profile: PROFILE },
      { profile: { ...PROFILE, birthday: "11-24" } },
    ],
    [
      "a birthday within a week",
      "profile.days_to_birthday <= 7",
      {},
      { profile: { ...PROFILE, birthday: "11-30" } },
      { profile: { ...PROFILE, birthday: "12-01" } },
    ],
    [
      "a region",
      'context.country == "DE" && context.region == "BW"',
      {},
      {},
      { place: { country: "DE", region: "BY" } },
    ],
    [
      "customers of long standing",
      "profile.customer_since_ms < 1600000000000",
      {},
      { profile: { ...PROFILE, customerSinceMs: 1 } },
      { profile: PROFILE },
    ],
    [
      "a first purchase",
      "features.purchases_all == 0",
      { purchases_all: 0 },
      {},
      { features: vector({ purchases_all: 1 }) },
    ],
    [
      "the dormant",
      "features.since_purchase_ms > 90 * 86400000",
      { since_purchase_ms: 91 * DAY_MS },
      {},
      { features: vector({ since_purchase_ms: 90 * DAY_MS }) },
    ],
    [
      "champions by RFM",
      "rfm.recency >= 4 && rfm.frequency >= 4 && rfm.monetary >= 4",
      bought(8, 8, 50_000),
      {},
      { features: vector(bought(31, 8, 50_000)) },
    ],
  ])("can say %s", (_, expression, seen, one, other) => {
    expect(holds(expression, seen, one)).toBe("holds");
    expect(holds(expression, seen, other)).not.toBe("holds");
  });

  it("go by the policy's calendar for birthdays, and by 28 February for the 29th where there is none", () => {
    const day = (text: string) => Date.parse(text) / DAY_MS;
    expect([
      daysToBirthday("02-29", day("2026-02-28")),
      daysToBirthday("02-29", day("2028-02-28")),
      daysToBirthday("02-29", day("2028-02-29")),
      daysToBirthday("02-29", day("2027-03-01")),
      daysToBirthday("01-01", day("2026-12-31")),
      daysToBirthday("12-31", day("2027-01-01")),
    ]).toEqual([0, 1, 0, 365, 1, 364]);
    fc.assert(
      fc.property(fc.integer({ min: 10_000, max: 40_000 }), fc.nat(365), (today, after) => {
        const [, birthday = ""] = /-(\d\d-\d\d)T/.exec(new Date((today + after) * DAY_MS).toISOString()) ?? [];
        expect([after, after - 365, after - 366, after - 1]).toContain(daysToBirthday(birthday, today));
        expect(daysToBirthday(birthday, today)).toBeGreaterThanOrEqual(0);
      }),
    );
    // Half past midnight in Auckland is still the day before in UTC.
    const nowMs = Date.parse("2026-11-22T11:30:00Z") as Millis;
    expect(
      holds("profile.days_to_birthday == 0", {}, { profile: PROFILE, nowMs }, { timeZone: "Pacific/Auckland" }),
    ).toBe("holds");
    expect(holds("profile.days_to_birthday == 1", {}, { profile: PROFILE, nowMs })).toBe("holds");
  });
});

describe("classes of purchase history", () => {
  it.each([
    [bought(7, 1, 4_999), [5, 1, 1]],
    [bought(7.5, 2, 5_000), [4, 2, 2]],
    [bought(90, 15, 99_999), [3, 4, 4]],
    [bought(180, 16, 100_000), [2, 5, 5]],
    [bought(181, 400, 1_000_000), [1, 5, 5]],
  ])("are those of the bounds: %o", (seen, [recency, frequency, monetary]) => {
    const all = `rfm.recency == ${String(recency)} && rfm.frequency == ${String(frequency)} && rfm.monetary == ${String(monetary)}`;
    expect(holds(all, seen)).toBe("holds");
  });

  it("are null without an order, without consent, and where the history is not known", () => {
    const none = "rfm.recency == null && rfm.frequency == null && rfm.monetary == null";
    expect(holds(none, { purchases_all: 0, revenue_minor_all: 0 })).toBe("holds");
    expect(holds(none, { since_purchase_ms: DAY_MS })).toBe("holds");
    expect(holds(none, bought(1, 9, 90_000), { consent: [] })).toBe("holds");
    expect(holds("rfm.frequency >= 2", { purchases_all: 0 })).toBe("segment_expression_failed");
  });

  it("count as personal data", () => {
    const segments = [{ name: "everyone", expression: "rfm.frequency == 1" }];
    expect([...compiled({ segments, rfm: RFM }).segmentsRead.classes]).toEqual(["purchase"]);
  });

  it("need bounds, four ascending ones each, in the policy's currency", () => {
    const segments = [{ name: "everyone", expression: "rfm.frequency >= 4" }];
    expect(problems({ segments })).toEqual(["segments[0].expression: rfm_missing"]);
    expect(problems({ segments: [{ name: "everyone", expression: "rfm.frequenzy >= 4" }], rfm: RFM })).toEqual([
      "segments[0].expression: unknown_field",
    ]);
    const monetary = [{ minor: 1, currency: "USD" as CurrencyCode }, ...RFM.monetary.slice(1)];
    expect(problems({ rfm: { recencyMs: [DAY_MS], frequency: [2, 4, 4, 0], monetary } })).toEqual([
      "rfm.frequency[3]: out_of_range",
      "rfm.monetary[0].currency: mixed_currencies",
      "rfm.recency_ms: bounds_size",
      "rfm.frequency[2]: bounds_not_ascending",
      "rfm.frequency[3]: bounds_not_ascending",
    ]);
  });
});

describe("win-back by churn", () => {
  const approach: PropensityApproach = {
    ...{ kind: "propensity", of: "churn", propensityMinBp: 0, propensityMaxBp: 0, awayMs: 0 },
    ...{ churnMinBp: 6_000, churnMaxBp: 9_000 },
  };
  const orders = (days: number, firstDays: number, lastDays: number): Seen => ({
    purchase_days_all: days,
    since_first_purchase_ms: firstDays * DAY_MS,
    since_purchase_ms: lastDays * DAY_MS,
  });

  function reasonFor(seen: Seen, more: Partial<DecisionInput> = {}) {
    const campaigns = [campaign({ approach })];
    const policy = compiled({ campaigns });
    return ineligibleFor(input({ policy, features: vector(seen), model: MODEL, ...more }))[0]?.reason;
  }

  it("finds who fell silent against their own rhythm, within the bounds, and nobody of whom there is none", () => {
    // Six days with orders within ten weeks: after three weeks still alive, after twenty likely gone, after a year certainly.
    expect(reasonFor(orders(6, 91, 21))).toBe("churn_too_low");
    expect(reasonFor(orders(6, 140, 70))).toBeUndefined();
    expect(reasonFor(orders(6, 470, 400))).toBe("churn_too_high");
    expect(reasonFor(orders(1, 400, 400))).toBe("churn_too_low");
    expect(reasonFor({ purchase_days_all: 0 })).toBe("feature_absent");
    expect(reasonFor(orders(6, 140, 70), { consent: [] })).toBe("consent_missing");
  });

  it("goes by the model's parameters, and by the documented prior where it has none", () => {
    const loyal = compileModel(
      { ...PRIOR_MODEL, baseline: ALIKE, bgnbd: { r: 1, alpha: 4, a: 0.01, b: 10 } },
      CATALOGUE.names,
    );
    if (!loyal.ok) throw new Error(JSON.stringify(loyal.error));
    expect(reasonFor(orders(6, 140, 70), { model: loyal.value })).toBe("churn_too_low");
    expect(compiledModel().bgnbd).toEqual({ r: 0.243, alpha: 4.414, a: 0.793, b: 2.426 });
    const wrong = compileModel({ ...PRIOR_MODEL, bgnbd: { r: 0, alpha: 4, a: Number.NaN, b: 1 } }, CATALOGUE.names);
    expect(wrong.ok ? [] : wrong.error.map(({ field }) => field)).toEqual(
      expect.arrayContaining(["bgnbd.r", "bgnbd.a"]),
    );
  });

  it("states its bounds, and no other kind does", () => {
    const of = (changes: Partial<PropensityApproach>) =>
      problems({ campaigns: [campaign({ approach: { ...approach, ...changes } })] });
    expect(of({})).toEqual([]);
    expect(of({ churnMinBp: 0 })).toEqual(["campaigns[0].propensity.churn_min_bp: out_of_range"]);
    expect(of({ churnMaxBp: 5_000 })).toEqual(["campaigns[0].propensity.churn_min_bp: bounds_crossed"]);
    expect(of({ of: "dormant", churnMaxBp: 0 })).toEqual(["campaigns[0].propensity.churn_min_bp: out_of_range"]);
  });
});

describe("what is expected of a shopper", () => {
  const seen = (days: number, revenueMinor: number, firstDays: number, lastDays: number): Seen => ({
    ...{ purchase_days_all: days, revenue_minor_all: revenueMinor },
    ...{ since_first_purchase_ms: firstDays * DAY_MS, since_purchase_ms: lastDays * DAY_MS },
  });
  const regular = seen(6, 60_000, 91, 7);

  it("is by their own orders, and nothing without any, or without consent", () => {
    expect(holds("lifetime.alive > 0.8 && lifetime.orders > 6", regular)).toBe("holds");
    expect(holds("lifetime.alive < 0.05 && lifetime.orders < 1", seen(6, 60_000, 470, 400))).toBe("holds");
    const none = "lifetime.alive == null && lifetime.orders == null && lifetime.value_minor == null";
    for (const [who, more] of [
      [{ purchase_days_all: 0 }, {}],
      [{}, {}],
      [regular, { consent: [] }],
    ] as const)
      expect(holds(none, who, more)).toBe("holds");
    const unpriced = { ...regular, revenue_minor_all: Number.NaN };
    expect(holds("lifetime.alive > 0.8 && lifetime.value_minor == null", unpriced)).toBe("holds");
  });

  it("counts what the shopper spends by their own mean, drawn towards that of all by a model that knows it", () => {
    const once = seen(1, 50_000, 10, 10);
    const worth = (who: Seen, model = MODEL) => {
      // The least bound that does not hold is the value.
      let [low, high] = [0, 10_000_000];
      while (high - low > 1) {
        const middle = Math.floor((low + high) / 2);
        if (holds(`lifetime.value_minor >= ${String(middle)}`, who, { model }) === "holds") low = middle;
        else high = middle;
      }
      return low;
    };
    const spend = { p: 6, q: 4, v: 1_500 };
    const model = compileModel({ ...PRIOR_MODEL, baseline: ALIKE, spend }, CATALOGUE.names);
    if (!model.ok) throw new Error(JSON.stringify(model.error));
    // 6 · 1,500 ÷ 3 is the mean of all, a sixteenth of what this one spent once.
    expect(worth(once, model.value)).toBeLessThan(worth(once));
    expect(worth(once, model.value)).toBeGreaterThan(worth(seen(1, 3_000, 10, 10)));
    const wrong = compileModel({ ...PRIOR_MODEL, baseline: ALIKE, spend: { p: 0, q: 1, v: 1_500 } }, CATALOGUE.names);
    expect(wrong.ok ? [] : wrong.error.map(({ field }) => field)).toEqual(["spend.p", "spend.q"]);
  });

  it("chooses a lasting credit for who is worth more, and a coupon for who is not", () => {
    const loyal = "lifetime.value_minor >= 50000";
    const exploration = { floorBp: 0, coldStartDecisionsPerRung: 0 };
    const under = compiled({
      segments: [
        { name: "worth-keeping", expression: loyal },
        { name: "others", expression: "lifetime.value_minor == null || lifetime.value_minor < 50000" },
      ],
      campaigns: [
        campaign({
          ...{ campaignId: "credit", approach: { kind: "rules", segment: "worth-keeping" }, exploration },
          ladder: [{ incentive: { kind: "loyalty_credit", amount: { minor: 1_500, currency: EUR } } }],
        }),
        campaign({ campaignId: "coupon", approach: { kind: "rules", segment: "others" }, exploration }),
      ],
    });
    const weighed = (who: Seen) => [
      ...new Set(decision({ policy: under, features: vector(who) }).candidates.map(({ campaignId }) => campaignId)),
    ];
    expect(weighed(regular)).toEqual(["", "credit"]);
    expect(weighed(seen(1, 4_000, 200, 200))).toEqual(["", "coupon"]);
    expect(weighed({})).toEqual(["", "coupon"]);
  });
});

import { describe, expect, it } from "@jest/globals";
import type { Incentive } from "@leastwise/offers";
import type { CurrencyCode } from "@leastwise/vocabulary";
import { amountOff, campaign, CATALOGUE, EUR, guardrails, percentOff, policy } from "../given/store.js";
import { campaignsOver } from "./campaigns-over.js";
import { compilePolicy, type FeatureCatalogue } from "./compile.js";
import type {
  Budget,
  Campaign,
  DevicePolicy,
  Guardrails,
  MarginBreaker,
  PacingPoint,
  Partner,
  Policy,
  WeeklyHours,
} from "./policy.js";

const problemsOf = (changes: Partial<Policy>) => {
  const result = compilePolicy(policy(changes), CATALOGUE);
  return result.ok ? [] : result.error;
};
const inCampaign = (changes: Partial<Campaign>) => problemsOf({ campaigns: [campaign(changes)] });
const inSegment = (expression: string) => problemsOf({ segments: [{ name: "everyone", expression }] });
const inSchedule = (weekly: readonly WeeklyHours[]) => inCampaign({ schedule: { timeZone: "", weekly } });
const inGuardrails = (changes: Partial<Guardrails>) => problemsOf({ guardrails: guardrails(changes) });
const inLadder = (incentive: Incentive) => inCampaign({ ladder: [{ incentive }] });
const budget = (changes: Partial<Budget> = {}): Budget => ({ ...policy().budgets[0]!, ...changes });
const inPacing = (plan: readonly PacingPoint[]) =>
  problemsOf({ budgets: [budget({ period: "month", pacing: { plan, aheadBp: 0 } })] });
const BANK = { partnerId: "bank", partnerShareBp: 5_000, merchantShareBp: 5_000, budgetId: "marketing", exclusive: [] };
const alone = (partner: Partner): Partner => ({ ...partner, exclusive: [{ stackingGroup: "one-at-a-time" }] });
const NO_SCOPE = { productIds: [], categories: [], brands: [] };
const NO_GOODS = { ...NO_SCOPE, excluded: false };
const usd = { minor: 100, currency: "USD" as CurrencyCode };

const HESITANT = { name: "hesitant", expression: "local.visits > 2" };
const inDevice = (changes: Partial<DevicePolicy>) =>
  problemsOf({ device: { signals: ["visits"], classes: [HESITANT], bundleTtlMs: 0, ...changes } });

type Case = readonly [name: string, problems: () => ReturnType<typeof problemsOf>, reason: string, field: string];
const inBreaker = (changes: Partial<MarginBreaker>) =>
  inCampaign({ breaker: { marginMinBp: 500, period: "day", ...changes } });
const BREAKER = "campaigns[0].breaker";
const CASES: readonly Case[] = [
  [
    "a breaker without a band",
    () => inCampaign({ breaker: { period: "day" } }),
    ...(["band_missing", BREAKER] as const),
  ],
  [
    "a breaker's band upside down",
    () => inBreaker({ marginMaxBp: 499 }),
    ...(["band_contradictory", `${BREAKER}.margin_max_bp`] as const),
  ],
  ["no offers at all", () => inCampaign({ offersMax: 0 }), "out_of_range", "campaigns[0].offers_max"],
  ["a breaker of 0 orders", () => inBreaker({ ordersMin: 0 }), "out_of_range", `${BREAKER}.orders_min`],
  ["fewer offers than none", () => inCampaign({ offersMax: -1 }), "out_of_range", "campaigns[0].offers_max"],
  ["a breaker below all", () => inBreaker({ marginMinBp: -10_001 }), "out_of_range", `${BREAKER}.margin_min_bp`],
  ["a breaker above all", () => inBreaker({ marginMaxBp: 10_001 }), "out_of_range", `${BREAKER}.margin_max_bp`],
  ["a breaker of no orders", () => inBreaker({ ordersMin: -1 }), "out_of_range", `${BREAKER}.orders_min`],
  [
    "a breaker without a period",
    () => inCampaign({ breaker: { marginMinBp: 500 } }),
    ...(["period_missing", `${BREAKER}.period`] as const),
  ],
  ["a breaker resumed in no time", () => inBreaker({ resumedAtMs: -1 }), "out_of_range", `${BREAKER}.resumed_at_ms`],
  ["a version with a space", () => problemsOf({ version: "a b" }), "version_malformed", "version"],
  ["no author", () => problemsOf({ author: "" }), "text_missing", "author"],
  ["a long reason", () => problemsOf({ reason: "é".repeat(600) }), "text_too_long", "reason"],
  ["an unknown currency", () => problemsOf({ currency: "XXX" }), "unknown_currency", "currency"],
  [
    "a campaign twice",
    () => problemsOf({ campaigns: [campaign(), campaign()] }),
    "campaign_repeated",
    "campaigns[1].campaign_id",
  ],
  [
    "a salt twice",
    () =>
      problemsOf({
        experiments: [
          { experimentId: "autumn-holdout", salt: "s", holdoutBp: 0 },
          { experimentId: "x", salt: "s", holdoutBp: 0 },
        ],
      }),
    "salt_repeated",
    "experiments[1].salt",
  ],
  [
    "a reserved salt",
    () =>
      problemsOf({ experiments: [{ experimentId: "autumn-holdout", salt: "leastwise/exploration/1", holdoutBp: 0 }] }),
    "salt_reserved",
    "experiments[0].salt",
  ],
  [
    "everybody held out",
    () => problemsOf({ experiments: [{ experimentId: "autumn-holdout", salt: "s", holdoutBp: 10_000 }] }),
    "out_of_range",
    "experiments[0].holdout_bp",
  ],
  [
    "an empty span",
    () =>
      problemsOf({
        experiments: [{ experimentId: "autumn-holdout", salt: "s", holdoutBp: 1, startsAtMs: 5, endsAtMs: 5 }],
      }),
    "ends_before_start",
    "experiments[0].ends_at_ms",
  ],
  ["no campaign kind", () => inCampaign({ kind: undefined as never }), "campaign_kind_missing", "campaigns[0].kind"],
  ["no approach", () => inCampaign({ approach: undefined as never }), "approach_missing", "campaigns[0]"],
  [
    "a misspelt segment",
    () => inCampaign({ approach: { kind: "rules", segment: "everyne" } }),
    "unknown_segment",
    "campaigns[0].rules.segment",
  ],
  [
    "no propensity kind",
    () => inCampaign({ approach: { kind: "propensity", propensityMinBp: 0, propensityMaxBp: 0, awayMs: 0 } }),
    "propensity_kind_missing",
    "campaigns[0].propensity.kind",
  ],
  [
    "crossed bounds",
    () =>
      inCampaign({
        approach: { kind: "propensity", of: "dormant", propensityMinBp: 9, propensityMaxBp: 8, awayMs: 0 },
      }),
    "bounds_crossed",
    "campaigns[0].propensity.propensity_min_bp",
  ],
  [
    "a curve without shelf life",
    () =>
      inCampaign({
        approach: {
          kind: "dynamic",
          categories: [],
          inventoryMin: 0,
          inventoryReserved: 0,
          shelfLifeMaxMs: 0,
          markdown: [{ leftBp: 1, depthMaxBp: 1 }],
        },
      }),
    "shelf_life_missing",
    "campaigns[0].dynamic.shelf_life_max_ms",
  ],
  [
    "a rising curve",
    () =>
      inCampaign({
        approach: {
          kind: "dynamic",
          categories: [],
          inventoryMin: 0,
          inventoryReserved: 0,
          shelfLifeMaxMs: 1,
          markdown: [
            { leftBp: 1, depthMaxBp: 1 },
            { leftBp: 1, depthMaxBp: 1 },
          ],
        },
      }),
    "markdown_not_descending",
    "campaigns[0].dynamic.markdown[1].left_bp",
  ],
  [
    "no classes",
    () => inCampaign({ approach: { kind: "on_device", classes: [] } }),
    "classes_size",
    "campaigns[0].on_device.classes",
  ],
  [
    "a class that devices do not know",
    () => inCampaign({ approach: { kind: "on_device", classes: ["hesitnat"] } }),
    "unknown_class",
    "campaigns[0].on_device.classes[0]",
  ],
  ["no classes for devices", () => inDevice({ classes: [] }), "classes_size", "device.classes"],
  ["a class twice", () => inDevice({ classes: [HESITANT, HESITANT] }), "class_repeated", "device.classes[1].name"],
  [
    "more signals than devices are told of",
    () => inDevice({ signals: Array.from({ length: 33 }, (_, i) => `s${i}`) }),
    "too_many_names",
    "device.signals",
  ],
  ["a signal twice", () => inDevice({ signals: ["visits", "visits"] }), "signal_repeated", "device.signals[1]"],
  ["a bundle for seconds", () => inDevice({ bundleTtlMs: 1_000 }), "out_of_range", "device.bundle_ttl_ms"],
  [
    "an expression that is too long for a bundle",
    () => inDevice({ classes: [{ name: "a", expression: `"${"x".repeat(600)}" == ""` }] }),
    "text_too_long",
    "device.classes[0].expression",
  ],
  ...[
    ["local.visit > 2", "unknown_signal"],
    ["local.visits", "expression_not_bool"],
    ['cart.currency.matches("(a+)+")', "expression_too_costly"],
    ["local.visits >", "expression_invalid"],
    ["local[cart.currency] == 1", "signal_not_literal"],
    ["features.purchases_30d > 1", "unknown_variable"],
    ["profile.member", "unknown_variable"],
    ["cart.categories.size() > 1", "unknown_field"],
    ["context.hour > 24", "expression_out_of_range"],
    ['local.visits in ["a"] && cart.units == "a"', "expression_type_mismatch"],
  ].map(([expression = "", reason = ""]): Case => [
    `devices an expression such as ${expression}`,
    () => inDevice({ classes: [{ name: "a", expression }] }),
    reason,
    "device.classes[0].expression",
  ]),
  ["no ladder", () => inCampaign({ ladder: [] }), "ladder_size", "campaigns[0].ladder"],
  [
    "a ladder that goes down",
    () => inCampaign({ ladder: [{ incentive: percentOff(900) }, { incentive: percentOff(800) }] }),
    "ladder_not_ascending",
    "campaigns[0].ladder[1].incentive.percent_off.percent_bp",
  ],
  [
    "more than everything off",
    () => inCampaign({ ladder: [{ incentive: percentOff(10_001) }] }),
    "out_of_range",
    "campaigns[0].ladder[0].incentive.percent_off.percent_bp",
  ],
  [
    "nothing off",
    () => inCampaign({ ladder: [{ incentive: amountOff(0) }] }),
    "amount_out_of_range",
    "campaigns[0].ladder[0].incentive.amount_off.amount.minor",
  ],
  [
    "another currency",
    () => inCampaign({ ladder: [{ incentive: { kind: "amount_off", amount: usd } }] }),
    "mixed_currencies",
    "campaigns[0].ladder[0].incentive.amount_off.amount.currency",
  ],
  [
    "a bundle of one",
    () =>
      inCampaign({
        ladder: [{ incentive: { kind: "bundle_credit", productIds: ["a"], amount: { minor: 1, currency: EUR } } }],
      }),
    "bundle_size",
    "campaigns[0].ladder[0].incentive.bundle_credit.product_ids",
  ],
  ["no experiment", () => inCampaign({ experimentId: "" }), "unknown_experiment", "campaigns[0].experiment_id"],
  [
    "an entitlement held out",
    () => inCampaign({ kind: "entitlement" }),
    "entitlement_held_out",
    "campaigns[0].experiment_id",
  ],
  ["an unknown budget", () => inCampaign({ budgetId: "marketin" }), "unknown_budget", "campaigns[0].budget_id"],
  [
    "an unknown group",
    () => inCampaign({ stackingGroup: "none" }),
    "unknown_stacking_group",
    "campaigns[0].stacking_group",
  ],
  ["an offer of a second", () => inCampaign({ offerTtlMs: 1_000 }), "out_of_range", "campaigns[0].offer_ttl_ms"],
  [
    "a horizon below the offer's life",
    () => inCampaign({ offerTtlMs: 8 * 86_400_000 }),
    "horizon_too_short",
    "campaigns[0].horizon_ms",
  ],
  [
    "a cap of none",
    () => inCampaign({ frequencyCaps: [{ offersMax: 0, periodMs: 60_000 }] }),
    "out_of_range",
    "campaigns[0].frequency_caps[0].offers_max",
  ],
  [
    "a floor above a fifth",
    () => inCampaign({ exploration: { floorBp: 2_001 } }),
    "out_of_range",
    "campaigns[0].exploration.floor_bp",
  ],
  [
    "a target without ceiling",
    () => inCampaign({ objective: { goal: { kind: "target_conversion", conversionBp: 1 } } }),
    "amount_missing",
    "campaigns[0].objective.target_conversion.cost_per_order_max",
  ],
  [
    "an unknown zone",
    () => inCampaign({ schedule: { timeZone: "Europe/Ulm", weekly: [] } }),
    "unknown_time_zone",
    "campaigns[0].schedule.time_zone",
  ],
  ["an unknown zone of the policy", () => problemsOf({ timeZone: "Europe/Ulm" }), "unknown_time_zone", "time_zone"],
  [
    "hours over others, beyond midnight",
    () =>
      inSchedule([
        { days: [1], fromMinute: 0, toMinute: 60 },
        { days: [7], fromMinute: 1_380, toMinute: 30 },
      ]),
    "hours_overlap",
    "campaigns[0].schedule.weekly[0]",
  ],
  [
    "a day twice",
    () => inSchedule([{ days: [1, 1], fromMinute: 0, toMinute: 60 }]),
    "weekday_repeated",
    "campaigns[0].schedule.weekly[0].days",
  ],
  [
    "a day that is none",
    () => inSchedule([{ days: [0], fromMinute: 0, toMinute: 60 }]),
    "weekday_missing",
    "campaigns[0].schedule.weekly[0].days",
  ],
  [
    "a minute that is none",
    () => inSchedule([{ days: [], fromMinute: 1_440, toMinute: 0 }]),
    "out_of_range",
    "campaigns[0].schedule.weekly[0].from_minute",
  ],
  [
    "a floor above the price",
    () => inGuardrails({ floorPriceBp: 10_001 }),
    "out_of_range",
    "guardrails.floor_price_bp",
  ],
  [
    "limits of no goods",
    () => inGuardrails({ goodsLimits: [{ ...NO_GOODS, excluded: true }] }),
    "goods_missing",
    "guardrails.goods_limits[0]",
  ],
  [
    "goods without a limit",
    () => inGuardrails({ goodsLimits: [{ ...NO_GOODS, brands: ["Acme"] }] }),
    "limit_missing",
    "guardrails.goods_limits[0]",
  ],
  [
    "a floor of some goods below that of all",
    () => inGuardrails({ goodsLimits: [{ ...NO_GOODS, brands: ["Acme"], floorPriceBp: 4_999 }] }),
    "limit_too_loose",
    "guardrails.goods_limits[0].floor_price_bp",
  ],
  [
    "a maximum of some goods above that of all",
    () => inGuardrails({ goodsLimits: [{ ...NO_GOODS, brands: ["Acme"], maxDiscountBp: 3_001 }] }),
    "limit_too_loose",
    "guardrails.goods_limits[0].max_discount_bp",
  ],
  [
    "a brand twice",
    () => inGuardrails({ goodsLimits: [{ ...NO_GOODS, brands: ["Acme", "Acme"], excluded: true }] }),
    "brand_repeated",
    "guardrails.goods_limits[0].brands[1]",
  ],
  [
    "more offers than are kept",
    () => inGuardrails({ openOffersMax: 17 }),
    "out_of_range",
    "guardrails.open_offers_max",
  ],
  ["a cool-down of a second", () => inGuardrails({ coolDownMs: 1_000 }), "out_of_range", "guardrails.cool_down_ms"],
  [
    "a cap of none over all campaigns",
    () => inGuardrails({ frequencyCaps: [{ offersMax: 0, periodMs: 60_000 }] }),
    "out_of_range",
    "guardrails.frequency_caps[0].offers_max",
  ],
  [
    "the cheapest none",
    () =>
      inLadder({ kind: "percent_off", percentBp: 500, scope: { ...NO_SCOPE, units: { kind: "cheapest", count: 0 } } }),
    "out_of_range",
    "campaigns[0].ladder[0].incentive.percent_off.scope.cheapest",
  ],
  [
    "sets of the cheapest units",
    () =>
      inLadder({
        ...{ kind: "buy_x_get_y", buy: 2, get: 1, percentBp: 10_000, setsMax: 1 },
        buyScope: { ...NO_SCOPE, units: { kind: "dearest", count: 3 } },
      }),
    "units_refused",
    "campaigns[0].ladder[0].incentive.buy_x_get_y.buy_scope.dearest",
  ],
  [
    "a gift of no worth",
    () =>
      inLadder({ kind: "gift", productId: "g", worth: { minor: 0, currency: EUR }, cost: { minor: 0, currency: EUR } }),
    "amount_out_of_range",
    "campaigns[0].ladder[0].incentive.gift.worth.minor",
  ],
  [
    "a credit that nobody ever spends",
    () => inLadder({ kind: "loyalty_credit", amount: { minor: 1, currency: EUR }, breakageBp: 10_000 }),
    "out_of_range",
    "campaigns[0].ladder[0].incentive.loyalty_credit.breakage_bp",
  ],
  [
    "a way to pay without a name",
    () => inLadder({ kind: "payment_discount", method: "", percentBp: 100 }),
    "text_missing",
    "campaigns[0].ladder[0].incentive.payment_discount.method",
  ],
  ["a priority beyond all", () => inCampaign({ priority: 1_000_001 }), "out_of_range", "campaigns[0].priority"],
  ["no guardrails", () => problemsOf({ guardrails: undefined as never }), "guardrails_missing", "guardrails"],
  [
    "a maximum without period",
    () => problemsOf({ guardrails: { ...policy().guardrails!, perSubjectMax: { minor: 1, currency: EUR } } }),
    "out_of_range",
    "guardrails.per_subject_period_ms",
  ],
  [
    "partner shares that are not all of it",
    () => problemsOf({ partners: [{ ...BANK, merchantShareBp: 4_999 }] }),
    "shares_not_whole",
    "partners[0].merchant_share_bp",
  ],
  [
    "a partner's share without a budget",
    () => problemsOf({ partners: [{ ...BANK, budgetId: "" }] }),
    "unknown_budget",
    "partners[0].budget_id",
  ],
  [
    "two partners who have a group to themselves at once",
    () => problemsOf({ partners: [BANK, { ...BANK, partnerId: "shop" }].map(alone) }),
    "windows_collide",
    "partners[1].exclusive[0]",
  ],
  [
    "a share of the cost that stands with the campaign",
    () =>
      problemsOf({
        partners: [BANK],
        campaigns: [
          campaign({ approach: { kind: "partner", partnerId: "bank", segment: "everyone", partnerShareBp: 1 } }),
        ],
      }),
    "share_of_partner",
    "campaigns[0].partner.partner_share_bp",
  ],
  [
    "a misspelt partner",
    () => inCampaign({ approach: { kind: "partner", partnerId: "bnak", segment: "everyone", partnerShareBp: 0 } }),
    "unknown_partner",
    "campaigns[0].partner.partner_id",
  ],
  [
    "a budget that is part of itself",
    () => problemsOf({ budgets: [budget({ partOf: "whole" }), budget({ budgetId: "whole", partOf: "marketing" })] }),
    "budget_of_itself",
    "budgets[0].part_of",
  ],
  [
    "a plan that goes back",
    () =>
      inPacing([
        { elapsedBp: 5_000, spentBp: 6_000 },
        { elapsedBp: 6_000, spentBp: 5_000 },
      ]),
    "plan_not_ascending",
    "budgets[0].pacing.plan[1].spent_bp",
  ],
  [
    "a plan without an end",
    () => problemsOf({ budgets: [budget({ pacing: { startsAtMs: 0, plan: [], aheadBp: 0 } })] }),
    "instant_missing",
    "budgets[0].pacing.ends_at_ms",
  ],
  [
    "a plan of a period with an end",
    () => problemsOf({ budgets: [budget({ period: "day", pacing: { endsAtMs: 1, plan: [], aheadBp: 0 } })] }),
    "instant_refused",
    "budgets[0].pacing.ends_at_ms",
  ],
  [
    "a budget of nothing",
    () =>
      problemsOf({
        budgets: [{ budgetId: "marketing", amount: { minor: 0, currency: EUR }, shadowPriceBp: 0, partOf: "" }],
      }),
    "amount_out_of_range",
    "budgets[0].amount.minor",
  ],
  [
    "an unknown placement",
    () => problemsOf({ templates: [{ language: "en", placement: "checkot", campaignId: "", text: "x" }] }),
    "unknown_placement",
    "templates[0].placement",
  ],
  [
    "an unknown placeholder",
    () => problemsOf({ templates: [{ language: "en", placement: "checkout", campaignId: "", text: "{page}" }] }),
    "unknown_placeholder",
    "templates[0].text",
  ],
  ["broken CEL", () => inSegment("1 +"), "expression_invalid", "segments[0].expression"],
  [
    "CEL that is quadratic",
    () => inSegment("cart.product_ids.all(p, cart.brands.exists(q, q == p))"),
    "expression_too_costly",
    "segments[0].expression",
  ],
  ["CEL that is no bool", () => inSegment("cart.lines"), "expression_not_bool", "segments[0].expression"],
  ["an unknown variable", () => inSegment("carts.lines > 1"), "unknown_variable", "segments[0].expression"],
  ["an unknown feature", () => inSegment("features.purchases_3d > 1"), "unknown_feature", "segments[0].expression"],
  [
    "a computed feature",
    () => inSegment("features[cart.currency] > 1"),
    "feature_not_literal",
    "segments[0].expression",
  ],
];

describe("a campaign that is over", () => {
  it("is told from one that is not, by the instant after its last", () => {
    const ends = (endsAtMs: number) => campaign({ schedule: { endsAtMs, timeZone: "", weekly: [] } });
    const given = policy({ campaigns: [ends(1_000), ends(1_001), campaign()] });
    expect(campaignsOver(given, 1_000)).toMatchObject([
      { reason: "campaign_over", field: "campaigns[0].schedule.ends_at_ms", came: '"1970-01-01T00:00:01.000Z"' },
    ]);
    expect(campaignsOver(given, 999)).toEqual([]);
  });
});

describe("compilePolicy", () => {
  it("takes the sample policy, its defaults filled in", () => {
    const result = compilePolicy(policy(), CATALOGUE);
    expect(result).toMatchObject({
      ok: true,
      value: {
        campaigns: [
          {
            horizonMs: 7 * 86_400_000,
            episodeMaxMs: 7_200_000,
            toleranceBp: 200,
            evidenceBp: 8_000,
            floorBp: 100,
            coldStartDecisionsPerRung: 400,
          },
        ],
        // Its ladder is of shares without a maximum.
        notices: [{ reason: "maximum_missing" }],
      },
    });
  });

  it.each(CASES)("refuses %s", (_name, problems, reason, field) => {
    expect(problems().map((problem) => [problem.reason, problem.field])).toContainEqual([reason, field]);
  });

  it("names the nearest valid name", () => {
    expect(inSegment("features.purchases_3d > 1")[0]!.expected).toContain("purchases_30d");
    expect(inCampaign({ budgetId: "marketin" })[0]!.expected).toContain("marketing");
  });

  it("says what is allowed and yet worth knowing", () => {
    const result = compilePolicy(
      policy({
        campaigns: [campaign({ exploration: {} })],
      }),
      CATALOGUE,
    );
    expect(result.ok && result.value.notices.map(({ reason }) => reason)).toEqual(["learning_off", "maximum_missing"]);
  });

  it("says of many notices of one reason how many more there are, so that they crowd out no other", () => {
    const many = Array.from({ length: 200 }, (_, i) =>
      campaign({ campaignId: `c${i}`, exploration: {}, ladder: [{ incentive: amountOff(500) }] }),
    );
    const nobodys = { kind: "partner_exclusive", partnerId: "nobody", amount: { minor: 500, currency: EUR } } as const;
    const last = campaign({ campaignId: "last", ladder: [{ incentive: nobodys }] });
    const result = compilePolicy(policy({ campaigns: [...many, last] }), CATALOGUE);
    const notices = result.ok ? result.value.notices : [];
    expect(notices.map(({ reason }) => reason)).toEqual([
      ...Array.from({ length: 10 }, () => "learning_off"),
      "unknown_partner",
    ]);
    expect(notices[9]).toMatchObject({ field: "campaigns[9].exploration.budget" });
    expect(notices[9]?.came).toBe("nothing, and the same in 190 more places");
  });
});

describe("what segments read of a person", () => {
  it("is of the classes that the catalogue says, and of behaviour where it does not", () => {
    const segments = [{ name: "all", expression: "features.orders > 1 && features.hour < 12" }];
    const of = (catalogue: FeatureCatalogue) => {
      const compiled = compilePolicy(policy({ segments, campaigns: [] }), catalogue);
      return compiled.ok ? [...compiled.value.segmentsRead.classes] : compiled.error;
    };
    const names = ["hour", "orders"];
    expect(of({ names, classes: ["none", "purchase"] })).toEqual(["purchase", "none"]);
    expect(of({ names })).toEqual(["behaviour"]);
  });
});

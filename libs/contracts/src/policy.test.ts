import type { Approach, Policy } from "@leastwise/decision";
import { sayRefusal } from "@leastwise/vocabulary";
import { describe, expect, it } from "@jest/globals";
import { readPolicy } from "./policy.js";
import * as wire from "./wire.js";

const EUR = (minor: number) => ({ minor: BigInt(minor), currency: "EUR" });
const eur = (minor: number) => ({ minor, currency: "EUR" });

/** Every field of a policy is told here, no two numbers alike. */
const CAMPAIGN: wire.DeepPartial<wire.Campaign> = {
  campaignId: "autumn",
  kind: wire.CampaignKind.CAMPAIGN_KIND_INCENTIVE,
  approach: { $case: "rules", value: { segment: "everyone" } },
  ladder: [{ incentive: { kind: { $case: "percentOff", value: { percentBp: 501, maximum: EUR(502) } } } }, {}],
  schedule: {
    ...{ startsAtMs: 601n, endsAtMs: 602n, timeZone: "Europe/Berlin" },
    weekly: [{ days: [wire.Weekday.WEEKDAY_SUNDAY], fromMinute: 614, toMinute: 615 }],
  },
  experimentId: "autumn-holdout",
  budgetId: "marketing",
  horizonMs: 603n,
  offerTtlMs: 604n,
  objective: {
    goal: { $case: "targetConversion", value: { conversionBp: 605, costPerOrderMax: EUR(606) } },
    toleranceBp: 607,
    evidenceBp: 608,
  },
  exploration: { floorBp: 609, coldStartDecisionsPerRung: 610, budget: EUR(611), curatedBp: 623 },
  frequencyCaps: [{ offersMax: 2, periodMs: 612n }],
  stackingGroup: "one-at-a-time",
  episodeCoolDownMs: 613n,
  priority: -616,
  marginFloorBp: -617,
  breaker: {
    ...{ marginMinBp: -618, marginMaxBp: 619, ordersMin: 620, resumedAtMs: 621n },
    period: wire.BudgetPeriod.BUDGET_PERIOD_MONTH,
  },
  offersMax: 622n,
};

const WRITTEN: wire.DeepPartial<wire.Policy> = {
  version: "v-1",
  author: "merchant",
  reason: "autumn",
  currency: "EUR",
  segments: [{ name: "everyone", expression: "true" }],
  campaigns: [CAMPAIGN],
  guardrails: {
    ...{ floorPriceBp: 101, maxDiscountBp: 102, marginFloorBp: -103, assumedMarginBp: 104 },
    ...{ perSubjectMax: EUR(105), perSubjectPeriodMs: 106n, cartMaxDiscountBp: 107, incentiveMax: EUR(108) },
    goodsLimits: [
      {
        ...{ productIds: ["p"], categories: ["c"], brands: ["b"], excluded: true },
        ...{ floorPriceBp: 109, maxDiscountBp: 110 },
      },
    ],
    ...{
      openOffersMax: 11,
      frequencyCaps: [{ offersMax: 12, periodMs: 111n }],
      coolDownMs: 112n,
      noEscalationMs: 113n,
    },
  },
  stackingGroups: [{ name: "one-at-a-time" }],
  experiments: [{ experimentId: "autumn-holdout", salt: "s", holdoutBp: 201, startsAtMs: 202n, endsAtMs: 203n }],
  budgets: [
    {
      ...{ budgetId: "marketing", amount: EUR(301), shadowPriceBp: 302, partOf: "all" },
      period: wire.BudgetPeriod.BUDGET_PERIOD_WEEK,
      pacing: { startsAtMs: 303n, endsAtMs: 304n, plan: [{ elapsedBp: 305, spentBp: 306 }], aheadBp: 307 },
    },
  ],
  partners: [
    {
      ...{ partnerId: "bank", partnerShareBp: 401, merchantShareBp: 402, budgetId: "bank" },
      exclusive: [{ stackingGroup: "one-at-a-time", startsAtMs: 403n, endsAtMs: 404n }],
    },
  ],
  templates: [{ language: "en", placement: "checkout", campaignId: "autumn", text: "{incentive}" }],
  disclosures: [{ jurisdictions: ["US-NY"], language: "en", text: "told" }],
  killSwitch: true,
  rounding: wire.Rounding.ROUNDING_HALF_UP,
  ...{ prices: wire.PriceBasis.PRICE_BASIS_WITH_TAX, taxBp: 1_900 },
  timeZone: "Europe/Vienna",
};

const READ = {
  version: "v-1",
  author: "merchant",
  reason: "autumn",
  currency: "EUR",
  segments: [{ name: "everyone", expression: "true" }],
  campaigns: [
    {
      campaignId: "autumn",
      kind: "incentive",
      approach: { kind: "rules", segment: "everyone" },
      ladder: [{ incentive: { kind: "percent_off", percentBp: 501, maximum: eur(502) } }, {}],
      schedule: {
        ...{ startsAtMs: 601, endsAtMs: 602, timeZone: "Europe/Berlin" },
        weekly: [{ days: [7], fromMinute: 614, toMinute: 615 }],
      },
      experimentId: "autumn-holdout",
      budgetId: "marketing",
      horizonMs: 603,
      offerTtlMs: 604,
      objective: {
        goal: { kind: "target_conversion", conversionBp: 605, costPerOrderMax: eur(606) },
        toleranceBp: 607,
        evidenceBp: 608,
      },
      exploration: { floorBp: 609, coldStartDecisionsPerRung: 610, budget: eur(611), curatedBp: 623 },
      frequencyCaps: [{ offersMax: 2, periodMs: 612 }],
      stackingGroup: "one-at-a-time",
      episodeCoolDownMs: 613,
      priority: -616,
      marginFloorBp: -617,
      breaker: { marginMinBp: -618, marginMaxBp: 619, ordersMin: 620, period: "month", resumedAtMs: 621 },
      offersMax: 622,
    },
  ],
  guardrails: {
    ...{ floorPriceBp: 101, maxDiscountBp: 102, marginFloorBp: -103, assumedMarginBp: 104 },
    ...{ perSubjectMax: eur(105), perSubjectPeriodMs: 106, cartMaxDiscountBp: 107, incentiveMax: eur(108) },
    goodsLimits: [
      {
        ...{ productIds: ["p"], categories: ["c"], brands: ["b"], excluded: true },
        ...{ floorPriceBp: 109, maxDiscountBp: 110 },
      },
    ],
    ...{ openOffersMax: 11, frequencyCaps: [{ offersMax: 12, periodMs: 111 }], coolDownMs: 112, noEscalationMs: 113 },
  },
  stackingGroups: [{ name: "one-at-a-time" }],
  experiments: [{ experimentId: "autumn-holdout", salt: "s", holdoutBp: 201, startsAtMs: 202, endsAtMs: 203 }],
  budgets: [
    {
      ...{ budgetId: "marketing", amount: eur(301), shadowPriceBp: 302, partOf: "all", period: "week" },
      pacing: { startsAtMs: 303, endsAtMs: 304, plan: [{ elapsedBp: 305, spentBp: 306 }], aheadBp: 307 },
    },
  ],
  partners: [
    {
      ...{ partnerId: "bank", partnerShareBp: 401, merchantShareBp: 402, budgetId: "bank" },
      exclusive: [{ stackingGroup: "one-at-a-time", startsAtMs: 403, endsAtMs: 404 }],
    },
  ],
  templates: [{ language: "en", placement: "checkout", campaignId: "autumn", text: "{incentive}" }],
  disclosures: [{ jurisdictions: ["US-NY"], language: "en", text: "told" }],
  killSwitch: true,
  rounding: "half_up",
  ...{ prices: "with_tax", taxBp: 1_900 },
  timeZone: "Europe/Vienna",
};

function read(policy: wire.DeepPartial<wire.Policy>): Policy {
  const result = readPolicy(wire.Policy.fromPartial(policy));
  if (!result.ok) throw new Error(result.error.map(sayRefusal).join("; "));
  return result.value;
}

const readCampaign = (campaign: wire.DeepPartial<wire.Campaign>) => read({ campaigns: [campaign] }).campaigns[0];

describe("a policy", () => {
  it("is read whole: every field, in its own place", () => {
    expect(read(WRITTEN)).toStrictEqual(READ);
  });

  it("comes back from the log as it was read at the door", () => {
    const bytes = wire.Policy.encode(wire.Policy.fromPartial(WRITTEN)).finish();
    expect(read(wire.Policy.decode(bytes))).toStrictEqual(READ);
  });

  it("that says nothing is read so: what is absent stays absent, and is not 0", () => {
    expect(read({})).toStrictEqual({
      ...{ version: "", author: "", reason: "", currency: "", timeZone: "", killSwitch: false },
      ...{ segments: [], campaigns: [], stackingGroups: [], experiments: [], budgets: [], partners: [], templates: [] },
      disclosures: [],
    });
    expect(readCampaign({ schedule: {}, objective: {}, exploration: {} })).toStrictEqual({
      ...{ campaignId: "", experimentId: "", budgetId: "", stackingGroup: "", ladder: [], frequencyCaps: [] },
      ...{ horizonMs: 0, offerTtlMs: 0, episodeCoolDownMs: 0, priority: 0 },
      ...{ schedule: { timeZone: "", weekly: [] }, objective: {}, exploration: {} },
    });
    expect(read({ guardrails: {}, budgets: [{}], experiments: [{}] })).toMatchObject({
      budgets: [{ budgetId: "", shadowPriceBp: 0 }],
      experiments: [{ experimentId: "", salt: "", holdoutBp: 0 }],
    });
  });

  it("keeps what is 0 apart from what is absent", () => {
    const zero = {
      objective: { toleranceBp: 0, evidenceBp: 0 },
      exploration: { floorBp: 0, coldStartDecisionsPerRung: 0 },
    };
    expect(readCampaign({ ...zero, schedule: { startsAtMs: 0n } })).toMatchObject({
      ...zero,
      schedule: { startsAtMs: 0 },
    });
  });

  it.each<[NonNullable<wire.DeepPartial<wire.Campaign>["approach"]>, Approach]>([
    [
      { $case: "rules", value: { segment: "s" } },
      { kind: "rules", segment: "s" },
    ],
    [
      {
        $case: "propensity",
        value: {
          kind: wire.PropensityKind.PROPENSITY_KIND_DORMANT,
          propensityMinBp: 1,
          propensityMaxBp: 2,
          awayMs: 9n,
        },
      },
      { kind: "propensity", of: "dormant", propensityMinBp: 1, propensityMaxBp: 2, awayMs: 9 },
    ],
    [
      {
        $case: "propensity",
        value: { kind: wire.PropensityKind.PROPENSITY_KIND_ABANDONMENT, propensityMinBp: 0, propensityMaxBp: 0 },
      },
      { kind: "propensity", of: "abandonment", propensityMinBp: 0, propensityMaxBp: 0, awayMs: 0 },
    ],
    [
      { $case: "propensity", value: {} },
      { kind: "propensity", propensityMinBp: 0, propensityMaxBp: 0, awayMs: 0 },
    ],
    [
      {
        $case: "dynamic",
        value: {
          categories: ["c"],
          inventoryMin: 3n,
          inventoryReserved: 2n,
          shelfLifeMaxMs: 4n,
          markdown: [{ leftBp: 5, depthMaxBp: 6 }],
        },
      },
      {
        kind: "dynamic",
        categories: ["c"],
        inventoryMin: 3,
        inventoryReserved: 2,
        shelfLifeMaxMs: 4,
        markdown: [{ leftBp: 5, depthMaxBp: 6 }],
      },
    ],
    [
      { $case: "onDevice", value: { classes: ["a", "b"] } },
      { kind: "on_device", classes: ["a", "b"] },
    ],
    [
      { $case: "partner", value: { partnerId: "p", segment: "s" } },
      { kind: "partner", partnerId: "p", segment: "s", partnerShareBp: 0 },
    ],
    [
      {
        $case: "consentExchange",
        value: { segment: "s", purposes: [wire.Purpose.PURPOSE_PROFILE, wire.Purpose.PURPOSE_UNSPECIFIED] },
      },
      { kind: "consent_exchange", segment: "s", purposes: ["profile", undefined], words: [] },
    ],
    [
      {
        $case: "consentExchange",
        value: { segment: "s", words: [{ language: "en", text: "{offer}?" }], acceptedWithinMs: 7 },
      },
      {
        ...{ kind: "consent_exchange", segment: "s", purposes: [], acceptedWithinMs: 7 },
        words: [{ language: "en", text: "{offer}?" }],
      },
    ],
  ])("has an approach of the kind that it says: %j", (written, expected) => {
    expect(readCampaign({ approach: written })?.approach).toStrictEqual(expected);
  });

  it("has a kind and a goal for each that it says", () => {
    const kindOf = (kind: wire.CampaignKind) => readCampaign({ kind })?.kind;
    expect(kindOf(wire.CampaignKind.CAMPAIGN_KIND_ENTITLEMENT)).toBe("entitlement");
    expect(kindOf(wire.CampaignKind.CAMPAIGN_KIND_UNSPECIFIED)).toBeUndefined();
    expect(readCampaign({ objective: { goal: { $case: "profit", value: {} } } })?.objective).toStrictEqual({
      goal: { kind: "profit" },
    });
  });
});

describe("an amount of a policy that cannot be taken", () => {
  const BAD = { minor: 1n, currency: "XYZ" };
  const rung = (kind: wire.DeepPartial<wire.Incentive>["kind"]) => ({
    campaigns: [{ ladder: [{ incentive: { kind } }] }],
  });
  const at = "campaigns[0].ladder[0].incentive";

  const refused = (policy: wire.DeepPartial<wire.Policy>) => {
    const result = readPolicy(wire.Policy.fromPartial(policy));
    return result.ok ? [] : result.error.map(({ reason, field }) => `${reason} at ${field}`);
  };

  it.each<[string, wire.DeepPartial<wire.Policy>]>([
    [`${at}.percent_off.maximum`, rung({ $case: "percentOff", value: { maximum: BAD } })],
    [`${at}.amount_off.amount`, rung({ $case: "amountOff", value: { amount: BAD } })],
    [`${at}.amount_off.cart_min`, rung({ $case: "amountOff", value: { amount: EUR(1), cartMin: BAD } })],
    [`${at}.free_shipping.maximum`, rung({ $case: "freeShipping", value: { maximum: BAD } })],
    [`${at}.bundle_credit.amount`, rung({ $case: "bundleCredit", value: { amount: BAD } })],
    [`${at}.loyalty_credit.amount`, rung({ $case: "loyaltyCredit", value: { amount: BAD } })],
    [
      `${at}.tiered_cashback.tiers[1].cart_min`,
      rung({ $case: "tieredCashback", value: { tiers: [{ cartMin: EUR(1) }, { cartMin: BAD }] } }),
    ],
    [`${at}.partner_exclusive.amount`, rung({ $case: "partnerExclusive", value: { amount: BAD } })],
    [
      "campaigns[0].objective.target_conversion.cost_per_order_max",
      { campaigns: [{ objective: { goal: { $case: "targetConversion", value: { costPerOrderMax: BAD } } } }] },
    ],
    ["campaigns[0].exploration.budget", { campaigns: [{ exploration: { budget: BAD } }] }],
    ["guardrails.per_subject_max", { guardrails: { perSubjectMax: BAD } }],
    ["budgets[1].amount", { budgets: [{}, { amount: BAD }] }],
  ])("is named: %s", (field, policy) => {
    expect(refused(policy)).toEqual([`unknown_currency at ${field}.currency`]);
  });

  it("is refused beyond the safe range, either way", () => {
    for (const minor of [2n ** 53n, -(2n ** 53n)])
      expect(refused({ budgets: [{ amount: { minor, currency: "EUR" } }] })).toEqual([
        "amount_out_of_range at budgets[0].amount.minor",
      ]);
  });

  it("does not hide another: all are named", () => {
    expect(refused({ budgets: [{ amount: BAD }], guardrails: { perSubjectMax: BAD } }).toSorted()).toEqual([
      "unknown_currency at budgets[0].amount.currency",
      "unknown_currency at guardrails.per_subject_max.currency",
    ]);
  });
});

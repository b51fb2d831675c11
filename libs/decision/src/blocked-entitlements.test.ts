import { describe, expect, it } from "@jest/globals";
import type { Incentive } from "@leastwise/offers";
import type { AssignmentKey, CurrencyCode, Millis } from "@leastwise/vocabulary";
import { canonicalJson } from "./canonical-json.js";
import { decide } from "./decide.js";
import type { Decided } from "./decision.js";
import { ineligibleFor } from "./explain/ineligible.js";
import { explainDecision } from "./explain/sentences.js";
import { amountOff, campaign, CART, compiled, EUR, guardrails, input, NOON, percentOff } from "./given/store.js";
import type { DecisionInput } from "./input.js";
import type { Campaign, Policy } from "./policy/policy.js";
import { decodeRecordedState, encodeRecordedState } from "./state/encoding.js";

// Goods of 100 euros, and free shipping of 4.90 that gold members are owed.

const GOLD: Partial<Campaign> = { campaignId: "gold", kind: "entitlement", experimentId: "" };

const owing = (own: Partial<Campaign>, changes: Partial<Policy> = {}): Policy["campaigns"] => [
  campaign({ ...GOLD, ...own }),
  ...(changes.campaigns ?? []),
];

function given(own: Partial<Campaign>, changes: Partial<Policy> = {}, rest: Partial<DecisionInput> = {}) {
  const policy = compiled({ ...changes, campaigns: owing(own, changes) });
  return input({ policy, assignmentKey: "key-4" as AssignmentKey, ...rest });
}

function decided(...args: Parameters<typeof given>): Decided {
  const outcome = decide(given(...args));
  if (outcome.kind !== "decided") throw new Error("repeated");
  return outcome;
}

const blockedIn = ({ decision: { candidates } }: Decided) =>
  candidates.flatMap(({ campaignId, rung, blockedBy }) => (blockedBy === "" ? [] : [[campaignId, rung, blockedBy]]));

const TEN = { ladder: [{ incentive: percentOff(1_000) }] };

const EVERY_SHOE_AND_SOCK = { productIds: [], categories: ["shoes", "socks"], brands: [] };

describe("an entitlement that something blocks", () => {
  it.each<readonly [string, Parameters<typeof given>, string]>([
    ["the floor price", [TEN, { guardrails: guardrails({ floorPriceBp: 9_500 }) }], "guardrail_floor_price"],
    ["the largest discount", [TEN, { guardrails: guardrails({ maxDiscountBp: 500 }) }], "guardrail_max_discount"],
    ["a margin floor of its own", [{ ...TEN, marginFloorBp: 9_000 }], "guardrail_margin_floor"],
    [
      "what one shopper may be given",
      [
        TEN,
        { guardrails: guardrails({ perSubjectMax: { minor: 999, currency: EUR }, perSubjectPeriodMs: 86_400_000 }) },
      ],
      "guardrail_subject_max",
    ],
    ["the kill switch", [TEN, { killSwitch: true }], "kill_switch"],
    ["a quantity that is gone", [{ ...TEN, offersMax: 5 }, {}, { offersLeft: { gold: 0 } }], "quantity_exhausted"],
    ["a budget of which nothing is known", [TEN, {}, { budgets: {} }], "budget_unknown"],
    ["a cart below its minimum", [{ ladder: [{ incentive: amountOff(500, 20_000) }] }], "incentive_not_applicable"],
    [
      "guardrails that exclude all goods of the cart",
      [TEN, { guardrails: guardrails({ goodsLimits: [{ ...EVERY_SHOE_AND_SOCK, excluded: true }] }) }],
      "guardrail_excluded_goods",
    ],
    [
      "an offer of its group in the cart",
      [
        { ...TEN, stackingGroup: "one-at-a-time" },
        {},
        {
          cart: {
            ...CART,
            offers: [
              {
                ...{ id: "theirs", kind: "cart_amount", amountMinor: 1, productIds: [], minBasketMinor: 0 },
                ...{ priority: 0, partnerShareBp: 0, group: "one-at-a-time" },
              },
            ],
          },
        },
      ],
      "stacking_group",
    ],
  ])("says that it was %s", (_name, args, reason) => {
    const outcome = decided(...args);
    expect(outcome.decision.offer).toBeUndefined();
    expect(blockedIn(outcome)).toEqual([["gold", 1, reason]]);
    expect(outcome.decision.reason).toBe(reason === "kill_switch" ? "kill_switch" : "no_admissible_rung");
    expect(explainDecision(outcome.decision)).toContainEqual(
      expect.stringMatching(new RegExp(`^Rung 1 of gold: blocked, as [a-z ]+ \\(${reason}\\)\\.$`)),
    );
  });

  it("says how often it was given, and how many are held", () => {
    const cap = { frequencyCaps: [{ offersMax: 1, periodMs: 30 * 86_400_000 }] };
    const first = decided({ ...TEN, ...cap });
    expect(first.decision.reason).toBe("entitlement");
    const used = { ...first.nextState, open: [] };
    const later = { nowMs: (NOON + 3 * 86_400_000) as Millis, decisionState: used };
    expect(blockedIn(decided({ ...TEN, ...cap }, {}, later))).toEqual([["gold", 1, "frequency_cap"]]);
    const elsewhere = first.nextState.open.map((held) => ({
      ...{ ...held, campaignId: "other" },
      offer: { ...held.offer, currency: "USD" as CurrencyCode },
    }));
    const other = { ...first.nextState, open: elsewhere };
    const full = { guardrails: guardrails({ openOffersMax: 1 }) };
    const now = { nowMs: (NOON + 1_000) as Millis, decisionState: other, cart: { ...CART, shippingMinor: 0 } };
    expect(blockedIn(decided(TEN, full, now))).toEqual([["gold", 1, "open_offers_max"]]);
  });

  it("says it of the rungs above the one that is given, and of one that is held and no longer fits", () => {
    const ladder = [percentOff(1_000), percentOff(4_000)].map((incentive) => ({ incentive }));
    const lower = decided({ ladder });
    expect(lower.decision.offer?.incentive).toEqual(percentOff(1_000));
    expect(blockedIn(lower)).toEqual([["gold", 2, "guardrail_max_discount"]]);
    const dearer = { catalog: [{ productId: "shoe", unitCostMinor: 7_900 }] };
    const again = {
      nowMs: (NOON + 1_000) as Millis,
      decisionState: lower.nextState,
      cart: { ...CART, shippingMinor: 0 },
    };
    expect(blockedIn(decided({ ladder }, {}, { ...again, ...dearer }))).toEqual([
      ["gold", 1, "guardrail_margin_floor"],
    ]);
  });

  it("stands behind the rungs of incentives, with no weight, and moves neither the draw nor what is chosen", () => {
    const others = { campaigns: [campaign()], guardrails: guardrails({ maxDiscountBp: 2_000 }) };
    const blocked = decided({ ladder: [{ incentive: percentOff(4_000) }] }, others).decision;
    const without = decided({ ...TEN, schedule: { endsAtMs: NOON, timeZone: "", weekly: [] } }, others).decision;
    expect(blocked.candidates.slice(0, -1)).toEqual(without.candidates);
    expect(blocked.candidates.at(-1)).toMatchObject({ campaignId: "gold", weight: 0, faceValueMinor: 4_000 });
    for (const field of ["chosen", "exploit", "draw", "propensity", "reason"] as const)
      expect(blocked[field]).toEqual(without[field]);
  });

  it("is asked anew where a stop blocked it: such a none does not stand", () => {
    const { decision, nextState } = decided(TEN, {}, { killSwitch: true });
    expect(decision.validUntilMs).toBe(NOON);
    const after = decided(TEN, {}, { decisionState: nextState, nowMs: (NOON + 1) as Millis });
    expect(after.decision.reason).toBe("entitlement");
  });

  it("takes nothing from another that is given: that answer stands", () => {
    const first = campaign({ ...GOLD, campaignId: "first", ...TEN, offersMax: 5 });
    const rest = { offersLeft: { first: 0 } };
    const { decision, nextState } = decided(TEN, { campaigns: [first] }, rest);
    expect(blockedIn({ kind: "decided", decision, nextState })).toEqual([["first", 1, "quantity_exhausted"]]);
    expect(decision).toMatchObject({ reason: "entitlement", offer: { campaignId: "gold" } });
    expect(decision.validUntilMs).toBeGreaterThan(NOON);
    const later = { ...rest, decisionState: nextState, nowMs: (NOON + 1_000) as Millis };
    expect(decide(given(TEN, { campaigns: [first] }, later)).kind).toBe("repeated");
  });

  it("is marked as one that was never weighed", () => {
    const { candidates } = decided({ ladder: [{ incentive: percentOff(4_000) }] }).decision;
    expect(candidates.map(({ isOwed }) => isOwed === true)).toEqual([false, true]);
  });

  it("is told again by a record that told it, and by none of before", () => {
    const asked = given({ ladder: [{ incentive: percentOff(4_000) }] });
    const again = (text: string) => {
      const recorded = decodeRecordedState(text);
      if (!recorded.ok) throw new Error(recorded.error.reason);
      const { texts, ...rest } = recorded.value;
      const made = { ...asked, ...rest, features: { ...asked.features, texts } };
      expect(encodeRecordedState(made)).toBe(text);
      return decide(made);
    };
    const told = encodeRecordedState(asked);
    expect(told).toContain('"v":2');
    expect(canonicalJson(again(told))).toBe(canonicalJson(decide(asked)));
    const before = again(told.replace('"v":2', '"v":1').replace('"texts"', '"purposesTold":true,"texts"'));
    expect(before).toMatchObject({ decision: { reason: "not_eligible", candidates: [{ campaignId: "", rung: 0 }] } });
  });
});

describe("of several entitlements", () => {
  const lesser = campaign({ ...GOLD, campaignId: "silver", ladder: [{ incentive: percentOff(500) }] });

  it("one is given, as an answer carries one offer, and explanations name the others", () => {
    const asked = given(TEN, { campaigns: [lesser] });
    const outcome = decided(TEN, { campaigns: [lesser] });
    expect(outcome.decision.offer?.campaignId).toBe("gold");
    expect(ineligibleFor(asked)).toEqual([{ campaignId: "silver", reason: "entitlement_outweighed" }]);
  });

  it("the lesser is given where the greater is blocked, and nothing is told to be outweighed", () => {
    const dear = { ...TEN, marginFloorBp: 9_000 };
    expect(decided(dear, { campaigns: [lesser] }).decision.offer?.campaignId).toBe("silver");
    expect(ineligibleFor(given(dear, { campaigns: [lesser] }))).toEqual([]);
  });
});

describe("what shortens an offer", () => {
  it("is told in words with what it would have been", () => {
    const { decision } = decided({
      ladder: [{ incentive: { ...percentOff(1_000), maximum: { minor: 400, currency: EUR } } as Incentive }],
    });
    expect(explainDecision(decision).at(-1)).toMatch(
      /was given, worth 4\.00 EUR, which would be 10\.00 EUR if nothing shortened it\.$/,
    );
  });
});

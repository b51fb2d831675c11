import { describe, expect, it } from "@jest/globals";
import type { Budget, Campaign, Partner } from "./policy/policy.js";
import { decide } from "./decide.js";
import type { Decision } from "./decision.js";
import { ineligibleFor } from "./explain/ineligible.js";
import { campaign, compiled, EUR, input, NOON, percentOff, sureModel } from "./given/store.js";
import type { DecisionInput } from "./input.js";

const budget = (budgetId: string, changes: Partial<Budget> = {}): Budget => ({
  ...{ budgetId, amount: { minor: 1_000_000, currency: EUR }, shadowPriceBp: 0, partOf: "" },
  ...changes,
});
const BANK: Partner = {
  ...{ partnerId: "bank", partnerShareBp: 3_333, merchantShareBp: 6_667, budgetId: "bank", exclusive: [] },
};
const GOLD: Partial<Campaign> = {
  approach: { kind: "partner", partnerId: "bank", segment: "gold", partnerShareBp: 0 },
  ladder: [{ incentive: percentOff(1_001) }],
  exploration: { floorBp: 0, coldStartDecisionsPerRung: 0 },
};
const lease = (remainingMinor: number, shadowPriceBp = 0) => ({ remainingMinor, shadowPriceBp });
const LEASES = { marketing: lease(1_000_000), bank: lease(1_000_000), all: lease(1_000_000) };

function asked(
  changes: Partial<DecisionInput> = {},
  partner: Partial<Partner> = {},
  own: Partial<Campaign> = {},
): DecisionInput {
  const policy = compiled({
    segments: [
      { name: "everyone", expression: "true" },
      { name: "gold", expression: '"bank/gold" in context.partner_segments' },
    ],
    budgets: [budget("marketing", { partOf: "all" }), budget("bank", { partOf: "all" }), budget("all")],
    partners: [{ ...BANK, ...partner }],
    campaigns: [campaign({ ...GOLD, ...own })],
  });
  return input({ policy, model: sureModel(4), budgets: LEASES, partnerSegments: ["bank/gold"], ...changes });
}

function decided(...args: Parameters<typeof asked>): Decision {
  const outcome = decide(asked(...args));
  if (outcome.kind !== "decided") throw new Error("repeated");
  return outcome.decision;
}

describe("a campaign of a partner", () => {
  it("is for whom the partner brings, by what it says of them in groups", () => {
    expect(decided().offer).toBeDefined();
    expect(ineligibleFor(asked({ partnerSegments: ["bank/silver"] }))).toEqual([
      { campaignId: "autumn", reason: "segment_does_not_hold" },
    ]);
  });

  it("holds the partner's share, rounded down, of the partner's budget, the rest of the shop's, and all of what both are part of", () => {
    const { holds, heldMinor } = decided();
    expect(heldMinor).toBe(1_001);
    expect(holds).toEqual([
      { budgetId: "marketing", period: "", minor: 668, isPartners: false },
      { budgetId: "all", period: "", minor: 1_001, isPartners: false },
      { budgetId: "bank", period: "", minor: 333, isPartners: true },
    ]);
  });

  it.each([
    ["marketing", 667],
    ["bank", 332],
    ["all", 1_000],
  ])("is blocked where the budget %s does not cover its share", (budgetId, remainingMinor) => {
    const blocked = (minor: number) =>
      decided({ budgets: { ...LEASES, [budgetId]: lease(minor) } }).candidates[1]?.blockedBy;
    expect([blocked(remainingMinor), blocked(remainingMinor + 1)]).toEqual(["budget_exhausted", ""]);
    const unknown = Object.fromEntries(Object.entries(LEASES).filter(([id]) => id !== budgetId));
    expect(decided({ budgets: unknown }).candidates[1]?.blockedBy).toBe("budget_unknown");
  });

  it("costs the shop its share alone: what the partner pays makes it worth more", () => {
    const costOf = (partnerShareBp: number) => {
      const shares = { partnerShareBp, merchantShareBp: 10_000 - partnerShareBp };
      const { expectedCostMinor = 0, valueMinor = 0 } = decided({}, shares).candidates[1] ?? {};
      return { expectedCostMinor, valueMinor };
    };
    const [own, shared, theirs] = [costOf(0), costOf(5_000), costOf(10_000)];
    expect(shared.expectedCostMinor * 2).toBe(own.expectedCostMinor);
    expect(theirs.expectedCostMinor).toBe(0);
    expect(own.valueMinor).toBeLessThan(shared.valueMinor);
    expect(shared.valueMinor).toBeLessThan(theirs.valueMinor);
  });

  it("has its stacking group to itself while it was promised that", () => {
    const window = { stackingGroup: "one-at-a-time", startsAtMs: NOON, endsAtMs: NOON + 1 };
    const others = { approach: { kind: "rules", segment: "everyone" }, stackingGroup: "one-at-a-time" } as const;
    const reasons = (nowMs: number, own: Partial<Campaign>) =>
      ineligibleFor(asked({ nowMs: nowMs as typeof NOON }, { exclusive: [window] }, own)).map(({ reason }) => reason);
    expect(reasons(NOON, others)).toEqual(["partner_exclusive"]);
    expect(reasons(NOON - 1, others)).toEqual([]);
    expect(reasons(NOON + 1, others)).toEqual([]);
    expect(reasons(NOON, { ...others, stackingGroup: "" })).toEqual([]);
    expect(reasons(NOON, { ...GOLD, stackingGroup: "one-at-a-time" })).toEqual([]);
  });
});

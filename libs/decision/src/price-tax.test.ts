import { describe, expect, it } from "@jest/globals";
import { decide } from "./decide.js";
import type { Decision } from "./decision.js";
import { CART, campaign, compiled, input, percentOff, policy, sureModel } from "./given/store.js";
import type { DecisionInput } from "./input.js";
import { compilePolicy } from "./policy/compile.js";
import type { Policy } from "./policy/policy.js";

const WITH_TAX = { prices: "with_tax", taxBp: 1_900 } as const;

function decided(changes: Partial<DecisionInput>): { readonly decision: Decision; readonly next: DecisionInput } {
  const asked = input(changes);
  const outcome = decide(asked);
  if (outcome.kind !== "decided") throw new Error("answered before");
  return { decision: outcome.decision, next: { ...asked, decisionState: outcome.nextState } };
}

const problemsOf = (changes: Partial<Policy>) => {
  const result = compilePolicy(policy(changes), { names: [] });
  return result.ok ? [] : result.error.map(({ reason, field }) => `${field}: ${reason}`);
};

describe("a decision on prices with tax", () => {
  it("reckons value and cost of a rung without the tax", () => {
    const ladder = [{ incentive: percentOff(1_000) }];
    const valueUnder = (changes: Partial<Policy>, cart = CART) => {
      const model = sureModel(3);
      const { candidates } = decided({
        policy: compiled({ campaigns: [campaign({ ladder })], ...changes }),
        model,
        cart,
      }).decision;
      return candidates.find(({ campaignId }) => campaignId !== "")?.valueMinor ?? Number.NaN;
    };
    const lines = CART.lines.map((line) => ({ ...line, unitPriceMinor: (line.unitPriceMinor * 119) / 100 }));
    const net = valueUnder({});
    expect(valueUnder(WITH_TAX, { ...CART, lines })).toBeCloseTo(net, 6);
    expect(valueUnder({ prices: "with_tax", taxBp: 0 })).toBe(net);
    expect(valueUnder(WITH_TAX)).toBeLessThan(net);
  });

  it("charges what is no longer kept without the tax, and the worth of the budget's money with it", () => {
    const ladder = [500, 1_000].map((bp) => ({ incentive: percentOff(bp) }));
    const { candidates } = decided({
      policy: compiled({ campaigns: [campaign({ ladder })], prices: "with_tax", taxBp: 2_500 }),
      model: sureModel(3),
      cart: { ...CART, lines: [{ productId: "shoe", quantity: 1, unitPriceMinor: 10_000 }] },
      budgets: { marketing: { remainingMinor: 10_000_000, shadowPriceBp: 10_000 } },
    }).decision;
    // 80.00 without the tax, less 30.00 that the shoe costs.
    const marginMinor = 5_000;
    const without = candidates[0]!.conversion;
    const charges = candidates
      .slice(1)
      .toSorted((a, b) => a.depthBp - b.depthBp)
      .map(({ conversion, valueMinor }) => marginMinor - (valueMinor + without * marginMinor) / conversion);
    // 5.00 off a price with 25 % tax: 4.00 are no longer kept, 5.00 are held, and 3.5 % of the 4.00 are taught away; of a tenth off, 5 %.
    expect(charges).toEqual([expect.closeTo(400 + 500 + 14, 3), expect.closeTo(800 + 1_000 + 40, 3)]);
  });

  it("gives nothing on prices of the other kind, and does not show what was given before", () => {
    const under = compiled({
      ...WITH_TAX,
      campaigns: [campaign({ kind: "entitlement", experimentId: "", exploration: {} })],
    });
    const first = decided({ policy: under, cart: { ...CART, prices: "with_tax" } });
    expect(first.decision.offer).toBeDefined();
    const cause = { caller: "shop", requestId: "2", sessionId: "" };
    const other = decided({ ...first.next, cause, cart: { ...CART, prices: "without_tax" } }).decision;
    expect([other.reason, other.offer]).toEqual(["foreign_price_basis", undefined]);
  });

  it.each([
    ["shown", false],
    ["withheld", true],
  ])(
    "keeps an offer good that was %s for its own prices, whatever a new version says of prices",
    (_name, observeOnly) => {
      const onPrices = (prices: "with_tax" | "without_tax", requestId: string, kept: Partial<DecisionInput> = {}) => ({
        ...{ observeOnly, cart: { ...CART, prices }, cause: { caller: "shop", requestId, sessionId: "" } },
        ...{ model: sureModel(3), ...kept },
      });
      const ladder = [{ incentive: percentOff(1_000) }];
      const campaigns = [campaign({ ladder, exploration: { floorBp: 0, coldStartDecisionsPerRung: 0 } })];
      const first = decided({ ...onPrices("with_tax", "1"), policy: compiled({ ...WITH_TAX, campaigns }) });
      expect(first.decision.chosen).toBe(1);
      const { decisionState } = first.next;
      expect(decisionState.open).toMatchObject([{ prices: "with_tax", withheld: observeOnly }]);
      const later = { decisionState, policy: compiled({ version: "next", prices: "without_tax", campaigns }) };
      const reasonOn = (prices: "with_tax" | "without_tax") => decided(onPrices(prices, "2", later)).decision.reason;
      expect(reasonOn("with_tax")).toBe("offer_outstanding");
      expect(reasonOn("without_tax")).not.toBe("offer_outstanding");
    },
  );

  it("takes a cart that says nothing to have the policy's", () => {
    const asked = { policy: compiled(WITH_TAX) };
    expect(decided(asked).decision.reason).not.toBe("foreign_price_basis");
  });

  it("tells carts apart by the kind of their prices", () => {
    const digestOf = (cart: DecisionInput["cart"]) => decided({ cart }).decision.cartDigest;
    const digests = [CART, { ...CART, prices: "with_tax" as const }, { ...CART, prices: "without_tax" as const }].map(
      digestOf,
    );
    expect(new Set(digests).size).toBe(3);
  });

  it("has a policy whose rate is one, and is looked at", () => {
    expect(problemsOf({ prices: "with_tax", taxBp: 10_001, campaigns: [] })).toContain("tax_bp: out_of_range");
    expect(problemsOf({ taxBp: 1_900, campaigns: [] })).toContain("tax_bp: tax_not_in_prices");
    expect(problemsOf({ prices: "without_tax", taxBp: 1, campaigns: [] })).toContain("tax_bp: tax_not_in_prices");
    expect(problemsOf({ ...WITH_TAX, campaigns: [] })).not.toContain("tax_bp: tax_not_in_prices");
  });
});

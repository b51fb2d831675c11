import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { AssignmentKey, Millis } from "@leastwise/vocabulary";
import { bitOf } from "../class-bits.js";
import { decide } from "../decide.js";
import { degradedDecision } from "../degraded.js";
import type { Decision } from "../decision.js";
import {
  amountOff,
  campaign,
  CART,
  CATALOGUE,
  compiled,
  EUR,
  features,
  input,
  NOON,
  percentOff,
  policy,
  sureModel,
} from "../given/store.js";
import type { DecisionInput } from "../input.js";
import { baselineAlone } from "../record.js";
import { accountOf, type DecisionAccount } from "./account.js";
import { runnerUpOf } from "./runner-up.js";
import { explainDecision } from "./sentences.js";

/** Of `purchases_30d`. */
const COEFFICIENT = { slot: CATALOGUE.names.indexOf("purchases_30d"), classBit: bitOf("behaviour"), sd: 0.1, min: 0 };
const EXPLOIT_ONLY = { floorBp: 0, coldStartDecisionsPerRung: 0 };

function told(changes: Partial<DecisionInput>): {
  readonly decision: Decision;
  readonly account: DecisionAccount;
  readonly words: string;
} {
  const asked = input(changes);
  const outcome = decide(asked);
  if (outcome.kind !== "decided") throw new Error("repeated");
  const { decision } = outcome;
  const account = accountOf(asked, decision, CATALOGUE.names);
  return { decision, account, words: explainDecision(decision, account).join("\n") };
}

const certain = { model: sureModel(3), policy: compiled({ campaigns: [campaign({ exploration: EXPLOIT_ONLY })] }) };

describe("a decision's account", () => {
  it("has the terms of the chance to buy, of what was there and might be looked at", () => {
    const known = { features: features({ purchases_30d: 2, cart_abandoned: 1 }) };
    const { account, words } = told(known);
    expect(account.terms.map(({ feature }) => feature)).toEqual(["intercept", "purchases_30d", "cart_abandoned"]);
    const logit = account.terms.reduce((sum, term) => sum + term.logit, 0);
    expect(told(known).decision.candidates[0]?.conversion).toBeCloseTo(1 / (1 + Math.exp(-logit)), 9);
    expect(words).toContain("purchases_30d 2 × 0.2 = +0.400");
    expect(told({ ...known, consent: [] }).account.terms).toHaveLength(1);
  });

  it("names the campaigns that did not apply", () => {
    const segments = [...policy().segments, { name: "nobody", expression: "false" }];
    const other = campaign({ campaignId: "other", approach: { kind: "rules", segment: "nobody" } });
    const { words } = told({ policy: compiled({ segments, campaigns: [campaign(), other] }) });
    expect(words).toContain("Did not apply: other, as its segment does not hold (segment_does_not_hold).");
  });

  it("says which personal data could move the answer, and what the shopper was told of it", () => {
    const known = { features: features({ purchases_30d: 2 }) };
    const disclosures = [{ jurisdictions: [], language: "en", text: "Your data moved this price." }];
    expect(told({ ...known, policy: compiled({ disclosures }) }).words).toContain(
      "Personal data could move the answer: behaviour. The shopper was told: “Your data moved this price.”",
    );
    expect(told({ ...known, consent: [] }).words).not.toContain("Personal data");
  });

  it("names what came next, and why it was not it", () => {
    const { decision, account, words } = told(certain);
    expect(decision.exploit).toBeGreaterThan(0);
    const { place, reason } = account.runnerUp!;
    expect(place).not.toBe(decision.exploit);
    expect(["worth_less", "dearer"]).toContain(reason);
    expect(words).toContain("Next to it came");
  });

  it("says what an order counted for, or that profit decided, where a campaign works towards a conversion", () => {
    const towards = (conversionBp: number) => {
      const costPerOrderMax = { minor: 9_000, currency: EUR };
      const objective = { goal: { kind: "target_conversion", conversionBp, costPerOrderMax } } as const;
      const campaigns = [campaign({ exploration: EXPLOIT_ONLY, objective })];
      return told({ ...certain, policy: compiled({ campaigns }) });
    };
    const reached = towards(5_000);
    const { orderWorthMinor } = reached.account.targets[0]!;
    expect(reached.account.targets).toEqual([{ campaignId: "autumn", conversion: 0.5, orderWorthMinor }]);
    expect(reached.words).toContain("autumn works towards a chance of 50.00 %: an order counts for ");
    expect(orderWorthMinor).toBeGreaterThan(0);
    expect(towards(9_900).words).toContain(
      "autumn works towards a chance of 99.00 %, which no rung reaches for what an order may cost: profit decides.",
    );
    expect(told(certain).account.targets).toEqual([]);
  });

  it("says that too little speaks for a rung that would be worth it", () => {
    const unsure = { ...certain, model: sureModel(3, 40) };
    const { decision, account } = told(unsure);
    expect(decision.exploit).toBe(0);
    expect(account.runnerUp?.reason).toBe("evidence_too_low");
  });

  it("says what one more unit would do", () => {
    const campaigns = [campaign({ exploration: EXPLOIT_ONLY, ladder: [{ incentive: amountOff(500, 11_000) }] })];
    const { decision, account, words } = told({ ...certain, policy: compiled({ campaigns }) });
    expect(decision.exploit).toBe(0);
    expect(account.counterfactuals).toMatchObject([
      { supposition: { kind: "one_more_unit", productId: "sock" }, choice: { campaignId: "autumn", rung: 1 } },
      { supposition: { kind: "one_more_unit", productId: "shoe" }, choice: { campaignId: "autumn", rung: 1 } },
    ]);
    expect(words).toContain("With one more unit of sock the choice would have been rung 1 of autumn, worth 5.00 EUR.");
  });

  it("says what would have been chosen without consent", () => {
    const segments = [{ name: "buyers", expression: "features.purchases_30d >= 1" }];
    const campaigns = [campaign({ exploration: EXPLOIT_ONLY, approach: { kind: "rules", segment: "buyers" } })];
    const { words } = told({
      ...certain,
      policy: compiled({ segments, campaigns }),
      features: features({ purchases_30d: 1 }),
    });
    expect(words).toContain(
      "Without any consent the choice would have been nothing, as no campaign applies to this shopper and cart (not_eligible).",
    );
  });

  it("says what would have been chosen but for the other offers", () => {
    const offers = [
      { id: "paper", kind: "cart_amount", amountMinor: 6_000, stage: "cart", priority: 0, skus: [] } as const,
    ];
    const cart = { ...CART, offers: offers.map((offer) => ({ ...offer, partnerShareBp: 0, minBasketMinor: 0 })) };
    const { account } = told({ ...certain, cart: cart as unknown as DecisionInput["cart"] });
    expect(account.counterfactuals.map(({ supposition }) => supposition.kind)).toContain("no_other_offers");
  });

  it("says of a cart that was weighed anew within an episode what came next, and of an answer that stands nothing", () => {
    const shop = { model: sureModel(3), policy: compiled({ campaigns: [campaign()] }) };
    const keys = Array.from({ length: 20 }, (_, key) => `key-${String(key)}` as AssignmentKey);
    const none = keys
      .map((assignmentKey) => ({ ...shop, assignmentKey }))
      .find((cold) => told(cold).decision.offer === undefined);
    const cold = { ...none!, cause: { caller: "shop", requestId: "1", sessionId: "v" } };
    const first = decide(input(cold));
    if (first.kind !== "decided") throw new Error("repeated");
    expect(first.decision.offer).toBeUndefined();
    const later = { ...cold, decisionState: first.nextState, nowMs: (NOON + 1_000) as Millis };
    const again = { caller: "shop", requestId: "2", sessionId: "v" };
    const stands = told({ ...later, cause: again });
    expect(stands.decision.reason).toBe("answer_stands");
    expect(stands.account).toMatchObject({ runnerUp: undefined, counterfactuals: [] });
    expect(stands.words).toContain("Nothing was weighed anew for this answer, and no segment asked.");
    expect(stands.words).not.toMatch(/No segment held|evidence/);
    const changed = told({
      ...later,
      cause: again,
      cart: { ...CART, lines: CART.lines.map((line) => ({ ...line, quantity: 4 })) },
    });
    expect(changed.decision.continued).toBe(true);
    expect(changed.account.runnerUp).toBeDefined();
  });

  it("says of an offer that is outstanding that nothing of it was weighed anew", () => {
    const first = decide(input(certain));
    if (first.kind !== "decided") throw new Error("repeated");
    expect(first.decision.offer).toBeDefined();
    const later = { ...certain, decisionState: first.nextState, nowMs: (NOON + 1_000) as Millis };
    const other = { caller: "shop", requestId: "2", sessionId: "v" };
    const cart = { ...CART, lines: CART.lines.map((line) => ({ ...line, quantity: 4 })) };
    const { decision, words } = told({ ...later, cause: other, cart });
    expect(decision.reason).toBe("offer_outstanding");
    expect(words).toContain("Nothing was weighed anew for this answer, and no segment asked.");
    expect(words).toMatch(
      /^Rung \d of autumn: worth .* EUR; it was weighed when it was given, and not anew \(chosen\)\.$/m,
    );
    expect(words).not.toMatch(/No segment held|evidence|drawn with|expected cost/);
  });

  it("says of a safe answer that nothing was weighed or drawn, and no chance where no model was", () => {
    const asked = input({});
    const outcome = degradedDecision({ ...asked, policy: undefined, model: undefined }, "no_policy");
    if (outcome.kind !== "decided") throw new Error("repeated");
    const words = explainDecision(outcome.decision).join("\n");
    expect(words).toContain("Nothing was weighed anew for this answer, and no segment asked.");
    expect(words).toContain("Nothing was drawn.");
    expect(words).toContain("The answer was the safe one: no policy was known (no_policy).");
    expect(words).not.toMatch(/No segment held|chance of an order|propensity/);
  });

  it("says what a feature beyond the range of the model counts as", () => {
    const model = { ...sureModel(3), coefficients: [{ ...COEFFICIENT, max: 12, mean: -0.05 }] };
    const { account, words } = told({ model, features: features({ purchases_30d: 15 }) });
    expect(account.terms[1]).toMatchObject({ value: 15, counted: 12 });
    expect(account.terms[1]?.logit).toBeCloseTo(-0.6, 9);
    expect(words).toContain("purchases_30d 15 (beyond what the model has seen: it counts as 12) × -0.05 = −0.600");
  });

  it("says what chance chose, and what it would have been without", () => {
    const campaigns = [campaign({ exploration: { floorBp: 2_000, coldStartDecisionsPerRung: 0 } })];
    const shop = { model: sureModel(3), policy: compiled({ campaigns }) };
    const keys = Array.from({ length: 60 }, (_, key) => `key-${String(key)}` as AssignmentKey);
    const drawn = keys
      .map((assignmentKey) => told({ ...shop, assignmentKey }))
      .find(({ decision }) => decision.chosen === 0 && decision.exploit > 0)!;
    expect(drawn.words).toMatch(
      /^Chance chose rung 0, the baseline, to learn what comes of it: without chance it would have been rung \d of autumn\.$/m,
    );
    expect(drawn.words).toMatch(/^Next to the choice without chance came rung .*\.$/m);
    expect(told(certain).words).not.toContain("Chance chose");
  });

  it("says of a rung that is worth a little more than nothing that it is no more than that, and dearer", () => {
    const candidate = (changes: object) => ({ ...baselineAlone(0.1), ...changes });
    const next = candidate({ campaignId: "autumn", rung: 1, valueMinor: 0.546, expectedCostMinor: 20 });
    const { campaigns } = compiled({ campaigns: [campaign()] });
    const runnerUp = (valueMinor: number) =>
      runnerUpOf({ candidates: [candidate({}), { ...next, valueMinor }], exploit: 0 }, { campaigns });
    expect(runnerUp(0.546)?.reason).toBe("dearer");
    expect(runnerUp(0)?.reason).toBe("worth_nothing");
    expect(runnerUp(5)?.reason).toBe("evidence_too_low");
  });

  it("says of what is only supposed what would be, and of nothing that it was", () => {
    const asked = input(certain);
    const outcome = decide(asked);
    if (outcome.kind !== "decided") throw new Error("repeated");
    const words = explainDecision(outcome.decision, accountOf(asked, outcome.decision, CATALOGUE.names), "supposed");
    expect(words[0]).toBe("This was not decided: it is what would be, and nothing came of it.");
    expect(words.join("\n")).toMatch(/offer \S+ of autumn would be given, worth/);
    expect(words.join("\n")).not.toContain("was given");
  });

  it("supposes no cart beyond what numbers hold", () => {
    const lines = [{ productId: "car", quantity: 1, unitPriceMinor: 2 ** 40 }];
    expect(told({ ...certain, cart: { ...CART, lines } }).account.counterfactuals).toEqual([]);
  });

  it("is about another rung than the choice, and says so in a whole sentence (a law)", () => {
    const bps = fc.uniqueArray(fc.integer({ min: 100, max: 2_900 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(
        bps,
        fc.double({ min: 0, max: 5, noNaN: true }),
        fc.double({ min: 0.01, max: 5, noNaN: true }),
        (percents, slope, sd) => {
          const ladder = percents.toSorted((a, b) => a - b).map((bp) => ({ incentive: percentOff(bp) }));
          const campaigns = [campaign({ ladder, exploration: EXPLOIT_ONLY })];
          const { decision, account, words } = told({ model: sureModel(slope, sd), policy: compiled({ campaigns }) });
          const { candidates, exploit } = decision;
          const next = candidates[account.runnerUp?.place ?? -1];
          expect(next?.blockedBy ?? "").toBe("");
          expect(account.runnerUp?.place).not.toBe(exploit);
          if (account.runnerUp?.reason === "dearer")
            expect(next!.expectedCostMinor).toBeGreaterThanOrEqual(candidates[exploit]!.expectedCostMinor);
          if (account.runnerUp?.reason === "worth_nothing") expect(next!.valueMinor).toBeLessThanOrEqual(0);
          if (account.runnerUp?.reason === "worth_less")
            expect(next!.valueMinor).toBeLessThan(candidates[exploit]!.valueMinor);
          if (account.runnerUp?.reason === "evidence_too_low")
            expect(next!.valueMinor).toBeGreaterThan(candidates[exploit]!.valueMinor);
          expect(words).not.toMatch(/undefined|NaN/);
        },
      ),
    );
  });
});

import { readCart, wire } from "@leastwise/contracts";
import { explorationCostOf, type Decision } from "@leastwise/decision";
import { Exploration } from "@leastwise/ledger";
import type { Cart, CatalogRow } from "@leastwise/offers";
import { compileProposed, COMPILED_PRIOR } from "@leastwise/references";
import { Storefront } from "@leastwise/testkit";
import type { AssignmentKey, CurrencyCode, Result, SubjectId } from "@leastwise/vocabulary";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { createHash } from "node:crypto";
import { starterPolicy } from "../host/starter-policy.js";
import { factsOf, NOON } from "./given/shop.js";
import { PolicyWorld } from "./policy-world.js";

// A shop that opens: no state, no model but the priors, the built-in policy, and simulated shoppers who buy by tastes that nobody sees.

const DECISIONS = 20_000;
const EURO = "EUR" as CurrencyCode;
const SEED = "cold start";

/** Its first decisions, and what exploration had cost before each, by campaign, as the ledger counts it. */
interface Opening {
  readonly decisions: readonly Decision[];
  readonly spentMinor: Readonly<Record<string, number>>;
  readonly perRung: Readonly<Record<string, readonly number[]>>;
}

/** The built-in policy with a third of what it lets exploration cost, so that the end of that is seen. */
const POLICY = value(compileProposed(withThirdOfBudgets(starterPolicy(EURO))));

function withThirdOfBudgets(policy: wire.Policy): wire.Policy {
  const third = (budget: wire.Money): wire.Money => ({ ...budget, minor: budget.minor / 3n });
  const campaigns = policy.campaigns.map(({ exploration, ...campaign }) => {
    const { budget, ...rest } = exploration!;
    return { ...campaign, exploration: { ...rest, budget: budget && third(budget) } };
  });
  return { ...policy, campaigns };
}

/** Plays until so many decisions are made. */
function opening(): Opening {
  const storefront = new Storefront({ seed: SEED, shoppers: 12_000, days: 14, startMs: NOON, currency: EURO });
  const world = new PolicyWorld(COMPILED_PRIOR);
  const ledger = new Exploration();
  const rows = new Map(storefront.products.map((product) => [product.productId, rowOf(product)]));
  const carts = new Map<SubjectId, { readonly cart: Cart; readonly catalog: readonly CatalogRow[] }>();
  const offered = new Map<string, wire.Money>();
  const decisions: Decision[] = [];
  for (let step = storefront.next(); step !== undefined && decisions.length < DECISIONS; step = storefront.next()) {
    if (step.kind === "decide") {
      const { requestId, subject: who, cart: written } = step.request;
      const cart = value(readCart(written, "cart"));
      const subject = subjectOf(who);
      const goods = { cart, catalog: cart.lines.flatMap(({ productId }) => rows.get(productId) ?? []) };
      carts.set(subject, goods);
      const assignmentKey = subject as string as AssignmentKey;
      const decision = world.decide(POLICY, factsOf(requestId, { ...goods, subject, assignmentKey, nowMs: step.atMs }));
      decisions.push(decision);
      ledger.count({ facts: decision, explorationCostMinor: decision.explorationCostMinor }, 1);
      step.reply({ offer: shown(decision, offered) });
    } else if (step.kind === "redeem") {
      const discount = offered.get(step.request.code);
      step.reply(discount && { discount, shares: [] });
    } else if (step.kind === "event" && step.event.kind === wire.EventKind.EVENT_KIND_PURCHASE) {
      const subject = subjectOf(step.event);
      const goods = carts.get(subject);
      world.order({ subject, atMs: step.atMs, ...(goods && { goods }) });
    }
  }
  return { decisions, spentMinor: ledger.spentMinor(), perRung: ledger.decisionsPerRung() };
}

function shown({ offer }: Decision, offered: Map<string, wire.Money>) {
  if (offer === undefined) return undefined;
  const faceValue = { minor: BigInt(offer.faceValueMinor), currency: EURO };
  offered.set(offer.code, faceValue);
  return { code: offer.code, faceValue };
}

function subjectOf(of: Pick<wire.SubjectRef, "anonymousId" | "userId"> | undefined): SubjectId {
  const id = of?.userId === undefined || of.userId === "" ? of?.anonymousId : of.userId;
  return createHash("md5")
    .update(id ?? "")
    .digest("hex") as SubjectId;
}

function rowOf({ productId, unitCost, category, perishableUntilMs, inventory }: wire.Product): CatalogRow {
  return {
    productId,
    category,
    ...(unitCost && { unitCostMinor: Number(unitCost.minor) }),
    ...(perishableUntilMs && { perishableUntilMs: Number(perishableUntilMs) }),
    ...(inventory && { inventory: Number(inventory) }),
  };
}

function value<T>(result: Result<T, unknown>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

/** Of the campaigns whose rungs were weighed. */
const budgetsMinor = new Map(POLICY.campaigns.map((one) => [one.campaignId, one.explorationBudgetMinor]));

describe("a shop that opens", () => {
  let played: Opening;
  beforeAll(() => {
    played = opening();
  }, 120_000);

  it("after 20 000 decisions has discounted neither nothing nor everything", () => {
    const { decisions } = played;
    expect(decisions).toHaveLength(DECISIONS);
    const offered = decisions.filter(({ offer }) => offer !== undefined).length / DECISIONS;
    expect(offered).toBeGreaterThan(0.02);
    expect(offered).toBeLessThan(0.4);
    // Nobody has learned anything yet: what is given is given to find out.
    const firsts = decisions.filter(({ continued }) => !continued);
    expect(firsts.filter(({ exploit }) => exploit !== 0)).toEqual([]);
    for (const { reason, explorationCostMinor, chosen } of firsts)
      expect(reason === "granted" ? explorationCostMinor > 0 && chosen !== 0 : explorationCostMinor === 0).toBe(true);
  });

  it("keeps the exploration budget to the cent, and comes to its end", () => {
    const { decisions, spentMinor } = played;
    const byRecord = new Map<string, number>();
    for (const decision of decisions) {
      const costMinor = explorationCostOf(decision);
      expect(costMinor).toBe(decision.explorationCostMinor);
      const payer = decision.candidates[decision.chosen === 0 ? decision.exploit : decision.chosen]?.campaignId ?? "";
      if (costMinor === 0) continue;
      const spent = (byRecord.get(payer) ?? 0) + costMinor;
      byRecord.set(payer, spent);
      expect(spent).toBeLessThanOrEqual(budgetsMinor.get(payer)!);
    }
    expect(Object.fromEntries(byRecord)).toEqual(spentMinor);
    expect(budgetsMinor.get("any-cart")! - spentMinor["any-cart"]!).toBeLessThan(500);
  });

  it("gives the baseline seven first answers in ten while a rung is to be learned, and stops when the budget is gone", () => {
    const { decisions, perRung } = played;
    const withRungs = decisions.filter(
      ({ continued, candidates }) =>
        !continued && candidates.some(({ rung, blockedBy }) => rung > 0 && blockedBy === ""),
    );
    const early = withRungs.slice(0, 500);
    const none = early.filter(({ chosen }) => chosen === 0).length / early.length;
    expect(none).toBeGreaterThan(0.62);
    expect(none).toBeLessThan(0.78);
    // What floors have beside the cold start is the baseline's.
    for (const { candidates } of early) {
      expect(candidates[0]!.weight / 2 ** 32).toBeGreaterThan(0.65);
      expect(candidates[0]!.weight / 2 ** 32).toBeLessThan(0.71);
    }
    const late = decisions.slice(-500).filter(({ continued }) => !continued);
    expect(late.filter(({ chosen }) => chosen !== 0).length / late.length).toBeLessThan(0.05);
    expect(perRung["any-cart"]!.slice(1).every((given) => given > 0)).toBe(true);
  });
});

import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { Cart, CatalogRow } from "@leastwise/offers";
import { DAY_MS, HOUR_MS, type AssignmentKey, type Millis } from "@leastwise/vocabulary";
import { decide } from "./decide.js";
import type { Decision } from "./decision.js";
import { ineligibleFor } from "./explain/ineligible.js";
import {
  amountOff,
  campaign,
  CART,
  compiled,
  EUR,
  guardrails,
  input,
  NOON,
  percentOff,
  sureModel,
} from "./given/store.js";
import type { DecisionInput } from "./input.js";
import type { Campaign, Guardrails } from "./policy/policy.js";
import { situationOf } from "./situation.js";
import { weigh } from "./weighing.js";

const OPTIONS = { seed: 20_261_129, numRuns: 200 };

function decision(changes: Partial<DecisionInput>): Decision {
  const outcome = decide(input(changes));
  if (outcome.kind !== "decided") throw new Error("repeated");
  return outcome.decision;
}

/** A decision without its policy's version, which names the order that campaigns were listed in no more than anything else. */
const under = (campaigns: readonly Campaign[], rest: Partial<DecisionInput> = {}): Decision =>
  decision({ policy: compiled({ campaigns }), model: sureModel(2), ...rest });

const campaigns = fc
  .uniqueArray(
    fc.record({
      campaignId: fc.constantFrom("a", "b", "c", "d", "e"),
      priority: fc.integer({ min: -1, max: 1 }),
      ladder: fc.subarray([300, 500, 1_000, 2_000], { minLength: 1 }),
      isOwed: fc.boolean(),
    }),
    { selector: ({ campaignId }) => campaignId, minLength: 1 },
  )
  .map((given) =>
    given.map(({ campaignId, priority, ladder, isOwed }) =>
      campaign({
        ...{ campaignId, priority, ladder: ladder.map((bp) => ({ incentive: percentOff(bp) })) },
        ...(isOwed ? { kind: "entitlement", experimentId: "" } : {}),
      }),
    ),
  );
const key = fc.string().map((text) => text as AssignmentKey);

describe("laws of policies", () => {
  it("the order in which campaigns are listed changes nothing", () => {
    const law = fc.property(
      campaigns.chain((listed) =>
        fc.tuple(fc.constant(listed), fc.shuffledSubarray(listed, { minLength: listed.length })),
      ),
      key,
      ([listed, shuffled], assignmentKey) => {
        expect(under(shuffled, { assignmentKey })).toEqual(under(listed, { assignmentKey }));
      },
    );
    fc.assert(law, OPTIONS);
  });

  it("every campaign is weighed, owed, or said why it does not apply, in order of priority", () => {
    const approaches: fc.Arbitrary<Campaign["approach"]> = fc.oneof(
      fc.constantFrom("everyone", "regulars", "nobody").map((segment) => ({ kind: "rules" as const, segment })),
      fc.constant({ kind: "propensity", of: "dormant", propensityMinBp: 0, propensityMaxBp: 0, awayMs: 0 } as const),
    );
    const law = fc.property(campaigns, fc.array(approaches, { minLength: 5, maxLength: 5 }), (listed, theirs) => {
      const policy = compiled({
        segments: [
          { name: "everyone", expression: "true" },
          { name: "nobody", expression: "cart.units > 1000" },
          { name: "regulars", expression: '"shoe" in cart.product_ids' },
        ],
        campaigns: listed.map((one, i) => Object.assign({}, one, { approach: theirs[i] })),
      });
      const asked = input({ policy });
      const { incentives, entitlements } = weigh(situationOf(asked)).applying.eligibility;
      const told = [...incentives, ...entitlements].map(({ campaign: { campaignId } }) => campaignId);
      const all = ineligibleFor(asked);
      const ineligible = all.flatMap(({ campaignId, reason }) =>
        reason === "entitlement_outweighed" ? [] : [campaignId],
      );
      const owed = entitlements.map(({ campaign: { campaignId } }) => campaignId);
      expect(owed).toEqual(expect.arrayContaining(all.slice(ineligible.length).map(({ campaignId }) => campaignId)));
      const inOrder = policy.campaigns.map(({ campaignId }) => campaignId);
      expect(new Set([...told, ...ineligible])).toEqual(new Set(inOrder));
      expect(told.length + ineligible.length).toBe(inOrder.length);
      for (const some of [incentives.map(({ campaign: { campaignId } }) => campaignId), ineligible])
        expect(some).toEqual(inOrder.filter((campaignId) => some.includes(campaignId)));
    });
    fc.assert(law, OPTIONS);
  });

  it("a campaign that cannot be given changes nothing of what is", () => {
    const blocked: fc.Arbitrary<Partial<Campaign>> = fc.constantFrom(
      { schedule: { endsAtMs: NOON, timeZone: "", weekly: [] } },
      { ladder: [{ incentive: amountOff(500, 1_000_000) }] },
      { ladder: [{ incentive: percentOff(9_000) }] },
      { budgetId: "nothing-left" },
    );
    const law = fc.property(campaigns, blocked, key, (listed, change, assignmentKey) => {
      const budgets = {
        marketing: { remainingMinor: 10_000_000, shadowPriceBp: 0 },
        "nothing-left": { remainingMinor: 0, shadowPriceBp: 0 },
      };
      const more = { ...campaign({ campaignId: "zzz", priority: 9 }), ...change };
      const stated = ["marketing", "nothing-left"].map((budgetId) => ({
        ...{ budgetId, amount: { minor: 10_000_000, currency: EUR }, shadowPriceBp: 0, partOf: "" },
      }));
      const rest = { assignmentKey, budgets, model: sureModel(2) };
      const without = decision({ ...rest, policy: compiled({ campaigns: listed, budgets: stated }) });
      const withIt = decision({ ...rest, policy: compiled({ campaigns: [more, ...listed], budgets: stated }) });
      expect(withIt.offer).toEqual(without.offer);
      expect(withIt.candidates.filter(({ blockedBy }) => blockedBy === "")).toEqual(
        without.candidates.filter(({ blockedBy }) => blockedBy === ""),
      );
    });
    fc.assert(law, OPTIONS);
  });

  it("a deeper rung of one kind never costs less", () => {
    const law = fc.property(key, fc.integer({ min: 1, max: 40_000 }), (assignmentKey, unitPriceMinor) => {
      const cart: Cart = { ...CART, lines: [{ productId: "shoe", quantity: 1, unitPriceMinor }] };
      const ladder = [100, 300, 900, 2_500].map((bp) => ({ incentive: percentOff(bp) }));
      const { candidates } = under([campaign({ ladder })], { assignmentKey, cart });
      const costs = candidates.toSorted((a, b) => a.rung - b.rung).map(({ expectedCostMinor }) => expectedCostMinor);
      expect(costs).toEqual(costs.toSorted((a, b) => a - b));
    });
    fc.assert(law, OPTIONS);
  });

  it("scaling prices, costs, amounts and budgets together scales the answer", () => {
    const law = fc.property(key, fc.constantFrom(2, 10, 1_000), (assignmentKey, scale) => {
      const scaled = (by: number) => {
        const cart: Cart = {
          ...CART,
          lines: CART.lines.map((line) => ({ ...line, unitPriceMinor: line.unitPriceMinor * by })),
          shippingMinor: CART.shippingMinor * by,
        };
        const catalog: CatalogRow[] = [
          { productId: "shoe", unitCostMinor: 3_000 * by },
          { productId: "sock", unitCostMinor: 300 * by, floorPriceMinor: 900 * by },
        ];
        const ladder = [{ incentive: amountOff(500 * by) }, { incentive: percentOff(1_000) }];
        const limits = guardrails({ incentiveMax: { minor: 900 * by, currency: EUR } });
        const exploration = { budget: { minor: 1_000_000 * by, currency: EUR } };
        const policy = compiled({ campaigns: [campaign({ ladder, exploration })], guardrails: limits });
        const budgets = { marketing: { remainingMinor: 5_000 * by, shadowPriceBp: 0 } };
        return decision({ policy, cart, catalog, budgets, assignmentKey, model: sureModel(2) });
      };
      const [once, more] = [scaled(1), scaled(scale)];
      expect(more.exploit).toBe(once.exploit);
      expect(more.candidates.map(({ blockedBy }) => blockedBy)).toEqual(
        once.candidates.map(({ blockedBy }) => blockedBy),
      );
      expect(more.candidates.map(({ faceValueMinor }) => faceValueMinor)).toEqual(
        once.candidates.map(({ faceValueMinor }) => faceValueMinor * scale),
      );
    });
    fc.assert(law, OPTIONS);
  });
});

describe("a campaign runs", () => {
  const runs = (schedule: Campaign["schedule"], nowMs: number, timeZone = ""): boolean => {
    const policy = compiled({ timeZone, campaigns: [campaign(schedule === undefined ? {} : { schedule })] });
    return ineligibleFor(input({ policy, nowMs: nowMs as Millis })).length === 0;
  };

  it("from its first instant to just before its last: windows are half-open", () => {
    const schedule = { startsAtMs: NOON, endsAtMs: NOON + DAY_MS, timeZone: "", weekly: [] };
    const instants = [NOON - 1, NOON, NOON + DAY_MS - 1, NOON + DAY_MS];
    expect(instants.map((nowMs) => runs(schedule, nowMs))).toEqual([false, true, true, false]);
  });

  it("in the hours of its own zone, else of the policy's, through the nights in which clocks change", () => {
    // Sundays from 1:30 to 3:30: the clocks of Berlin skip 2:00 to 3:00 on 29 March 2026, and show it twice on 25 October.
    const weekly = [{ days: [7], fromMinute: 90, toMinute: 210 }];
    const hoursOf = (dayMs: number, timeZone: string, policyZone: string): number[] =>
      Array.from({ length: 12 }, (_, halfHour) => halfHour).filter((halfHour) =>
        runs({ timeZone, weekly }, dayMs + (halfHour * HOUR_MS) / 2, policyZone),
      );
    const springMs = Date.UTC(2026, 2, 29);
    expect(hoursOf(springMs, "Europe/Berlin", "")).toEqual([1, 2]);
    expect(hoursOf(springMs, "", "Europe/Berlin")).toEqual([1, 2]);
    expect(hoursOf(springMs, "", "")).toEqual([3, 4, 5, 6]);
    expect(hoursOf(Date.UTC(2026, 9, 25), "Europe/Berlin", "")).toEqual([0, 1, 2, 3, 4].filter((half) => half < 5));
  });
});

describe("guardrails of a shopper", () => {
  const blocks = (limits: Partial<Guardrails>, first: Partial<Campaign>, laterMs: number) => {
    const shopper = { model: sureModel(4), assignmentKey: "always" as AssignmentKey };
    const other = campaign({ campaignId: "other", exploration: { floorBp: 0, coldStartDecisionsPerRung: 0 } });
    const policy = (listed: readonly Campaign[]) =>
      compiled({ campaigns: listed, guardrails: guardrails({ noEscalationMs: 0, ...limits }) });
    const before = decide(
      input({
        ...shopper,
        policy: policy([{ ...campaign({ exploration: { floorBp: 0, coldStartDecisionsPerRung: 0 } }), ...first }]),
      }),
    );
    if (before.kind !== "decided" || before.decision.offer === undefined) throw new Error("nothing was given");
    const { offer } = before.decision;
    const after = decision({
      ...shopper,
      policy: policy([other, campaign({ ...first, schedule: { endsAtMs: NOON + 1, timeZone: "", weekly: [] } })]),
      nowMs: (NOON + laterMs) as Millis,
      cart: { ...CART, lines: [{ productId: "shoe", quantity: 2, unitPriceMinor: 8_000 }] },
      decisionState: {
        ...before.nextState,
        open:
          laterMs < DAY_MS
            ? before.nextState.open.map((held) => ({ ...held, offer: { ...offer, currency: "USD" as typeof EUR } }))
            : [],
      },
    });
    return new Set(after.candidates.slice(1).map(({ blockedBy }) => blockedBy));
  };
  const owed: Partial<Campaign> = { kind: "entitlement", experimentId: "" };

  it("cool down after an incentive of whichever campaign, and not after what is owed", () => {
    const limits = { coolDownMs: 3 * DAY_MS };
    expect(blocks(limits, {}, 2 * DAY_MS)).toEqual(new Set(["cool_down"]));
    expect(blocks(limits, {}, 3 * DAY_MS)).toEqual(new Set([""]));
    expect(blocks(limits, owed, 2 * DAY_MS)).toEqual(new Set([""]));
  });

  it("count offers of all campaigns together, and not what is owed", () => {
    const limits = { frequencyCaps: [{ offersMax: 1, periodMs: 5 * DAY_MS }] };
    expect(blocks(limits, {}, 4 * DAY_MS)).toEqual(new Set(["frequency_cap"]));
    expect(blocks(limits, {}, 5 * DAY_MS)).toEqual(new Set([""]));
    expect(blocks(limits, owed, 4 * DAY_MS)).toEqual(new Set([""]));
  });

  it("hold no more offers at once than they may, what is owed included", () => {
    expect(blocks({ openOffersMax: 1 }, {}, HOUR_MS)).toEqual(new Set(["open_offers_max"]));
    expect(blocks({ openOffersMax: 1 }, owed, HOUR_MS)).toEqual(new Set(["open_offers_max"]));
    expect(blocks({ openOffersMax: 2 }, {}, HOUR_MS)).toEqual(new Set([""]));
  });
});

import {
  compileModel,
  compilePolicy,
  decide,
  EMPTY_STATE,
  type BudgetLease,
  type CompiledPolicy,
  type DecisionInput,
} from "@leastwise/decision";
import { DAY_MS, PURPOSES, type AssignmentKey, type Millis, type SubjectId } from "@leastwise/vocabulary";
import { describe, expect, it } from "@jest/globals";
import { readFileSync, writeFileSync } from "node:fs";
import { BudgetBook } from "./budget-book.js";
import { pacingPicture, type YearCurve } from "./given/pacing-picture.js";
import { EUR } from "./given/records.js";
import { shoppersOfYear, type YearShopper } from "./given/pacing-year.js";

const PICTURE = new URL("../../../docs/pictures/pacing-year.svg", import.meta.url);
/** Writes the picture anew, which is then to be looked at. */
const IS_OWNED = process.env["LEASTWISE_OWN_PICTURES"] === "true";

const START_MS = Date.UTC(2026, 0, 1);
const AMOUNT_MINOR = 1_500_000;
const SHOPPERS = shoppersOfYear(2026);

/** How a year went. */
interface Year {
  readonly curve: YearCurve;
  /** Spent at the year's end, minor units. */
  readonly spentMinor: number;
  /** Share of the decisions in which the budget stopped every rung alike. */
  readonly stoppedShare: number;
  /** What the incentives brought in over what they cost, in expectation, minor units. */
  readonly gainMinor: number;
  /** Days on which the budget stopped some and let others through. */
  readonly daysOnAndOff: number;
}

function policyOf(): CompiledPolicy {
  const amount = { minor: AMOUNT_MINOR, currency: EUR };
  const compiled = compilePolicy(
    {
      ...{ version: "year-1", author: "a", reason: "r", currency: "EUR", killSwitch: false, timeZone: "" },
      segments: [{ name: "everyone", expression: "true" }],
      campaigns: [
        {
          ...{ campaignId: "all-year", kind: "incentive", approach: { kind: "rules", segment: "everyone" } },
          ladder: [300, 600, 1_000].map((percentBp) => ({ incentive: { kind: "percent_off", percentBp } })),
          ...{ experimentId: "everyone", budgetId: "year", offerTtlMs: DAY_MS, frequencyCaps: [] },
          ...{ stackingGroup: "", priority: 0, exploration: { floorBp: 0, coldStartDecisionsPerRung: 0 } },
        },
      ],
      guardrails: {
        ...{ floorPriceBp: 0, maxDiscountBp: 3_000, marginFloorBp: 0, assumedMarginBp: 4_000 },
        ...{ goodsLimits: [], openOffersMax: 0, frequencyCaps: [], coolDownMs: 0 },
      },
      ...{ stackingGroups: [], partners: [], templates: [] },
      experiments: [{ experimentId: "everyone", salt: "year/1", holdoutBp: 0 }],
      budgets: [
        {
          ...{ budgetId: "year", amount, shadowPriceBp: 0, partOf: "" },
          pacing: { startsAtMs: START_MS, endsAtMs: START_MS + 365 * DAY_MS, plan: [], aheadBp: 300 },
        },
      ],
    },
    { names: [] },
  );
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.error));
  return compiled.value;
}

const MODEL = (() => {
  const model = compileModel(
    {
      ...{ version: "learned", horizonMs: 7 * DAY_MS },
      baseline: [{ feature: "intercept", mean: -1, sd: 0.02 }],
      formats: [
        { ...{ format: "percent_off", slopeMean: 1.4, slopeSd: 0.02 }, nullProbability: 0.02, depthScaleBp: 1_000 },
      ],
    },
    [],
  );
  if (!model.ok) throw new Error(JSON.stringify(model.error));
  return model.value;
})();

function inputOf(policy: CompiledPolicy, { atMs, id, cartMinor, costMinor }: YearShopper, lease: BudgetLease) {
  return {
    cause: { caller: "shop", requestId: "", sessionId: id },
    ...{ subject: id as SubjectId, assignmentKey: id as AssignmentKey, nowMs: atMs as Millis, clock: "event" },
    cart: { currency: EUR, lines: [{ productId: "p", quantity: 1, unitPriceMinor: cartMinor }], shippingMinor: 0 },
    catalog: [{ productId: "p", unitCostMinor: costMinor }],
    ...{ channel: "web", device: "", place: { country: "", region: "" }, partnerSegments: [], proposedClass: "" },
    features: { catalogue: "c", values: [], texts: {}, asOfOffset: 0, partition: 0 },
    ...{ consent: PURPOSES, decisionState: EMPTY_STATE, policy, model: MODEL, budgets: { year: lease } },
    ...{ explorationSpentMinor: {}, decisionsPerRung: {}, realisedMargins: {}, offersLeft: {} },
    ...{ killSwitch: false, observeOnly: false, language: "en", freshness: "fresh" },
    codeKey: { secret: { k0: 7n, k1: 11n }, version: 1 },
  } satisfies DecisionInput as DecisionInput;
}

/** Decides on all shoppers of a year, as they come; their offers end a day later, used or not. */
function year(leaseOf: (lease: BudgetLease) => BudgetLease): Year {
  const policy = policyOf();
  const budget = policy.budgets[0]!;
  const book = new BudgetBook();
  const open: { atMs: number; heldMinor: number; costMinor: number }[] = [];
  const spentByDay: number[] = [];
  const priceByDay: number[] = [];
  const days = new Map<number, { stopped: number; given: number }>();
  let [spentMinor, gainMinor, stopped] = [0, 0, 0];
  const holds = (minor: number) => [{ budgetId: "year", period: "", minor, isPartners: false }];
  for (const shopper of SHOPPERS) {
    while (open[0] !== undefined && open[0].atMs + DAY_MS <= shopper.atMs) {
      const { heldMinor, costMinor } = open.shift()!;
      book.end(holds(heldMinor), heldMinor, costMinor);
      spentMinor += costMinor;
    }
    const lease = leaseOf(book.lease(budget, shopper.atMs));
    const outcome = decide(inputOf(policy, shopper, lease));
    if (outcome.kind !== "decided") throw new Error("nothing was answered before");
    const { candidates, exploit, offer, heldMinor } = outcome.decision;
    const day = Math.floor((shopper.atMs - START_MS) / DAY_MS);
    const told = days.get(day) ?? { stopped: 0, given: 0 };
    days.set(day, told);
    const isStopped = candidates.slice(1).every(({ blockedBy }) => blockedBy === "budget_exhausted");
    if (isStopped) [stopped, told.stopped] = [stopped + 1, told.stopped + 1];
    if (offer !== undefined) {
      const [none, choice] = [candidates[0]!, candidates[exploit]!];
      const marginMinor = shopper.cartMinor - shopper.costMinor;
      gainMinor += choice.conversion * (marginMinor - offer.faceValueMinor) - none.conversion * marginMinor;
      const isUsed = shopper.draw < choice.conversion;
      book.hold(holds(heldMinor));
      open.push({ atMs: shopper.atMs, heldMinor, costMinor: isUsed ? offer.faceValueMinor : 0 });
      told.given += 1;
    }
    spentByDay[day] = spentMinor;
    priceByDay[day] = lease.shadowPriceBp;
  }
  return {
    curve: { spentByDay, priceByDay },
    ...{ spentMinor, gainMinor, stoppedShare: stopped / SHOPPERS.length },
    daysOnAndOff: [...days.values()].filter((told) => told.stopped > 0 && told.given > 0).length,
  };
}

describe("a year's budget, with a flash sale in it", () => {
  const paced = year((lease) => lease);
  const limited = year((lease) => ({ ...lease, shadowPriceBp: 0 }));
  const planned = (day: number) => (AMOUNT_MINOR * (day + 1)) / 365;

  it("is spent along its plan, whatever comes, to its end", () => {
    for (const [day, spent] of paced.curve.spentByDay.entries())
      expect(Math.abs(spent - planned(day))).toBeLessThanOrEqual(0.06 * AMOUNT_MINOR);
    expect(paced.spentMinor).toBeGreaterThan(0.95 * AMOUNT_MINOR);
    expect(paced.spentMinor).toBeLessThanOrEqual(AMOUNT_MINOR);
  });

  it("goes out to hardly anybody at the limit, and not on and off as by the limit alone", () => {
    expect(paced.stoppedShare).toBeLessThan(0.01);
    expect(limited.stoppedShare).toBeGreaterThan(0.2);
    expect(paced.daysOnAndOff).toBeLessThan(10);
    expect(limited.daysOnAndOff).toBeGreaterThan(200);
  });

  it("is not thrown after anybody at the end of the year", () => {
    const lastDays = (curve: YearCurve) => (curve.spentByDay[364] ?? 0) - (curve.spentByDay[350] ?? 0);
    expect(lastDays(paced.curve)).toBeLessThan((2 * AMOUNT_MINOR * 14) / 365);
  });

  it("brings in more for the same money", () => {
    const perMinor = ({ gainMinor, spentMinor }: Year) => gainMinor / spentMinor;
    expect(perMinor(paced)).toBeGreaterThan(1.2 * perMinor(limited));
    expect(paced.gainMinor).toBeGreaterThan(limited.gainMinor);
  });

  it("looks as in the picture", () => {
    const picture = pacingPicture({ amountMinor: AMOUNT_MINOR, paced: paced.curve, limited: limited.curve });
    if (IS_OWNED) writeFileSync(PICTURE, picture);
    expect(readFileSync(PICTURE, "utf8")).toBe(picture);
  });
});

import { createSubjectHasher, wire } from "@leastwise/contracts";
import { compilePolicy, type CompiledPolicy } from "@leastwise/decision";
import { createTelemetry } from "@leastwise/telemetry";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { bestStackOf, type StackSources } from "./best-stack-call.js";
import { givenLog, openLedger, type GivenLedger } from "./given/open-ledger.js";
import { codeOf, euros, granted, NOON } from "./given/records.js";

const hasher = createSubjectHasher(Buffer.from("the test shop's own secret"));
const ADA = hasher.known("ada");

let opened: Awaited<ReturnType<typeof givenLog>>;
let given: GivenLedger;
let sources: StackSources;
const telemetry = createTelemetry({ service: "ledger", version: "test", logLevel: "silent", pretty: false });

beforeAll(async () => {
  opened = await givenLog();
  given = await openLedger(opened.log);
  const written = await given.ledger.record(granted({ id: "d1", subject: ADA, heldMinor: 900 }));
  if (!written.ok) throw written.error;
  sources = {
    ledger: given.ledger,
    hasher,
    links: { linkOf: () => undefined },
    clock: { nowMs: () => NOON },
    policies: { active: () => undefined, version: () => undefined },
    catalog: { row: (productId) => (productId === "shoe" ? { productId, floorPriceMinor: 6_000 } : undefined) },
    telemetry,
  };
});
afterAll(async () => {
  await given.ledger.close();
  await opened.end();
  telemetry.close();
});

const LINES = [
  { productId: "shoe", quantity: 1n, unitPrice: euros(8_000) },
  { productId: "sock", quantity: 2n, unitPrice: euros(1_000) },
];
const share = (offerId: string, percentBp: number, more: wire.DeepPartial<wire.StackOffer> = {}) => ({
  offerId,
  kind: { $case: "cartPercent" as const, value: { percentBp } },
  ...more,
});
const SHOPPER = { $case: "shopperGain" as const, value: {} };
const merchant = (gainMinMinor: number) => ({
  $case: "merchantCost" as const,
  value: { gainMin: euros(gainMinMinor) },
});

function asked(request: wire.DeepPartial<wire.BestStackRequest>) {
  return bestStackOf(sources, wire.BestStackRequest.fromPartial({ lines: LINES, objective: SHOPPER, ...request }));
}
function answered(request: wire.DeepPartial<wire.BestStackRequest>): wire.BestStackResponse {
  const answer = asked(request);
  if (!answer.ok) throw new Error(`${answer.error.reason} at ${answer.error.field}`);
  return answer.value;
}
function refused(request: wire.DeepPartial<wire.BestStackRequest>): string {
  const answer = asked(request);
  return answer.ok ? "answered" : `${answer.error.reason} at ${answer.error.field}`;
}

function policyOn(prices: CompiledPolicy["prices"]): CompiledPolicy {
  const lists = { segments: [], campaigns: [], stackingGroups: [], experiments: [], budgets: [], templates: [] };
  const written = { version: "v-1", author: "ada", reason: "a policy of prices", currency: "EUR", timeZone: "" };
  const basis = prices === undefined ? {} : { prices };
  const guardrails = {
    ...{ floorPriceBp: 5_000, maxDiscountBp: 5_000, marginFloorBp: 0, assumedMarginBp: 4_000 },
    ...{ goodsLimits: [], openOffersMax: 0, frequencyCaps: [], coolDownMs: 0 },
  };
  const policy = { ...written, ...basis, ...lists, guardrails, partners: [], killSwitch: false };
  const compiled = compilePolicy(policy, { names: [] });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.error));
  return compiled.value;
}

describe("BestStack", () => {
  it("applies what the shopper gains most by, in order, and says why not the others", () => {
    const offers = [
      share("small", 500, { group: "coupons" }),
      share("big", 1_000, { group: "coupons", partnerShareBp: 5_000 }),
      share("far", 5_000, { minBasket: euros(10_001) }),
      { offerId: "card", kind: { $case: "paymentPercent" as const, value: { percentBp: 1_000 } } },
    ];
    expect(answered({ offers, shipping: euros(500) })).toEqual({
      applied: [
        {
          offerId: "big",
          gain: euros(1_000),
          cost: euros(500),
          shares: [
            { line: 0, productId: "shoe", quantity: 1n, discount: euros(800) },
            { line: 1, productId: "sock", quantity: 2n, discount: euros(200) },
          ],
        },
        { offerId: "card", gain: euros(950), cost: euros(950), shares: [] },
      ],
      leftOut: [
        { offerId: "small", reason: "group_taken", by: "big" },
        { offerId: "far", reason: "basket_below_minimum", by: "" },
      ],
      gain: euros(1_950),
      cost: euros(1_450),
      toPay: euros(8_550),
      lineAmounts: [euros(7_200), euros(1_800)],
      exact: true,
    });
  });

  it("keeps the floors of the catalog, and gives no more for the merchant's objective than it must", () => {
    expect(answered({ offers: [share("half", 5_000)] }).lineAmounts).toEqual([euros(6_000), euros(1_000)]);
    const offers = [share("five", 500), share("fifteen", 1_500)];
    const { applied, leftOut } = answered({ offers, objective: merchant(400) });
    expect(applied.map(({ offerId }) => offerId)).toEqual(["five"]);
    expect(leftOut).toEqual([{ offerId: "fifteen", reason: "costs_more", by: "" }]);
  });

  it("takes an offer of ours by its code, with the terms and the worth that it was issued with", () => {
    const ours = { offerId: "ours", code: codeOf({ id: "d1", subject: ADA }) };
    const { applied } = answered({ subject: { userId: "ada" }, offers: [ours] });
    // Ten per cent would be 10.00; 9.00 are held.
    expect(applied).toMatchObject([{ offerId: "ours", gain: euros(900) }]);
  });

  it("takes a line's own discount for granted", () => {
    const lines = [{ ...LINES[0]!, discount: euros(1_000) }];
    expect(answered({ lines, offers: [share("ten", 1_000)] }).lineAmounts).toEqual([euros(6_300)]);
  });

  it("says that it is exact for 12 offers, and takes 64", () => {
    const many = (count: number) => Array.from({ length: count }, (_, n) => share(`o${n}`, 10 + n));
    expect(answered({ offers: many(12) }).exact).toBe(true);
    const { applied, leftOut } = answered({ offers: many(64) });
    expect(applied.length + leftOut.length).toBe(64);
  });

  it.each<[string, wire.DeepPartial<wire.BestStackRequest>, string]>([
    ["no line", { lines: [] }, "empty_cart at lines"],
    ["no objective", { objective: undefined }, "objective_missing at objective"],
    ["a negative least gain", { objective: merchant(-1) }, "negative_amount at merchant_cost.gain_min.minor"],
    ["65 offers", { offers: Array.from({ length: 65 }, (_, n) => share(`o${n}`, 1)) }, "too_many_offers at offers"],
    [
      "a code and nobody to whom it belongs",
      { offers: [{ offerId: "x", code: "0000-0000-0000-0001" }] },
      "id_missing at subject.anonymous_id",
    ],
    [
      "a code of somebody else",
      { subject: { userId: "bob" }, offers: [{ offerId: "x", code: codeOf({ id: "d1", subject: ADA }) }] },
      "foreign_subject at offers[0].code",
    ],
    [
      "a code with other terms",
      { subject: { userId: "ada" }, offers: [share("x", 9_000, { code: codeOf({ id: "d1", subject: ADA }) })] },
      "terms_edited at offers[0].kind",
    ],
  ])("refuses %s", (_name, request, expected) => {
    expect(refused(request)).toBe(expected);
  });

  it("is asked on the prices of the policy in force, or on any where nobody says", () => {
    const { PRICE_BASIS_WITH_TAX, PRICE_BASIS_WITHOUT_TAX } = wire.PriceBasis;
    const askedOn = (prices: wire.PriceBasis, compiled: CompiledPolicy) => {
      const active = () => ({ compiled, written: wire.PolicyRecord.fromPartial({}) });
      const request = wire.BestStackRequest.fromPartial({ lines: LINES, objective: SHOPPER, prices });
      const answer = bestStackOf({ ...sources, policies: { ...sources.policies, active } }, request);
      return answer.ok ? "answered" : `${answer.error.reason} at ${answer.error.field}`;
    };
    const withTax = policyOn("with_tax");
    expect(askedOn(PRICE_BASIS_WITH_TAX, withTax)).toBe("answered");
    expect(askedOn(wire.PriceBasis.PRICE_BASIS_UNSPECIFIED, withTax)).toBe("answered");
    expect(askedOn(PRICE_BASIS_WITHOUT_TAX, withTax)).toBe("foreign_price_basis at prices");
    expect(askedOn(PRICE_BASIS_WITHOUT_TAX, policyOn(undefined))).toBe("answered");
    expect(refused({ prices: 9 as wire.PriceBasis })).toBe("unknown_price_basis at prices");
  });

  it("counts what is counterfeit", async () => {
    refused({ subject: { userId: "ada" }, offers: [{ offerId: "x", code: "nonsense" }] });
    expect(await telemetry.render()).toContain(
      'leastwise_counterfeit_stacks_total{method="BestStack",reason="unknown_code"} 1',
    );
  });
});

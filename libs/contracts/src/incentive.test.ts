import { INCENTIVE_KINDS, type Incentive } from "@leastwise/offers";
import type { CurrencyCode } from "@leastwise/vocabulary";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { incentiveFrom, incentiveOf, incentiveToWire } from "./incentive.js";
import { moneyOf } from "./money.js";
import * as wire from "./wire.js";

const money = fc.record({
  minor: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  currency: fc.constantFrom("EUR" as CurrencyCode, "JPY" as CurrencyCode, "KWD" as CurrencyCode),
});
const basisPoints = fc.integer({ min: 1, max: 10_000 });
const id = fc.string({ minLength: 1, maxLength: 20, unit: "grapheme" });

const count = fc.integer({ min: 1, max: 100 });
const scope = fc.record(
  {
    ...{ productIds: fc.array(id), categories: fc.array(id), brands: fc.array(id) },
    units: fc.record({ kind: fc.constantFrom("cheapest" as const, "dearest" as const), count }),
  },
  { requiredKeys: ["productIds", "categories", "brands"] },
);
const later = { breakageBp: fc.integer({ min: 1, max: 9_999 }), paidAfterMs: fc.integer({ min: 1, max: 2 ** 40 }) };

/** One arbitrary a kind: a kind without one would not compile. */
const KINDS: { readonly [Kind in Incentive["kind"]]: fc.Arbitrary<Extract<Incentive, { kind: Kind }>> } = {
  percent_off: fc.record(
    { kind: fc.constant("percent_off"), percentBp: basisPoints, maximum: money, scope },
    { requiredKeys: ["kind", "percentBp"] },
  ),
  amount_off: fc.record(
    {
      ...{ kind: fc.constant("amount_off"), amount: money, cartMin: money, scope },
      per: fc.constantFrom("line" as const, "unit" as const),
    },
    { requiredKeys: ["kind", "amount"] },
  ),
  free_shipping: fc.record({ kind: fc.constant("free_shipping"), maximum: money }, { requiredKeys: ["kind"] }),
  bundle_credit: fc.record({ kind: fc.constant("bundle_credit"), productIds: fc.array(id), amount: money }),
  loyalty_credit: fc.record(
    { kind: fc.constant("loyalty_credit"), amount: money, ...later },
    { requiredKeys: ["kind", "amount"] },
  ),
  tiered_cashback: fc.record(
    {
      kind: fc.constant("tiered_cashback"),
      tiers: fc.array(fc.record({ cartMin: money, cashbackBp: basisPoints }), { maxLength: 8 }),
      ...later,
    },
    { requiredKeys: ["kind", "tiers"] },
  ),
  partner_exclusive: fc.record({ kind: fc.constant("partner_exclusive"), partnerId: id, amount: money }),
  buy_x_get_y: fc.record(
    {
      ...{ kind: fc.constant("buy_x_get_y"), buy: count, get: count, percentBp: basisPoints, setsMax: count },
      ...{ buyScope: scope, getScope: scope },
    },
    { requiredKeys: ["kind", "buy", "get", "percentBp", "setsMax"] },
  ),
  gift: fc.record(
    { kind: fc.constant("gift"), productId: id, worth: money, cost: money, cartMin: money },
    { requiredKeys: ["kind", "productId", "worth", "cost"] },
  ),
  payment_discount: fc.record(
    { kind: fc.constant("payment_discount"), method: id, percentBp: basisPoints, maximum: money },
    { requiredKeys: ["kind", "method", "percentBp"] },
  ),
};

const overTheWire = (incentive: wire.Incentive) => wire.Incentive.decode(wire.Incentive.encode(incentive).finish());

const read = (kind: wire.DeepPartial<wire.Incentive>["kind"]) =>
  incentiveFrom(wire.Incentive.fromPartial({ kind }), (one) => one && moneyOf(one));

describe("an incentive", () => {
  it.each(INCENTIVE_KINDS)("of kind %s comes back from the wire as it went (a law)", (kind) => {
    fc.assert(
      fc.property(KINDS[kind] as fc.Arbitrary<Incentive>, (incentive) => {
        expect(incentiveOf(overTheWire(incentiveToWire(incentive)))).toEqual(incentive);
      }),
    );
  });

  it.each<[string, wire.DeepPartial<wire.Incentive>["kind"]]>([
    ["a kind", undefined],
    ["an amount off", { $case: "amountOff", value: {} }],
    ["a bundle's amount", { $case: "bundleCredit", value: { productIds: ["a", "b"] } }],
    ["a credit's amount", { $case: "loyaltyCredit", value: {} }],
    ["a gift's cost", { $case: "gift", value: { productId: "g", worth: { minor: 1n, currency: "EUR" } } }],
    ["a partner's amount", { $case: "partnerExclusive", value: { partnerId: "p" } }],
    ["the minimum of a tier", { $case: "tieredCashback", value: { tiers: [{ cashbackBp: 100 }] } }],
    [
      "the minimum of one tier of several",
      {
        $case: "tieredCashback",
        value: { tiers: [{ cartMin: { minor: 1n, currency: "EUR" }, cashbackBp: 100 }, { cashbackBp: 200 }] },
      },
    ],
  ])("without %s is none", (_, kind) => {
    expect(read(kind)).toBeUndefined();
  });

  it("is read where what is absent has a meaning", () => {
    expect(read({ $case: "percentOff", value: { percentBp: 500 } })).toStrictEqual({
      kind: "percent_off",
      percentBp: 500,
    });
    expect(read({ $case: "buyXGetY", value: { buy: 2, get: 1 } })).toStrictEqual({
      ...{ kind: "buy_x_get_y", buy: 2, get: 1, percentBp: 10_000, setsMax: 1 },
    });
    expect(read({ $case: "freeShipping", value: {} })).toStrictEqual({ kind: "free_shipping" });
    expect(read({ $case: "tieredCashback", value: {} })).toStrictEqual({ kind: "tiered_cashback", tiers: [] });
  });

  it("on the log that is none is a bug", () => {
    expect(() => incentiveOf({ kind: undefined })).toThrow(RangeError);
  });
});

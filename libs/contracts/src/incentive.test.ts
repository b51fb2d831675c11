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

/** One arbitrary a kind: a kind without one would not compile. */
const KINDS: { readonly [Kind in Incentive["kind"]]: fc.Arbitrary<Extract<Incentive, { kind: Kind }>> } = {
  percent_off: fc.record(
    { kind: fc.constant("percent_off"), percentBp: basisPoints, maximum: money },
    { requiredKeys: ["kind", "percentBp"] },
  ),
  amount_off: fc.record(
    { kind: fc.constant("amount_off"), amount: money, cartMin: money },
    { requiredKeys: ["kind", "amount"] },
  ),
  free_shipping: fc.record({ kind: fc.constant("free_shipping"), maximum: money }, { requiredKeys: ["kind"] }),
  bundle_credit: fc.record({ kind: fc.constant("bundle_credit"), productIds: fc.array(id), amount: money }),
  loyalty_credit: fc.record({ kind: fc.constant("loyalty_credit"), amount: money }),
  tiered_cashback: fc.record({
    kind: fc.constant("tiered_cashback"),
    tiers: fc.array(fc.record({ cartMin: money, cashbackBp: basisPoints }), { maxLength: 8 }),
  }),
  partner_exclusive: fc.record({ kind: fc.constant("partner_exclusive"), partnerId: id, amount: money }),
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
    expect(read({ $case: "freeShipping", value: {} })).toStrictEqual({ kind: "free_shipping" });
    expect(read({ $case: "tieredCashback", value: {} })).toStrictEqual({ kind: "tiered_cashback", tiers: [] });
  });

  it("on the log that is none is a bug", () => {
    expect(() => incentiveOf({ kind: undefined })).toThrow(RangeError);
  });
});

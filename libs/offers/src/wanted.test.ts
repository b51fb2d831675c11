import { describe, expect, it } from "@jest/globals";
import type { CurrencyCode } from "@leastwise/vocabulary";
import fc from "fast-check";
import { appraise } from "./appraise.js";
import type { Cart } from "./cart.js";
import type { Incentive, Scope } from "./incentive.js";
import { appraiseInStack } from "./stacking/in-stack.js";
import { wantedMinor } from "./wanted.js";

const EUR = "EUR" as CurrencyCode;
const money = (minor: number) => ({ minor, currency: EUR });
const cart: Cart = {
  currency: EUR,
  lines: [
    { productId: "a", quantity: 2, unitPriceMinor: 1_000 },
    { productId: "b", quantity: 1, unitPriceMinor: 500 },
  ],
  shippingMinor: 490,
};
const rows = [undefined, undefined];
const onlyA: Scope = { productIds: ["a"], categories: [], brands: [] };

const wanted = (incentive: Incentive, grantedMinor: number, on: Cart = cart) =>
  wantedMinor(incentive, grantedMinor, { cart: on, rows });

describe("what an incentive would give if nothing shortened it", () => {
  it.each<[string, Incentive, number, number | undefined]>([
    ["a share with a maximum", { kind: "percent_off", percentBp: 5_000, maximum: money(300) }, 300, 1_250],
    ["a share that a line's cap stops", { kind: "percent_off", percentBp: 1_000 }, 50, 250],
    ["a share that nothing shortened", { kind: "percent_off", percentBp: 1_000 }, 250, undefined],
    ["an amount beyond the goods", { kind: "amount_off", amount: money(9_000) }, 2_500, 9_000],
    ["an amount a unit", { kind: "amount_off", amount: money(600), per: "unit" }, 1_700, 1_800],
    [
      "an amount a line in scope",
      { kind: "amount_off", amount: money(3_000), per: "line", scope: onlyA },
      2_000,
      3_000,
    ],
    ["a partner's amount", { kind: "partner_exclusive", partnerId: "bank", amount: money(9_000) }, 2_500, 9_000],
    ["a bundle's", { kind: "bundle_credit", productIds: ["b"], amount: money(700) }, 500, 700],
    ["shipping with a maximum", { kind: "free_shipping", maximum: money(100) }, 100, 490],
    ["credit that is held for in part", { kind: "loyalty_credit", amount: money(900) }, 400, 900],
    [
      "a discount of a way to pay",
      { kind: "payment_discount", method: "sepa", percentBp: 1_000, maximum: money(9) },
      9,
      250,
    ],
  ])("%s", (_name, incentive, grantedMinor, expected) => {
    expect(wanted(incentive, grantedMinor)).toBe(expected);
  });

  it("is not said where it cannot be counted", () => {
    const most = Number.MAX_SAFE_INTEGER;
    const each = (minor: number): Incentive => ({ kind: "amount_off", amount: money(minor), per: "unit" });
    const many = { ...cart, lines: [{ productId: "a", quantity: 4_096, unitPriceMinor: 1 }] };
    expect(wanted(each(most), 2_500)).toBeUndefined();
    expect(wanted(each(2 ** 41), 4_096, many)).toBeUndefined();
    expect(wanted(each(2 ** 41 - 1), 4_096, many)).toBe((2 ** 41 - 1) * 4_096);
    expect(wanted({ kind: "amount_off", amount: money(most) }, 2_500)).toBe(most);
  });

  it("is reckoned in its place among the offers of the cart", () => {
    const coupon = {
      ...{ id: "coupon", kind: "item_amount", amountMinor: 400, productIds: ["a"], minBasketMinor: 0 },
      ...{ priority: 0, group: "", partnerShareBp: 0 },
    } as NonNullable<Cart["offers"]>[number];
    const stacked = { ...cart, offers: [coupon] };
    const share: Incentive = { kind: "percent_off", percentBp: 5_000, maximum: money(300) };
    const alone = appraiseInStack({ kind: "percent_off", percentBp: 5_000 }, stacked, { rows });
    expect(alone?.appraisal.worthMinor).toBeLessThan(1_250);
    expect(wanted(share, 300, stacked)).toBe(alone?.appraisal.worthMinor);
  });

  it("is never less than what is given, and nothing where no cap is below it", () => {
    const percents = fc.integer({ min: 1, max: 10_000 });
    const caps = fc.option(fc.tuple(fc.nat(3_000), fc.nat(3_000)), { nil: undefined });
    fc.assert(
      fc.property(
        percents,
        fc.option(fc.integer({ min: 1, max: 3_000 }), { nil: undefined }),
        caps,
        (percentBp, most, capped) => {
          const incentive: Incentive = {
            ...{ kind: "percent_off", percentBp },
            ...(most === undefined ? {} : { maximum: money(most) }),
          };
          const granted = appraise(incentive, cart, { rows, lineCapsMinor: capped });
          if (granted === undefined) return;
          const more = wanted(incentive, granted.worthMinor);
          const uncapped = appraise({ kind: "percent_off", percentBp }, cart)?.worthMinor ?? 0;
          expect(more ?? granted.worthMinor).toBe(uncapped);
        },
      ),
    );
  });
});

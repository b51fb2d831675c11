import { describe, expect, it } from "@jest/globals";
import type { Cart } from "./cart.js";
import { cartChanges } from "./cart-changes.js";
import { cartOf } from "./given/offer-life.js";

describe("what changed of a cart", () => {
  const was: Cart = { ...cartOf(700, 300), paymentMethod: "sepa" };
  const [first, second] = was.lines;

  it.each<[string, Cart, readonly string[]]>([
    ["nothing", { ...was, lines: [{ ...first!, discountMinor: 0 }, second!] }, []],
    ["a price", { ...was, lines: [{ ...first!, unitPriceMinor: 699 }, second!] }, ["lines[0].unit_price 700 699"]],
    [
      "the shop's own discount",
      { ...was, lines: [first!, { ...second!, discountMinor: 5 }] },
      ["lines[1].discount 0 5"],
    ],
    ["a line that came", { ...was, lines: [first!, second!, first!] }, ["lines[2] nothing 1 of p0 at 700"]],
    ["a line that went", { ...was, lines: [first!] }, ["lines[1] 1 of p1 at 300 nothing"]],
    ["the shipping", { ...was, shippingMinor: 0 }, ["shipping 490 0"]],
    ["the way to pay", { ...was, paymentMethod: "card" }, ["payment_method sepa card"]],
    ["the tax in prices", { ...was, prices: "with_tax" }, ["prices nothing with_tax"]],
  ])("%s", (_what, is, expected) => {
    expect(cartChanges(was, is).map((change) => `${change.field} ${change.was} ${change.is}`)).toEqual(expected);
  });
});

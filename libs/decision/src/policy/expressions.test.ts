import { describe, expect, it } from "@jest/globals";
import type { Verdict } from "./cel.js";
import { compileExpression, type ExpressionContext } from "./expressions.js";

const CONTEXT: ExpressionContext = {
  features: { purchases_30d: 3, cart_abandoned: null, last_channel: "email" },
  profile: {
    loyalty_tier: "gold",
    member: true,
    tags: ["vip"],
    attributes: { city: "Ulm" },
    birthday: "11-23",
    days_to_birthday: 0,
    customer_since_ms: 5,
  },
  cart: {
    value_minor: 10_000,
    units: 3,
    lines: 2,
    currency: "EUR",
    product_ids: ["shoe"],
    categories: ["shoes"],
    brands: [],
    payment_method: null,
  },
  context: {
    channel: "web",
    device: null,
    country: "DE",
    region: null,
    hour: 12,
    weekday: 1,
    partner_segments: ["bank/gold"],
  },
  rfm: { recency: 5, frequency: 1, monetary: null },
};
const NAMES = new Set(Object.keys(CONTEXT.features));

const CASES: readonly (readonly [string, Verdict])[] = [
  ["features.purchases_30d >= 3 && profile.member", "holds"],
  ['features["purchases_30d"] + 1 == 4.0', "holds"],
  ["cart.value_minor / 4 > 2499", "holds"],
  ["1 + features.purchases_30d == 4", "holds"],
  ["4 != 1 + features.purchases_30d", "does_not_hold"],
  ["2 * features.purchases_30d * 2 == 12", "holds"],
  ["context.hour % 2 == 0 && 7 % features.purchases_30d == 1 && cart.units % cart.lines == 1", "holds"],
  ["cart.units % (cart.lines - 2) == 0", "expression_failed"],
  ["features.cart_abandoned == null", "holds"],
  ["features.cart_abandoned > 0", "expression_failed"],
  ["features.cart_abandoned > 0 || true", "holds"],
  ['features.last_channel == "email"', "holds"],
  ['"vip" in profile.tags && profile.attributes["city"] == "Ulm"', "holds"],
  ['profile.attributes["street"] == "x"', "expression_failed"],
  ['"shoe" in cart.product_ids && "shoes" in cart.categories', "holds"],
  ['context.country == "DE" && context.hour < 13 && context.device == null', "holds"],
  ["1 / 0 == 1", "expression_failed"],
  ['profile.loyalty_tier == "silver"', "does_not_hold"],
];

describe("a segment's expression", () => {
  it.each(CASES)("%s: %s", (source, verdict) => {
    const compiled = compileExpression(source, NAMES);
    expect(compiled.ok && compiled.value.evaluate(CONTEXT)).toBe(verdict);
  });

  it("fails, and so does not hold, where the profile may not be read", () => {
    const compiled = compileExpression("profile.member", NAMES);
    expect(compiled.ok && compiled.value.evaluate({ ...CONTEXT, profile: null })).toBe("expression_failed");
  });

  it("says what it reads", () => {
    expect(compileExpression("features.purchases_30d > 1", NAMES)).toMatchObject({
      value: { features: ["purchases_30d"], readsPersonalData: true },
    });
    expect(compileExpression("cart.lines > 1", NAMES)).toMatchObject({ value: { readsPersonalData: false } });
  });
});

import { describe, expect, it } from "@jest/globals";
import { expressionNoticesOf } from "./expression-notices.js";
import { featureFields } from "./expression-fields.js";

const FEATURES = featureFields({
  names: ["revenue_minor_all", "orders"],
  units: ["minor", "count"],
  textNames: ["last_channel"],
});

const noticesOf = (source: string) =>
  expressionNoticesOf(source, FEATURES).map(({ reason, came, expected, offset = 0 }) => [
    reason,
    String(came),
    expected,
    offset + 1,
  ]);

describe("what an expression says that is seldom meant", () => {
  it.each([
    ["cart.value_minor > 49.99", "49.99", "cart.value_minor", 20],
    ["profile.member && !(49.5 <= features.revenue_minor_all)", "49.5", "features.revenue_minor_all", 21],
  ])("is an amount with a fraction: %s", (source, came, field, column) => {
    const expected = `a whole number: ${field} is in the currency's minor unit, such as cents`;
    expect(noticesOf(source)).toEqual([["expression_unit_doubtful", came, expected, column]]);
  });

  it("is a value of several that a field never has", () => {
    const expected = "one of web, app, store, email, push, social: context.channel has no other";
    expect(noticesOf('context.channel in ["web", "ap"]')).toEqual([["expression_out_of_range", '"ap"', expected, 28]]);
    expect(noticesOf("context.hour in [22, 23, 24]")).toMatchObject([
      ["expression_out_of_range", "24", expect.any(String), 26],
    ]);
  });

  it.each([
    [
      "context.hour >= 18 && context.hour < 6",
      "what can hold beside context.hour >= 18, or || between them for hours over midnight",
    ],
    ["cart.units > 5 && profile.member && 3 > cart.units", "what can hold beside cart.units > 5"],
    ["cart.units > 5 && cart.units < 6", "what can hold beside cart.units > 5"],
    ["features.orders == 2 && features.orders > 2", "what can hold beside features.orders == 2"],
    [
      'profile.member || (context.channel == "web" && context.channel == "app")',
      'what can hold beside context.channel == "web"',
    ],
  ])("is what never holds together: %s", (source, expected) => {
    expect(noticesOf(source)).toMatchObject([
      ["expression_never_holds", expect.any(String), expected, expect.any(Number)],
    ]);
  });

  it.each([
    "context.hour >= 18 || context.hour < 6",
    "cart.value_minor / 100 > 49.99 && cart.value_minor > 50.0",
    "cart.units > 5 && cart.units < 7 && cart.units != 6",
    "cart.units >= 5 && cart.units <= 5 && cart.lines < 3",
    'context.channel == "web" && context.device == "mobile" && profile.loyalty_tier in ["a", "b"]',
    "features.revenue_minor_all > 5 && features.revenue_minor_all < 6",
    "!(cart.units > 5) && cart.units < 3",
  ])("is not %s", (source) => {
    expect(noticesOf(source)).toEqual([]);
  });
});

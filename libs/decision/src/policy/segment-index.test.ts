import { describe, expect, it } from "@jest/globals";
import { Environment } from "@marcbachmann/cel-js";
import fc from "fast-check";
import type { ExpressionPart } from "./expression-parts.js";
import type { Verdict } from "./cel.js";
import { signalFields } from "./expression-fields.js";
import { compileExpression, type ExpressionContext } from "./expressions.js";
import { SegmentIndex, type CompiledSegment } from "./segment-index.js";

// Segments are taken apart, found by what they need, and share what they have in common. What they come to is what each expression
// comes to by itself, whole.

const CONDITIONS = [
  `context.region == "R1"`,
  `"R2" == context.region`,
  `context.region in ["R1", "R3"]`,
  `context.country == "DE"`,
  `profile.loyalty_tier == "gold"`,
  `"vip" in profile.tags`,
  `"bank" in context.partner_segments`,
  `"coats" in cart.categories`,
  `cart.payment_method == "card"`,
  `cart.value_minor > 1000.0`,
  `cart.value_minor <= 500`,
  `2 < cart.units`,
  `2.0 >= cart.units`,
  `features.purchases_30d == 3`,
  `features.purchases_30d != 0.0`,
  `features.purchases_30d == "3"`,
  `features.mark == true`,
  `features.mark < 2`,
  `profile.birthday == "12-24"`,
  `profile.loyalty_tier != "gold"`,
  `profile.member != false`,
  `context.country == null`,
  `rfm.recency >= 4`,
  `lifetime.alive < 0.5`,
  `3.0 == rfm.frequency`,
  `features.purchases_30d <= 2 && profile.customer_since_ms < 5`,
  `context.hour < 18 && 9 <= context.hour`,
  `!("vip" in profile.tags)`,
  `features.purchases_30d >= 2.0`,
  `(features.purchases_30d > 0.0 || context.region == "R1")`,
  `(context.region == "R1" && features.purchases_30d > 0.0)`,
  `profile.member == true`,
  `!(context.region == "R1")`,
  `context.region != "R1"`,
  `cart.product_ids.exists(id, id == "p\\"1")`,
  `features.mark`,
  `true`,
  `false`,
];
// As signals, so that comparisons are taken which no value is alike to: the index must come to what the evaluator does.
const FEATURES = signalFields(["purchases_30d", "mark"]);

const WHOLE = ["features", "profile", "cart", "context", "rfm", "lifetime"].reduce(
  (environment, name) => environment.registerVariable(name, "dyn"),
  new Environment(),
);

function verdictByItself(expression: string, context: ExpressionContext): Verdict {
  try {
    return WHOLE.parse(expression)({ ...context }) === true ? "holds" : "does_not_hold";
  } catch {
    return "expression_failed";
  }
}

const expression = fc
  .array(fc.constantFrom(...CONDITIONS), { minLength: 1, maxLength: 4 })
  .map((some) => some.join(" && "));

const textOrNull = (...texts: readonly string[]) => fc.constantFrom(null, ...texts);
const context: fc.Arbitrary<ExpressionContext> = fc.record({
  features: fc.record({
    purchases_30d: fc.constantFrom(null, 0, 1, 3),
    mark: fc.constantFrom(null, 1),
  }),
  profile: fc.option(
    fc.record({
      loyalty_tier: textOrNull("gold", "silver"),
      member: fc.boolean(),
      tags: fc.subarray(["vip", "new"]),
      attributes: fc.constant({}),
      birthday: fc.constant(null),
      days_to_birthday: fc.constant(null),
      customer_since_ms: fc.constant(null),
    }),
  ),
  cart: fc.record({
    value_minor: fc.constantFrom(500, 5_000),
    units: fc.constant(2),
    lines: fc.constant(1),
    currency: fc.constant("EUR"),
    product_ids: fc.subarray([`p"1`, "p2"]),
    categories: fc.subarray(["coats", "hats"]),
    brands: fc.constant([]),
    payment_method: textOrNull("card"),
  }),
  rfm: fc.option(
    fc.record({
      recency: fc.constantFrom(null, 1, 5),
      frequency: fc.constantFrom(null, 3),
      monetary: fc.constant(null),
    }),
    { nil: null },
  ),
  lifetime: fc.option(
    fc.record({ alive: fc.constantFrom(null, 0.25, 0.75), orders: fc.constant(2), value_minor: fc.constant(null) }),
    { nil: null },
  ),
  context: fc.record({
    channel: fc.constant(null),
    device: fc.constant(null),
    country: textOrNull("DE", "AT"),
    region: textOrNull("R1", "R2", "R3"),
    hour: fc.constant(12),
    weekday: fc.constant(1),
    partner_segments: fc.subarray(["bank", "club"]),
  }),
});

function indexOf(expressions: readonly string[]): { index: SegmentIndex; kept: readonly string[] } {
  const parts = new Map<string, ExpressionPart>();
  const compiled = expressions.flatMap((source) => {
    const one = compileExpression(source, FEATURES, parts);
    return one.ok ? [{ source, expression: one.value }] : [];
  });
  const segments = compiled.map(({ expression: checked }, i): CompiledSegment => ({
    name: `s${i}`,
    expression: checked,
  }));
  return { index: new SegmentIndex(segments, parts.size), kept: compiled.map(({ source }) => source) };
}

describe("the index of segments", () => {
  it("comes to what each expression comes to by itself, in their order", () => {
    fc.assert(
      fc.property(fc.array(expression, { maxLength: 12 }), context, (expressions, given) => {
        const { index, kept } = indexOf(expressions);
        const verdicts = index.verdicts(given);
        const names = kept.map((_, i) => `s${i}`);
        const byThemselves = kept.map((source) => verdictByItself(source, given));
        expect(names.map((name) => index.verdictOf(name, verdicts) ?? "does_not_hold")).toEqual(byThemselves);
        expect(verdicts.holding).toEqual(names.filter((_, place) => byThemselves[place] === "holds"));
      }),
    );
  });

  it("leaves out what cannot hold, and evaluates a shared part once", () => {
    const parts = new Map<string, ExpressionPart>();
    const sources = [`context.region == "R1" && cart.units > 1.0`, `context.region == "R2" && cart.units > 1.0`];
    const segments = sources.flatMap((source, i): CompiledSegment[] => {
      const one = compileExpression(source, FEATURES, parts);
      return one.ok ? [{ name: `s${i}`, expression: one.value }] : [];
    });
    expect([...parts.keys()]).toEqual([`context.region == "R1"`, "cart.units > 1.0", `context.region == "R2"`]);
    const [given] = fc.sample(context, { numRuns: 1, seed: 7 });
    if (given === undefined) throw new Error("no context");
    const inR2 = { ...given, context: { ...given.context, region: "R2" } };
    expect(new SegmentIndex(segments, parts.size).verdicts(inR2)).toEqual({
      holding: ["s1"],
      byPlace: [undefined, "holds"],
    });
  });
});

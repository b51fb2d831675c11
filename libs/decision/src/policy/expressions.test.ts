import { describe, expect, it } from "@jest/globals";
import type { Verdict } from "./cel.js";
import { featureFields } from "./expression-fields.js";
import { ON_NULL } from "./expressions-page.js";
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
  lifetime: { alive: 0.75, orders: 2.5, value_minor: null },
};
const FEATURES = featureFields({
  names: ["purchases_30d", "cart_abandoned", "since_purchase_ms"],
  units: ["count", "flag", "ms"],
  textNames: ["last_channel"],
});

const MISMATCH = "expression_type_mismatch";
const RANGE = "expression_out_of_range";
const BY_ZERO = "expression_divides_by_zero";

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
  ['profile.loyalty_tier == "silver"', "does_not_hold"],
];

describe("a segment's expression", () => {
  it.each(CASES)("%s: %s", (source, verdict) => {
    const compiled = compileExpression(source, FEATURES);
    expect(compiled.ok && compiled.value.evaluate(CONTEXT)).toBe(verdict);
  });

  it("fails, and so does not hold, where the profile may not be read", () => {
    const compiled = compileExpression("profile.member", FEATURES);
    expect(compiled.ok && compiled.value.evaluate({ ...CONTEXT, profile: null })).toBe("expression_failed");
  });

  it.each(ON_NULL)("of the page on what is absent: %s: %s", (source, verdict) => {
    const compiled = compileExpression(source, FEATURES);
    const features = { ...CONTEXT.features, purchases_30d: null };
    const profile = CONTEXT.profile && { ...CONTEXT.profile, loyalty_tier: null };
    expect(compiled.ok && compiled.value.evaluate({ ...CONTEXT, features, profile })).toBe(verdict);
  });

  it.each<readonly [string, Verdict]>([
    ["has( features.cart_abandoned )", "does_not_hold"],
    ["lifetime.alive > 0.5 && lifetime.orders < 3 && lifetime.value_minor == null", "holds"],
    ["has(features.purchases_30d) && !has(rfm.monetary) && has((profile).birthday)", "holds"],
    ["has(cart.payment_method) ? cart.units > 9 : cart.units > 2", "holds"],
    ['profile.tags.exists(t, t == "new" || !has(context.device))', "holds"],
    ["has(profile.attributes.city) && !has(profile.attributes.town)", "holds"],
  ])("asks by has() for what is not null: %s: %s", (source, verdict) => {
    for (const standing of ["proposed", "on_log"] as const) {
      const compiled = compileExpression(source, FEATURES, new Map(), standing);
      expect(compiled.ok && compiled.value.evaluate(CONTEXT)).toBe(verdict);
    }
  });

  it("has nothing of a profile that is not there, and says of it nothing but that", () => {
    const verdictOf = (source: string) => {
      const compiled = compileExpression(source, FEATURES);
      return compiled.ok && compiled.value.evaluate({ ...CONTEXT, profile: null });
    };
    expect(verdictOf("has(profile.birthday)")).toBe("does_not_hold");
    expect(verdictOf("!has(profile.birthday)")).toBe("holds");
    expect(verdictOf("profile.birthday == null")).toBe("expression_failed");
    expect(verdictOf('profile.loyalty_tier != "gold"')).toBe("expression_failed");
  });

  it("says what it reads", () => {
    expect(compileExpression("features.purchases_30d > 1", FEATURES)).toMatchObject({
      value: { features: ["purchases_30d"], reads: { classes: new Set() } },
    });
    const reads = (source: string) => {
      const compiled = compileExpression(source, FEATURES);
      return compiled.ok ? [...compiled.value.reads.classes] : compiled.error.reason;
    };
    expect(reads("cart.lines > 1 && context.hour < 12")).toEqual([]);
    expect(reads('profile.member && features.last_channel == "app"')).toEqual(["device", "profile"]);
    expect(reads("lifetime.alive < 0.5")).toEqual(["purchase"]);
    expect(reads('rfm.recency >= 4 || "bank/gold" in context.partner_segments')).toEqual(["purchase", "partner_group"]);
    expect(reads('context["partner_segments"].size() > 0')).toEqual(["partner_group"]);
  });
});

/** Expression, column, reason, what came, what was expected. */
const REFUSED: readonly (readonly [string, number, string, string, string])[] = [
  // Types
  ['rfm.recency == "champion"', 16, MISMATCH, 'the text "champion"', "a whole number from 1 to 5, as rfm.recency is"],
  ['"champion" == rfm.recency', 1, MISMATCH, 'the text "champion"', "a whole number from 1 to 5, as rfm.recency is"],
  [
    'features.purchases_30d == "zero"',
    27,
    MISMATCH,
    'the text "zero"',
    "a whole number from 0 on, as features.purchases_30d is",
  ],
  [
    "profile.loyalty_tier > 3",
    24,
    MISMATCH,
    "the number 3",
    "a text, as profile.loyalty_tier is; int(profile.loyalty_tier) reads a number from a text",
  ],
  [
    "profile.attributes.age >= 18",
    27,
    MISMATCH,
    "the number 18",
    "a text, as profile.attributes.age is; int(profile.attributes.age) reads a number from a text",
  ],
  ['cart.value_minor == "100"', 21, MISMATCH, 'the text "100"', "a whole number from 0 on, as cart.value_minor is"],
  [
    "cart.value_minor > cart.currency",
    20,
    MISMATCH,
    "the text cart.currency",
    "a whole number from 0 on, as cart.value_minor is",
  ],
  ["profile.member == 1", 19, MISMATCH, "the number 1", "true or false, as profile.member is"],
  ["features.cart_abandoned == true", 28, MISMATCH, "the bool true", "0 or 1, as features.cart_abandoned is"],
  [
    'profile.customer_since_ms < timestamp("2020-01-01T00:00:00Z")',
    29,
    MISMATCH,
    'the timestamp timestamp("2020-01-01T00:00:00Z")',
    "a number, as profile.customer_since_ms is",
  ],
  ["profile.tags > 3", 1, MISMATCH, "the list profile.tags", "a whole number, as 3 is"],
  ["features.purchases_30d > null", 26, MISMATCH, "null", "a whole number from 0 on, as features.purchases_30d is"],
  // Lists
  ['cart.units in ["a"]', 16, MISMATCH, 'the text "a"', "a whole number from 0 on, as cart.units is"],
  ['cart.units in [1, "a"]', 19, MISMATCH, 'the text "a"', "a whole number, as 1 is"],
  [
    "cart.units in [1, 2.5]",
    19,
    MISMATCH,
    "the number 2.5",
    "a whole number, as 1 is, all of them with a point or none",
  ],
  ["5 in profile.tags", 1, MISMATCH, "the number 5", "a text, as they stand in profile.tags"],
  [
    '"a" in profile.loyalty_tier',
    8,
    MISMATCH,
    "the text profile.loyalty_tier",
    "a list; profile.loyalty_tier.contains(…) looks into a text",
  ],
  ['profile.tags == "vip"', 17, MISMATCH, 'the text "vip"', "a list of texts, as profile.tags is"],
  ['cart.product_ids["a"] == "x"', 18, MISMATCH, 'the text "a"', "a place in the list, from 0"],
  ["3 in profile.attributes", 1, MISMATCH, "the number 3", "a name in profile.attributes, a text"],
  [
    "cart.product_ids.exists(p, p == 5)",
    33,
    MISMATCH,
    "the number 5",
    "a text, as p is; int(p) reads a number from a text",
  ],
  ["cart.product_ids.all(p, p)", 25, MISMATCH, "the text p", 'a bool, such as p == "…"'],
  ["cart.units.exists(p, p == 5)", 1, MISMATCH, "the number cart.units", "a list before .exists(…)"],
  // Functions
  [
    'features.purchases_30d.startsWith("1")',
    1,
    MISMATCH,
    "the number features.purchases_30d",
    "a text before .startsWith(…)",
  ],
  ["profile.loyalty_tier.startsWith(1)", 33, MISMATCH, "the number 1", "a text in startsWith(…)"],
  ['cart.currency.startsWith("E", "U")', 1, MISMATCH, 'cart.currency.startsWith("E", "U")', ".startsWith(a text)"],
  [
    'profile.loyalty_tier.startWith("g")',
    22,
    "unknown_function",
    "startWith()",
    "a function that is called on a value, perhaps startsWith",
  ],
  ["sizes(profile.tags) > 1", 1, "unknown_function", "sizes()", "a function of CEL, perhaps size"],
  ['contains(cart.currency, "E")', 1, "unknown_function", "contains()", "a function of CEL, perhaps value.contains(…)"],
  // Bools
  [
    "!features.purchases_30d",
    2,
    MISMATCH,
    "the number features.purchases_30d",
    "a bool, such as features.purchases_30d > 0",
  ],
  [
    "true && features.purchases_30d",
    9,
    MISMATCH,
    "the number features.purchases_30d",
    "a bool, such as features.purchases_30d > 0",
  ],
  [
    "features.purchases_30d ? true : false",
    1,
    MISMATCH,
    "the number features.purchases_30d",
    "a bool, such as features.purchases_30d > 0",
  ],
  ['profile.member ? 5 : "a"', 22, MISMATCH, 'the text "a"', "a whole number, as 5 is"],
  [
    "cart.lines",
    1,
    "expression_not_bool",
    "the number cart.lines",
    "an expression that yields bool, such as cart.lines > 0",
  ],
  // Arithmetic
  [
    "profile.loyalty_tier + 1 > 2",
    1,
    MISMATCH,
    "the text profile.loyalty_tier",
    "a number to reckon with; int(profile.loyalty_tier) reads one from a text",
  ],
  ["cart.units * profile.member > 2", 14, MISMATCH, "the bool profile.member", "a number to reckon with"],
  ["-profile.loyalty_tier > 2", 2, MISMATCH, "the text profile.loyalty_tier", "a number"],
  ["1/0 > 0 || profile.member", 1, BY_ZERO, "1 / 0", "a division by another number than 0"],
  [
    "features.purchases_30d / 0.0 > 1",
    1,
    BY_ZERO,
    "features.purchases_30d / 0.0",
    "a division by another number than 0",
  ],
  ["1 < cart.units % (4 - 2 * 2)", 5, BY_ZERO, "cart.units % (4 - 2 * 2)", "a division by another number than 0"],
  ["cart.units > 9000000000000000000 * 2", 14, RANGE, "9000000000000000000 * 2", "a whole number of 64 bits at most"],
  // What never is
  [
    "context.hour >= 25",
    1,
    RANGE,
    "context.hour >= 25",
    "a comparison that can hold: context.hour is a whole number from 0 to 23",
  ],
  [
    "23 < context.hour",
    1,
    RANGE,
    "23 < context.hour",
    "a comparison that can hold: context.hour is a whole number from 0 to 23",
  ],
  [
    "context.hour == 12 + 12",
    17,
    RANGE,
    "the number 12 + 12",
    "a whole number from 0 to 23: context.hour has no other",
  ],
  ["0 == context.weekday", 1, RANGE, "the number 0", "a whole number from 1 to 7: context.weekday has no other"],
  ["rfm.recency in [6, 7]", 17, RANGE, "the number 6", "a whole number from 1 to 5: rfm.recency has no other"],
  ["!(rfm.recency in [6])", 19, RANGE, "the number 6", "a whole number from 1 to 5: rfm.recency has no other"],
  ['context.hour in [24, "a"]', 22, MISMATCH, 'the text "a"', "a whole number, as 24 is"],
  [
    "rfm.monetary > 5",
    1,
    RANGE,
    "rfm.monetary > 5",
    "a comparison that can hold: rfm.monetary is a whole number from 1 to 5",
  ],
  [
    "features.purchases_30d < 0",
    1,
    RANGE,
    "features.purchases_30d < 0",
    "a comparison that can hold: features.purchases_30d is a whole number from 0 on",
  ],
  [
    "features.purchases_30d == 1.5",
    27,
    RANGE,
    "the number 1.5",
    "a whole number from 0 on: features.purchases_30d has no other",
  ],
  [
    "profile.days_to_birthday > 365",
    1,
    RANGE,
    "profile.days_to_birthday > 365",
    "a comparison that can hold: profile.days_to_birthday is a whole number from 0 to 365",
  ],
  [
    'context.channel == "wbe"',
    20,
    RANGE,
    'the text "wbe"',
    'one of web, app, store, email, push, social, perhaps "web": context.channel has no other',
  ],
  [
    'features.last_channel in ["mail"]',
    27,
    RANGE,
    'the text "mail"',
    'one of web, app, store, email, push, social, perhaps "email": features.last_channel has no other',
  ],
  [
    'profile.birthday == "24.12."',
    21,
    RANGE,
    'the text "24.12."',
    "a day as MM-DD, such as 02-29: profile.birthday has no other",
  ],
  ["cart.units != null", 15, MISMATCH, "null", "a whole number from 0 on: cart.units is never null"],
  [
    "profile.attributes.city == null",
    28,
    MISMATCH,
    "null",
    "has(profile.attributes.city), which says whether it is there",
  ],
  [
    'profile.attributes["home town"] == null',
    36,
    MISMATCH,
    "null",
    '"home town" in profile.attributes, which says whether it is there',
  ],
  ["null != cart.brands[0]", 1, MISMATCH, "null", "a text: cart.brands[0] is never null"],
  [
    'has(profile.attributes["home town"])',
    5,
    MISMATCH,
    'profile.attributes["home town"]',
    'a field, as in has(profile.attributes.city), or "home town" in profile.attributes',
  ],
  // Names
  [
    "profile.days_to_birtday < 7",
    1,
    "unknown_field",
    "profile.days_to_birtday",
    "a field of profile, perhaps profile.days_to_birthday",
  ],
  ['profile.tier == "x"', 1, "unknown_field", "profile.tier", "a field of profile, perhaps profile.loyalty_tier"],
  [
    'profile.city == "Ulm"',
    1,
    "unknown_field",
    "profile.city",
    "a field of profile: loyalty_tier, member, tags, attributes, birthday, days_to_birthday, customer_since_ms; of the shop's own, profile.attributes.city",
  ],
  ['cart["country"] == "DE"', 1, "unknown_field", 'cart["country"]', "a field of cart, perhaps context.country"],
  ["has(rfm.frequenzy)", 5, "unknown_field", "rfm.frequenzy", "a field of rfm, perhaps rfm.frequency"],
  [
    "carts.lines > 1",
    1,
    "unknown_variable",
    "carts",
    "one of features, profile, cart, context, rfm, lifetime, perhaps cart",
  ],
  [
    'loyalty_tier == "gold"',
    1,
    "unknown_variable",
    "loyalty_tier",
    "one of features, profile, cart, context, rfm, lifetime, perhaps profile.loyalty_tier",
  ],
  [
    "cart.units > 1 && features.purchases_31d > 1",
    19,
    "unknown_feature",
    "purchases_31d",
    "a feature of the catalogue, perhaps purchases_30d",
  ],
  [
    "cart[cart.currency] == 1",
    1,
    "field_not_literal",
    "cart[cart.currency]",
    'fields named literally: cart.name or cart["name"]',
  ],
  [
    "features.purchases_30d.x > 1",
    1,
    MISMATCH,
    "features.purchases_30d.x",
    "features.purchases_30d alone: it is a whole number from 0 on",
  ],
  // The same for everybody
  [
    "1 < 2",
    1,
    "expression_constant",
    "1 < 2",
    "an expression that reads something, or true, which stands for everybody",
  ],
  [
    'profile.tags.exists(t, t.matches(".*vip.*"))',
    34,
    "expression_too_costly",
    '".*vip.*"',
    'for each element of a list a pattern that repeats nothing, or begins with ^ and repeats one thing; or .contains("…"), .startsWith("…")',
  ],
  [
    'profile.member && cart.currency.matches("(a+)+")',
    41,
    "expression_too_costly",
    '"(a+)+"',
    "a pattern that repeats no group, refers to nothing before, looks not around, and has at most two repetitions",
  ],
  [
    "cart.currency.matches(context.region)",
    23,
    "expression_too_costly",
    "context.region",
    "a pattern that is written out",
  ],
  // Literals that can never be read
  ['cart.currency.matches("(")', 23, "expression_literal_malformed", '"("', "a regular expression: unterminated group"],
  [
    'profile.tags.exists(t, t.matches("[a-z"))',
    34,
    "expression_literal_malformed",
    '"[a-z"',
    "a regular expression: unterminated character class",
  ],
  [
    'cart.units > int("abc")',
    18,
    "expression_literal_malformed",
    '"abc"',
    'a whole number in quotation marks, as in int("18")',
  ],
  [
    'timestamp("nonsense") < timestamp("2026-12-24T00:00:00Z")',
    11,
    "expression_literal_malformed",
    '"nonsense"',
    'an instant, as in timestamp("2026-12-24T00:00:00Z")',
  ],
  [
    'duration("x") > duration("1h") && profile.member',
    10,
    "expression_literal_malformed",
    '"x"',
    'a duration, as in duration("24h") or duration("1h30m")',
  ],
  // Words of other languages
  [
    "cart.units > 3 and profile.member",
    16,
    "expression_invalid",
    "cart.units > 3 and profile.member",
    "an expression in CEL, where && stands for and",
  ],
  [
    "cart.units > 3 OR profile.member",
    16,
    "expression_invalid",
    "cart.units > 3 OR profile.member",
    "an expression in CEL, where || stands for or",
  ],
  ["not profile.member", 5, "expression_invalid", "not profile.member", "an expression in CEL, where ! stands for not"],
  [
    "profile.member == True",
    19,
    "unknown_variable",
    "True",
    "one of features, profile, cart, context, rfm, lifetime, perhaps true",
  ],
  [
    "cart.units > 3 ? 1 : 2",
    1,
    "expression_not_bool",
    "the number cart.units > 3 ? 1 : 2",
    "an expression that yields bool, such as (cart.units > 3 ? 1 : 2) > 0",
  ],
  ["cart.units >", 13, "expression_invalid", "cart.units >", "an expression in CEL: unexpected token: EOF"],
];

describe("an expression that is wrong", () => {
  it.each(REFUSED)("%s, at %d: %s", (source, column, reason, came, expected) => {
    const compiled = compileExpression(source, FEATURES);
    if (compiled.ok) throw new Error("accepted");
    const { offset, ...problem } = compiled.error;
    expect({ ...problem, came: String(problem.came), column: 1 + (offset ?? Number.NaN) }).toEqual({
      ...{ reason, came, expected, column },
    });
  });

  it.each([
    "true",
    "false",
    "features.cart_abandoned == null || features.last_channel != null",
    "profile.loyalty_tier == null && context.device == null && rfm.recency != null && cart.payment_method == null",
    'profile.attributes.whatever == "x" && profile.attributes["or another"].startsWith("y")',
    'has(profile.attributes.age) && int(profile.attributes.age) >= 18 && "city" in profile.attributes',
    "rfm.recency >= 1 && rfm.recency <= 5 && context.hour >= 0",
    'context.region > "A" && "DE" + context.region == "DEBW"',
    'profile.tags.exists(t, t.matches("^vip")) || cart.brands.all(b, b.matches("^A[a-z]+$"))',
    'cart.product_ids.filter(p, p.startsWith("sale-")).size() * 2 > cart.lines',
    "timestamp(int(profile.customer_since_ms / 1000)) < timestamp('2020-01-01T00:00:00Z')",
    'profile.tags == ["vip"] || cart.brands[0] == "Acme" || size(cart.categories) > 1',
    "context.hour in [22, 23, 24] && rfm.recency in [0, 1]",
    'cart.units != 4.5 && -1 != context.hour && context.channel != "wbe" && cart.currency != "eur"',
    // A caller may write them in any form.
    'context.country == "de" && context.region == "DE-BW"',
    "cel.bind(each, cart.value_minor / cart.units, each > 1000 && each < 5000.5)",
    "(profile.member ? cart.units : 1) > 2 && dyn(cart.units) != dyn('two')",
  ])("is not %s", (source) => {
    expect(compileExpression(source, FEATURES)).toMatchObject({ ok: true });
  });
});

/** `count` operations in one another, or in a row. */
const DEEP: readonly (readonly [string, (count: number) => string])[] = [
  ["alternatives", (count) => Array.from({ length: count + 1 }, (_, i) => `cart.units == ${i}`).join(" || ")],
  ["conditions", (count) => Array.from({ length: count + 1 }, (_, i) => `cart.units != ${i}`).join(" && ")],
  ["sums", (count) => `${"cart.units + ".repeat(count)}cart.units > 3`],
  ["negations", (count) => `${"!".repeat(count)}profile.member`],
  ["minus signs", (count) => `${"-".repeat(count)}cart.units > 3`],
  ["brackets", (count) => `${"(".repeat(count)}profile.member${")".repeat(count)}`],
  ["choices", (count) => `${"profile.member ? true : ".repeat(count)}false`],
];

describe("a long expression", () => {
  it.each(DEEP)("of %s is taken up to some 250, and refused beyond, however long", (_name, expression) => {
    expect(compileExpression(expression(240), FEATURES)).toMatchObject({ ok: true });
    for (const count of [260, 1_500, 15_000])
      expect(compileExpression(expression(count), FEATURES)).toMatchObject({
        ok: false,
        error: {
          reason: "expression_too_costly",
          expected: expect.stringContaining("at most 250 operations in one another or in a row"),
        },
      });
  });

  it.each(DEEP)("of %s stays in force if it can be run, and throws nothing if not", (_name, expression) => {
    const [short, long] = [240, 15_000].map((count) =>
      compileExpression(expression(count), FEATURES, new Map(), "on_log"),
    );
    expect(short?.ok && short.value.evaluate(CONTEXT)).toMatch(/holds|does_not_hold/);
    expect(long).toMatchObject({ ok: false });
  });

  it("that stands on the log is still run beyond what could be proposed", () => {
    const source = Array.from({ length: 500 }, (_, i) => `cart.units == ${i}`).join(" || ");
    const compiled = compileExpression(source, FEATURES, new Map(), "on_log");
    expect(compiled.ok && compiled.value.evaluate(CONTEXT)).toBe("holds");
  });

  it("of more values in a list than the library takes is told so", () => {
    const list = Array.from({ length: 1_001 }, (_, i) => i).join(", ");
    expect(compileExpression(`cart.units in [${list}]`, FEATURES)).toMatchObject({
      ok: false,
      error: { reason: "expression_too_costly", expected: "at most 1000 values in a list" },
    });
  });
});

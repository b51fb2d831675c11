import type { Verdict } from "./cel.js";
import {
  DEVICE_EXPRESSION_FIELDS,
  EXPRESSION_FIELDS,
  FEATURE_UNITS,
  signalFields,
  typeInWords,
  typeOfUnit,
  type ExpressionFields,
} from "./expression-fields.js";

const HEAD = `# Expressions

Generated from \`src/policy/expression-fields.ts\` by \`expressionsPage()\`; a test holds this page current.

Segments of a policy, and classes on a device, are expressions in [CEL](https://cel.dev) that yield true or false. \`true\` stands for everybody, \`false\` for nobody.
Numbers mix freely where they are reckoned with or compared: \`cart.value_minor / 4 > 2499.5\`; in a list all have a point, or none. What may be absent is null then: see [what is absent](#what-is-absent). All of \`profile\`, \`features\`,
\`rfm\` and \`lifetime\` is absent without consent to personalization; they cannot be held against null as wholes: ask a field of them. Beside it
\`profile\` asks for consent to profile, \`features.last_place\` to location, \`features.last_channel\`, \`features.last_device\` and what \`context.channel\` and \`context.device\`
are where the caller does not say them to device, and \`context.partner_segments\` to partner sharing: without, they are absent, and the list is empty.
`;

/** What expressions come to where `profile.loyalty_tier`, `features.purchases_30d` and `context.region` are null. */
export const ON_NULL: readonly (readonly [expression: string, verdict: Verdict])[] = [
  ['profile.loyalty_tier == "gold"', "does_not_hold"],
  ['profile.loyalty_tier in ["gold", "silver"]', "does_not_hold"],
  ["profile.loyalty_tier == null", "holds"],
  ["has(profile.loyalty_tier)", "does_not_hold"],
  ["!has(profile.loyalty_tier)", "holds"],
  ['profile.loyalty_tier != "gold"', "holds"],
  ['!(profile.loyalty_tier == "gold")', "holds"],
  ['!(profile.loyalty_tier in ["gold", "silver"])', "holds"],
  ['profile.loyalty_tier != null && profile.loyalty_tier != "gold"', "does_not_hold"],
  ["features.purchases_30d < 3", "expression_failed"],
  ["!(features.purchases_30d < 3)", "expression_failed"],
  ["features.purchases_30d + 1 > 0", "expression_failed"],
  ['context.region.startsWith("B")', "expression_failed"],
  ["features.purchases_30d < 3 || cart.units > 0", "holds"],
];

const ABSENT = `## What is absent

What is absent is null. \`==\`, \`!=\` and \`in\` take null as a value like any other, that equals nothing but null: whoever has no tier has not the tier gold, so that
\`!=\` and \`!(… == …)\` hold. All else that is asked of null fails, and what fails does not hold, nor does its negation: \`<\` and its like, arithmetic,
functions. \`has(…)\` is \`… != null\`, and false, too, where there is no profile at all; of a profile that is not there, everything else fails, \`!=\` and \`== null\` as well. On a
cart of one piece, of a shopper without a tier, without features, in no region:
`;

const ATTRIBUTES = `
The names in \`profile.attributes\` are the shop's own, any of them may be asked for, and their values are texts: \`profile.attributes.city == "Ulm"\`,
\`profile.attributes["home town"]\`, \`int(profile.attributes.age) >= 18\`. One that a shopper does not have fails; \`has(profile.attributes.city)\`, or \`"home town" in profile.attributes\`, says whether it is there.
`;

const FEATURES = `## \`features\`

Those of the [catalogue](../windows/FEATURES.md), by name, as \`features.purchases_30d\`; each may be absent. What a number can be, its unit says:
`;

const DEVICE = `## On a device

\`local\` has the signals that the policy's \`device\` names: each is`;

const VERDICTS: Readonly<Record<Verdict, string>> = {
  holds: "holds",
  does_not_hold: "does not hold",
  expression_failed: "fails, so does not hold",
};

/** Reasons for which an expression is refused, each with one that is. */
export const EXPRESSION_REFUSALS = [
  { reason: "expression_invalid", says: "it is no CEL", example: "cart.units >" },
  { reason: "expression_not_bool", says: "it yields something else than true or false", example: "cart.units" },
  {
    reason: "expression_type_mismatch",
    says: "a part is of another type than what it is held against, called on or reckoned with",
    example: 'rfm.recency == "champion"',
  },
  {
    reason: "expression_out_of_range",
    says: "it never holds: it asks for a value, or only for values, that the field never has",
    example: "context.hour >= 25",
  },
  {
    reason: "expression_divides_by_zero",
    says: "a division by 0, or by literals that come to it",
    example: "cart.units % (2 - 2) == 1",
  },
  { reason: "expression_constant", says: "it reads nothing", example: "1 < 2" },
  {
    reason: "expression_too_costly",
    says: "it may take more than 100,000 steps, or has more than 250 operations in one another or in a row",
    example: 'cart.brands.exists(b, cart.brands.exists(c, b + "-" + b == c))',
  },
  {
    reason: "expression_literal_malformed",
    says: "a text that the function it is given to can never read",
    example: 'cart.currency.matches("[A-Z")',
  },
  {
    reason: "sensitive_attribute",
    says: "an attribute or a tag of the profile, or a partner's group, is, by its name, of a class that the law protects",
    example: 'profile.attributes.religion == "none"',
  },
  { reason: "unknown_variable", says: "there is nothing of that name", example: "carts.units > 1" },
  { reason: "unknown_field", says: "what is before the dot has no such field", example: "profile.days_to_birtday < 7" },
  {
    reason: "unknown_feature",
    says: "the catalogue has no such feature; of a device's signals `unknown_signal`",
    example: "features.purchases_31d > 1",
  },
  { reason: "unknown_function", says: "there is no such function", example: 'cart.currency.startWith("E")' },
  {
    reason: "field_not_literal",
    says: "which field is read is computed; of features `feature_not_literal`, of signals `signal_not_literal`",
    example: 'profile[cart.currency] == "a"',
  },
] as const;

const REFUSED = `## What is refused

They are refused where a policy is validated or put into force; what an earlier version put into force is not asked again. Each is told with what came, what was expected and the nearest name; of
a document (\`leastwise policy\`, \`policy_file\`) with its line and column, over gRPC with the part in question, quoted.
`;

const NOTICES = `What is taken has a notice where it is seldom meant: an amount in minor units that is held against a fraction (\`cart.value_minor > 49.99\`), one of several values that a field
never has (\`context.channel in ["web", "ap"]\`), and comparisons of one field that never hold together (\`context.hour >= 18 && context.hour < 6\`).
`;

const DIVISORS = `A field as divisor may be 0 in a decision: what is divided by it is then without bound (\`cart.value_minor / features.purchases_30d > 5\` holds), and \`%\` fails.
`;

/** The page EXPRESSIONS.md: every field that expressions read, and what it can hold. */
export function expressionsPage(): string {
  const objects = Object.entries(EXPRESSION_FIELDS).map(
    ([name, fields]) => `## \`${name}\`\n\n${tableOf(name, fields)}${name === "profile" ? ATTRIBUTES : ""}`,
  );
  const units = FEATURE_UNITS.map((unit) => [unit, typeInWords(typeOfUnit(unit))]);
  const [signal] = Object.values(signalFields(["any"]));
  const signals = signal === undefined ? "" : `${typeInWords(signal.type)}, or absent.\n${notOnDevice()}\n`;
  const onNull = ON_NULL.map(([expression, verdict]) => [
    `\`${expression.replaceAll("|", "\\|")}\``,
    VERDICTS[verdict],
  ]);
  const refusals = EXPRESSION_REFUSALS.map(({ reason, says, example }) => [`\`${reason}\``, says, `\`${example}\``]);
  return [
    ...[HEAD, ...objects, FEATURES, table(["unit", "values"], units), `${DEVICE} ${signals}`],
    ...[ABSENT, table(["expression", "comes to"], onNull)],
    ...[REFUSED, table(["reason", "what is wrong", "for example"], refusals), NOTICES, DIVISORS],
  ].join("\n");
}

function notOnDevice(): string {
  const missing = Object.entries(DEVICE_EXPRESSION_FIELDS).flatMap(([name, known]) =>
    Object.entries<ExpressionFields>(EXPRESSION_FIELDS)
      .filter(([object]) => object === name)
      .flatMap(([, fields]) => Object.keys(fields).filter((field) => !Object.hasOwn(known, field)))
      .map((field) => `\`${name}.${field}\``),
  );
  return `Beside it there are \`cart\` and \`context\` without ${missing.join(", ")}.`;
}

function tableOf(object: string, fields: ExpressionFields): string {
  const rows = Object.entries(fields).map(([name, { type, mayBeAbsent, meaning }]) => [
    `\`${object}.${name}\``,
    typeInWords(type),
    mayBeAbsent ? "yes" : "",
    meaning,
  ]);
  return table(["field", "values", "may be absent", "meaning"], rows);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |\n`;
  return line(head) + line(widths.map((width) => "-".repeat(width))) + rows.map(line).join("");
}

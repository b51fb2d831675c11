import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { readFileSync } from "node:fs";
import { compileSignalExpression } from "../device/signal-expressions.js";
import {
  DEVICE_EXPRESSION_FIELDS,
  EXPRESSION_FIELDS,
  featureFields,
  type ExpressionField,
  type ExpressionFields,
  type FieldType,
} from "./expression-fields.js";
import { EXPRESSION_REFUSALS, expressionsPage } from "./expressions-page.js";
import { compileExpression, type ExpressionContext } from "./expressions.js";

// Expressions are made of every field there is, by what each is declared to hold, and of facts by the same: what type-checks must come to true or false.

const FEATURES = featureFields({
  names: ["orders", "abandoned", "since_ms", "hour", "paid_minor"],
  units: ["count", "flag", "ms", "hour", "minor"],
  textNames: ["last_channel", "last_place"],
});
const OBJECTS = { features: FEATURES, ...EXPRESSION_FIELDS };

/** An expression in pieces, of which each other is a literal. */
interface Written {
  readonly around: readonly string[];
  readonly literals: readonly (number | string | boolean)[];
}

function written(strings: TemplateStringsArray, ...parts: readonly (Written | Word | Written["literals"][number])[]) {
  const around = [strings[0] ?? ""];
  const literals: Written["literals"][number][] = [];
  const append = (text: string) => around.push(`${around.pop() ?? ""}${text}`);
  for (const [i, part] of parts.entries()) {
    const after = strings[i + 1] ?? "";
    if (typeof part !== "object") {
      literals.push(part);
      around.push(after);
    } else if ("word" in part) append(`${part.word}${after}`);
    else {
      const [first = "", ...others] = part.around;
      append(first);
      around.push(...others);
      literals.push(...part.literals);
      append(after);
    }
  }
  return { around, literals };
}

/** What is no literal: a path, an operator. */
interface Word {
  readonly word: string;
}

const word = (text: string): Word => ({ word: text });

const say = ({ around, literals }: Written) =>
  around.map((piece, i) => piece + (i < literals.length ? JSON.stringify(literals[i]) : "")).join("");

const EXAMPLES = ["DE", "BW", "EUR", "02-29", "gold", "vip"];

function valueOf(type: FieldType): fc.Arbitrary<number | string> {
  if (type.kind === "number") {
    const { isWhole, least = -1_000_000, most = 1_000_000 } = type;
    const whole = fc.integer({ min: least, max: most });
    return isWhole
      ? whole
      : fc.oneof(
          whole,
          fc.integer({ min: Math.max(-4_000, 4 * least), max: Math.min(4_000, 4 * most) }).map((n) => n / 4),
        );
  }
  const form = type.kind === "text" ? type.form : undefined;
  if (type.kind === "text" && type.values !== undefined) return fc.constantFrom(...type.values);
  return fc.constantFrom(...EXAMPLES.filter((text) => form === undefined || form.pattern.test(text)));
}

const EQUALITY = fc.constantFrom(word("=="), word("!="));
const ORDER = fc.constantFrom(word("<="), word(">="));

function conditionOn(name: string, { type, mayBeAbsent }: ExpressionField): fc.Arbitrary<Written> {
  const path = word(name);
  const value = valueOf(type);
  const absence = mayBeAbsent ? [EQUALITY.map((is) => written`${path} ${is} null`)] : [];
  switch (type.kind) {
    case "number":
      return fc.oneof(
        ...absence,
        fc.tuple(EQUALITY, value).map(([is, n]) => written`${path} ${is} ${n}`),
        fc.tuple(ORDER, value).map(([is, n]) => written`${path} ${is} ${n}`),
        fc.tuple(ORDER, value).map(([is, n]) => written`${n} ${is} ${path}`),
        // Of a list all are whole or none.
        fc
          .array(value, { minLength: 1, maxLength: 3 })
          .map((some) => some.map((n) => Math.floor(Number(n))))
          .map(([first = 0, ...more]) =>
            more.reduce((list, n) => written`${list}, ${n}`, written`${path} in [${first}`),
          )
          .map((list) => written`${list}]`),
        fc
          .tuple(
            fc.constantFrom(word("+"), word("-"), word("*"), word("/"), word("%")),
            fc.integer({ min: 1, max: 9 }),
            ORDER,
          )
          .map(([by, n, is]) => written`${path} ${by} ${n} ${is} 2 * -${path} + ${n} ${by} 1.5`),
        fc.tuple(fc.integer(), EQUALITY).map(([n, is]) => written`${n} + ${path} ${is} (${path} - ${n}) * 2`),
      );
    case "text":
      return fc.oneof(
        ...absence,
        fc.tuple(EQUALITY, value).map(([is, text]) => written`${path} ${is} ${text}`),
        value.map((text) => written`${text} == ${path}`),
        fc.tuple(value, value).map(([one, other]) => written`${path} in [${one}, ${other}]`),
        fc.constantFrom(word("startsWith"), word("contains")).map((asks) => written`${path}.${asks}(${"a"})`),
        ORDER.map((is) => written`${path} + ${"x"} ${is} ${path}`),
        ORDER.map((is) => written`size(${path}) ${is} ${3}`),
      );
    case "bool":
      return fc.constantFrom(written`${path}`, written`!${path}`, written`${path} == ${true}`);
    case "texts":
      return fc.oneof(
        value.map((text) => written`${text} in ${path}`),
        ORDER.map((is) => written`${path}.size() ${is} ${2}`),
        value.map((text) => written`${path}.exists(one, one == ${text})`),
        value.map((text) => written`${path} + [${text}] != ${path}`),
        value.map(
          (text) => written`size(${path}.filter(one, one != ${text})) + ${1} < size(${path}.map(one, size(one)))`,
        ),
      );
    case "texts_by_name":
      return fc.oneof(
        value.map((text) => written`${text} in ${path}`),
        value.map((text) => written`${path}.city == ${text}`),
        value.map((text) => written`has(${path}.street) && ${path}[${"street"}].endsWith(${text})`),
        ORDER.map((is) => written`int(${path}.age) ${is} ${30}`),
      );
    case "signal":
      throw new Error("of devices alone");
  }
}

const CONDITIONS = Object.entries(OBJECTS).flatMap(([object, fields]) =>
  Object.entries(fields).map(([name, field]) => conditionOn(`${object}.${name}`, field)),
);

const { expression } = fc.letrec<{ expression: Written }>((tie) => ({
  expression: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.oneof(...CONDITIONS),
    fc
      .tuple(tie("expression"), fc.constantFrom(word("&&"), word("||")), tie("expression"))
      .map(([one, joins, other]) => written`(${one}) ${joins} (${other})`),
    tie("expression").map((one) => written`!(${one})`),
    fc
      .tuple(tie("expression"), tie("expression"), tie("expression"))
      .map(([asked, one, other]) => written`(${asked}) ? (${one}) : (${other})`),
  ),
}));

const factOf = ({ type }: ExpressionField): fc.Arbitrary<unknown> => {
  if (type.kind === "bool") return fc.boolean();
  if (type.kind === "texts") return fc.subarray(EXAMPLES);
  if (type.kind === "texts_by_name") return fc.constant({ city: "Ulm", age: "42" });
  return valueOf(type);
};

const facts = fc.record(
  Object.fromEntries(
    Object.entries(OBJECTS).map(([object, fields]) => [
      object,
      fc.record(Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, factOf(field)]))),
    ]),
  ),
) as unknown as fc.Arbitrary<ExpressionContext>;

describe("the page of expressions", () => {
  it("is what EXPRESSIONS.md says (write expressionsPage() there if not)", () => {
    expect(readFileSync(new URL("../../EXPRESSIONS.md", import.meta.url), "utf8")).toBe(expressionsPage());
  });

  it.each(EXPRESSION_REFUSALS)("has for $reason what is refused so", ({ reason, example }) => {
    const features = featureFields({ names: ["purchases_30d"], units: ["count"] });
    expect(compileExpression(example, features)).toMatchObject({ ok: false, error: { reason } });
  });
});

describe("the fields that are declared for devices", () => {
  it("are those that a device can read", () => {
    const isRead = (path: string) => compileSignalExpression(`dyn(${path}) != null`, new Set()).ok;
    for (const object of ["cart", "context"] as const) {
      const declared: ExpressionFields = DEVICE_EXPRESSION_FIELDS[object];
      const known = Object.keys(EXPRESSION_FIELDS[object]).filter((name) => isRead(`${object}.${name}`));
      expect(known).toEqual(Object.keys(declared));
    }
  });
});

describe("an expression by the types of its fields", () => {
  it("comes to true or false wherever nothing is absent", () => {
    fc.assert(
      fc.property(expression, facts, (made, context) => {
        const source = say(made);
        const compiled = compileExpression(source, FEATURES);
        if (!compiled.ok) throw new Error(`${source}: ${compiled.error.reason}, ${compiled.error.expected}`);
        // What has no value of its own to come to would fail, or be no bool and not hold either way round.
        const opposite = compileExpression(`!(${source})`, FEATURES);
        const verdicts = [compiled, opposite].map((one) => one.ok && one.value.evaluate(context));
        expect([...verdicts].sort()).toEqual(["does_not_hold", "holds"]);
      }),
      { numRuns: 500 },
    );
  });

  it("is refused where one literal is of another type", () => {
    fc.assert(
      fc.property(expression, fc.nat(), ({ around, literals }, which) => {
        fc.pre(literals.length > 0);
        const at = which % literals.length;
        const wrong = literals.map((literal, i) => (i !== at ? literal : typeof literal === "number" ? "zero" : 7));
        const source = say({ around, literals: wrong });
        const compiled = compileExpression(source, FEATURES);
        if (compiled.ok) throw new Error(`accepted: ${source}`);
        expect(compiled.error).toMatchObject({ reason: "expression_type_mismatch", offset: expect.any(Number) });
      }),
      { numRuns: 500 },
    );
  });
});

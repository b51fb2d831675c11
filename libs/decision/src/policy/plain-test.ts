import type { ASTNode } from "@marcbachmann/cel-js";
import type { ExpressionContext } from "./expressions.js";

/**
 * What a part of an expression comes to, asked without the evaluator: most parts of most segments hold one place of the context against a
 * literal, and that takes a few nanoseconds. It fails where nothing is known of the shopper, as the evaluator would by an exception, which takes
 * a thousand times as long. Undefined where what stands there is of yet another type: what that comes to, CEL has to say.
 */
export type PlainTest = (context: ExpressionContext) => boolean | "failed" | undefined;

/** The part as a plain test, if it is one: `features.purchases_30d >= 3`, `"coats" in cart.categories`, `profile.member == true`. */
export function plainTestOf(node: ASTNode): PlainTest | undefined {
  if (node.op === "in") return listTestOf(node.args[0], node.args[1]);
  const flipped = FLIPPED.get(node.op);
  if (flipped === undefined || !Array.isArray(node.args)) return undefined;
  const [left, right] = node.args as readonly [ASTNode, ASTNode];
  return comparisonOf(left, node.op, right) ?? comparisonOf(right, flipped, left);
}

/** Comparisons, and what they are with their sides exchanged. */
const FLIPPED: ReadonlyMap<string, string> = new Map([
  ["==", "=="],
  ["!=", "!="],
  ["<", ">"],
  ["<=", ">="],
  [">", "<"],
  [">=", "<="],
]);

/** Comparisons that ask what equals what: of them, null is one side as anything else. */
const EQUALITIES: ReadonlySet<string> = new Set(["==", "!="]);

const OF_NUMBERS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  "==": (a, b) => a === b,
  "!=": (a, b) => a !== b,
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
};

function comparisonOf(of: ASTNode, operator: string, literal: ASTNode): PlainTest | undefined {
  const read = readingOf(of);
  if (read === undefined || literal.op !== "value") return undefined;
  const came = typeof literal.args === "bigint" ? Number(literal.args) : literal.args;
  if (typeof came === "number") return numberTest(read, operator, came);
  if (typeof came !== "string" && typeof came !== "boolean") return undefined;
  if (!EQUALITIES.has(operator)) return undefined;
  const wanted = operator === "==";
  return (context) => {
    const value = read(context);
    if (value === NOWHERE) return "failed";
    return typeof value === typeof came ? (value === came) === wanted : undefined;
  };
}

function numberTest(read: Reading, operator: string, literal: number): PlainTest | undefined {
  const compare = OF_NUMBERS[operator];
  const isEquality = EQUALITIES.has(operator);
  if (compare === undefined || !Number.isFinite(literal) || Math.abs(literal) > Number.MAX_SAFE_INTEGER)
    return undefined;
  return (context) => {
    const value = read(context);
    if (typeof value === "number") return compare(value, literal);
    return value === NOWHERE || (value === null && !isEquality) ? "failed" : undefined;
  };
}

function listTestOf(item: ASTNode, list: ASTNode): PlainTest | undefined {
  const read = readingOf(list);
  if (read === undefined || item.op !== "value" || typeof item.args !== "string") return undefined;
  const text = item.args;
  return (context) => {
    const value = read(context);
    if (value === NOWHERE) return "failed";
    return Array.isArray(value) ? value.includes(text) : undefined;
  };
}

/** What stands at a place of the context; {@link NOWHERE} where the place is in something that is null. */
type Reading = (context: ExpressionContext) => unknown;

/** A field of null, as of a profile that nobody knows: reading it fails. */
const NOWHERE = Symbol("nowhere");

function readingOf(node: ASTNode): Reading | undefined {
  if (node.op !== ".") return undefined;
  const [of, name] = node.args;
  if (of.op !== "id") return undefined;
  // What an object inherits is neither a number, a text, a bool nor a list: no test looks at it.
  const fieldOf = (fields: object | null): unknown =>
    fields === null ? NOWHERE : (fields as Readonly<Record<string, unknown>>)[name];
  switch (of.args) {
    case "features":
      return ({ features }) => fieldOf(features);
    case "profile":
      return ({ profile }) => fieldOf(profile);
    case "cart":
      return ({ cart }) => fieldOf(cart);
    case "rfm":
      return ({ rfm }) => fieldOf(rfm);
    case "lifetime":
      return ({ lifetime }) => fieldOf(lifetime);
    case "context":
      return ({ context }) => fieldOf(context);
    default:
      return undefined;
  }
}

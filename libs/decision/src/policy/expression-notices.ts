import { parse, serialize, type ASTNode } from "@marcbachmann/cel-js";
import { EXPRESSION_FIELDS, type ExpressionField, type ExpressionFields } from "./expression-fields.js";
import { typedLiteral, type Literal } from "./expression-kinds.js";
import { conjuncts } from "./expression-parts.js";
import { InWords } from "@leastwise/vocabulary";
import type { ExpressionProblem } from "./expression-problem.js";
import { valuesInstead } from "./expression-ranges.js";

/** What an expression that could be put into force says that is seldom meant: amounts in another unit, values that a field never has, what never holds together. */
export function expressionNoticesOf(source: string, features: ExpressionFields): readonly ExpressionProblem[] {
  const objects: Readonly<Record<string, ExpressionFields>> = { features, ...EXPRESSION_FIELDS };
  const found: ExpressionProblem[] = [];
  visit(parse(source).ast, objects, found);
  return found;
}

type Objects = Readonly<Record<string, ExpressionFields>>;

/** A field that is held against a literal. */
interface Compared {
  readonly node: ASTNode;
  readonly path: string;
  readonly field: ExpressionField;
  readonly operator: string;
  readonly literal: Literal;
  readonly literalNode: ASTNode;
}

function visit(node: unknown, objects: Objects, found: ExpressionProblem[], isJoined = false): void {
  if (Array.isArray(node)) {
    for (const child of node) visit(child, objects, found);
    return;
  }
  if (typeof node !== "object" || node === null || !("op" in node) || !("args" in node)) return;
  const expression = node as ASTNode;
  const compared = comparedIn(expression, objects);
  if (compared !== undefined) fractionOfUnit(compared, found);
  if (expression.op === "in") neverAmong(...expression.args, objects, found);
  if (expression.op !== "&&") {
    visit(expression.args, objects, found);
    return;
  }
  // Of a chain the whole is looked at once.
  if (!isJoined) neverTogether(conjuncts(expression), objects, found);
  for (const part of expression.args) visit(part, objects, found, true);
}

function comparedIn(node: ASTNode, objects: Objects): Compared | undefined {
  const flipped = FLIPPED.get(node.op);
  if (flipped === undefined) return undefined;
  const [left, right] = node.args as [ASTNode, ASTNode];
  return comparedOf(node, left, node.op, right, objects) ?? comparedOf(node, right, flipped, left, objects);
}

function comparedOf(
  node: ASTNode,
  of: ASTNode,
  operator: string,
  literalNode: ASTNode,
  objects: Objects,
): Compared | undefined {
  const field = fieldOf(of, objects);
  const { literal } = literalNode.op === "value" ? typedLiteral(literalNode.args) : {};
  if (field === undefined || literal === undefined || literal === null) return undefined;
  return { node, path: serialize(of), field, operator, literal, literalNode };
}

function fieldOf(node: ASTNode, objects: Objects): ExpressionField | undefined {
  if (node.op !== ".") return undefined;
  const [of, name] = node.args;
  const fields = of.op === "id" && Object.hasOwn(objects, of.args) ? objects[of.args] : undefined;
  return fields !== undefined && Object.hasOwn(fields, name) ? fields[name] : undefined;
}

/** Whoever writes 49.99 means euros; the field has cents. */
function fractionOfUnit({ path, literal, literalNode }: Compared, found: ExpressionProblem[]): void {
  if (!/_minor(?:_|$)/.test(path) || typeof literal !== "number" || Number.isInteger(literal)) return;
  found.push({
    reason: "expression_unit_doubtful",
    came: new InWords(serialize(literalNode)),
    expected: `a whole number: ${path} is in the currency's minor unit, such as cents`,
    offset: literalNode.start,
  });
}

/** Of a list some, not all: that none can be is refused. */
function neverAmong(of: ASTNode, list: ASTNode, objects: Objects, found: ExpressionProblem[]): void {
  const field = fieldOf(of, objects);
  if (field === undefined || list.op !== "list") return;
  for (const item of list.args) {
    const { literal } = item.op === "value" ? typedLiteral(item.args) : {};
    const expected = literal === undefined ? undefined : valuesInstead(field.type, literal);
    if (expected === undefined) continue;
    const came = new InWords(serialize(item));
    const instead = `${expected}: ${serialize(of)} has no other`;
    found.push({ reason: "expression_out_of_range", came, expected: instead, offset: item.start });
  }
}

function neverTogether(parts: readonly ASTNode[], objects: Objects, found: ExpressionProblem[]): void {
  const seen: Compared[] = [];
  for (const part of parts) {
    const compared = comparedIn(part, objects);
    if (compared === undefined) continue;
    const other = seen.find((one) => one.path === compared.path && excludes(one, compared));
    seen.push(compared);
    if (other === undefined) continue;
    const isHour = compared.path === "context.hour" ? ", or || between them for hours over midnight" : "";
    found.push({
      reason: "expression_never_holds",
      came: new InWords(serialize(part)),
      expected: `what can hold beside ${serialize(other.node)}${isHour}`,
      offset: part.start,
    });
    return;
  }
}

/** True if no value of the field is on both sides. */
function excludes(one: Compared, other: Compared): boolean {
  const [a, b] = [one.literal, other.literal];
  if (one.operator === "==" && other.operator === "==") return a !== b;
  const [first, second] = [reachOf(one), reachOf(other)];
  if (first === undefined || second === undefined) return false;
  return first.least > second.most || second.least > first.most;
}

/** Values that a comparison with a number lets through; undefined where it bounds none. */
function reachOf({
  field,
  operator,
  literal,
}: Compared): { readonly least: number; readonly most: number } | undefined {
  if (field.type.kind !== "number" || (typeof literal !== "number" && typeof literal !== "bigint")) return undefined;
  const value = Number(literal);
  const { isWhole } = field.type;
  const beyond = isWhole ? 1 : Number.EPSILON * Math.max(1, Math.abs(value));
  switch (operator) {
    case "==":
      return { least: value, most: value };
    case "<":
      return { least: Number.NEGATIVE_INFINITY, most: isWhole ? Math.ceil(value) - beyond : value - beyond };
    case "<=":
      return { least: Number.NEGATIVE_INFINITY, most: value };
    case ">":
      return { least: isWhole ? Math.floor(value) + beyond : value + beyond, most: Number.POSITIVE_INFINITY };
    case ">=":
      return { least: value, most: Number.POSITIVE_INFINITY };
    default:
      return undefined;
  }
}

const FLIPPED: ReadonlyMap<string, string> = new Map([
  ["==", "=="],
  ["!=", "!="],
  ["<", ">"],
  ["<=", ">="],
  [">", "<"],
  [">=", "<="],
]);

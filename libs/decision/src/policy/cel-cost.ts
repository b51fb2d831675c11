import type { ASTNode } from "@marcbachmann/cel-js";
import { InWords } from "@leastwise/vocabulary";
import type { ExpressionProblem } from "./expression-problem.js";

/** Elements that a list has at most whose length is not known beforehand: the lines of a cart. */
const LIST_ELEMENTS_MAX = 1_000;
/** Characters that a text has at most which a pattern looks through. */
const TEXT_LENGTH_MAX = 256;
/** Steps that an expression may take at most. A million of them is some 50 ms: twice what a checkout waits. */
export const STEPS_MAX = 100_000;

const COMPREHENSIONS: ReadonlySet<unknown> = new Set(["all", "exists", "exists_one", "filter", "map"]);

/**
 * Steps that an expression takes at the worst: its nodes, those inside `all`, `exists`, `exists_one`, `filter` and `map` once for each element that the largest cart has.
 * Infinite for a pattern that may never end, or that is computed: CEL wants patterns that take linear time (RE2), which JavaScript's do not.
 */
export function worstSteps(ast: ASTNode): number {
  return stepsOf(ast, { isRepeated: false });
}

/** Where in an expression a node is. */
interface Around {
  /** True if it is evaluated for each element of a list. */
  readonly isRepeated: boolean;
  /** Is told of patterns that are too costly where they are. Absent: nobody is. */
  readonly onCostly?: (pattern: Pattern) => void;
}

/** A pattern that is too costly. */
interface Pattern {
  readonly node: unknown;
  readonly expected: string;
}

function stepsOf(node: unknown, around: Around): number {
  if (Array.isArray(node)) return node.reduce((sum: number, child) => sum + stepsOf(child, around), 0);
  if (typeof node !== "object" || node === null || !("op" in node) || !("args" in node)) return 0;
  const { op, args } = node;
  if (op !== "rcall" || !Array.isArray(args)) return 1 + stepsOf(args, around);
  const [name, of, given] = args as readonly unknown[];
  if (name === "matches") return 1 + stepsOf(of, around) + stepsOfPattern(given, around);
  if (!COMPREHENSIONS.has(name)) return 1 + stepsOf(of, around) + stepsOf(given, around);
  return 1 + stepsOf(of, around) + stepsOf(given, { ...around, isRepeated: true }) * LIST_ELEMENTS_MAX;
}

function stepsOfPattern(given: unknown, { isRepeated, onCostly }: Around): number {
  const [node] = Array.isArray(given) ? (given as readonly unknown[]) : [];
  const isLiteral = typeof node === "object" && node !== null && "op" in node && node.op === "value";
  const text = isLiteral && "args" in node ? node.args : undefined;
  if (typeof text !== "string" || MAY_TAKE_FOR_EVER.test(text)) {
    onCostly?.({ node, expected: typeof text === "string" ? ENDING_PATTERN : "a pattern that is written out" });
    return Number.POSITIVE_INFINITY;
  }
  if (!isRepeated) return TEXT_LENGTH_MAX;
  if (isLinear(text)) return TEXT_LENGTH_MAX / CHARACTERS_A_STEP;
  onCostly?.({ node, expected: LINEAR_PATTERN });
  return TEXT_LENGTH_MAX ** 2 / CHARACTERS_A_STEP;
}

/** Characters that a pattern looks at while a node is evaluated. */
const CHARACTERS_A_STEP = 16;

/** A group that is repeated as often as may be, a reference back, a look around; or more than two repetitions, be it once or not at all. */
const MAY_TAKE_FOR_EVER = /\)[*+{]|\\[1-9k]|\(\?[=!<]|(?:(?:[*+}]\??|(?<![*+}(\\])\?).*){3}/;
const ENDING_PATTERN =
  "a pattern that repeats no group, refers to nothing before, looks not around, and has at most two repetitions";
const LINEAR_PATTERN =
  'for each element of a list a pattern that repeats nothing, or begins with ^ and repeats one thing; or .contains("…"), .startsWith("…")';

/** True if it looks at each character a few times at most: it repeats nothing, or one thing a few times, or from the beginning of the text on. */
function isLinear(pattern: string): boolean {
  const bare = pattern.replace(/\\./g, "");
  const repetitions = bare.match(/[*+}]\??|(?<!\()\?/g)?.length ?? 0;
  if (repetitions !== 1) return repetitions === 0;
  return /\{\d(?:,\d)?\}/.test(bare) || (pattern.startsWith("^") && !pattern.includes("|"));
}

/** What is wrong with what an expression costs; undefined where nothing is. Where it is a pattern, that is told. */
export function costProblemOf(ast: ASTNode, source: string): ExpressionProblem | undefined {
  if (worstSteps(ast) <= STEPS_MAX) return undefined;
  const patterns: Pattern[] = [];
  stepsOf(ast, { isRepeated: false, onCostly: (pattern) => patterns.push(pattern) });
  const [{ node, expected } = {}] = patterns;
  if (expected === undefined) return tooCostly(source);
  const { start, end } = node as ASTNode;
  return { reason: "expression_too_costly", came: new InWords(source.slice(start, end)), expected, offset: start };
}

/**
 * Operations that may stand within one another, those of a chain counted as they nest: `a || b || c` is two deep. As many as the library lets brackets be; all that walks
 * an expression goes down into it by calls, and has several times the room for it wherever it is called from.
 */
const DEPTH_MAX = 250;

/** True if operations are nested deeper than {@link DEPTH_MAX}. It goes down without calls: what it is asked about may be deeper than calls go. */
export function isTooDeep(ast: ASTNode): boolean {
  const left: { readonly node: unknown; readonly depth: number }[] = [{ node: ast, depth: 1 }];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { node, depth } = next;
    if (depth > DEPTH_MAX) return true;
    if (Array.isArray(node)) for (const child of node) left.push({ node: child, depth });
    else if (typeof node === "object" && node !== null && "op" in node && "args" in node)
      left.push({ node: node.args, depth: node.op === "value" ? depth : depth + 1 });
  }
  return false;
}

/** What is wrong with an expression that is deeper. */
export function tooDeep(source: string): ExpressionProblem {
  return {
    reason: "expression_too_costly",
    came: source,
    expected: `at most ${String(DEPTH_MAX)} operations in one another or in a row: of many values one can be asked for in a list, as in x in ["a", "b"]`,
  };
}

function tooCostly(source: string): ExpressionProblem {
  return {
    reason: "expression_too_costly",
    came: source,
    expected: `at most ${String(STEPS_MAX)} steps on a cart of ${String(LIST_ELEMENTS_MAX)} lines: no exists, all, map or filter within another`,
  };
}

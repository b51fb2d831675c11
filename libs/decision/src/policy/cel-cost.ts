import type { ASTNode } from "@marcbachmann/cel-js";

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
  return stepsOf(ast);
}

function stepsOf(node: unknown): number {
  if (Array.isArray(node)) return node.reduce((sum: number, child) => sum + stepsOf(child), 0);
  if (typeof node !== "object" || node === null || !("op" in node) || !("args" in node)) return 0;
  const { op, args } = node;
  if (op !== "rcall" || !Array.isArray(args)) return 1 + stepsOf(args);
  const [name, of, given] = args as readonly unknown[];
  if (name === "matches") return 1 + stepsOf(of) + stepsOfPattern(given);
  return 1 + stepsOf(of) + stepsOf(given) * (COMPREHENSIONS.has(name) ? LIST_ELEMENTS_MAX : 1);
}

function stepsOfPattern(given: unknown): number {
  const [pattern] = Array.isArray(given) ? (given as readonly unknown[]) : [];
  const isLiteral = typeof pattern === "object" && pattern !== null && "op" in pattern && pattern.op === "value";
  const text = isLiteral && "args" in pattern ? pattern.args : undefined;
  return typeof text === "string" && !MAY_TAKE_FOR_EVER.test(text) ? TEXT_LENGTH_MAX : Number.POSITIVE_INFINITY;
}

/** A group that is repeated as often as may be, a reference back, a look around; or more than two repetitions without bound. */
const MAY_TAKE_FOR_EVER = /\)[*+{]|\\[1-9k]|\(\?[=!<]|(?:[*+}].*){3}/;

/**
 * Operations that may stand within one another, those of a chain counted as they nest: `a || b || c` is two deep. As many as the library lets brackets be; all that walks
 * an expression goes down into it by calls, and has several times the room for it wherever it is called from.
 */
const DEPTH_MAX = 250;

/** True if operations are nested deeper than {@link DEPTH_MAX}. It goes down without calls, since it is asked before anything else is. */
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
export function tooDeep(source: string) {
  return {
    reason: "expression_too_costly" as const,
    came: source,
    expected: `at most ${String(DEPTH_MAX)} operations in one another or in a row: of many values one can be asked for in a list, as in x in ["a", "b"]`,
  };
}

/** What is wrong with an expression that takes more steps. */
export function tooCostly(source: string) {
  return {
    reason: "expression_too_costly" as const,
    came: source,
    expected: `at most ${String(STEPS_MAX)} steps on a cart of ${String(LIST_ELEMENTS_MAX)} lines: no exists, all, map or filter within another, and patterns that repeat no group`,
  };
}

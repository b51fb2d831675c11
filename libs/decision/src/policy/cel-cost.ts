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

/** What is wrong with an expression that takes more steps. */
export function tooCostly(source: string) {
  return {
    reason: "expression_too_costly" as const,
    came: source,
    expected: `at most ${String(STEPS_MAX)} steps on a cart of ${String(LIST_ELEMENTS_MAX)} lines: no exists, all, map or filter within another, and patterns that repeat no group`,
  };
}

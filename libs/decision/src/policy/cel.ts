import type { ASTNode, Environment } from "@marcbachmann/cel-js";
import { err, nearestName, ok, type Result } from "@leastwise/vocabulary";
import { STEPS_MAX, tooCostly, worstSteps } from "./cel-cost.js";

/** What an expression came to: it holds, it does not, or it failed and counts as false. */
export type Verdict = "holds" | "does_not_hold" | "expression_failed";

/**
 * CEL has no `double + int`; everything here is a double, and nobody should have to write `2.0`. Nor has it `double % double`: of doubles `%` is what it is of
 * integers, and fails by zero as there.
 */
export function withMixedArithmetic(environment: Environment): Environment {
  const operators: readonly [string, (a: number, b: number) => number][] = [
    ["+", (a, b) => a + b],
    ["-", (a, b) => a - b],
    ["*", (a, b) => a * b],
    ["/", (a, b) => a / b],
    ["%", modulo],
  ];
  for (const [operator, apply] of operators) {
    environment.registerOperator(`double ${operator} int: double`, (a: number, b: bigint) => apply(a, Number(b)));
    // Without its type said, the library takes what comes of it for an int, as its left side is.
    environment.registerOperator(`int ${operator} double: double`, (a: bigint, b: number) => apply(Number(a), b));
  }
  return environment.registerOperator("double % double: double", modulo);
}

function modulo(a: number, b: number): number {
  if (b === 0) throw new RangeError("modulo by zero");
  return a % b;
}

/** What an expression comes to. Arithmetic or a comparison with null, a missing key, a division by zero: it does not hold. */
export function verdictOf(run: (context: Record<string, unknown>) => unknown, context: object): Verdict {
  try {
    return run({ ...context }) === true ? "holds" : "does_not_hold";
  } catch {
    return "expression_failed";
  }
}

/** An expression that can be run. */
export type Running = ((context: Record<string, unknown>) => unknown) & { readonly ast: ASTNode };

/** What is wrong with an expression. */
export interface ExpressionProblem {
  /** `expression_invalid`, `expression_not_bool`, `expression_too_costly`, or of a field of the map `unknown_…` or `…_not_literal`. */
  readonly reason: string;
  readonly came: string;
  readonly expected: string;
}

/** The map whose fields expressions name literally, so that a misspelt one is found when they are checked. */
export interface NamedFields {
  /** As expressions say it: `features`. */
  readonly map: string;
  /** One of its fields, in reasons: `feature`. */
  readonly field: string;
  readonly known: ReadonlySet<string>;
  /** What a field has to be, in words. */
  readonly expected: string;
}

/** An expression that was checked. */
export interface Checked {
  readonly run: Running;
  /** Fields of the map that it names. */
  readonly named: ReadonlySet<string>;
  /** Variables beside the map that it reads. */
  readonly variables: ReadonlySet<string>;
}

/**
 * Checks an expression that must yield a bool: its types, what it costs, and the names of the map's fields.
 *
 * @param checking knows the types
 * @param running reads plain values without wrapping them
 */
export function checkExpression(
  source: string,
  { checking, running }: { readonly checking: Environment; readonly running: Environment },
  { map, field, known, expected }: NamedFields,
): Result<Checked, ExpressionProblem> {
  const { valid, type, error } = checking.check(source);
  if (!valid) return err({ reason: "expression_invalid", came: source, expected: error?.summary ?? "valid CEL" });
  if (type !== "bool")
    return err({
      reason: "expression_not_bool",
      came: type ?? "nothing",
      expected: "an expression that yields bool",
    });
  const run = running.parse(source);
  if (worstSteps(run.ast) > STEPS_MAX) return err(tooCostly(source));
  const { named, variables } = readsOf(run.ast, map);
  if (named === "computed")
    return err({
      reason: `${field}_not_literal`,
      came: source,
      expected: `${field}s named literally: ${map}.name or ${map}["name"]`,
    });
  const unknown = [...named].find((name) => !known.has(name));
  if (unknown === undefined) return ok({ run, named, variables });
  const near = nearestName(unknown, known);
  return err({
    reason: `unknown_${field}`,
    came: unknown,
    expected: near === undefined ? expected : `${expected}, perhaps ${near}`,
  });
}

/** What an expression reads. */
interface Reads {
  /** Names of fields of the map that were said literally; `computed` if any could be read. */
  named: Set<string> | "computed";
  /** Variables beside the map. */
  readonly variables: Set<string>;
}

/** Walks the tree for `map.name`, `map["name"]` and other variables; a bare `map` could be read by any name. */
function readsOf(ast: ASTNode, map: string): Reads {
  const reads: Reads = { named: new Set(), variables: new Set() };
  walk(ast, map, reads);
  return reads;
}

function walk(node: unknown, map: string, reads: Reads): void {
  if (Array.isArray(node)) {
    for (const child of node) walk(child, map, reads);
    return;
  }
  if (!isNode(node)) return;
  const named = fieldOf(node, map);
  if (named !== undefined) {
    if (reads.named !== "computed") reads.named.add(named);
    return;
  }
  if (isVariable(node, map)) reads.named = "computed";
  else if (node.op === "id" && typeof node.args === "string") reads.variables.add(node.args);
  walk(node.args, map, reads);
}

interface Node {
  readonly op: string;
  readonly args: unknown;
}

function isNode(value: unknown): value is Node {
  return (
    typeof value === "object" && value !== null && "op" in value && "args" in value && typeof value.op === "string"
  );
}

function isVariable(value: unknown, name: string): boolean {
  return isNode(value) && value.op === "id" && value.args === name;
}

/** The field of the map that a node reads, where it is said literally. */
function fieldOf(node: Node, map: string): string | undefined {
  if ((node.op !== "." && node.op !== "[]") || !Array.isArray(node.args)) return undefined;
  const [of, key] = node.args as readonly unknown[];
  if (!isVariable(of, map)) return undefined;
  if (node.op === ".") return typeof key === "string" ? key : undefined;
  return isNode(key) && key.op === "value" && typeof key.args === "string" ? key.args : undefined;
}

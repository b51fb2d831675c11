import type { ASTNode, Environment } from "@marcbachmann/cel-js";

/** What an expression came to: it holds, it does not, or it failed and counts as false. */
export type Verdict = "holds" | "does_not_hold" | "expression_failed";

/** CEL has no `double + int`; everything here is a double, and nobody should have to write `2.0`. */
export function withMixedArithmetic(environment: Environment): Environment {
  const operators: readonly [string, (a: number, b: number) => number][] = [
    ["+", (a, b) => a + b],
    ["-", (a, b) => a - b],
    ["*", (a, b) => a * b],
    ["/", (a, b) => a / b],
  ];
  for (const [operator, apply] of operators) {
    environment.registerOperator(`double ${operator} int`, (a: number, b: bigint) => apply(a, Number(b)));
    environment.registerOperator(`int ${operator} double`, (a: bigint, b: number) => apply(Number(a), b));
  }
  return environment;
}

/** What an expression comes to. Arithmetic or a comparison with null, a missing key, a division by zero: it does not hold. */
export function verdictOf(run: (context: Record<string, unknown>) => unknown, context: object): Verdict {
  try {
    return run({ ...context }) === true ? "holds" : "does_not_hold";
  } catch {
    return "expression_failed";
  }
}

/** What an expression reads. */
export interface Reads {
  /** Names of fields of the map that were said literally; `computed` if any could be read. */
  named: Set<string> | "computed";
  /** Variables beside the map. */
  readonly variables: Set<string>;
}

/** Walks the tree for `map.name`, `map["name"]` and other variables; a bare `map` could be read by any name. */
export function readsOf(ast: ASTNode, map: string): Reads {
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

import { Environment } from "@marcbachmann/cel-js";
import type { ASTNode } from "@marcbachmann/cel-js";
import { err, nearestName, ok, type Result } from "@leastwise/vocabulary";

/** What an expression can speak of. Numbers are doubles; what is absent, or not allowed without consent, is null. */
export interface ExpressionContext {
  /** By catalogue name: a number, a text for text features, or null. */
  readonly features: Readonly<Record<string, number | string | null>>;
  /** Null without consent or where none is known: reading a field of it then makes the expression false. */
  readonly profile: ExpressionProfile | null;
  readonly cart: {
    readonly value_minor: number;
    readonly units: number;
    readonly lines: number;
    readonly currency: string;
    readonly product_ids: readonly string[];
    readonly categories: readonly string[];
    readonly brands: readonly string[];
    readonly payment_method: string | null;
  };
  readonly context: {
    readonly channel: string | null;
    readonly device: string | null;
    readonly country: string | null;
    readonly region: string | null;
    /** Hour of the day in the policy's time zone, 0 to 23. */
    readonly hour: number;
    /** Day of the week there, 1 Monday to 7 Sunday. */
    readonly weekday: number;
    /** Groups that partners say the shopper is in. */
    readonly partner_segments: readonly string[];
  };
}

/** The profile as expressions see it. */
export interface ExpressionProfile {
  readonly loyalty_tier: string | null;
  readonly member: boolean;
  readonly tags: readonly string[];
  readonly attributes: Readonly<Record<string, string>>;
  /** `MM-DD`, or null. */
  readonly birthday: string | null;
  readonly customer_since_ms: number | null;
}

/** What an expression came to: it holds, it does not, or it failed and counts as false. */
export type Verdict = "holds" | "does_not_hold" | "expression_failed";

/** A checked expression. */
export interface CompiledExpression {
  evaluate(context: ExpressionContext): Verdict;
  /** Features that it names. */
  readonly features: readonly string[];
  /** True if it reads `features` or `profile`, which need consent. */
  readonly readsPersonalData: boolean;
}

/** What is wrong with an expression. */
export interface ExpressionProblem {
  readonly reason: "expression_invalid" | "expression_not_bool" | "unknown_feature" | "feature_not_literal";
  readonly came: string;
  readonly expected: string;
}

const CHECKING = withMixedArithmetic(new Environment())
  .registerVariable("features", "map<string, dyn>")
  .registerVariable({
    name: "profile",
    schema: {
      loyalty_tier: "dyn",
      member: "bool",
      tags: "list<string>",
      attributes: "map<string, string>",
      birthday: "dyn",
      customer_since_ms: "dyn",
    },
  })
  .registerVariable({
    name: "cart",
    schema: {
      value_minor: "dyn",
      units: "dyn",
      lines: "dyn",
      currency: "string",
      product_ids: "list<string>",
      categories: "list<string>",
      brands: "list<string>",
      payment_method: "dyn",
    },
  })
  .registerVariable({
    name: "context",
    schema: {
      ...{ channel: "dyn", device: "dyn", country: "dyn", region: "dyn", hour: "dyn", weekday: "dyn" },
      partner_segments: "list<string>",
    },
  });

// Types are checked once above; at run time plain values are read without being wrapped.
const RUNNING = withMixedArithmetic(new Environment())
  .registerVariable("features", "dyn")
  .registerVariable("profile", "dyn")
  .registerVariable("cart", "dyn")
  .registerVariable("context", "dyn");

/** CEL has no `double + int`; everything here is a double, and nobody should have to write `2.0`. */
function withMixedArithmetic(environment: Environment): Environment {
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

/**
 * Checks and compiles an expression that must yield a bool. Features are named literally (`features.purchases_30d` or
 * `features["purchases_30d"]`), so that a misspelt one is found here and only the named ones are looked up.
 */
export function compileExpression(
  source: string,
  featureNames: ReadonlySet<string>,
): Result<CompiledExpression, ExpressionProblem> {
  const checked = CHECKING.check(source);
  if (!checked.valid)
    return err({ reason: "expression_invalid", came: source, expected: checked.error?.summary ?? "valid CEL" });
  if (checked.type !== "bool")
    return err({
      reason: "expression_not_bool",
      came: checked.type ?? "nothing",
      expected: "an expression that yields bool",
    });
  const run = RUNNING.parse(source);
  const reads = variablesRead(run.ast);
  if (reads.features === "computed")
    return err({
      reason: "feature_not_literal",
      came: source,
      expected: 'features named literally: features.name or features["name"]',
    });
  const unknown = [...reads.features].find((name) => !featureNames.has(name));
  if (unknown !== undefined) {
    const near = nearestName(unknown, featureNames);
    return err({
      reason: "unknown_feature",
      came: unknown,
      expected: near === undefined ? "a feature of the catalogue" : `a feature of the catalogue, perhaps ${near}`,
    });
  }
  return ok({
    evaluate: (context) => evaluate(run, context),
    features: [...reads.features],
    readsPersonalData: reads.features.size > 0 || reads.profile,
  });
}

function evaluate(run: (context: Record<string, unknown>) => unknown, context: ExpressionContext): Verdict {
  try {
    return run({ ...context }) === true ? "holds" : "does_not_hold";
  } catch {
    // Arithmetic or a comparison with null, a missing key, a division by zero: the expression does not hold.
    return "expression_failed";
  }
}

interface VariablesRead {
  features: Set<string> | "computed";
  profile: boolean;
}

/** Walks the tree for `features.name`, `features["name"]` and `profile`; a bare `features` could be read by any name. */
function variablesRead(ast: ASTNode): { features: Set<string> | "computed"; profile: boolean } {
  const reads: VariablesRead = { features: new Set(), profile: false };
  walk(ast, reads);
  return reads;
}

function walk(node: unknown, reads: VariablesRead): void {
  if (Array.isArray(node)) {
    for (const child of node) walk(child, reads);
    return;
  }
  if (!isNode(node)) return;
  if (isVariable(node, "features")) reads.features = "computed";
  if (isVariable(node, "profile")) reads.profile = true;
  const named = featureNamed(node);
  if (named === undefined) walk(node.args, reads);
  else if (reads.features !== "computed") reads.features.add(named);
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

function featureNamed(node: Node): string | undefined {
  if ((node.op !== "." && node.op !== "[]") || !Array.isArray(node.args)) return undefined;
  const [of, key] = node.args as readonly unknown[];
  if (!isVariable(of, "features")) return undefined;
  if (node.op === ".") return typeof key === "string" ? key : undefined;
  return isNode(key) && key.op === "value" && typeof key.args === "string" ? key.args : undefined;
}

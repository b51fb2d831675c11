import { Environment } from "@marcbachmann/cel-js";
import { err, nearestName, ok, type Result } from "@leastwise/vocabulary";
import { STEPS_MAX, tooCostly, worstSteps } from "./cel-cost.js";
import { readsOf, verdictOf, withMixedArithmetic, type Verdict } from "./cel.js";

export type { Verdict } from "./cel.js";

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
  readonly reason:
    "expression_invalid" | "expression_not_bool" | "expression_too_costly" | "unknown_feature" | "feature_not_literal";
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
  if (worstSteps(run.ast) > STEPS_MAX) return err(tooCostly(source));
  const { named, variables } = readsOf(run.ast, "features");
  if (named === "computed")
    return err({
      reason: "feature_not_literal",
      came: source,
      expected: 'features named literally: features.name or features["name"]',
    });
  const unknown = [...named].find((name) => !featureNames.has(name));
  if (unknown !== undefined) {
    const near = nearestName(unknown, featureNames);
    return err({
      reason: "unknown_feature",
      came: unknown,
      expected: near === undefined ? "a feature of the catalogue" : `a feature of the catalogue, perhaps ${near}`,
    });
  }
  return ok({
    evaluate: (context) => verdictOf(run, context),
    features: [...named],
    readsPersonalData: named.size > 0 || variables.has("profile"),
  });
}

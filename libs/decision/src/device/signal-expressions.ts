import { Environment } from "@marcbachmann/cel-js";
import { ok, type Result } from "@leastwise/vocabulary";
import {
  checkExpression,
  unlessTooDeep,
  verdictOf,
  withEarlierArithmetic,
  withMixedArithmetic,
  type Environments,
  type TypeCheck,
  type Verdict,
} from "../policy/cel.js";
import type { ExpressionProblem } from "../policy/expression-problem.js";

/** What a device sees of its shopper: by name a number, a text or a bool; what is not there is null. */
export type Signals = Readonly<Record<string, number | string | boolean>>;

/** What an expression on a device can speak of. */
export interface SignalContext {
  readonly local: Readonly<Record<string, number | string | boolean | null>>;
  readonly cart: {
    readonly value_minor: number;
    readonly units: number;
    readonly lines: number;
    readonly currency: string;
    readonly product_ids: readonly string[];
    readonly payment_method: string | null;
  };
  readonly context: {
    readonly channel: string | null;
    readonly device: string | null;
    readonly country: string | null;
    readonly region: string | null;
    /** In the policy's time zone, 0 to 23. */
    readonly hour: number;
    /** 1 Monday to 7 Sunday. */
    readonly weekday: number;
  };
}

/** A checked expression. */
export interface SignalExpression {
  evaluate(context: SignalContext): Verdict;
}

function withVariables(environment: Environment): Environment {
  return environment
    .registerVariable("local", "map<string, dyn>")
    .registerVariable({
      name: "cart",
      schema: {
        value_minor: "dyn",
        units: "dyn",
        lines: "dyn",
        currency: "string",
        product_ids: "list<string>",
        payment_method: "dyn",
      },
    })
    .registerVariable({
      name: "context",
      schema: { channel: "dyn", device: "dyn", country: "dyn", region: "dyn", hour: "dyn", weekday: "dyn" },
    });
}

const RUNNING = withMixedArithmetic(new Environment())
  .registerVariable("local", "dyn")
  .registerVariable("cart", "dyn")
  .registerVariable("context", "dyn");

const ENVIRONMENTS: Environments = {
  checking: withVariables(withMixedArithmetic(new Environment())),
  earlier: withVariables(withEarlierArithmetic(new Environment())),
  running: RUNNING,
};

/**
 * Checks and compiles an expression over what a device sees, which must yield a bool. Signals are named literally (`local.visits` or
 * `local["visits"]`), so that a misspelt one is found here.
 *
 * @param typeCheck knows what each field can hold. Absent, as on a device: it was asked when the policy was put into force
 */
export function compileSignalExpression(
  source: string,
  signals: ReadonlySet<string>,
  typeCheck?: TypeCheck,
): Result<SignalExpression, ExpressionProblem> {
  const fields = { map: "local", field: "signal", known: signals, expected: "one of device.signals" };
  const checked = unlessTooDeep(source, () => checkExpression(source, ENVIRONMENTS, fields, typeCheck));
  if (!checked.ok) return checked;
  const { run } = checked.value;
  return ok({ evaluate: (context) => verdictOf(run, context) });
}

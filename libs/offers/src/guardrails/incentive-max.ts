import type { LimitedCart } from "./cart-guardrails.js";

/** No incentive is worth more than the most that one may be. */
export function incentiveMax({ appraisal, guardrails }: LimitedCart): "guardrail_incentive_max" | undefined {
  const { incentiveMaxMinor } = guardrails;
  return incentiveMaxMinor !== undefined && appraisal.worthMinor > incentiveMaxMinor
    ? "guardrail_incentive_max"
    : undefined;
}

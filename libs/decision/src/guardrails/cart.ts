import { brokenGuardrail, type CartGuardrailReason, type CartLimits, type LeftCart } from "@leastwise/offers";
import type { Situation } from "../situation.js";
import type { GuardedRung } from "./guarded-rung.js";

/** Floor price, maximum discount and margin floor, other offers of the cart included: the same code that a redemption asks again. */
export function cartGuardrails({ situation, rung }: GuardedRung): CartGuardrailReason | undefined {
  if (rung.appraisal === undefined) return undefined;
  const { left, appraisal, campaign } = rung;
  const { rows } = situation;
  return brokenGuardrail({
    ...left,
    rows,
    appraisal,
    guardrails: campaign.guardrails,
    limits: limitsOf(situation, left),
  });
}

/** What the guardrails leave of the cart, where it was reckoned: other offers leave each incentive of ours another cart. */
export function limitsOf({ cart, limits }: Situation, left: LeftCart): CartLimits | undefined {
  return left.cart === cart ? limits : undefined;
}

import { brokenGuardrail, type Appraisal, type CartGuardrailReason, type LeftCart } from "@leastwise/offers";
import type { CompiledCampaign } from "../policy/compile.js";
import type { Situation } from "../situation.js";
import type { LadderRung } from "../steps/ladder.js";

/** Floor price, maximum discount and margin floor, other offers of the cart included: the same code that a redemption asks again. */
export function cartGuardrails(situation: Situation, rung: LadderRung): CartGuardrailReason | undefined {
  const { appraisal, left, campaign } = rung;
  return appraisal === undefined ? undefined : brokenOnCart(situation, campaign, appraisal, left);
}

/**
 * The first guardrail of the cart that an incentive of the campaign would break. What the guardrails leave of the cart is reckoned once, where no other
 * offers leave each incentive of ours another one. Written out, as it is asked for every rung of every decision.
 */
export function brokenOnCart(
  { cart, rows, limits }: Situation,
  { guardrails }: CompiledCampaign,
  appraisal: Appraisal,
  left: LeftCart,
): CartGuardrailReason | undefined {
  return brokenGuardrail({
    cart: left.cart,
    otherOffersCostMinor: left.otherOffersCostMinor,
    rows,
    appraisal,
    guardrails,
    limits: left.cart === cart ? limits : undefined,
  });
}

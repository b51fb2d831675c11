import {
  appraiseInStack,
  brokenGuardrail,
  isOtherBasis,
  withoutExcludedGoods,
  type Appraisal,
  type Cart,
  type CartGuardrails,
} from "@leastwise/offers";
import { dynamicLineCaps } from "../approaches/dynamic.js";
import type { CompiledCampaign } from "../policy/compile.js";
import type { Situation } from "../situation.js";
import type { OpenOffer } from "../state/decision-state.js";
import { isTakenInCart } from "./stack.js";

/** An offer of the subject's that still fits the cart. */
export interface FittingOffer {
  readonly held: OpenOffer;
  /** What it is worth on this cart. */
  readonly appraisal: Appraisal;
}

/**
 * The outstanding incentive that is the answer: an offer shown is honoured within its life, whatever the policy now says.
 * Of several the one worth most on this cart, the earlier issued on a tie. Entitlements of the policy are no such answer: they are
 * rung 0, and stay so. An offer whose stacking group an offer of the cart has taken does not fit the cart.
 */
export function outstandingStep(situation: Situation): FittingOffer | undefined {
  let best: FittingOffer | undefined;
  for (const held of situation.decisionState.open) {
    const campaign = situation.policy.campaigns.find(({ campaignId }) => campaignId === held.campaignId);
    if (campaign?.kind === "entitlement") continue;
    if (campaign !== undefined && isTakenInCart(situation, campaign)) continue;
    const appraisal = appraisalNow(situation, held, campaign);
    if (appraisal === undefined) continue;
    if (best === undefined || appraisal.worthMinor > best.appraisal.worthMinor) best = { held, appraisal };
  }
  return best;
}

function appraisalNow(
  { cart, rows, policy, nowMs }: Situation,
  { offer, worstCostMinor, prices }: OpenOffer,
  campaign: CompiledCampaign | undefined,
): Appraisal | undefined {
  if (offer.currency !== cart.currency || isOtherBasis(cart.prices, prices)) return undefined;
  const approach = campaign?.approach;
  const guardrails = guardrailsOn(cart, campaign?.guardrails ?? policy.guardrails.cart);
  const caps = approach?.kind === "dynamic" ? dynamicLineCaps(approach, cart, rows, nowMs) : undefined;
  const lineCapsMinor = withoutExcludedGoods(guardrails, cart, rows, caps);
  const setting = { rows, rounding: policy.rounding, lineCapsMinor, ceilingMinor: worstCostMinor };
  const stacked = appraiseInStack(offer.incentive, cart, setting);
  if (stacked === undefined) return undefined;
  const { appraisal, left } = stacked;
  return brokenGuardrail({ ...left, rows, appraisal, guardrails }) === undefined ? appraisal : undefined;
}

/** The policy may have changed its prices since the issue: those without tax have none to take off. */
function guardrailsOn({ prices }: Cart, guardrails: CartGuardrails): CartGuardrails {
  return prices === "without_tax" ? { ...guardrails, priceTax: undefined } : guardrails;
}

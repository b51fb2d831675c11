import type { DecisionInput } from "../input.js";
import { situationOf } from "../situation.js";
import { applyingStep } from "../steps/applying.js";
import { consentStep } from "../steps/consent.js";
import { ineligibleCampaigns, type Ineligible } from "../steps/eligibility.js";

/**
 * Why campaigns of the policy do not apply to the shopper and the cart, in order of priority, and after them the entitlements that do, but for another one
 * that is worth as much or more; empty for a cart in another currency or kind of prices
 * than the policy's, to which nothing applies. A decision does not reckon it: of a thousand campaigns it looks only at those that could apply.
 */
export function ineligibleFor(input: DecisionInput): readonly Ineligible[] {
  const situation = situationOf(input);
  const permitted = consentStep(situation);
  const { segments, baseline, isForeign, outweighed } = applyingStep(situation, permitted);
  if (isForeign) return [];
  return [
    ...ineligibleCampaigns(situation, permitted, segments, baseline),
    ...outweighed.map(({ campaignId }): Ineligible => ({ campaignId, reason: "entitlement_outweighed" })),
  ];
}

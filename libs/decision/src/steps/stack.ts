import type { CompiledCampaign } from "../policy/compile.js";
import type { BlockReason } from "../reasons.js";
import type { Situation } from "../situation.js";
import type { LadderRung } from "./ladder.js";
import type { Owed } from "./owed.js";

/**
 * What the subject holds, and what is in the cart, decides what may be added. A rung is blocked by an offer of its own campaign or of its
 * stacking group that is still good, by another offer of that group in the cart, and by an entitlement that is worth more.
 */
export function stackStep(situation: Situation, rungs: readonly LadderRung[], owed: Owed | undefined): void {
  const held = situation.decisionState.open;
  const isAlone = held.length === 0 && situation.cart.offers === undefined;
  if (isAlone && owed === undefined) return;
  const { campaigns } = situation.policy;
  const heldCampaigns = new Set(held.map(({ campaignId }) => campaignId));
  const heldGroups = new Set(
    campaigns.flatMap(({ campaignId, stackingGroup }) =>
      stackingGroup !== "" && heldCampaigns.has(campaignId) && campaignId !== owed?.campaign.campaignId
        ? [stackingGroup]
        : [],
    ),
  );
  for (const rung of rungs)
    rung.blockedBy ??= isTakenInCart(situation, rung.campaign)
      ? "stacking_group"
      : problemOf(rung, heldCampaigns, heldGroups, owed);
}

/** True if an offer of the campaign's stacking group is in the cart: of a group at most one is applied. */
export function isTakenInCart({ cart }: Situation, { stackingGroup }: CompiledCampaign): boolean {
  return stackingGroup !== "" && cart.offers?.some(({ group }) => group === stackingGroup) === true;
}

function problemOf(
  { campaign, worthMinor }: LadderRung,
  heldCampaigns: ReadonlySet<string>,
  heldGroups: ReadonlySet<string>,
  owed: Owed | undefined,
): BlockReason | undefined {
  if (heldCampaigns.has(campaign.campaignId)) return "offer_outstanding";
  if (heldGroups.has(campaign.stackingGroup)) return "stacking_group";
  if (owed !== undefined && worthMinor < owed.appraisal.worthMinor) return "below_entitlement";
  return undefined;
}

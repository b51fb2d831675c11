import { DAY_MS } from "@leastwise/vocabulary";
import type { CompiledCampaign } from "../policy/compile.js";
import type { BlockReason } from "../reasons.js";
import type { Situation } from "../situation.js";
import type { LadderRung } from "./ladder.js";
import type { Owed } from "./owed.js";

/** How long a subject is not offered more for the same cart than before. */
const SAME_CART_MS = DAY_MS;

/**
 * What the subject holds, and what is in the cart, decides what may be added. A rung is blocked by an offer of its own campaign or of its
 * stacking group that is still good, by another offer of that group in the cart, by an entitlement that is worth more, and by a smaller offer
 * made for the same cart within a day: waiting must not pay.
 */
export function stackStep(situation: Situation, rungs: readonly LadderRung[], owed: Owed | undefined): void {
  const held = situation.decisionState.open;
  const before = offeredBefore(situation);
  const isAlone = held.length === 0 && situation.cart.offers === undefined;
  if (isAlone && before === undefined && owed === undefined) return;
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
      : problemOf(rung, heldCampaigns, heldGroups, before, owed);
}

/** True if an offer of the campaign's stacking group is in the cart: of a group at most one is applied. */
export function isTakenInCart({ cart }: Situation, { stackingGroup }: CompiledCampaign): boolean {
  return stackingGroup !== "" && cart.offers?.some(({ group }) => group === stackingGroup) === true;
}

function problemOf(
  { campaign, worthMinor }: LadderRung,
  heldCampaigns: ReadonlySet<string>,
  heldGroups: ReadonlySet<string>,
  beforeMinor: number | undefined,
  owed: Owed | undefined,
): BlockReason | undefined {
  if (heldCampaigns.has(campaign.campaignId)) return "offer_outstanding";
  if (heldGroups.has(campaign.stackingGroup)) return "stacking_group";
  if (owed !== undefined && worthMinor < owed.appraisal.worthMinor) return "below_entitlement";
  if (beforeMinor !== undefined && worthMinor > beforeMinor) return "deeper_than_before";
  return undefined;
}

/** Face value of the newest incentive offered for the same cart within a day; undefined if there was none. */
function offeredBefore({ decisionState, cartDigest, nowMs, policy }: Situation): number | undefined {
  const grant = decisionState.history.findLast(
    ({ cartDigest: digest, atMs, campaignId }) =>
      digest === cartDigest &&
      atMs > nowMs - SAME_CART_MS &&
      policy.campaigns.find((campaign) => campaign.campaignId === campaignId)?.kind !== "entitlement",
  );
  return grant?.faceValueMinor;
}

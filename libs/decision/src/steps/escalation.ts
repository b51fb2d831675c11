import { DAY_MS } from "@leastwise/vocabulary";
import type { BlockReason } from "../reasons.js";
import type { Situation } from "../situation.js";
import type { Grant, Refused } from "../state/decision-state.js";
import { isStillAgreed } from "./consent.js";
import type { LadderRung } from "./ladder.js";

/** How long a subject is not offered more for the same cart than before. */
const SAME_CART_MS = DAY_MS;
/** What a cart must have grown by, after an answer of none, to be another one: a quarter. */
const GROWN_BP = 12_500;

/**
 * Waiting, leaving and coming back, or changing the cart a little must not pay. A rung is blocked by a smaller offer that was made for the same cart within a
 * day; by one that was both smaller and a lesser share of the goods, of the time that the policy says, after which the shopper did not order; and where this episode has
 * answered none, though the campaign could have been given, until the cart has grown. What is owed neither bounds nor is bound.
 */
export function escalationStep(situation: Situation, rungs: readonly LadderRung[]): void {
  const before = offeredBefore(situation);
  const letGo = letGoBefore(situation);
  const refused = refusedBefore(situation);
  if (before === undefined && letGo === undefined && refused === undefined) return;
  for (const rung of rungs) rung.blockedBy ??= problemOf(rung, before, letGo, refused);
}

function problemOf(
  { campaign, worthMinor, depthBp }: LadderRung,
  beforeMinor: number | undefined,
  letGo: LetGo | undefined,
  refused: Refused | undefined,
): BlockReason | undefined {
  if (beforeMinor !== undefined && worthMinor > beforeMinor) return "deeper_than_before";
  // Another cart may be larger, and be given as large a share, or smaller, and be given as much.
  if (letGo !== undefined && worthMinor > letGo.faceValueMinor && depthBp > letGo.depthBp) return "deeper_than_before";
  return refused?.campaignIds.includes(campaign.campaignId) === true ? "refused_before" : undefined;
}

/** Face value of the newest incentive offered for the same cart within a day; undefined if there was none. */
function offeredBefore({ decisionState, cartDigest, nowMs, policy }: Situation): number | undefined {
  const grant = decisionState.history.findLast(
    ({ cartDigest: digest, atMs, campaignId }) =>
      digest === cartDigest && atMs > nowMs - SAME_CART_MS && !policy.entitlements.has(campaignId),
  );
  return grant?.faceValueMinor;
}

/** What was offered and not used. */
type LetGo = Required<Pick<Grant, "faceValueMinor" | "depthBp">>;

/** The newest incentive of the time that the policy says, if nothing was ordered since; undefined if there is none. By earlier rules it bound nothing. */
function letGoBefore({ decisionState, nowMs, policy, earlierRules }: Situation): LetGo | undefined {
  if (earlierRules !== undefined) return undefined;
  const grant = decisionState.history.findLast(({ campaignId }) => !policy.entitlements.has(campaignId));
  if (grant?.depthBp === undefined || grant.atMs <= nowMs - policy.guardrails.noEscalationMs) return undefined;
  const hasOrdered = decisionState.orders.some((orderMs) => orderMs >= grant.atMs);
  return hasOrdered ? undefined : { faceValueMinor: grant.faceValueMinor, depthBp: grant.depthBp };
}

/** What this episode has answered none about, while the cart has not grown. What was found with the help of data that may no longer be looked at does not count. */
function refusedBefore({ decisionState, goodsMinor, consent }: Situation): Refused | undefined {
  const refused = decisionState.episode?.refused;
  if (refused === undefined || goodsMinor * 10_000 > refused.goodsMinor * GROWN_BP) return undefined;
  return isStillAgreed(refused.consent ?? [], consent) ? refused : undefined;
}

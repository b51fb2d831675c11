import { DAY_MS, isStillAgreed } from "@leastwise/vocabulary";
import type { CompiledCampaign } from "../policy/compile.js";
import type { BlockReason } from "../reasons.js";
import type { Situation } from "../situation.js";
import type { Grant } from "../state/decision-state.js";
import type { LadderRung } from "./ladder.js";

/** How long a subject is not offered more for the same cart than before. */
const SAME_CART_MS = DAY_MS;
/** What a cart must have grown by, after an answer of none, to be another one: a quarter. */
const GROWN_BP = 12_500;
/** Time after an offer to who left a cart in which no other is made, where the policy does not say. */
const AGAIN_AFTER_DEFAULT_MS = 30 * DAY_MS;

/**
 * Waiting, leaving and coming back, or changing the cart a little must not pay. A rung is blocked by a smaller offer that was made for the same cart within a
 * day; by one that was both smaller and a lesser share of the goods, of the time that the policy says, since which the shopper did not order; where this episode has
 * answered none, though the campaign could have been given, until the cart has grown; and, of campaigns for who left a cart, by an answer of this
 * episode, or by having been brought back a short while ago. What is owed neither bounds nor is bound, and a markdown goes by its goods. By earlier rules only the first held.
 */
export function escalationStep(situation: Situation, rungs: readonly LadderRung[]): void {
  const before = offeredBefore(situation);
  if (situation.earlierRules !== undefined) {
    if (before !== undefined) for (const rung of rungs) rung.blockedBy ??= moreThanBefore(rung, before);
    return;
  }
  const letGo = letGoBefore(situation);
  let of: { campaign: CompiledCampaign; blocked: BlockReason | undefined } | undefined;
  for (const rung of rungs) {
    if (of?.campaign !== rung.campaign) of = { campaign: rung.campaign, blocked: blockOf(situation, rung.campaign) };
    rung.blockedBy ??= moreThanBefore(rung, before) ?? moreThanLetGo(rung, letGo) ?? of.blocked;
  }
}

function moreThanBefore({ worthMinor }: LadderRung, beforeMinor: number | undefined): BlockReason | undefined {
  return beforeMinor !== undefined && worthMinor > beforeMinor ? "deeper_than_before" : undefined;
}

/** Another cart may be larger, and be given as large a share, or smaller, and be given as much. */
function moreThanLetGo(
  { campaign, worthMinor, depthBp }: LadderRung,
  letGo: readonly LetGo[],
): BlockReason | undefined {
  if (letGo.length === 0 || campaign.approach.kind === "dynamic") return undefined;
  const isMore = letGo.some((offered) => worthMinor > offered.faceValueMinor && depthBp > offered.depthBp);
  return isMore ? "deeper_than_before" : undefined;
}

/** What is the same for all rungs of a campaign. */
function blockOf(situation: Situation, campaign: CompiledCampaign): BlockReason | undefined {
  return isRefused(situation, campaign) ? "refused_before" : recoveryBlock(situation, campaign);
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
type LetGo = Grant & Required<Pick<Grant, "depthBp">>;

/**
 * The incentives of the time that the policy says, if nothing was bought since: an order of which nobody has told yet shows in an offer that was used. What was found
 * with the help of data that may no longer be looked at does not count.
 */
function letGoBefore({ decisionState, nowMs, policy, consent }: Situation): readonly LetGo[] {
  const { history, orders } = decisionState;
  const sinceMs = nowMs - policy.guardrails.noEscalationMs;
  const boughtMs = Math.max(orders.at(-1) ?? 0, history.findLast(isUsed)?.atMs ?? 0);
  return history.filter(
    (grant): grant is LetGo =>
      grant.atMs > sinceMs &&
      grant.atMs > boughtMs &&
      grant.depthBp !== undefined &&
      !policy.entitlements.has(grant.campaignId) &&
      !policy.markdowns.has(grant.campaignId) &&
      isStillAgreed(grant.consent ?? [], consent),
  );
}

function isUsed({ ended, costMinor }: Grant): boolean {
  return ended && costMinor > 0;
}

/** True if this episode has answered none about the campaign, though it could have been given, and the cart has not grown since. */
function isRefused({ decisionState, goodsMinor, consent }: Situation, { campaignId }: CompiledCampaign): boolean {
  const refused = decisionState.episode?.refused?.find((one) => one.campaignId === campaignId);
  if (refused === undefined || goodsMinor * 10_000 > refused.goodsMinor * GROWN_BP) return false;
  return isStillAgreed(refused.consent ?? [], consent);
}

/**
 * Leaving a cart must not become a way to shop: who was given or refused something in this episode is not answered better for having left, and who was brought back is
 * not brought back again at once. Both go by what was answered and given, as caps do.
 */
function recoveryBlock(
  { decisionState, policy, nowMs }: Situation,
  { campaignId, approach }: CompiledCampaign,
): BlockReason | undefined {
  if (approach.kind !== "propensity" || !policy.recoveries.has(campaignId)) return undefined;
  const { episode, history } = decisionState;
  const wasAnswered =
    episode !== undefined &&
    (episode.refused !== undefined || history.some(({ episodeId }) => episodeId === episode.id));
  if (wasAnswered) return "answered_before_left";
  const sinceMs = nowMs - (approach.againAfterMs ?? AGAIN_AFTER_DEFAULT_MS);
  const wasRecovered = history.some((grant) => grant.atMs > sinceMs && policy.recoveries.has(grant.campaignId));
  return wasRecovered ? "recovered_before" : undefined;
}

import { mintCode, type Incentive } from "@leastwise/offers";
import { bucketOf, type Millis } from "@leastwise/vocabulary";
import { offerIdOf } from "../digests.js";
import type { CompiledCampaign } from "../policy/compile.js";
import type { Situation } from "../situation.js";
import type { IssuedOffer } from "../state/decision-state.js";

/** Issues an incentive of a campaign to the subject: good from now for the campaign's time to live. */
export function issueOffer(
  situation: Situation,
  { campaignId, offerTtlMs }: CompiledCampaign,
  incentive: Incentive,
  faceValueMinor: number,
): IssuedOffer {
  const { decisionId, subject, nowMs, cart, codeKey } = situation;
  const offerId = offerIdOf(decisionId, campaignId);
  return {
    offerId,
    code: mintCode({ offerId, bucket: bucketOf(subject), keyVersion: codeKey.version, secretKey: codeKey.secret }),
    campaignId,
    incentive,
    currency: cart.currency,
    faceValueMinor,
    issuedAtMs: nowMs,
    expiresAtMs: (nowMs + offerTtlMs) as Millis,
  };
}

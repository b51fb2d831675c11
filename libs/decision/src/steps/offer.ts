import { mintCode, wantedMinor, type Incentive } from "@leastwise/offers";
import { bucketOf, type Millis } from "@leastwise/vocabulary";
import { offerIdOf } from "../digests.js";
import type { CompiledCampaign } from "../policy/compile.js";
import type { Situation } from "../situation.js";
import type { IssuedOffer } from "../state/decision-state.js";

/** What is granted, and what would be if nothing shortened it; absent: as much. */
export interface Granted {
  readonly incentive: Incentive;
  readonly worthMinor: number;
  readonly wantedMinor?: number | undefined;
}

/** What an incentive would be worth on this cart if nothing shortened it; undefined: as much as it is. */
export function wantedOf(
  { cart, rows, policy }: Situation,
  incentive: Incentive,
  worthMinor: number,
): number | undefined {
  return wantedMinor(incentive, worthMinor, { cart, rows, rounding: policy.rounding });
}

/** Issues an incentive of a campaign to the subject: good from now for the campaign's time to live. */
export function issueOffer(
  situation: Situation,
  campaign: CompiledCampaign,
  { incentive, worthMinor, wantedMinor }: Granted,
): IssuedOffer {
  const { campaignId } = campaign;
  const { decisionId, subject, nowMs, cart, codeKey } = situation;
  const offerId = offerIdOf(decisionId, campaignId);
  return {
    offerId,
    code: mintCode({ offerId, bucket: bucketOf(subject), keyVersion: codeKey.version, secretKey: codeKey.secret }),
    campaignId,
    incentive,
    currency: cart.currency,
    faceValueMinor: worthMinor,
    ...(wantedMinor === undefined ? {} : { wantedMinor }),
    issuedAtMs: nowMs,
    expiresAtMs: offerEndMs(situation, campaign),
  };
}

/** An offer that was issued before, on the cart that is asked about: it is worth what this cart makes of it, and stays what it was. */
export function offerOnCart(situation: Situation, offer: IssuedOffer, worthMinor: number): IssuedOffer {
  const { offerId, code, campaignId, incentive, currency, issuedAtMs, expiresAtMs } = offer;
  const wantedMinor = wantedOf(situation, incentive, worthMinor);
  return {
    ...{ offerId, code, campaignId, incentive, currency, issuedAtMs, expiresAtMs },
    faceValueMinor: worthMinor,
    ...(wantedMinor === undefined ? {} : { wantedMinor }),
  };
}

/** First instant at which an offer of the campaign that is issued now has run out. */
export function offerEndMs({ nowMs }: Situation, { offerTtlMs }: CompiledCampaign): Millis {
  return (nowMs + offerTtlMs) as Millis;
}

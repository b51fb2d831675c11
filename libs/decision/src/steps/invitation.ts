import type { CompiledCampaign } from "../policy/compile.js";
import type { Situation } from "../situation.js";
import { EXCHANGES_MAX, type ConsentExchange, type IssuedOffer } from "../state/decision-state.js";
import type { Applying } from "./applying.js";
import { wasGiven } from "./exchange.js";
import { sayExchange } from "./exchange-words.js";
import { wantedOf } from "./offer.js";
import { owedStep, type Owed } from "./owed.js";

/**
 * What the shopper may be asked to agree to in exchange for an offer: of the exchanges that were never answered the one worth most on this cart, by priority on a tie,
 * if it could be given now and is worth more than what the shopper gets anyway. It is compared with what the answer shows, so that it says nothing of what
 * was withheld. Undefined: nothing. In a replay nobody is asked.
 */
export function invitationStep(
  situation: Situation,
  { eligibility, owed }: Applying,
  shown: IssuedOffer | undefined,
): ConsentExchange | undefined {
  if (eligibility.unaccepted.length === 0 || situation.observeOnly) return undefined;
  const asked = eligibility.unaccepted.filter(({ campaign }) => mayBeAsked(situation, campaign));
  const best = owedStep(situation, asked).owed;
  const anywayMinor = Math.max(shown?.faceValueMinor ?? 0, owed?.appraisal.worthMinor ?? 0);
  if (best === undefined || best.appraisal.worthMinor <= anywayMinor) return undefined;
  return invitationOf(situation, best);
}

function invitationOf(situation: Situation, { campaign, incentive, appraisal }: Owed): ConsentExchange | undefined {
  const { campaignId, exchange } = campaign;
  if (exchange === undefined) return undefined;
  const { cart, consent } = situation;
  const { worthMinor } = appraisal;
  const purposes = exchange.purposes.filter((purpose) => !consent.includes(purpose));
  const wantedMinor = wantedOf(situation, incentive, worthMinor);
  const told = { incentive, currency: cart.currency, faceValueMinor: worthMinor };
  const words = sayExchange(situation, exchange, purposes, wantedMinor === undefined ? told : { ...told, wantedMinor });
  return { campaignId, purposes, incentive, currency: cart.currency, worthMinor, words };
}

/** Once and for ever once: also not who was given an offer of the campaign, to whom nothing could be promised, nor whose answer could not be kept. */
function mayBeAsked(situation: Situation, { campaignId, exchange }: CompiledCampaign): boolean {
  const { exchanges = [], consent } = situation;
  return (
    exchanges.length < EXCHANGES_MAX &&
    !exchanges.some((answer) => answer.campaignId === campaignId) &&
    exchange?.purposes.some((purpose) => !consent.includes(purpose)) === true &&
    !wasGiven(situation, campaignId)
  );
}

import { DAY_MS, type Millis } from "@leastwise/vocabulary";
import type { Decision } from "../decision.js";
import {
  HISTORY_MAX,
  OPEN_MAX,
  RECENT_MAX,
  type Answer,
  type DecisionState,
  type Episode,
  type Grant,
  type IssuedOffer,
  type OpenOffer,
  type RungRef,
} from "./decision-state.js";

/** What of a decision moves the state: all of it stands on the decision's record. */
export type DecisionFacts = Pick<
  Decision,
  | "decisionId"
  | "decidedAtMs"
  | "caller"
  | "requestId"
  | "cart"
  | "cartDigest"
  | "enrolments"
  | "episodeId"
  | "continued"
  | "candidates"
  | "chosen"
  | "exploit"
  | "draw"
  | "propensity"
  | "ghost"
  | "observeOnly"
  | "offer"
  | "reason"
  | "freshness"
  | "degradedReason"
  | "policyVersion"
  | "message"
  | "personalDataUsed"
  | "validUntilMs"
>;

/** What moves a subject's state: decisions, and what became of offers and orders. */
export type StateEvent =
  | { readonly kind: "decided"; readonly decision: DecisionFacts }
  | { readonly kind: "redeemed"; readonly offerId: string; readonly atMs: Millis; readonly discountMinor: number }
  | { readonly kind: "expired"; readonly offerId: string; readonly atMs: Millis }
  | { readonly kind: "ordered"; readonly atMs: Millis };

/** How long grants count against caps at the most. */
const HISTORY_SPAN_MS = 366 * DAY_MS;
/** How long an answer is repeated to the same caller and request id. */
export const REPEAT_SPAN_MS = DAY_MS;
/** The longest life of an offer. */
const OFFER_TTL_MAX_MS = 90 * DAY_MS;

/** The state after an event. Folding a subject's events in their order gives the same state as deciding live did. */
export function evolve(state: DecisionState, event: StateEvent): DecisionState {
  switch (event.kind) {
    case "decided":
      return afterDecision(state, event.decision);
    case "redeemed":
      return afterOfferEnd(state, event.offerId, event.discountMinor);
    case "expired":
      return afterOfferEnd(state, event.offerId, 0);
    case "ordered":
      return afterOrder(state, event.atMs);
  }
}

/** What the checkout is told of a decision. */
export function answerOf(decision: DecisionFacts): Answer {
  return {
    decisionId: decision.decisionId,
    ...(decision.offer === undefined ? {} : { offer: decision.offer }),
    message: decision.message,
    freshness: decision.freshness,
    degradedReason: decision.degradedReason,
    policyVersion: decision.policyVersion,
    personalDataUsed: decision.personalDataUsed,
    validUntilMs: decision.validUntilMs,
  };
}

function afterDecision(state: DecisionState, decision: DecisionFacts): DecisionState {
  const nowMs = decision.decidedAtMs;
  const grants = newGrants(state, decision);
  const fresh = new Set(grants.map(({ open }) => open.campaignId));
  const open = state.open.filter((offer) => isAlive(offer, nowMs) && !fresh.has(offer.campaignId));
  const history = state.history.filter((grant) => grant.atMs > nowMs - HISTORY_SPAN_MS);
  const recent = state.recent.filter((answer) => answer.atMs > nowMs - REPEAT_SPAN_MS);
  const opensNone = decision.episodeId === "" || isContinuedAnswer(decision);
  const episode = opensNone ? state.episode : episodeAfter(state.episode, decision);
  return {
    enrolments: enrolmentsAfter(state, decision),
    ...(episode === undefined ? {} : { episode }),
    open: [...open, ...grants.map((grant) => grant.open)].slice(-OPEN_MAX),
    history: [...history, ...grants.map((grant) => grant.grant)].slice(-HISTORY_MAX),
    recent: [
      ...recent,
      {
        caller: decision.caller,
        requestId: decision.requestId,
        cartDigest: decision.cartDigest,
        episodeId: decision.episodeId,
        atMs: nowMs,
        answer: answerOf(decision),
      },
    ].slice(-RECENT_MAX),
  };
}

function enrolmentsAfter(state: DecisionState, decision: DecisionFacts): DecisionState["enrolments"] {
  const added = decision.enrolments.filter(
    ({ first, experimentId }) => first && !state.enrolments.some((known) => known.experimentId === experimentId),
  );
  if (added.length === 0) return state.enrolments;
  return [
    ...state.enrolments,
    ...added.map(({ experimentId, arm, enrolledAtMs, holdoutBp }) => ({ experimentId, arm, enrolledAtMs, holdoutBp })),
  ];
}

function episodeAfter(before: Episode | undefined, decision: DecisionFacts): Episode {
  const exploited = decision.candidates[decision.exploit];
  const exploit: RungRef = { campaignId: exploited?.campaignId ?? "", rung: exploited?.rung ?? 0 };
  if (before?.id === decision.episodeId) return { ...before, exploit };
  return {
    id: decision.episodeId,
    openedAtMs: decision.decidedAtMs,
    endsAtMs: decision.validUntilMs,
    draw: decision.draw,
    propensity: decision.propensity,
    exploit,
  };
}

/** An answer that honours what was given before, or repeats a none: it neither draws nor opens an episode. */
function isContinuedAnswer({ reason }: DecisionFacts): boolean {
  return reason === "offer_outstanding" || reason === "answer_stands";
}

/**
 * What the decision newly gave: an offer that is not known yet, and for a ghost what it would have given. A held-out subject may
 * be given what it is owed while its incentive is outstanding.
 */
function newGrants(state: DecisionState, decision: DecisionFacts): { open: OpenOffer; grant: Grant }[] {
  const chosen = decision.candidates[decision.chosen];
  const grants: { open: OpenOffer; grant: Grant }[] = [];
  const add = (offer: IssuedOffer, ref: RungRef, worstCostMinor: number, withheld: boolean): void => {
    if (state.open.some((known) => known.offer.offerId === offer.offerId)) return;
    grants.push(newGrant(decision, offer, ref, worstCostMinor, withheld));
  };
  const isWithheld = !isContinuedAnswer(decision) && (decision.ghost || decision.observeOnly) && decision.chosen > 0;
  if (isWithheld && chosen?.incentive !== undefined) add(withheldOffer(decision), chosen, chosen.worstCostMinor, true);
  const { offer } = decision;
  if (offer !== undefined && offer.issuedAtMs === decision.decidedAtMs) {
    const isChosen = chosen !== undefined && offer.campaignId === chosen.campaignId;
    const baseline = decision.candidates[0];
    if (isChosen) add(offer, chosen, chosen.worstCostMinor, false);
    else add(offer, { campaignId: offer.campaignId, rung: 0 }, baseline?.worstCostMinor ?? offer.faceValueMinor, false);
  }
  return grants;
}

function newGrant(
  decision: DecisionFacts,
  offer: IssuedOffer,
  ref: RungRef,
  worstCostMinor: number,
  withheld: boolean,
): { open: OpenOffer; grant: Grant } {
  const { episodeId, draw, propensity, decidedAtMs, cartDigest } = decision;
  return {
    open: { campaignId: ref.campaignId, rung: ref.rung, offer, worstCostMinor, withheld, episodeId, draw, propensity },
    grant: {
      offerId: offer.offerId,
      campaignId: ref.campaignId,
      atMs: decidedAtMs,
      costMinor: worstCostMinor,
      faceValueMinor: offer.faceValueMinor,
      cartDigest,
    },
  };
}

/** The offer that nobody was told of: it has no code, and lives as long as the campaign's offers do. */
function withheldOffer(decision: DecisionFacts): IssuedOffer {
  const chosen = decision.candidates[decision.chosen];
  if (chosen?.incentive === undefined) throw new Error("what is withheld has an incentive");
  return {
    offerId: `withheld-${decision.decisionId}`,
    code: "",
    campaignId: chosen.campaignId,
    incentive: chosen.incentive,
    currency: decision.cart.currency,
    faceValueMinor: chosen.faceValueMinor,
    issuedAtMs: decision.decidedAtMs,
    expiresAtMs: decision.validUntilMs,
  };
}

/** A withheld offer's end stands in its campaign, which the state does not know: it stays as long as any offer may. */
function isAlive({ offer, withheld }: OpenOffer, nowMs: number): boolean {
  return nowMs < (withheld ? offer.issuedAtMs + OFFER_TTL_MAX_MS : offer.expiresAtMs);
}

function afterOfferEnd(state: DecisionState, offerId: string, costMinor: number): DecisionState {
  const ended = state.open.find((open) => open.offer.offerId === offerId);
  const history = state.history.map((grant) => (grant.offerId === offerId ? { ...grant, costMinor } : grant));
  const { episode, ...rest } = state;
  const keeps = episode !== undefined && ended?.episodeId !== episode.id;
  return {
    ...rest,
    ...(keeps ? { episode } : {}),
    open: state.open.filter((open) => open.offer.offerId !== offerId),
    history,
  };
}

/**
 * An order ends the episode that was open when it was placed, and with it what a held-out subject would have used. What came later
 * stays: orders are told late, and all of them after the decisions when the state is folded anew.
 */
function afterOrder(state: DecisionState, atMs: number): DecisionState {
  const { episode, ...rest } = state;
  const keeps = episode !== undefined && episode.openedAtMs > atMs;
  const open = state.open.filter(({ withheld, offer }) => !withheld || offer.issuedAtMs > atMs);
  return { ...rest, ...(keeps ? { episode } : {}), open };
}

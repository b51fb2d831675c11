import { goodsMinor } from "@leastwise/offers";
import { isStillAgreed, DAY_MS, type Millis } from "@leastwise/vocabulary";
import type { Candidate, Decision } from "../decision.js";
import {
  EXCHANGES_MAX,
  ORDERS_MAX,
  RECENT_MAX,
  type Answer,
  type DecisionState,
  type Episode,
  type Grant,
  type IssuedOffer,
  type OpenOffer,
  type Refused,
  type RungRef,
  type WithheldLife,
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
  | "withheldUntilMs"
  | "lastOrderMs"
  | "reason"
  | "freshness"
  | "degradedReason"
  | "policyVersion"
  | "policyPrices"
  | "message"
  | "personalDataUsed"
  | "personalDataClasses"
  | "disclosure"
  | "classFreshness"
  | "consentExchange"
  | "consent"
  | "validUntilMs"
>;

/** What moves a subject's state: decisions, and what became of offers and orders. */
export type StateEvent =
  | { readonly kind: "decided"; readonly decision: DecisionFacts }
  | { readonly kind: "redeemed"; readonly offerId: string; readonly costMinor: number }
  | { readonly kind: "expired"; readonly offerId: string }
  /** `atMs`: when it was placed, and never after it was received. A browser's clock may be ahead of the one that decisions are made under. */
  | { readonly kind: "ordered"; readonly atMs: Millis };

/** How long grants count against caps at the most, and orders are remembered. */
const HISTORY_SPAN_MS = 366 * DAY_MS;
/** How long an answer is repeated to the same caller and request id. */
export const REPEAT_SPAN_MS = DAY_MS;

/**
 * The state after an event. Decisions, orders and what happens to offers each move parts of it that the others leave alone, or that do
 * not mind the order. So a fold of all decisions, then of what became of their offers, then of all orders, as a start reads them from three
 * topics, gives the state that deciding live left. A decision that was folded changes nothing.
 */
export function evolve(state: DecisionState, event: StateEvent): DecisionState {
  switch (event.kind) {
    case "decided":
      return afterDecision(state, event.decision);
    case "redeemed":
      return afterOfferEnd(state, event.offerId, event.costMinor);
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
    ...(decision.personalDataClasses.length > 0 && { personalDataClasses: decision.personalDataClasses }),
    ...(decision.disclosure !== "" && { disclosure: decision.disclosure }),
    ...(decision.consentExchange !== undefined && { consentExchange: decision.consentExchange }),
    ...(decision.classFreshness.length > 0 && { classFreshness: decision.classFreshness }),
    validUntilMs: decision.validUntilMs,
  };
}

function afterDecision(state: DecisionState, decision: DecisionFacts): DecisionState {
  if (state.recent.some(({ answer }) => answer.decisionId === decision.decisionId)) return state;
  const nowMs = decision.decidedAtMs;
  const grants = newGrants(state, decision);
  const fresh = new Set(grants.map(({ open }) => open.campaignId));
  const open = state.open.filter((offer) => mayBeOpen(offer, nowMs) && !fresh.has(offer.campaignId));
  const history = state.history.filter((grant) => grant.atMs > nowMs - HISTORY_SPAN_MS);
  const recent = state.recent.filter((answer) => answer.atMs > nowMs - REPEAT_SPAN_MS);
  const episode = opensNone(decision) ? state.episode : episodeAfter(state.episode, decision);
  const invited = invitedAfter(state.invited, decision);
  return {
    ...state,
    ...(invited === undefined ? {} : { invited }),
    enrolments: enrolmentsAfter(state, decision),
    ...(episode === undefined ? {} : { episode }),
    open: [...open, ...grants.map((grant) => grant.open)],
    history: [...history, ...grants.map((grant) => grant.grant)],
    recent: [
      ...recent,
      {
        caller: decision.caller,
        requestId: decision.requestId,
        cartDigest: decision.cartDigest,
        episodeId: decision.episodeId,
        atMs: nowMs,
        answer: answerOf(decision),
        ...(decision.personalDataUsed && decision.offer === undefined && { consent: decision.consent }),
      },
    ].slice(-RECENT_MAX),
  };
}

function invitedAfter(
  before: DecisionState["invited"],
  { consentExchange, decidedAtMs }: DecisionFacts,
): DecisionState["invited"] {
  if (consentExchange === undefined) return before;
  const { campaignId, incentive } = consentExchange;
  const others = (before ?? []).filter(
    (one) => one.campaignId !== campaignId && one.atMs > decidedAtMs - HISTORY_SPAN_MS,
  );
  return [...others, { campaignId, incentive, atMs: decidedAtMs }].slice(-EXCHANGES_MAX);
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
  const refused = refusedAfter(before?.id === decision.episodeId ? before.refused : undefined, decision);
  const found = {
    exploit,
    ...(refused === undefined ? {} : { refused }),
    ...(decision.personalDataUsed && { exploitConsent: decision.consent }),
  };
  if (before?.id === decision.episodeId) {
    const { id, ordersFromMs, endsAtMs, draw, propensity } = before;
    return { id, ordersFromMs, endsAtMs, draw, propensity, ...found };
  }
  return {
    id: decision.episodeId,
    ordersFromMs: ordersFromMs(decision),
    endsAtMs: decision.validUntilMs,
    draw: decision.draw,
    propensity: decision.propensity,
    ...found,
  };
}

/**
 * What the episode has answered none about by now: chance that fell on none counts, and so does a none that is shown while something owed is given. What
 * was found with the help of data that may no longer be looked at is forgotten.
 */
function refusedAfter(
  before: readonly Refused[] = [],
  { candidates, chosen, cart, consent, personalDataUsed }: DecisionFacts,
): readonly Refused[] | undefined {
  const kept = new Map(
    before.filter((one) => isStillAgreed(one.consent ?? [], consent)).map((one) => [one.campaignId, one]),
  );
  const found = new Set<string>();
  let ofCartMinor: number | undefined;
  for (const { campaignId, rung, blockedBy } of chosen === 0 ? candidates : []) {
    if (rung === 0 || blockedBy !== "" || found.has(campaignId)) continue;
    found.add(campaignId);
    ofCartMinor ??= goodsMinor(cart);
    const known = kept.get(campaignId);
    kept.set(campaignId, {
      campaignId,
      goodsMinor: Math.max(known?.goodsMinor ?? 0, ofCartMinor),
      ...(personalDataUsed ? { consent } : known?.consent && { consent: known.consent }),
    });
  }
  return kept.size === 0 ? undefined : [...kept.values()];
}

/** An answer that honours what was given before, repeats a none, is the safe one or does not stand neither draws nor opens an episode. */
function opensNone({ episodeId, reason, freshness, decidedAtMs, validUntilMs }: DecisionFacts): boolean {
  return (
    episodeId === "" ||
    validUntilMs <= decidedAtMs ||
    reason === "offer_outstanding" ||
    reason === "answer_stands" ||
    freshness === "degraded"
  );
}

/** Orders from this instant on came after the decision. One that it knew of may bear its own instant: clocks stand still, and differ. */
function ordersFromMs({ decidedAtMs, lastOrderMs }: DecisionFacts): Millis {
  return Math.max(decidedAtMs, lastOrderMs + 1) as Millis;
}

/** A rung with its depth, where it was weighed. */
type GivenRung = RungRef & Partial<Pick<Candidate, "depthBp">>;

/**
 * What the decision newly gave: an offer that is not known yet, and for a ghost what it would have given. A held-out subject may
 * be given what it is owed while its incentive is outstanding.
 */
function newGrants(state: DecisionState, decision: DecisionFacts): { open: OpenOffer; grant: Grant }[] {
  const chosen = decision.candidates[decision.chosen];
  const grants: { open: OpenOffer; grant: Grant }[] = [];
  const add = (offer: IssuedOffer, ref: GivenRung, worstCostMinor: number, withheld?: WithheldLife): void => {
    if (state.history.some((known) => known.offerId === offer.offerId)) return;
    grants.push(newGrant(decision, offer, ref, worstCostMinor, withheld));
  };
  const withheld = withheldOffer(decision);
  if (withheld !== undefined && chosen !== undefined)
    add(withheld, chosen, chosen.worstCostMinor, {
      ordersFromMs: ordersFromMs(decision),
      expiresAtMs: withheld.expiresAtMs,
    });
  const { offer } = decision;
  if (offer !== undefined && offer.issuedAtMs === decision.decidedAtMs) {
    const isChosen = chosen !== undefined && offer.campaignId === chosen.campaignId;
    const baseline = decision.candidates[0];
    if (isChosen) add(offer, chosen, chosen.worstCostMinor);
    else add(offer, { campaignId: offer.campaignId, rung: 0 }, baseline?.worstCostMinor ?? offer.faceValueMinor);
  }
  return grants;
}

function newGrant(
  decision: DecisionFacts,
  offer: IssuedOffer,
  ref: GivenRung,
  worstCostMinor: number,
  withheld: WithheldLife | undefined,
): { open: OpenOffer; grant: Grant } {
  const { episodeId, draw, propensity, decidedAtMs, cartDigest, policyPrices } = decision;
  return {
    open: {
      ...{ campaignId: ref.campaignId, rung: ref.rung, offer, worstCostMinor, withheld: withheld !== undefined },
      ...{ episodeId, draw, propensity },
      ...(policyPrices === undefined ? {} : { prices: policyPrices }),
      ...(saysClasses(decision) && { personalDataClasses: decision.personalDataClasses }),
    },
    grant: {
      offerId: offer.offerId,
      campaignId: ref.campaignId,
      atMs: decidedAtMs,
      costMinor: worstCostMinor,
      faceValueMinor: offer.faceValueMinor,
      ...(ref.depthBp === undefined ? {} : { depthBp: ref.depthBp }),
      ...(decision.personalDataUsed && { consent: decision.consent }),
      cartDigest,
      episodeId,
      ended: false,
      ...(withheld === undefined ? {} : { withheld }),
    },
  };
}

/** False of a decision from before it was said which classes of data moved it. */
function saysClasses({ personalDataUsed, personalDataClasses }: DecisionFacts): boolean {
  return personalDataUsed === personalDataClasses.length > 0;
}

/** The offer that nobody was told of: it has no code, and lives as long as the campaign's offers do. Undefined: none was withheld. */
function withheldOffer(decision: DecisionFacts): IssuedOffer | undefined {
  const chosen = decision.candidates[decision.chosen];
  if (chosen?.incentive === undefined || decision.withheldUntilMs === 0) return undefined;
  return {
    offerId: `withheld-${decision.decisionId}`,
    code: "",
    campaignId: chosen.campaignId,
    incentive: chosen.incentive,
    currency: decision.cart.currency,
    faceValueMinor: chosen.faceValueMinor,
    ...(chosen.wantedMinor === undefined ? {} : { wantedMinor: chosen.wantedMinor }),
    issuedAtMs: decision.decidedAtMs,
    expiresAtMs: decision.withheldUntilMs,
  };
}

/** The ledger says when an offer that was given has ended; of one that was withheld nobody does. */
function mayBeOpen({ offer, withheld }: OpenOffer, nowMs: number): boolean {
  return !withheld || nowMs < offer.expiresAtMs;
}

function afterOfferEnd(state: DecisionState, offerId: string, costMinor: number): DecisionState {
  return {
    ...state,
    open: state.open.filter(({ offer }) => offer.offerId !== offerId),
    history: state.history.map((grant) => (grant.offerId === offerId ? { ...grant, costMinor, ended: true } : grant)),
  };
}

/** The order's instant is kept, and what it ends is asked where the state is looked at. Orders of one instant are kept one after the other. */
function afterOrder(state: DecisionState, atMs: Millis): DecisionState {
  let ownMs = atMs;
  while (state.orders.includes(ownMs)) ownMs = (ownMs + 1) as Millis;
  const orders = [...state.orders, ownMs].sort((a, b) => a - b);
  const newestMs = orders.at(-1) ?? ownMs;
  return { ...state, orders: orders.filter((order) => order > newestMs - HISTORY_SPAN_MS).slice(-ORDERS_MAX) };
}

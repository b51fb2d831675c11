import { answerToWire, knownOfferOf, type OfferTokens, type wire } from "@leastwise/contracts";
import {
  answerOf,
  degradedDecision,
  EMPTY_STATE,
  type Answer,
  type DecisionState,
  type DegradedReason,
  type FeatureVector,
  type OpenOffer,
} from "@leastwise/decision";
import { offerSubject, type OfferSubjects } from "@leastwise/ledger";
import type { Telemetry } from "@leastwise/telemetry";
import type { AssignmentKey, SubjectId } from "@leastwise/vocabulary";
import type { DecideCall } from "./decide-request.js";

/** What is needed to take a shopper's token for the offer that it is. */
export interface TokenReaders extends OfferSubjects {
  readonly tokens: OfferTokens;
  readonly telemetry: Pick<Telemetry, "metrics">;
}

/** An offer that a call knows by its token. */
export interface ShownOffer {
  /** As a subject's state has it. */
  readonly open: OpenOffer;
  /** As it came: it says whose it is and what was promised. */
  readonly token: string;
}

/**
 * The offer that the call's token stands for, as a subject's state has it; undefined: there is no token, or none that can be read, counted by why, its
 * offer is over, or it is another shopper's. A checkout does not go without an answer for its token.
 */
export function tokenOffer(
  readers: TokenReaders,
  { offerToken, ids }: Pick<DecideCall, "offerToken" | "ids">,
): ShownOffer | undefined {
  if (offerToken === "") return undefined;
  const { metrics } = readers.telemetry;
  const read = readers.tokens.read(offerToken, "offer_token");
  const offer = read.ok ? knownOfferOf(read.value.offer) : undefined;
  const outcome = read.ok ? (offer === undefined ? "offer_unknown" : "read") : read.error.reason;
  metrics.offerTokens.with({ outcome }).add();
  if (!read.ok || offer === undefined) return undefined;
  const issued = { subject: read.value.subject, issuedAtMs: offer.issuedAtMs };
  const isTheirs = offerSubject(readers, ids, issued) === issued.subject;
  if (!isTheirs || readers.clock.nowMs() >= offer.expiresAtMs) return undefined;
  const open = {
    ...{ campaignId: offer.campaignId, offer, withheld: false },
    // The ledger knows the rest. Nothing here promises more than was shown, and no record is made of it.
    ...{ rung: 1, worstCostMinor: offer.faceValueMinor, episodeId: "", draw: 0, propensity: 1 },
  };
  return { open, token: offerToken };
}

/** A state with an offer in it that no ledger here has heard of. */
export function withShown(state: DecisionState, shown: ShownOffer | undefined): DecisionState {
  return shown === undefined ? state : { ...state, open: [...state.open, shown.open] };
}

/**
 * What is answered where nothing is known but the call itself, as while the log is read: the offer of its token is honoured, else none. No record is made of
 * it, so that it has no decision.
 */
export function answerByToken(readers: TokenReaders, call: DecideCall, reason: DegradedReason): wire.DecideResponse {
  const shown = tokenOffer(readers, call);
  const { hasher, clock } = readers;
  const subject = hasher.of(call.ids);
  const outcome = degradedDecision(
    {
      cause: { caller: call.caller, requestId: "", sessionId: call.sessionId },
      ...{ subject, assignmentKey: subject as string as AssignmentKey, nowMs: clock.nowMs(), clock: "wall" },
      ...{ cart: call.cart, channel: call.channel, device: call.device, place: call.place, language: call.language },
      ...{ features: NO_FEATURES, consent: [], partnerSegments: [], proposedClass: "", catalog: [] },
      decisionState: withShown(EMPTY_STATE, shown),
      ...{ budgets: {}, explorationSpentMinor: {}, decisionsPerRung: {}, realisedMargins: {}, offersLeft: {} },
      ...{ killSwitch: true, observeOnly: true, freshness: "fresh", codeKey: NO_KEY },
    },
    reason,
  );
  if (outcome.kind === "repeated") throw new Error("nothing was answered before");
  const answer = { ...answerOf(outcome.decision), decisionId: "" };
  return tokenedAnswer(readers.tokens, subject, answer, 0, shown);
}

const NO_FEATURES: FeatureVector = { catalogue: "", values: [], texts: {}, asOfOffset: -1, partition: 0 };
/** Nothing is minted: nothing new is given. */
const NO_KEY = { secret: { k0: 0n, k1: 0n }, version: 0 };

/**
 * The answer on the wire, its offer with its token.
 *
 * @param shown what the call knows by a token: if that is the offer of the answer, it keeps that token
 */
export function tokenedAnswer(
  tokens: OfferTokens,
  subject: SubjectId,
  answer: Answer,
  staleMs: number,
  shown?: ShownOffer,
): wire.DecideResponse {
  const told = answerToWire(answer, staleMs);
  if (told.offer === undefined) return told;
  const token = told.offer.offerId === shown?.open.offer.offerId ? shown.token : tokens.mint(told.offer, subject);
  return { ...told, offer: { ...told.offer, token } };
}

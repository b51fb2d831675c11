import type { CurrencyCode, Millis, SubjectId } from "@leastwise/vocabulary";
import type { Cart } from "../cart.js";
import type { RedeemCommand } from "../commands/redeem.js";
import type { ReserveCommand } from "../commands/reserve.js";
import { evolve } from "../evolve.js";
import { UNKNOWN_OFFER, type OfferEvent, type OfferIssued, type OfferState, type OfferTerms } from "../offer.js";

export const EUR = "EUR" as CurrencyCode;
export const ISSUED_AT = 1_790_000_000_000;

/** A tenth off, of 10.00 EUR at most, for an hour. */
export const TERMS: OfferTerms = {
  offerId: "o1",
  code: "0000-0000-0000-0000",
  subject: "5f".repeat(16) as SubjectId,
  campaignId: "autumn",
  decisionId: "d1",
  incentive: { kind: "percent_off", percentBp: 1_000 },
  currency: EUR,
  faceValueMinor: 1_000,
  heldMinor: 1_000,
  issuedAtMs: ISSUED_AT as Millis,
  expiresAtMs: (ISSUED_AT + 3_600_000) as Millis,
};

/** So long after the issue. */
export const after = (ms: number): Millis => (ISSUED_AT + ms) as Millis;

export const issued = (changes: Partial<OfferTerms> = {}): OfferIssued => ({
  kind: "issued",
  terms: { ...TERMS, ...changes },
});

/** A cart of one unit a line, at these prices. */
export const cartOf = (...amounts: readonly number[]): Cart => ({
  currency: EUR,
  lines: amounts.map((unitPriceMinor, i) => ({ productId: `p${String(i)}`, quantity: 1, unitPriceMinor })),
  shippingMinor: 490,
});

/** Uses the offer for `order-1`, a second after its issue. */
export const redemption = (changes: Partial<RedeemCommand> = {}): RedeemCommand => ({
  subject: TERMS.subject,
  nowMs: after(1_000),
  cart: cartOf(7_000, 3_000),
  catalog: [],
  guardrails: { floorPriceBp: 0, maxDiscountBp: 10_000, marginFloorBp: -10_000, assumedMarginBp: 5_000 },
  named: { known: TERMS.subject, anonymous: undefined },
  orderId: "order-1",
  offerOnOrder: undefined,
  idempotencyKey: "k1",
  ...changes,
});

/** Holds the offer for `order-1`, a second after its issue. */
export const reservation = (changes: Partial<ReserveCommand> = {}): ReserveCommand => ({
  ...redemption({ idempotencyKey: "hold" }),
  ...changes,
});

/** The offer after all of these events, in their order. */
export const offerAfter = (events: readonly OfferEvent[]): OfferState =>
  events.reduce<OfferState>((state, event) => evolve(state, event), UNKNOWN_OFFER);

interface Taken {
  readonly events: readonly OfferEvent[];
}

type Outcome =
  { readonly ok: true; readonly value: Taken } | { readonly ok: false; readonly error: { reason: string } };

/** The events of an act that is taken; a refusal is a bug of the test. */
export function eventsOf(outcome: Outcome): readonly OfferEvent[] {
  if (!outcome.ok) throw new Error(outcome.error.reason);
  return outcome.value.events;
}

/** The offer after acts, each asked of what the ones before have left; all have to be taken. */
export function lived(first: OfferEvent, ...acts: readonly ((state: OfferState) => Outcome)[]): OfferState {
  return acts.reduce<OfferState>((state, act) => eventsOf(act(state)).reduce(evolve, state), offerAfter([first]));
}

/** What an act comes to in a word: `taken`, `replayed`, or the reason of its refusal. */
export function told(outcome: { readonly ok: true; readonly value: object } | Outcome): string {
  if (!outcome.ok) return outcome.error.reason;
  return "replayed" in outcome.value && outcome.value.replayed === true ? "replayed" : "taken";
}

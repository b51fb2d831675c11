import type { wire } from "@leastwise/contracts";
import type { Millis } from "@leastwise/vocabulary";
import type { Flaw } from "./network.js";

/** What Decide answered, as far as the shopper sees it. No offer where it failed, too: the checkout goes on without us. */
export interface DecideAnswer {
  readonly offer: Pick<wire.Offer, "code" | "faceValue"> | undefined;
}

/** What Redeem answered; undefined if it refused. */
export type RedeemAnswer = Pick<wire.RedeemResponse, "discount" | "shares"> | undefined;

/** An event arrives at the shop. It may have happened earlier: `event.occurredAtMs`. */
export interface EventStep {
  readonly kind: "event";
  /** The clock of the play when it arrives. */
  readonly atMs: Millis;
  readonly event: wire.Event;
  /** The reason under which the collector is to refuse it; undefined for a good one. */
  readonly flaw: Flaw | undefined;
}

/** A shopper stands at the checkout: Decide is to be asked. */
export interface DecideStep {
  readonly kind: "decide";
  readonly atMs: Millis;
  readonly request: wire.DecideRequest;
  /** Tells the shopper the answer. To be called once, before the next step. */
  readonly reply: (answer: DecideAnswer) => void;
}

/** A shopper who makes up their mind to buy uses the code. */
export interface RedeemStep {
  readonly kind: "redeem";
  readonly atMs: Millis;
  readonly request: wire.RedeemRequest;
  /** Tells the shopper the answer. To be called once, before the next step. Refused: they think again, without the offer. */
  readonly reply: (answer: RedeemAnswer) => void;
}

/** Goods are delivered: their rows of the catalog are to be put before the next step. */
export interface DeliveryStep {
  readonly kind: "delivery";
  readonly atMs: Millis;
  readonly products: readonly wire.Product[];
}

/** What the driver of the play does next; steps come in the order of `atMs`. */
export type Step = EventStep | DecideStep | RedeemStep | DeliveryStep;

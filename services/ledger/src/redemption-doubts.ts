import type { OfferRedeemed } from "@leastwise/offers";

interface Doubt {
  readonly event: OfferRedeemed;
  /** When it is over, Unix ms; infinite while the record is on its way. */
  readonly untilMs: number;
}

/**
 * Redemptions of which one cannot tell yet whether they stand on the log: on their way to it, or not acknowledged; one an offer. Meanwhile
 * the offer may be used, and the order may have its code.
 */
export class RedemptionDoubts {
  readonly #byOffer = new Map<string, Doubt>();
  readonly #offerByOrder = new Map<string, string>();

  /** It is on its way. From this call on, in the same turn, offer and order are taken. */
  send(event: OfferRedeemed): void {
    this.over(event.offerId);
    this.#byOffer.set(event.offerId, { event, untilMs: Number.POSITIVE_INFINITY });
    this.#offerByOrder.set(event.orderId, event.offerId);
  }

  /** The log did not acknowledge it. */
  doubt(event: OfferRedeemed, untilMs: number): void {
    if (this.#byOffer.has(event.offerId)) this.#byOffer.set(event.offerId, { event, untilMs });
  }

  /** One can tell, or it no longer matters. */
  over(offerId: string): void {
    const orderId = this.#byOffer.get(offerId)?.event.orderId;
    this.#byOffer.delete(offerId);
    if (orderId !== undefined && this.#offerByOrder.get(orderId) === offerId) this.#offerByOrder.delete(orderId);
  }

  /** The redemption of the offer that may stand on the log. */
  of(offerId: string, nowMs: number): OfferRedeemed | undefined {
    const doubt = this.#byOffer.get(offerId);
    return doubt !== undefined && nowMs < doubt.untilMs ? doubt.event : undefined;
  }

  /** The offer that may have been used on the order. */
  offerOnOrder(orderId: string, nowMs: number): string | undefined {
    const offerId = this.#offerByOrder.get(orderId);
    return offerId !== undefined && this.of(offerId, nowMs) !== undefined ? offerId : undefined;
  }
}

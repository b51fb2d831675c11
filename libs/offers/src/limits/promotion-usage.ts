import type { OfferEvent } from "../offer.js";
import type { Counter, CountedUse, UsageReading } from "./usage-limit.js";

/** What an order counts for, and the offers that it used: one of each shipment. */
interface UsingOrder {
  readonly use: CountedUse;
  readonly offerIds: Set<string>;
}

/**
 * What was used of one promotion: a fold of what happened to its offers, in the log's order. It takes events that changed their offer, each
 * once; the same ones give the same counts. It grows with the orders that use the promotion, a give-back takes an order out again.
 */
export class PromotionUsage implements UsageReading {
  readonly #counts = new Map<string, { readonly counter: Counter; uses: number }>();
  readonly #orders = new Map<string, UsingOrder>();

  /** Takes in what happened to an offer of the promotion. */
  take(event: OfferEvent): void {
    if (event.kind === "redeemed" && event.use !== undefined) this.#used(event.orderId, event.offerId, event.use);
    if (event.kind === "refunded" && event.refund.givesUseBack) this.#givenBack(event.orderId, event.offerId);
  }

  usesOf(counter: Counter): number {
    return this.#counts.get(nameOf(counter))?.uses ?? 0;
  }

  countedOn(orderId: string): CountedUse | undefined {
    return this.#orders.get(orderId)?.use;
  }

  /** Most uses that anybody has under a limit in a period. */
  mostUses(limitId: string, period: string): number {
    let most = 0;
    for (const { counter, uses } of this.#counts.values())
      if (counter.limitId === limitId && counter.period === period) most = Math.max(most, uses);
    return most;
  }

  #used(orderId: string, offerId: string, use: CountedUse): void {
    const order = this.#orders.get(orderId);
    if (order !== undefined) {
      order.offerIds.add(offerId);
      return;
    }
    this.#orders.set(orderId, { use, offerIds: new Set([offerId]) });
    for (const counter of use.counters) this.#count(counter, 1);
  }

  /** An order that is split gives its use back with the last of its shipments. */
  #givenBack(orderId: string, offerId: string): void {
    const order = this.#orders.get(orderId);
    if (order?.offerIds.delete(offerId) !== true || order.offerIds.size > 0) return;
    this.#orders.delete(orderId);
    for (const counter of order.use.counters) this.#count(counter, -1);
  }

  #count(counter: Counter, by: 1 | -1): void {
    const name = nameOf(counter);
    const uses = (this.#counts.get(name)?.uses ?? 0) + by;
    if (uses < 0) throw new Error(`more uses of ${name} given back than counted`);
    if (uses === 0) this.#counts.delete(name);
    else this.#counts.set(name, { counter, uses });
  }
}

function nameOf({ limitId, period, key }: Counter): string {
  return JSON.stringify([limitId, period, key]);
}

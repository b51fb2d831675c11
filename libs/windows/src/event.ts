import type { Millis } from "@leastwise/vocabulary";

/**
 * What a shopper can do that windows count. Closed: the collector maps everything it takes to one of these or refuses
 * it. The order is part of the encoded state (see `subject-encoding.ts`): append, never reorder.
 */
export const EVENT_KINDS = [
  "page_view",
  "product_view",
  "search",
  "cart_add",
  "cart_remove",
  "checkout_start",
  "purchase",
  "content_engagement",
] as const;

/** One of {@link EVENT_KINDS}. One `purchase` is one order, whatever its number of lines. */
export type EventKind = (typeof EVENT_KINDS)[number];

/** One line of an order. */
export interface OrderLine {
  readonly productId: string;
  /** Pieces bought: a non-negative safe integer. */
  readonly units: number;
  /** Price of one piece in the shop's home currency's minor unit; absent if unknown or in another currency. */
  readonly unitPriceMinor?: number | undefined;
}

/**
 * One event of the clickstream as the windows need it, of one subject. Money is in the shop's home currency, in minor
 * units, as safe integers; what was paid in another currency arrives without amounts.
 */
export interface WindowEvent {
  readonly kind: EventKind;
  /** When it happened, by its own account. Decides the tile. */
  readonly atMs: Millis;
  /** The collector's stamp: the only clock that verdicts use, so that a rebuild gives the same ones. */
  readonly receivedAtMs: Millis;
  /** Key of deduplication within the subject. Without it the event is counted each time it comes. */
  readonly eventId?: string | undefined;
  /** The storefront's own name for the visit. Shown in the snapshot; sessions end by silence, not by this. */
  readonly sessionId?: string | undefined;
  /** The product that was viewed, put into or taken out of the cart, or otherwise concerned. */
  readonly productId?: string | undefined;
  /** Pieces put into or taken out of the cart; pieces bought if a purchase has no lines. Else ignored. Non-negative. */
  readonly units: number;
  /** Lines of a purchase; empty for all other kinds. */
  readonly lines: readonly OrderLine[];
  /** What the order brought, after discounts. Absent on a purchase: paid in another currency, its money is left out. */
  readonly revenueMinor?: number | undefined;
  /** Discount received with the order. Left out together with the revenue. */
  readonly discountMinor?: number | undefined;
  /** Price of one piece at a cart add or remove: the cart's value uses the one seen last. */
  readonly unitPriceMinor?: number | undefined;
  readonly channel?: string | undefined;
  readonly device?: string | undefined;
  /** A coarse place, such as a region. */
  readonly place?: string | undefined;
}

const KIND_INDEX: ReadonlyMap<EventKind, number> = new Map(EVENT_KINDS.map((kind, index) => [kind, index]));

/** The kind's place in {@link EVENT_KINDS}. */
export function kindIndex(kind: EventKind): number {
  const index = KIND_INDEX.get(kind);
  if (index === undefined) throw new RangeError(`${kind} is no event kind`);
  return index;
}

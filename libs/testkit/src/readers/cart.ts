import { LINES_MAX, readEvent, wire } from "@leastwise/contracts";
import type { Millis } from "@leastwise/vocabulary";
import { RecentIds } from "./recent-ids.js";
import { UNKNOWN_PRODUCT_ID } from "./source-event.js";

const { EventKind } = wire;

/** A moment of a clickstream at which Decide is asked. */
export interface CartQuestion {
  /** Ask before the event is sent (an order's own lines, just before it is placed), or after it was taken. */
  readonly when: "before_event" | "after_event";
  /** The clock at which it is asked: the event's own time. */
  readonly atMs: Millis;
  /** What is asked. The request id counts the stream's events, so that a second replay asks under the same ids. */
  readonly request: wire.DecideRequest;
}

/**
 * Why no question came of a cart: `cart_unknown` (nothing is known to be in it), `without_price` (no line of it has a
 * price that was ever seen), `mixed_currencies`, `cart_too_large`.
 */
export type CartSkip = "cart_unknown" | "without_price" | "mixed_currencies" | "cart_too_large";

interface Item {
  units: number;
  unitPrice: wire.Money | undefined;
}

type OpenCart = Map<string, Item>;

/**
 * Follows every shopper's open cart through a clickstream in order of time, and says at which carts to ask Decide: after
 * each thing put into a cart and each start of a checkout, or, for a file of purchases alone, before each order with the
 * order's own lines. Adds and removes sum per product, a purchase clears; the lines of a checkout outrank what was added
 * up. A line's price is the one that it was put into the cart at, else the newest that the stream told of the product;
 * lines without any are left out of the question and counted. Events that break their contract, and repeats among a
 * shopper's last 128 ids, move nothing.
 */
export class CartTracker {
  readonly #asksAt: "cart" | "order";
  readonly #carts = new Map<string, OpenCart>();
  readonly #priceSeen = new Map<string, wire.Money>();
  readonly #recent = new RecentIds();
  readonly #skipped = new Map<CartSkip, number>();
  #events = 0;
  #asked = 0;
  #linesWithoutPrice = 0;

  /** @param asksAt the format's own: see `Format.asksAt` */
  constructor(asksAt: "cart" | "order") {
    this.#asksAt = asksAt;
  }

  /** Questions asked so far. */
  get asked(): number {
    return this.#asked;
  }

  /** Carts that no question came of, by reason. */
  get skipped(): ReadonlyMap<CartSkip, number> {
    return this.#skipped;
  }

  /** Lines that were left out of questions asked, as no price of theirs was ever seen. */
  get linesWithoutPrice(): number {
    return this.#linesWithoutPrice;
  }

  /** Takes the next event in; the question that it raises, if any. */
  see(event: wire.Event): CartQuestion | undefined {
    this.#events += 1;
    const atMs = Number(event.occurredAtMs) as Millis;
    if (!readEvent(event, atMs).ok) return undefined;
    const shopper = event.userId === "" ? `anonymous/${event.anonymousId}` : `user/${event.userId}`;
    if (event.eventId !== "" && this.#recent.seenBefore(shopper, event.eventId)) return undefined;
    this.#learnPrices(event);
    const cart = this.#cartOf(shopper, event);
    if (event.kind === EventKind.EVENT_KIND_PURCHASE) {
      this.#carts.delete(shopper);
      return this.#asksAt === "order" ? this.#ask(event, atMs, event.order?.lines ?? []) : undefined;
    }
    change(cart, event);
    const asks = event.kind === EventKind.EVENT_KIND_CART_ADD || event.kind === EventKind.EVENT_KIND_CHECKOUT_START;
    return asks && this.#asksAt === "cart" ? this.#ask(event, atMs, linesOf(cart)) : undefined;
  }

  /** The shopper's cart. What an anonymous visitor gathered comes along when the event tells who it is. */
  #cartOf(shopper: string, { userId, anonymousId }: wire.Event): OpenCart {
    const cart: OpenCart = this.#carts.get(shopper) ?? new Map<string, Item>();
    const anonymous = userId !== "" && anonymousId !== "" ? `anonymous/${anonymousId}` : undefined;
    const gathered = anonymous === undefined ? undefined : this.#carts.get(anonymous);
    if (anonymous !== undefined && gathered !== undefined) {
      for (const [productId, item] of gathered) put(cart, productId, item.units, item.unitPrice);
      this.#carts.delete(anonymous);
    }
    this.#carts.set(shopper, cart);
    return cart;
  }

  #learnPrices({ product, order }: wire.Event): void {
    for (const { productId, unitPrice } of [...(product === undefined ? [] : [product]), ...(order?.lines ?? [])]) {
      if (unitPrice !== undefined && productId !== UNKNOWN_PRODUCT_ID) this.#priceSeen.set(productId, unitPrice);
    }
  }

  #ask(event: wire.Event, atMs: Millis, lines: readonly wire.Line[]): CartQuestion | undefined {
    const priced = lines.flatMap((line) => {
      const unitPrice = line.unitPrice ?? this.#priceSeen.get(line.productId);
      return unitPrice === undefined ? [] : [{ ...line, unitPrice }];
    });
    const skip = whyNot(lines, priced);
    if (skip !== undefined) {
      this.#skipped.set(skip, (this.#skipped.get(skip) ?? 0) + 1);
      return undefined;
    }
    this.#asked += 1;
    this.#linesWithoutPrice += lines.length - priced.length;
    const when = event.kind === EventKind.EVENT_KIND_PURCHASE ? "before_event" : "after_event";
    return { when, atMs, request: this.#request(event, priced) };
  }

  #request(event: wire.Event, lines: wire.Line[]): wire.DecideRequest {
    const { anonymousId, userId, sessionId, channel, device, place } = event;
    return wire.DecideRequest.create({
      requestId: `replay-${this.#events}`,
      caller: "replay",
      subject: { anonymousId, userId },
      sessionId,
      cart: { lines, shipping: undefined },
      channel,
      device,
      ...(place === undefined ? {} : { place }),
    });
  }
}

function whyNot(
  lines: readonly wire.Line[],
  priced: readonly { readonly unitPrice: wire.Money }[],
): CartSkip | undefined {
  if (lines.length === 0) return "cart_unknown";
  if (lines.length > LINES_MAX) return "cart_too_large";
  if (priced.length === 0) return "without_price";
  return new Set(priced.map((line) => line.unitPrice.currency)).size > 1 ? "mixed_currencies" : undefined;
}

function change(cart: OpenCart, { kind, product, order }: wire.Event): void {
  if (kind === EventKind.EVENT_KIND_CHECKOUT_START && order !== undefined && order.lines.length > 0) {
    const before = new Map(cart);
    cart.clear();
    for (const { productId, quantity, unitPrice } of order.lines) {
      put(cart, productId, Number(quantity), unitPrice ?? before.get(productId)?.unitPrice);
    }
  }
  if (product === undefined) return;
  const units = product.quantity === 0n ? 1 : Number(product.quantity);
  if (kind === EventKind.EVENT_KIND_CART_ADD) put(cart, product.productId, units, product.unitPrice);
  if (kind === EventKind.EVENT_KIND_CART_REMOVE) put(cart, product.productId, -units, product.unitPrice);
}

function put(cart: OpenCart, productId: string, units: number, unitPrice: wire.Money | undefined): void {
  const item = cart.get(productId) ?? { units: 0, unitPrice: undefined };
  item.units += units;
  item.unitPrice = unitPrice ?? item.unitPrice;
  cart.set(productId, item);
}

function linesOf(cart: OpenCart): wire.Line[] {
  return [...cart]
    .filter(([, item]) => item.units > 0)
    .map(([productId, { units, unitPrice }]) => ({
      productId,
      quantity: BigInt(units),
      unitPrice,
      discount: undefined,
    }));
}

import type { wire } from "@leastwise/contracts";
import { happens, oneOf, wholeNumber, type Xoshiro128 } from "@leastwise/testkit";
import { CURRENCY } from "./policy.js";
import type { Ids, OfferTold } from "./told.js";

const PRODUCTS = Array.from({ length: 20 }, (_, index) => ({
  productId: `p-${index}`,
  unitMinor: 900 + 731 * index,
}));

const BROWSED = ["page_view", "product_view", "product_view", "search", "cart_add", "checkout_start"] as const;

/** Shipping of every cart, minor units. */
const SHIPPING_MINOR = 495;

/** An event as the collector's HTTP door takes it. */
export type JsonEvent = Readonly<Record<string, unknown>> & { readonly event_id: string; readonly kind: string };

/** A cart to decide on: what is in it, and that again as the offer's user sends it. */
export interface DrawnCart {
  readonly lines: wire.DeepPartial<wire.Line>[];
  readonly shipping: wire.DeepPartial<wire.Money>;
}

/** A question at the checkout. */
export type Question = DrawnCart & { readonly requestId: string; readonly ids: Ids };

/** An offer that a shopper holds, with what it was decided for. */
export interface HeldOffer {
  readonly offer: OfferTold;
  readonly question: Question;
}

/** One of the people of the load: what was sent for them, what they were told. One worker alone acts for each. */
export class Shopper {
  readonly #name: string;
  readonly #random: Xoshiro128;
  #isKnown: boolean;
  #events = 0;
  #questions = 0;
  /** Events that may be delivered again: whoever sent them is still called the same. */
  lastEvents: readonly JsonEvent[] = [];
  /** Where the newest of the shopper's events stands. */
  position = "";
  lastQuestion: Question | undefined;
  held: HeldOffer | undefined;

  constructor(name: string, random: Xoshiro128) {
    this.#name = name;
    this.#random = random;
    this.#isKnown = happens(random, 0.6);
  }

  get isKnown(): boolean {
    return this.#isKnown;
  }

  get ids(): Ids {
    return this.names[this.#isKnown ? 1 : 0];
  }

  /** What the shopper is called before and after a login. */
  get names(): readonly [Ids, Ids] {
    return [{ anonymousId: `browser-${this.#name}` }, { userId: `user-${this.#name}` }];
  }

  /** One to three things that somebody who looks around does. */
  browse(): readonly JsonEvent[] {
    return Array.from({ length: wholeNumber(this.#random, 1, 3) }, () => {
      const kind = oneOf(this.#random, BROWSED);
      const { productId, unitMinor } = oneOf(this.#random, PRODUCTS);
      const product = { product_id: productId, unit_price: money(unitMinor) };
      if (kind === "cart_add") return this.#event(kind, { product: { ...product, quantity: 1 } });
      return this.#event(kind, kind === "product_view" ? { product } : {});
    });
  }

  /** The browser's shopper says who it is, and is called so from then on. */
  logIn(): readonly JsonEvent[] {
    const event = this.#event("login", { user_id: `user-${this.#name}` });
    this.#isKnown = true;
    this.lastQuestion = undefined;
    return [event];
  }

  /** An order of what was decided on. */
  buy(orderId: string, { lines }: DrawnCart, discountMinor: number): readonly JsonEvent[] {
    const goodsMinor = lines.reduce(
      (sum, { quantity, unitPrice }) => sum + Number(quantity ?? 0n) * Number(unitPrice?.minor ?? 0n),
      0,
    );
    const order = {
      order_id: orderId,
      lines: lines.map(({ productId, quantity, unitPrice }) => ({
        product_id: productId,
        quantity: String(quantity),
        unit_price: money(Number(unitPrice?.minor)),
      })),
      total: money(goodsMinor - discountMinor),
    };
    return [this.#event("purchase", { order })];
  }

  /** A question for a new cart. */
  ask(): Question {
    const lines = Array.from({ length: wholeNumber(this.#random, 1, 3) }, () => {
      const { productId, unitMinor } = oneOf(this.#random, PRODUCTS);
      const quantity = BigInt(wholeNumber(this.#random, 1, 2));
      return { productId, quantity, unitPrice: { minor: BigInt(unitMinor), currency: CURRENCY } };
    });
    this.#questions += 1;
    return {
      requestId: `${this.#name}-q${this.#questions}`,
      ids: this.ids,
      lines,
      shipping: { minor: BigInt(SHIPPING_MINOR), currency: CURRENCY },
    };
  }

  #event(kind: string, rest: Readonly<Record<string, unknown>>): JsonEvent {
    this.#events += 1;
    const { userId, anonymousId } = this.ids;
    return {
      event_id: `${this.#name}-e${this.#events}`,
      kind,
      occurred_at_ms: Date.now(),
      ...(userId === undefined ? {} : { user_id: userId }),
      ...(anonymousId === undefined ? {} : { anonymous_id: anonymousId }),
      ...rest,
    };
  }
}

function money(minor: number) {
  return { minor: String(minor), currency: CURRENCY };
}

import type { wire } from "@leastwise/contracts";
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "@leastwise/vocabulary";
import { exponential, happens, oneOf, wholeNumber } from "../random/draws.js";
import type { Xoshiro128 } from "../random/xoshiro128.js";

/** One product in the cart of a visit. */
export interface PlannedLine {
  readonly product: wire.Product;
  readonly units: number;
}

/** Something that a visitor does, some time after the visit began. */
export type PlannedAct = { readonly afterMs: number } & (
  | { readonly act: "page" | "search" | "engage" }
  | { readonly act: "view" | "remove"; readonly product: wire.Product }
  | { readonly act: "add"; readonly line: PlannedLine }
);

/**
 * A visit, with everything in it that chance decides but the purchase itself: drawn from the visit's own stream, so that
 * nothing that is offered, to whomever, changes it.
 */
export interface VisitPlan {
  readonly acts: readonly PlannedAct[];
  /** What stands in the cart at the end; empty: nothing. */
  readonly cart: readonly PlannedLine[];
  /** The checkout, if the visitor gets there. */
  readonly checkoutAfterMs: number | undefined;
  /** A visitor who is not logged in does so before the checkout. */
  readonly logsIn: boolean;
  /** Which of the shopper's devices: 0 is the usual one. */
  readonly device: number;
  /** Time between the visitor's going away undecided and coming back, if they are of those who do. */
  readonly comesBackAfterMs: number;
  /** Held against the chance of coming back. */
  readonly comesBackUnit: number;
  /** Line of the order that comes back, if one does. */
  readonly returnedLine: number | undefined;
  /** Time between the order and its return. */
  readonly returnedAfterMs: number;
}

/** Share of orders of which a line comes back. */
const RETURN_RATE = 0.04;

export function planVisit(random: Xoshiro128, products: readonly wire.Product[]): VisitPlan {
  const clock = new VisitClock(random);
  const acts: PlannedAct[] = [{ afterMs: 0, act: "page" }];
  if (happens(random, 0.35)) acts.push({ afterMs: clock.next(), act: "search" });
  const viewed: wire.Product[] = [];
  do {
    const product = oneOf(random, products);
    viewed.push(product);
    acts.push({ afterMs: clock.next(), act: "view", product });
  } while (happens(random, 0.68));
  if (happens(random, 0.12)) acts.push({ afterMs: clock.next(), act: "engage" });
  const cart = happens(random, 0.64) ? fillCart(random, clock, acts, viewed) : [];
  const reachesCheckout = cart.length > 0 && happens(random, 0.75);
  return {
    acts,
    cart,
    checkoutAfterMs: reachesCheckout ? clock.next() : undefined,
    logsIn: happens(random, 0.8),
    device: happens(random, 0.1) ? 1 : 0,
    comesBackAfterMs: wholeNumber(random, 20 * HOUR_MS, 3 * DAY_MS),
    comesBackUnit: random.nextUnit(),
    returnedLine: happens(random, RETURN_RATE) ? wholeNumber(random, 0, Math.max(0, cart.length - 1)) : undefined,
    returnedAfterMs: wholeNumber(random, 2 * DAY_MS, 9 * DAY_MS),
  };
}

/** Puts one to three of the products that were viewed into the cart, and now and then takes one out again. */
function fillCart(
  random: Xoshiro128,
  clock: VisitClock,
  acts: PlannedAct[],
  viewed: readonly wire.Product[],
): PlannedLine[] {
  const cart = new Map<string, PlannedLine>();
  const count = wholeNumber(random, 1, 3);
  for (let i = 0; i < count; i += 1) {
    const product = oneOf(random, viewed);
    if (cart.has(product.productId)) continue;
    const line = { product, units: happens(random, 0.12) ? 2 : 1 };
    cart.set(product.productId, line);
    acts.push({ afterMs: clock.next(), act: "add", line });
  }
  const first = [...cart.values()][0];
  if (first !== undefined && cart.size > 1 && happens(random, 0.2)) {
    cart.delete(first.product.productId);
    for (let i = 0; i < first.units; i += 1)
      acts.push({ afterMs: clock.next(), act: "remove", product: first.product });
  }
  return [...cart.values()];
}

/** The time within a visit: half a minute from act to act in the mean, five minutes at most. */
class VisitClock {
  readonly #random: Xoshiro128;
  #afterMs = 0;

  constructor(random: Xoshiro128) {
    this.#random = random;
  }

  next(): number {
    const gapMs = Math.min(5 * MINUTE_MS, SECOND_MS + exponential(this.#random, 30 * SECOND_MS));
    this.#afterMs += Math.floor(gapMs);
    return this.#afterMs;
  }
}

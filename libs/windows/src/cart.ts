import { MINUTE_MS } from "@leastwise/vocabulary";
import { LONGEST_WINDOW, oldestKeptTile, oldestTileAt, tileOf } from "./tiling.js";

/** Silence of a cart, beyond which it is abandoned. Exactly as long is not yet. */
export const CART_SILENCE_MAX_MS = 30 * MINUTE_MS;

/** Products that a cart remembers at most, unless the store was given another bound. */
export const CART_SKUS_MAX = 256;

/** Adds and removes that are kept apart per product. Beyond, the two oldest become one at the later's time. */
export const CART_CHANGES_MAX = 16;

/** One add (positive units) or remove (negative units) of a product. */
export interface CartChange {
  readonly atMs: number;
  readonly units: number;
  readonly unitPriceMinor: number | undefined;
}

/** One product that is in the cart. */
export interface CartLine {
  readonly productId: string;
  /** Adds less removes: at least 1. */
  readonly units: number;
  /** Seen at the product's newest add or remove that told one; undefined if none did, or in another currency. */
  readonly unitPriceMinor: number | undefined;
}

/** What carts hold before their first change. Never written. */
const NO_PRODUCTS = new Map<string, CartChange[]>();

/**
 * Adds and removes since the last purchase, kept apart with their times: only so can a remove that overtakes its add
 * net out, and a purchase that comes late clear what was before it and nothing else.
 */
export class CartChanges {
  #products = NO_PRODUCTS;

  get products(): ReadonlyMap<string, readonly CartChange[]> {
    return this.#products;
  }

  /** Takes a change in. Returns true if two older changes of the product had to become one. */
  add(productId: string, change: CartChange): boolean {
    if (this.#products === NO_PRODUCTS) this.#products = new Map(); // most subjects never fill a cart
    const changes = this.#products.get(productId);
    if (changes === undefined) {
      this.#products.set(productId, [change]);
      return false;
    }
    return addChange(changes, change);
  }

  /** A purchase clears what was put into the cart, or taken out, at its time or before. */
  clearThrough(purchaseMs: number): void {
    this.#keep((change) => change.atMs > purchaseMs);
  }

  /** Forgets what no read from {@link AHEAD_MAX_MS} before the cart's newest event on can see. */
  dropBefore(newestMs: number): void {
    const oldestKept = oldestKeptTile(LONGEST_WINDOW, newestMs);
    this.#keep((change) => tileOf(LONGEST_WINDOW, change.atMs) >= oldestKept);
  }

  /** Forgets the products that were touched longest ago, beyond the bound. Returns how many. */
  dropBeyond(skusMax: number): number {
    let dropped = 0;
    while (this.#products.size > skusMax) {
      this.#products.delete(this.#longestUntouched());
      dropped += 1;
    }
    return dropped;
  }

  #longestUntouched(): string {
    let found = "";
    let foundMs = Infinity;
    for (const [productId, changes] of this.#products) {
      const newestMs = changes.at(-1)?.atMs ?? 0;
      if (newestMs > foundMs || (newestMs === foundMs && productId > found)) continue;
      found = productId;
      foundMs = newestMs;
    }
    return found;
  }

  #keep(isKept: (change: CartChange) => boolean): void {
    for (const [productId, changes] of this.#products) {
      const [oldest] = changes;
      if (oldest === undefined || isKept(oldest)) continue; // ascending, and both reasons to go are about age
      const from = changes.findIndex(isKept);
      if (from === -1) this.#products.delete(productId);
      else changes.splice(0, from);
    }
  }
}

/** Takes a change in among those of a product. Returns true if two older ones had to become one. */
export function addChange(changes: CartChange[], change: CartChange): boolean {
  let index = changes.length;
  while (index > 0 && compareChanges(changes[index - 1] ?? change, change) > 0) index -= 1;
  changes.splice(index, 0, change);
  if (changes.length <= CART_CHANGES_MAX) return false;
  joinTwoOldest(changes);
  return true;
}

/** What is in the cart at a moment, by the changes that the longest window reaches, in the order of product ids by code units. */
export function openLinesAt(cart: CartChanges, atMs: number): CartLine[] {
  const oldest = oldestTileAt(LONGEST_WINDOW, atMs);
  const lines: CartLine[] = [];
  for (const [productId, all] of cart.products) {
    const changes = all.filter((change) => tileOf(LONGEST_WINDOW, change.atMs) >= oldest);
    const units = changes.reduce((sum, change) => sum + change.units, 0);
    const priced = changes.findLast((change) => change.unitPriceMinor !== undefined);
    if (units > 0) lines.push({ productId, units, unitPriceMinor: priced?.unitPriceMinor });
  }
  return lines.sort((a, b) => (a.productId < b.productId ? -1 : 1));
}

/** By time; within a millisecond by price, so that which price was seen last does not depend on the order of arrival. */
function compareChanges(a: CartChange, b: CartChange): number {
  return a.atMs - b.atMs || (a.unitPriceMinor ?? -1) - (b.unitPriceMinor ?? -1) || a.units - b.units;
}

function joinTwoOldest(changes: CartChange[]): void {
  const [first, second] = changes;
  if (first === undefined || second === undefined) return;
  changes.splice(0, 2, {
    atMs: second.atMs,
    units: first.units + second.units,
    unitPriceMinor: second.unitPriceMinor ?? first.unitPriceMinor,
  });
}

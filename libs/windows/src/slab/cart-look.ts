import type { CartChange } from "../cart.js";
import { CartCursor } from "./cart-cursor.js";

/** Bytes of a cart. */
export interface CartBytes {
  from: number;
  /** The first byte behind. */
  to: number;
}

/** What a change needs to know of a cart, from one pass over its bytes. One object is used again and again. */
export class CartLook {
  readonly #cursor = new CartCursor();
  products = 0;
  /** Where its products are. */
  readonly all: CartBytes = { from: 0, to: 0 };
  /** Where the product is that was asked for; where it would be, if it is not there. */
  readonly asked: CartBytes = { from: 0, to: 0 };
  /** The changes of that product, oldest first. */
  readonly changes: CartChange[] = [];
  /** Where the product is that was touched longest ago, of several the first, and when. */
  readonly untouched: CartBytes = { from: 0, to: 0 };
  untouchedSinceMs = Infinity;
  /** Times of the first and the last change of all; ∞ and −∞ if there is none. */
  oldestMs = Infinity;
  newestMs = -Infinity;

  /** Looks at the cart that begins at a byte. */
  over(u8: Uint8Array, at: number, productId: string): this {
    const cursor = this.#cursor.begin(u8, at);
    this.#begin(cursor);
    let isBehind = false;
    while (cursor.nextProduct()) {
      const order: number = isBehind ? 1 : cursor.compareProduct(productId);
      this.#goOver(cursor, order === 0);
      isBehind = order >= 0;
      if (order <= 0) this.asked.to = cursor.at;
      if (order < 0) this.asked.from = cursor.at;
    }
    this.all.to = cursor.at;
    return this;
  }

  #begin({ products, at }: CartCursor): void {
    this.products = products;
    this.all.from = this.asked.from = this.asked.to = at;
    this.changes.length = 0;
    this.untouchedSinceMs = this.oldestMs = Infinity;
    this.newestMs = -Infinity;
  }

  #goOver(cursor: CartCursor, isAsked: boolean): void {
    const from = cursor.productAt;
    let newestMs = -Infinity;
    while (cursor.nextChange()) {
      const { atMs, units, unitPriceMinor } = cursor;
      if (atMs < this.oldestMs) this.oldestMs = atMs;
      newestMs = atMs;
      if (isAsked) this.changes.push({ atMs, units, unitPriceMinor });
    }
    if (newestMs > this.newestMs) this.newestMs = newestMs;
    if (newestMs >= this.untouchedSinceMs) return;
    this.untouchedSinceMs = newestMs;
    this.untouched.from = from;
    this.untouched.to = cursor.at;
  }
}

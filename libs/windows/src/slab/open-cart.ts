import { CART_SILENCE_MAX_MS } from "../cart.js";
import { LONGEST_WINDOW, oldestTileAt } from "../tiling.js";
import { CartCursor } from "./cart-cursor.js";

/** The open cart's numbers at a moment, from its bytes in one pass. One object is used again and again. */
export class OpenCartSums {
  readonly #cursor = new CartCursor();
  /** Products with at least one unit left. */
  lines = 0;
  units = 0;
  /** Units × price seen last, added up; NaN if a line's price is unknown or the sum is no safe integer. */
  valueMinor = 0;
  /** Time of the oldest add of what is still in the cart; ∞ if it is empty. */
  openedMs = Infinity;
  /** Time of the newest change; −∞ if there is none. */
  changedMs = -Infinity;

  /** Adds up the cart that begins at a byte, from the changes that the longest window reaches. */
  read(u8: Uint8Array, at: number, atMs: number): this {
    this.clear();
    const cursor = this.#cursor.begin(u8, at);
    const oldestMs = oldestTileAt(LONGEST_WINDOW, atMs) * LONGEST_WINDOW.tileMs;
    while (cursor.nextProduct()) this.#addProduct(cursor, oldestMs);
    if (!Number.isSafeInteger(this.valueMinor)) this.valueMinor = NaN;
    return this;
  }

  /** Makes it an empty cart. */
  clear(): void {
    this.lines = 0;
    this.units = 0;
    this.valueMinor = 0;
    this.openedMs = Infinity;
    this.changedMs = -Infinity;
  }

  /** Since the oldest add of what is still in the cart; NaN if it is empty. */
  ageMsAt(atMs: number): number {
    return this.lines === 0 ? NaN : Math.max(0, atMs - this.openedMs);
  }

  isAbandonedAt(atMs: number): boolean {
    return this.lines > 0 && atMs - this.changedMs > CART_SILENCE_MAX_MS;
  }

  #addProduct(cursor: CartCursor, oldestMs: number): void {
    let units = 0;
    let openedMs = Infinity;
    let priceMinor = NaN;
    while (cursor.nextChange()) {
      const { atMs } = cursor;
      if (atMs < oldestMs) continue;
      if (atMs > this.changedMs) this.changedMs = atMs;
      units += cursor.units;
      if (cursor.units > 0 && openedMs === Infinity) openedMs = atMs;
      priceMinor = cursor.unitPriceMinor ?? priceMinor;
    }
    if (units <= 0) return;
    this.lines += 1;
    this.units += units;
    this.valueMinor += units * priceMinor;
    if (openedMs < this.openedMs) this.openedMs = openedMs;
  }
}

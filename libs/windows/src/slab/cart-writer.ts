import { ByteWriter } from "../byte-writer.js";
import { addChange, CartChanges, type CartChange } from "../cart.js";
import { writeCart, writeProduct } from "../cart-encoding.js";
import { LONGEST_WINDOW, oldestKeptTile, tileOf } from "../tiling.js";
import type { WindowCounts } from "../window-counts.js";
import { CartLook, type CartBytes } from "./cart-look.js";
import type { SubjectWriter } from "./subject-writer.js";
import { readCartAt } from "./thaw.js";

const NOTHING: CartBytes = { from: 0, to: 0 };

/**
 * Changes the open cart of the subject that is being written. A change is one pass over the cart's bytes, which are copied around the
 * product that it is of; only where something is too old to stay the cart is taken out whole.
 */
export class CartWriter {
  readonly #writer: SubjectWriter;
  readonly #counts: WindowCounts;
  readonly #skusMax: number;
  readonly #look = new CartLook();
  readonly #bytes = new ByteWriter();

  constructor(writer: SubjectWriter, counts: WindowCounts, skusMax: number) {
    this.#writer = writer;
    this.#counts = counts;
    this.#skusMax = skusMax;
  }

  /** A purchase clears what was put into the cart, or taken out, at its time or before. */
  clearThrough(purchaseMs: number): void {
    const { cartAt } = this.#writer;
    if (cartAt === 0) return;
    const { oldestMs, newestMs } = this.#look.over(this.#writer.views.u8, 8 * cartAt + 4, "");
    if (oldestMs > purchaseMs) return;
    if (newestMs <= purchaseMs) {
      this.#writer.storeCart(undefined);
      return;
    }
    const cart = readCartAt(this.#writer.views, cartAt);
    cart.clearThrough(purchaseMs);
    this.#store(cart);
  }

  /**
   * Takes an add or remove in, and forgets what is too old or beyond the bound.
   *
   * @param newestMs time of the newest event that says something of the cart
   */
  change(productId: string, change: CartChange, newestMs: number): void {
    const { cartAt, views } = this.#writer;
    if (cartAt === 0) {
      this.#changeWhole(new CartChanges(), productId, change, newestMs);
      return;
    }
    const look = this.#look.over(views.u8, 8 * cartAt + 4, productId);
    const oldestTile = tileOf(LONGEST_WINDOW, Math.min(look.oldestMs, change.atMs));
    if (oldestTile < oldestKeptTile(LONGEST_WINDOW, newestMs) || look.products > this.#skusMax) {
      this.#changeWhole(readCartAt(views, cartAt), productId, change, newestMs);
    } else this.#changeOne(look, productId, change);
  }

  #changeWhole(cart: CartChanges, productId: string, change: CartChange, newestMs: number): void {
    if (cart.add(productId, change)) this.#counts.cartChangesJoined += 1;
    cart.dropBefore(newestMs);
    this.#counts.cartSkuOverflow += cart.dropBeyond(this.#skusMax);
    this.#store(cart);
  }

  #changeOne(look: CartLook, productId: string, change: CartChange): void {
    const isNew = look.changes.length === 0;
    const isFull = isNew && look.products === this.#skusMax;
    if (isFull) this.#counts.cartSkuOverflow += 1;
    // Of those touched longest ago the first goes, which the new product may be itself.
    const isFirst = look.asked.from <= look.untouched.from;
    const isUntouched = change.atMs < look.untouchedSinceMs || (change.atMs === look.untouchedSinceMs && isFirst);
    if (isFull && isUntouched) return;
    if (addChange(look.changes, change)) this.#counts.cartChangesJoined += 1;
    const bytes = this.#bytes.clear();
    const without = isFull ? look.untouched : NOTHING;
    bytes.integer(look.products + (isNew && !isFull ? 1 : 0));
    this.#copy(look.all.from, look.asked.from, without);
    writeProduct(bytes, productId, look.changes);
    this.#copy(look.asked.to, look.all.to, without);
    this.#writer.storeCart(bytes.view());
  }

  /** Copies bytes of the cart, but for those of a product that goes. */
  #copy(from: number, to: number, without: CartBytes): void {
    const { u8 } = this.#writer.views;
    const isWithin = without.from >= from && without.to <= to && without.to > without.from;
    this.#bytes.bytesOf(u8, from, isWithin ? without.from : to);
    if (isWithin) this.#bytes.bytesOf(u8, without.to, to);
  }

  #store(cart: CartChanges): void {
    if (cart.products.size > 0) writeCart(this.#bytes.clear(), cart);
    this.#writer.storeCart(cart.products.size > 0 ? this.#bytes.view() : undefined);
  }
}

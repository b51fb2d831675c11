import type { ByteReader } from "./byte-reader.js";
import type { ByteWriter } from "./byte-writer.js";
import { CartChanges, type CartChange } from "./cart.js";

/** Writes a cart, its products in the order of code units. */
export function writeCart(writer: ByteWriter, cart: CartChanges): void {
  const products = [...cart.products];
  if (products.length > 1) products.sort(([a], [b]) => (a < b ? -1 : 1));
  writer.integer(products.length);
  for (const [productId, changes] of products) writeProduct(writer, productId, changes);
}

/** Writes one product of a cart. */
export function writeProduct(writer: ByteWriter, productId: string, changes: readonly CartChange[]): void {
  writer.text(productId);
  writer.integer(changes.length);
  for (const { atMs, units, unitPriceMinor } of changes) {
    writer.integer(atMs);
    writer.integer(units);
    writer.optional(unitPriceMinor, (price) => {
      writer.integer(price);
    });
  }
}

/** Reads a cart that was written. */
export function readCart(reader: ByteReader): CartChanges {
  const cart = new CartChanges();
  for (let products = reader.count(); products > 0; products -= 1) {
    const productId = reader.text();
    for (let changes = reader.count(); changes > 0; changes -= 1) {
      const atMs = reader.integer();
      const units = reader.integer();
      cart.add(productId, { atMs, units, unitPriceMinor: reader.optional(() => reader.integer()) });
    }
  }
  return cart;
}

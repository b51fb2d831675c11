import { keyedHash, type SubjectId } from "@leastwise/vocabulary";
import type { Cart } from "./cart.js";

/** Hashes of the ids that a request named. Whose request it is, is another question, whose answer changes with logins and time. */
export interface NamedSubjects {
  readonly known: SubjectId | undefined;
  readonly anonymous: SubjectId | undefined;
}

/** What makes two redemptions the same act: what was said, and nothing that was made of it. */
export interface RedemptionContent {
  readonly named: NamedSubjects;
  /** The shop's id of the order. */
  readonly orderId: string;
  /** The final cart. */
  readonly cart: Cart;
}

/** Not a secret: it tells a repeat from another request, and guards against nobody. */
const CONTENT_KEY = { k0: 0x6c656173_74776973n, k1: 0x636f6e74_656e7431n };

/** Digest of a redemption's content, 16 hex digits. The order of the lines is part of it, since shares name lines. */
export function contentDigest({ named, orderId, cart }: RedemptionContent): string {
  const lines = cart.lines.map((line) => [line.productId, line.quantity, line.unitPriceMinor, line.discountMinor ?? 0]);
  const { high, low } = keyedHash(
    CONTENT_KEY,
    JSON.stringify([
      ...[named.known ?? "", named.anonymous ?? "", orderId, cart.currency, cart.shippingMinor, lines],
      ...(cart.paymentMethod === undefined ? [] : [cart.paymentMethod]),
      // An object, which no way to pay is.
      ...(cart.prices === undefined ? [] : [{ prices: cart.prices }]),
    ]),
  );
  return high.toString(16).padStart(8, "0") + low.toString(16).padStart(8, "0");
}

import { keyedHash, type SubjectId } from "@leastwise/vocabulary";
import type { Cart } from "./cart.js";
import type { ReturnedLine } from "./returned-lines.js";
import type { RevokedBy } from "./offer.js";

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
  return digestOf([named.known ?? "", named.anonymous ?? "", orderId, ...cartContent(cart)]);
}

/** Digest of what was said to hold an offer with. */
export function reserveDigest({ named, orderId, cart, ttlMs }: RedemptionContent & { readonly ttlMs: number }): string {
  return digestOf(["reserve", ttlMs, named.known ?? "", named.anonymous ?? "", orderId, ...cartContent(cart)]);
}

/** Digest of what was said to let an offer go. */
export function releaseDigest(orderId: string): string {
  return digestOf(["release", orderId]);
}

/** Digest of what was said to take an offer back. */
export function revokeDigest(by: RevokedBy): string {
  return digestOf(["revoke", by]);
}

/** Digest of what was said to give back. */
export function refundDigest(orderId: string, lines: readonly ReturnedLine[]): string {
  return digestOf([
    "refund",
    orderId,
    lines.map(({ line = null, productId, quantity }) => [line, productId, quantity]),
  ]);
}

function cartContent(cart: Cart): readonly unknown[] {
  const lines = cart.lines.map((line) => [line.productId, line.quantity, line.unitPriceMinor, line.discountMinor ?? 0]);
  return [
    ...[cart.currency, cart.shippingMinor, lines],
    ...(cart.paymentMethod === undefined ? [] : [cart.paymentMethod]),
    // An object, which no way to pay is.
    ...(cart.prices === undefined ? [] : [{ prices: cart.prices }]),
  ];
}

function digestOf(content: readonly unknown[]): string {
  const { high, low } = keyedHash(CONTENT_KEY, JSON.stringify(content));
  return high.toString(16).padStart(8, "0") + low.toString(16).padStart(8, "0");
}

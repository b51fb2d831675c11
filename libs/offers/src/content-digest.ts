import { keyedHash, type SubjectId } from "@leastwise/vocabulary";
import type { Cart } from "./cart.js";

/** What makes two redemptions the same act. */
export interface RedemptionContent {
  readonly subject: SubjectId;
  readonly orderId: string;
  readonly cart: Cart;
}

/** Not a secret: it tells a repeat from another request, and guards against nobody. */
const CONTENT_KEY = { k0: 0x6c656173_74776973n, k1: 0x636f6e74_656e7431n };

/** Digest of a redemption's content, 16 hex digits. The order of the lines is part of it, since shares name lines. */
export function contentDigest({ subject, orderId, cart }: RedemptionContent): string {
  const lines = cart.lines.map((line) => [line.productId, line.quantity, line.unitPriceMinor, line.discountMinor ?? 0]);
  const { high, low } = keyedHash(
    CONTENT_KEY,
    JSON.stringify([subject, orderId, cart.currency, cart.shippingMinor, lines]),
  );
  return high.toString(16).padStart(8, "0") + low.toString(16).padStart(8, "0");
}

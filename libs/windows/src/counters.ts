/**
 * What a tile adds up; each is a feature of every window. The first eight stand in the order of `EVENT_KINDS`, so that a kind's place is its counter's.
 * The order is part of the encoded state: append, never reorder.
 */
export const TILE_COUNTERS = [
  "page_views",
  "product_views",
  "searches",
  "cart_adds",
  "cart_removes",
  "checkout_starts",
  "purchases",
  "content_engagements",
  "units",
  "revenue_minor",
  "discount_minor",
] as const;

export const UNITS = TILE_COUNTERS.indexOf("units");
export const REVENUE_MINOR = TILE_COUNTERS.indexOf("revenue_minor");
export const DISCOUNT_MINOR = TILE_COUNTERS.indexOf("discount_minor");

/** Adds two safe integers; the sum stays at the end of the safe range rather than lose its last digits. */
export function addWithinSafeRange(a: number, b: number): number {
  const sum = a + b;
  if (sum > Number.MAX_SAFE_INTEGER) return Number.MAX_SAFE_INTEGER;
  return sum < Number.MIN_SAFE_INTEGER ? Number.MIN_SAFE_INTEGER : sum;
}

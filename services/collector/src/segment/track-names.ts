import { wire } from "@leastwise/contracts";

const { EventKind } = wire;

/** What a track call of the e-commerce spec is here. */
export interface TrackMeaning {
  readonly kind: wire.EventKind;
  /** What of the properties it carries. */
  readonly carries: "nothing" | "product" | "order" | "return" | "content";
  /** For content: the kind of engagement. */
  readonly contentKind?: string;
}

/**
 * The event names of the Segment e-commerce spec that have a meaning here. "Product Clicked" is not among them, since the
 * view that follows is sent as well and would count twice.
 */
export const TRACK_NAMES: ReadonlyMap<string, TrackMeaning> = new Map<string, TrackMeaning>([
  ["Products Searched", { kind: EventKind.EVENT_KIND_SEARCH, carries: "nothing" }],
  ["Product List Viewed", { kind: EventKind.EVENT_KIND_PAGE_VIEW, carries: "nothing" }],
  ["Product Viewed", { kind: EventKind.EVENT_KIND_PRODUCT_VIEW, carries: "product" }],
  ["Product Added", { kind: EventKind.EVENT_KIND_CART_ADD, carries: "product" }],
  ["Product Removed", { kind: EventKind.EVENT_KIND_CART_REMOVE, carries: "product" }],
  ["Cart Viewed", { kind: EventKind.EVENT_KIND_PAGE_VIEW, carries: "nothing" }],
  ["Checkout Started", { kind: EventKind.EVENT_KIND_CHECKOUT_START, carries: "order" }],
  ["Order Completed", { kind: EventKind.EVENT_KIND_PURCHASE, carries: "order" }],
  ["Order Refunded", { kind: EventKind.EVENT_KIND_RETURN, carries: "return" }],
  ["Product Shared", { kind: EventKind.EVENT_KIND_CONTENT_ENGAGEMENT, carries: "content", contentKind: "share" }],
  ["Product Reviewed", { kind: EventKind.EVENT_KIND_CONTENT_ENGAGEMENT, carries: "content", contentKind: "review" }],
  [
    "Product Added to Wishlist",
    { kind: EventKind.EVENT_KIND_CONTENT_ENGAGEMENT, carries: "content", contentKind: "wishlist" },
  ],
]);

const BY_FOLDED_NAME: ReadonlyMap<string, TrackMeaning> = new Map(
  [...TRACK_NAMES].map(([name, meaning]) => [folded(name), meaning]),
);

/** The meaning of a name, however it is cased or joined: `Product Viewed`, `product_viewed`, `productViewed`. */
export function meaningOf(name: string): TrackMeaning | undefined {
  return name.length > 64 ? undefined : BY_FOLDED_NAME.get(folded(name));
}

function folded(name: string): string {
  return name.toLowerCase().replace(/[^a-z]/g, "");
}

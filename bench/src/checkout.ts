import { createSubjectHasher, wire } from "@leastwise/contracts";

/** Shoppers of the benchmark: so many that hardly any is asked for twice, since a second answer is cheaper than a first. */
export const SHOPPERS = 20_000;

/** Lines of the cart. */
const LINES = 8;

const CATEGORIES = ["shoes", "coats", "socks", "grocery"];

/** The products of the cart. */
export const PRODUCTS: readonly wire.Product[] = Array.from({ length: LINES }, (_, index) =>
  wire.Product.fromPartial({
    productId: `product-${index}`,
    category: CATEGORIES[index % CATEGORIES.length] ?? "",
    price: dollars(900 + 100 * index),
    unitCost: dollars(400 + 40 * index),
  }),
);

/** Who the benchmark's shoppers are to the services. */
export const HASHER = createSubjectHasher(Buffer.from("a secret of the benchmark"));

/** A shopper's id at the shop. */
export function userIdOf(shopper: number): string {
  return `user-${shopper}`;
}

/** What the checkout of a shopper asks, each time as another request. */
export function decideRequest(shopper: number, requestId: string): wire.DecideRequest {
  return wire.DecideRequest.fromPartial({
    subject: { userId: userIdOf(shopper) },
    caller: "bench",
    requestId,
    sessionId: `visit-${shopper}`,
    cart: {
      lines: PRODUCTS.map(({ productId, price }) => ({ productId, quantity: 1n, unitPrice: price })),
      shipping: dollars(490),
    },
    language: "en",
  });
}

function dollars(cents: number): wire.Money {
  return { minor: BigInt(cents), currency: "USD" };
}

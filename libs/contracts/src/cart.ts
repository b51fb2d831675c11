import type { PriceBasis, StackOffer } from "@leastwise/offers";
import {
  err,
  InWords,
  isCurrencyCode,
  ok,
  refusal,
  type CurrencyCode,
  type Refusal,
  type Result,
} from "@leastwise/vocabulary";
import { within } from "./field-path.js";
import { given } from "./given.js";
import { checkLines } from "./lines.js";
import { checkMoney, type CurrencySeen } from "./money.js";
import { readPriceBasis } from "./price-basis.js";
import { readStackOffers, type ReadClaim } from "./stack-offers.js";
import { checkText } from "./text.js";
import * as wire from "./wire.js";

const PAYMENT_METHOD_BYTES_MAX = 64;

/** One line of a cart, checked. */
export interface ReadCartLine {
  readonly productId: string;
  /** Units, 1 to 2 147 483 647. */
  readonly quantity: number;
  /** Price of one unit before any discount, minor units, 0 or more. */
  readonly unitPriceMinor: number;
  /** Discount that the shop itself gives on the whole line, minor units, 0 to the line's price. */
  readonly discountMinor: number;
}

/** A cart, checked: one currency, every sum a safe integer. */
export interface ReadCart {
  readonly currency: CurrencyCode;
  /** 1 to 1 000 lines, in the order of the request. */
  readonly lines: readonly ReadCartLine[];
  /** Shipping that the shopper would pay, minor units, 0 or more. */
  readonly shippingMinor: number;
  /** The shop's name of the way in which it will be paid. Absent: not known. */
  readonly paymentMethod?: string;
  /** Whether its prices have tax in them. Absent: not said. */
  readonly prices?: PriceBasis;
  /** What the checkout has applied beside ours, or is about to. Absent: nothing. */
  readonly offers?: readonly StackOffer[];
  /** What of that names a code of ours. Absent: nothing. */
  readonly claims?: readonly ReadClaim[];
}

/** What a request says of a cart. */
export interface WrittenCart {
  readonly lines: readonly wire.Line[];
  readonly shipping?: wire.Money | undefined;
  readonly paymentMethod: string;
  readonly prices?: wire.PriceBasis;
  readonly offers?: readonly wire.StackOffer[];
}

const NOT_SAID = wire.PriceBasis.PRICE_BASIS_UNSPECIFIED;

/**
 * Reads the cart of a Decide, Validate or Redeem. Reasons: `empty_cart`, `cart_too_large`, `id_missing`, `id_too_long`, `text_too_long`,
 * `invalid_text`, `quantity_out_of_range`, `price_missing`, `negative_price`, `negative_amount`, `discount_above_price`,
 * `unknown_currency`, `mixed_currencies`, `amount_out_of_range`, `unknown_price_basis`, and those of {@link readStackOffers}.
 *
 * @param at path of the message that the lines stand in: `cart`, or empty where they stand in the request itself
 */
export function readCart(cart: WrittenCart | undefined, at: string): Result<ReadCart, Refusal> {
  const { lines = [], shipping, paymentMethod = "", prices: basis = NOT_SAID, offers = [] } = cart ?? {};
  if (lines.length === 0) {
    return err(refusal("empty_cart", within(at, "lines"), new InWords("no line"), "1 to 1000 lines"));
  }
  const seen: CurrencySeen = { currency: "" };
  const refused =
    checkLines(lines, at, "cart_too_large", seen) ??
    checkMoney(shipping, at, "shipping", "negative_amount", seen) ??
    checkText(paymentMethod, at, "payment_method", PAYMENT_METHOD_BYTES_MAX);
  if (refused !== undefined) return err(refused);
  const read: ReadCartLine[] = [];
  let totalMinor = Number(shipping?.minor ?? 0n);
  for (const [index, line] of lines.entries()) {
    const one = readLine(line, `${within(at, "lines")}[${index}]`);
    if (!one.ok) return one;
    read.push(one.value);
    totalMinor += one.value.unitPriceMinor * one.value.quantity;
  }
  if (!Number.isSafeInteger(totalMinor)) {
    return err(
      refusal("amount_out_of_range", within(at, "lines"), totalMinor, "a cart of at most 9007199254740991 minor units"),
    );
  }
  const stack = readStackOffers(offers, at, seen);
  if (!stack.ok) return stack;
  const prices = readPriceBasis(basis, within(at, "prices"));
  if (!prices.ok) return prices;
  const { currency } = seen;
  if (!isCurrencyCode(currency)) throw new Error("every line has a price by now, and every price a currency");
  return ok({
    currency,
    lines: read,
    shippingMinor: Number(shipping?.minor ?? 0n),
    ...given("paymentMethod", paymentMethod === "" ? undefined : paymentMethod),
    ...given("prices", prices.value),
    ...given("offers", stack.value.offers.length === 0 ? undefined : stack.value.offers),
    ...given("claims", stack.value.claims.length === 0 ? undefined : stack.value.claims),
  });
}

function readLine(line: wire.Line, at: string): Result<ReadCartLine, Refusal> {
  if (line.unitPrice === undefined) {
    return err(refusal("price_missing", within(at, "unit_price"), undefined, "the price of one unit"));
  }
  const quantity = Number(line.quantity);
  const unitPriceMinor = Number(line.unitPrice.minor);
  const discountMinor = Number(line.discount?.minor ?? 0n);
  if (discountMinor > unitPriceMinor * quantity) {
    return err(
      refusal("discount_above_price", within(at, "discount.minor"), discountMinor, "at most unit price × quantity"),
    );
  }
  return ok({ productId: line.productId, quantity, unitPriceMinor, discountMinor });
}

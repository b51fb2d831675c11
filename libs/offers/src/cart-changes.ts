import type { Cart, CartLine } from "./cart.js";

/** Something that is otherwise than it was. */
export interface CartChange {
  /** Path of the field: `lines[2].quantity`, `lines[3]` for a line that came or went, `shipping`, `payment_method`, `prices`; `discount` for what the offer gives. */
  readonly field: string;
  /** What it was; `nothing` where there was none. */
  readonly was: string;
  /** What it is. */
  readonly is: string;
}

/** What of a cart changed, line by line in their places. Prices and discounts in minor units. */
export function cartChanges(was: Cart, is: Cart): readonly CartChange[] {
  const places = Math.max(was.lines.length, is.lines.length);
  return [
    ...Array.from({ length: places }, (_, place) =>
      lineChanges(`lines[${String(place)}]`, was.lines[place], is.lines[place]),
    ).flat(),
    ...change("shipping", was.shippingMinor, is.shippingMinor),
    ...change("payment_method", was.paymentMethod, is.paymentMethod),
    ...change("prices", was.prices, is.prices),
  ];
}

function lineChanges(at: string, was: CartLine | undefined, is: CartLine | undefined): readonly CartChange[] {
  if (was === undefined || is === undefined || was.productId !== is.productId) return change(at, said(was), said(is));
  return [
    ...change(`${at}.quantity`, was.quantity, is.quantity),
    ...change(`${at}.unit_price`, was.unitPriceMinor, is.unitPriceMinor),
    ...change(`${at}.discount`, was.discountMinor ?? 0, is.discountMinor ?? 0),
  ];
}

function said(line: CartLine | undefined): string | undefined {
  return line && `${String(line.quantity)} of ${line.productId} at ${String(line.unitPriceMinor)}`;
}

/** One change, or none. */
export function change(
  field: string,
  was: string | number | undefined,
  is: string | number | undefined,
): readonly CartChange[] {
  return was === is ? [] : [{ field, was: String(was ?? "nothing"), is: String(is ?? "nothing") }];
}

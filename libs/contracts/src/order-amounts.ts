import { err, ok, refusal, type Refusal, type Result } from "@leastwise/vocabulary";
import { within } from "./field-path.js";
import type * as wire from "./wire.js";

/** What an order, or the cart at the start of a checkout, comes to, in minor units of one currency. */
export interface OrderAmounts {
  /** What the shopper paid for the goods, discounts taken off, without shipping; undefined: not known. */
  readonly revenueMinor: number | undefined;
  /** Discounts of the lines and of the whole order; undefined: one is in another currency. */
  readonly discountMinor: number | undefined;
}

/**
 * What an order comes to: its total as the shop says it, else the lines less all discounts, no less than nothing. Amounts in another
 * currency are not known, and none is invented: one line without a price leaves the sum unknown. Reason: `amount_out_of_range`, where a
 * sum is no safe integer; every sum further on is then one.
 */
export function orderAmounts(order: wire.Order, currency: string, at = ""): Result<OrderAmounts, Refusal> {
  const gross = grossMinor(order.lines, currency, at);
  if (!gross.ok) return gross;
  const discounts = [order.discount, ...order.lines.map(({ discount }) => discount)];
  const given = discounts.filter((discount) => discount !== undefined).map((discount) => minorIn(discount, currency));
  const discountMinor = sumOf(given);
  if (discountMinor !== undefined && !Number.isSafeInteger(discountMinor)) {
    return err(outOfRange(within(at, "lines"), discountMinor, "discounts"));
  }
  return ok({ revenueMinor: revenueMinor(order, currency, gross.value, discountMinor), discountMinor });
}

/** The sum of price × quantity; undefined where a price is not known, or there is no line. Reason: `amount_out_of_range`. */
export function grossMinor(
  lines: readonly wire.Line[],
  currency: string,
  at: string,
): Result<number | undefined, Refusal> {
  const amounts = lines.map(({ unitPrice, quantity }) => {
    const price = minorIn(unitPrice, currency);
    return price === undefined ? undefined : price * Number(quantity);
  });
  // What is known must be in range, although the rest is not known: its price may yet be found.
  const known = sumOf(amounts.filter((amount) => amount !== undefined)) ?? 0;
  if (!Number.isSafeInteger(known)) return err(outOfRange(within(at, "lines"), known, "lines"));
  return ok(lines.length === 0 ? undefined : sumOf(amounts));
}

/** The one currency of an event's amounts, which its door has seen to; empty if there is no amount. */
export function currencyOf({ product, order, goodsReturn }: wire.Event): string {
  const lines = [...(order?.lines ?? []), ...(goodsReturn?.lines ?? [])];
  const amounts = [
    ...[order?.total, order?.discount, goodsReturn?.refund, product?.unitPrice],
    ...lines.flatMap(({ unitPrice, discount }) => [unitPrice, discount]),
  ];
  return amounts.find((amount) => amount !== undefined)?.currency ?? "";
}

/** The amount where it is there and in that currency. */
export function minorIn(money: wire.Money | undefined, currency: string): number | undefined {
  return money?.currency === currency ? Number(money.minor) : undefined;
}

function revenueMinor(
  { total }: wire.Order,
  currency: string,
  gross: number | undefined,
  discount: number | undefined,
): number | undefined {
  if (total !== undefined) return minorIn(total, currency);
  return gross === undefined || discount === undefined ? undefined : Math.max(0, gross - discount);
}

/** Undefined if one of them is. */
function sumOf(amounts: readonly (number | undefined)[]): number | undefined {
  let sum = 0;
  for (const amount of amounts) {
    if (amount === undefined) return undefined;
    sum += amount;
  }
  return sum;
}

function outOfRange(field: string, came: number, what: string): Refusal {
  return refusal("amount_out_of_range", field, came, `${what} of at most 9007199254740991 minor units together`);
}

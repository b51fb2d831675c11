import { wire } from "@leastwise/contracts";
import { splitByLargestRemainder, type CurrencyCode } from "@leastwise/vocabulary";
import { csvRows, type CsvRow } from "./csv-rows.js";
import { eventOf, lineOf, orderOf, type ReaderInput, type SourceEvent } from "./source-event.js";
import { amountOf, millisOf, moneyFrom } from "./source-values.js";

export const COMPLETE_JOURNEY_COLUMNS = [
  "household_id",
  "basket_id",
  "product_id",
  "quantity",
  "sales_value",
  "retail_disc",
  "coupon_disc",
  "coupon_match_disc",
  "transaction_timestamp",
] as const;

type Row = CsvRow<(typeof COMPLETE_JOURNEY_COLUMNS)[number]>;

/** Above it a quantity is a weight or a volume in small units, not a number of pieces. */
const PIECES_MAX = 100;

/**
 * The Complete Journey (84.51°): one line a product bought. A basket is one order, and one event.
 *
 * Money, after the publisher's guide: `sales_value` is what the shop takes for the line, its own discounts
 * (`retail_disc` by loyalty card, `coupon_match_disc` on top of a coupon) taken off. The line's price before discount is
 * the sum of the three, its discount the latter two, and the order's total the sum of `sales_value`. A manufacturer's
 * coupon (`coupon_disc`) is paid back to the shop: a means of payment, no discount of the shop (note
 * `manufacturer_coupon`, on lines that are dropped too).
 *
 * A line of quantity 0 is dropped (`quantity_zero`); what is sold by weight becomes one unit at the line's price
 * (`sold_by_weight`). Where a price of several does not divide evenly, the line becomes two whose unit prices are one
 * minor unit apart, so that the sum is exact (`line_split`). A basket with no line left is an order of nothing, total 0
 * (`order_without_lines`). Times have no zone in the file and are read as UTC.
 */
export async function* readCompleteJourney(input: ReaderInput): AsyncGenerator<SourceEvent> {
  const baskets = new Map<string, Basket>();
  for await (const row of csvRows(input.path, COMPLETE_JOURNEY_COLUMNS)) {
    input.account.row("line");
    const refused = addRow(baskets, row, input);
    if (refused !== undefined) input.account.refuse(refused);
  }
  for (const [basketId, basket] of baskets) {
    if (basket.lines.length === 0) input.account.note("order_without_lines");
    const event = eventOfBasket(basketId, basket, input.currency);
    input.account.take(event);
    yield { line: basket.firstLine, event };
  }
}

interface Basket {
  readonly firstLine: number;
  readonly householdId: string;
  readonly atMs: number;
  readonly lines: wire.Line[];
  totalMinor: number;
}

function addRow(baskets: Map<string, Basket>, row: Row, input: ReaderInput): string | undefined {
  if (!row.isWhole) return "wrong_column_count";
  const basket = basketOf(baskets, row);
  if (typeof basket === "string") return basket;
  if (Number(row.get("coupon_disc")) > 0) input.account.note("manufacturer_coupon");
  const quantityText = row.get("quantity");
  if (!/^\d{1,9}$/.test(quantityText)) return "quantity_unreadable";
  const quantity = Number(quantityText);
  if (quantity === 0) return "quantity_zero";
  const productId = row.get("product_id");
  if (productId === "") return "id_missing";
  const { currency, account } = input;
  const paid = amountOf(row.get("sales_value"), currency);
  const retail = amountOf(row.get("retail_disc"), currency);
  const match = amountOf(row.get("coupon_match_disc"), currency);
  if (paid === undefined || retail === undefined || match === undefined) return "amount_unreadable";
  if (quantity > PIECES_MAX) account.note("sold_by_weight");
  const lines = exactLines(productId, quantity > PIECES_MAX ? 1 : quantity, paid, retail + match, currency);
  if (lines.length > 1) account.note("line_split");
  basket.lines.push(...lines);
  basket.totalMinor += paid;
  return undefined;
}

function basketOf(baskets: Map<string, Basket>, row: Row): Basket | string {
  const atMs = millisOf(row.get("transaction_timestamp"));
  if (atMs === undefined) return "time_unreadable";
  const householdId = row.get("household_id");
  const basketId = row.get("basket_id");
  if (householdId === "" || basketId === "") return "id_missing";
  const known = baskets.get(basketId);
  if (known !== undefined) return known.householdId === householdId ? known : "basket_of_two_households";
  const basket = { firstLine: row.line, householdId, atMs, lines: [], totalMinor: 0 };
  baskets.set(basketId, basket);
  return basket;
}

/** One line, or two a minor unit apart in price: quantity × price, less discount, is what was paid, exactly. */
function exactLines(
  productId: string,
  quantity: number,
  paidMinor: number,
  discountMinor: number,
  currency: CurrencyCode,
): wire.Line[] {
  const gross = paidMinor + discountMinor;
  const dearer = gross % quantity;
  const price = (gross - dearer) / quantity;
  const parts = [
    { quantity: quantity - dearer, price },
    { quantity: dearer, price: price + 1 },
  ].filter((part) => part.quantity > 0);
  const weights = parts.map((part) => part.quantity * part.price);
  const discounts = parts.length === 1 ? [discountMinor] : splitByLargestRemainder(discountMinor, weights);
  return parts.map((part, index) => {
    const discount = discounts[index] ?? 0;
    return lineOf(
      productId,
      part.quantity,
      moneyFrom(part.price, currency),
      discount === 0 ? undefined : moneyFrom(discount, currency),
    );
  });
}

function eventOfBasket(basketId: string, basket: Basket, currency: CurrencyCode): wire.Event {
  return eventOf(wire.EventKind.EVENT_KIND_PURCHASE, basket.atMs, {
    eventId: basketId,
    userId: basket.householdId,
    channel: wire.Channel.CHANNEL_STORE,
    order: orderOf(basketId, basket.lines, { total: moneyFrom(basket.totalMinor, currency) }),
  });
}

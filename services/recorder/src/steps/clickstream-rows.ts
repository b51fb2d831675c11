import {
  channelName,
  currencyOf,
  decodeClickstreamRecord,
  deviceName,
  kindName,
  minorIn,
  orderAmounts,
  placeText,
  type OrderAmounts,
  type wire,
} from "@leastwise/contracts";
import type { LogRecord } from "@leastwise/eventlog";
import type { ClickstreamRow, LineRow, LogPosition, OrderLineRow, OrderRow, ReturnRow } from "@leastwise/warehouse";
import { reportedCode } from "./code-hash.js";
import { fromCatalog, unitCostOf, type Products } from "./from-catalog.js";
import { moveRows } from "./move-rows.js";
import type { Outcome } from "./outcome.js";
import { logPosition } from "./position.js";

/** What the rows of one event have in common. */
interface Recorded {
  readonly at: LogPosition;
  readonly stamped: wire.ClickstreamEvent;
  /** With what the catalog knows of it. */
  readonly event: wire.Event;
  readonly currency: string;
  readonly products: Products;
}

/** Clickstream → a row of `clickstream`, and of `orders` or `returns` where the event is one; of `moves` for a state that a login moved. */
export function clickstreamRows(incarnation: string, record: LogRecord, products: Products): Outcome {
  const decoded = decodeClickstreamRecord(record.value);
  if (!decoded.ok) return { outcome: "dead_letter", refusal: decoded.error };
  if (decoded.value.$case === "stateMoved") return moveRows(logPosition(incarnation, record), decoded.value.value);
  if (decoded.value.$case !== "event") return { outcome: "drop", reason: decoded.value.$case };
  const stamped = decoded.value.value;
  if (stamped.event === undefined) return { outcome: "drop", reason: "event_missing" };
  const event = fromCatalog(stamped.event, products);
  const currency = currencyOf(event);
  const recorded: Recorded = { at: logPosition(incarnation, record), stamped, event, currency, products };
  const { order, goodsReturn } = event;
  const amounts = order === undefined ? undefined : orderAmounts(order, currency, "event.order");
  if (amounts?.ok === false) return { outcome: "dead_letter", refusal: amounts.error };
  const isOrder = kindName(event.kind) === "purchase" && order !== undefined && amounts !== undefined;
  return {
    outcome: "ok",
    rows: {
      clickstream: [clickstreamRow(recorded, amounts?.value)],
      ...(isOrder ? { orders: [orderRow(recorded, order, amounts.value)] } : {}),
      ...(goodsReturn === undefined ? {} : { returns: [returnRow(recorded, goodsReturn)] }),
    },
  };
}

function clickstreamRow({ at, stamped, event, currency }: Recorded, amounts: OrderAmounts | undefined): ClickstreamRow {
  const { product, order, goodsReturn } = event;
  return {
    ...at,
    subject: stamped.subject,
    assignment_key: stamped.assignmentKey,
    event_id: event.eventId,
    kind: kindName(event.kind) ?? "",
    occurred_at: Number(event.occurredAtMs),
    received_at: Number(stamped.receivedAtMs),
    session_id: event.sessionId,
    channel: channelName(event.channel) ?? "",
    device: deviceName(event.device) ?? "",
    place: placeText(event.place) ?? "",
    product_id: product?.productId ?? "",
    category: product?.category ?? "",
    brand: product?.brand ?? "",
    quantity: Number(product?.quantity ?? 0n),
    unit_price_minor: minorIn(product?.unitPrice, currency) ?? null,
    unit_price_from_catalog: product?.unitPrice !== undefined && stamped.event?.product?.unitPrice === undefined,
    currency,
    order_id: order?.orderId ?? goodsReturn?.orderId ?? "",
    revenue_minor: amounts?.revenueMinor ?? null,
    revenue_from_catalog: amounts?.revenueMinor !== undefined && !saysRevenue(stamped.event?.order, currency),
    discount_minor: amounts?.discountMinor ?? null,
    lines: (order?.lines ?? goodsReturn?.lines ?? []).map((line) => lineRow(line, currency)),
    codes: (order?.codes ?? []).map(reportedCode),
    source: stamped.source,
  };
}

/** Whether the event alone tells what was paid, as the windows have it. */
function saysRevenue(order: wire.Order | undefined, currency: string): boolean {
  const said = order === undefined ? undefined : orderAmounts(order, currency);
  return said?.ok === true && said.value.revenueMinor !== undefined;
}

function orderRow(
  { at, stamped, event, currency, products }: Recorded,
  order: wire.Order,
  amounts: OrderAmounts,
): OrderRow {
  const lines = order.lines.map((line) => ({
    ...lineRow(line, currency),
    unit_cost_minor: unitCostOf(products(line.productId), currency),
  }));
  return {
    ...at,
    order_id: order.orderId,
    subject: stamped.subject,
    assignment_key: stamped.assignmentKey,
    ordered_at: Number(event.occurredAtMs),
    received_at: Number(stamped.receivedAtMs),
    currency,
    revenue_minor: amounts.revenueMinor ?? null,
    discount_minor: amounts.discountMinor ?? 0,
    // A cost without its revenue would be a loss that nobody made.
    cost_of_goods_minor: amounts.revenueMinor === undefined ? null : costOf(lines),
    lines,
    codes: order.codes.map(reportedCode),
    source: stamped.source,
  };
}

/** A return whose refund is not said is kept, and gives nothing back: goods recovered for nothing paid would be a gain. */
function returnRow({ at, stamped, event, currency, products }: Recorded, goodsReturn: wire.GoodsReturn): ReturnRow {
  const refund = minorIn(goodsReturn.refund, currency);
  const costs = goodsReturn.lines.map(
    ({ productId, quantity }) => (unitCostOf(products(productId), currency) ?? 0) * Number(quantity),
  );
  return {
    ...at,
    event_id: event.eventId,
    order_id: goodsReturn.orderId,
    subject: stamped.subject,
    assignment_key: stamped.assignmentKey,
    returned_at: Number(event.occurredAtMs),
    received_at: Number(stamped.receivedAtMs),
    currency,
    refund_minor: refund ?? null,
    cost_recovered_minor: refund === undefined ? 0 : costs.reduce((sum, cost) => sum + cost, 0),
    lines: goodsReturn.lines.map((line) => lineRow(line, currency)),
  };
}

/** A line of a cart, an order or a return as a row. */
export function lineRow(line: wire.Line, currency: string): LineRow {
  return {
    product_id: line.productId,
    quantity: Number(line.quantity),
    unit_price_minor: minorIn(line.unitPrice, currency) ?? null,
    discount_minor: minorIn(line.discount, currency) ?? 0,
  };
}

function costOf(lines: readonly OrderLineRow[]): number | null {
  if (lines.length === 0) return null;
  let cost = 0;
  for (const { unit_cost_minor, quantity } of lines) {
    if (unit_cost_minor === null) return null;
    cost += unit_cost_minor * quantity;
  }
  return cost;
}

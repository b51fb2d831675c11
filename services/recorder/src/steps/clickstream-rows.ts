import { channelName, decodeClickstreamRecord, deviceName, kindName, type wire } from "@leastwise/contracts";
import type { LogRecord } from "@leastwise/eventlog";
import type { ClickstreamRow, LineRow, LogPosition, OrderLineRow, OrderRow, ReturnRow } from "@leastwise/warehouse";
import type { Outcome } from "./outcome.js";
import { logPosition } from "./position.js";

/** Cost of one unit of a product in minor units; undefined where the catalog does not say. */
export type UnitCosts = (productId: string) => number | undefined;

/** Clickstream → a row of `clickstream`, and of `orders` or `returns` where the event is one. */
export function clickstreamRows(incarnation: string, record: LogRecord, unitCosts: UnitCosts): Outcome {
  const decoded = decodeClickstreamRecord(record.value);
  if (!decoded.ok) return { outcome: "dead_letter", refusal: decoded.error };
  if (decoded.value.$case !== "event") return { outcome: "drop", reason: decoded.value.$case };
  const recorded = decoded.value.value;
  const { event } = recorded;
  if (event === undefined) return { outcome: "drop", reason: "event_missing" };
  const at = logPosition(incarnation, record);
  const { order, goodsReturn } = event;
  return {
    outcome: "ok",
    rows: {
      clickstream: [clickstreamRow(at, recorded, event)],
      ...(kindName(event.kind) === "purchase" && order !== undefined
        ? { orders: [orderRow(at, recorded, event, order, unitCosts)] }
        : {}),
      ...(goodsReturn !== undefined ? { returns: [returnRow(at, recorded, event, goodsReturn, unitCosts)] } : {}),
    },
  };
}

function clickstreamRow(at: LogPosition, recorded: wire.ClickstreamEvent, event: wire.Event): ClickstreamRow {
  const { product, order } = event;
  return {
    ...at,
    subject: recorded.subject,
    assignment_key: recorded.assignmentKey,
    event_id: event.eventId,
    kind: kindName(event.kind) ?? "",
    occurred_at: Number(event.occurredAtMs),
    received_at: Number(recorded.receivedAtMs),
    session_id: event.sessionId,
    channel: channelName(event.channel) ?? "",
    device: deviceName(event.device) ?? "",
    place: placeText(event.place),
    product_id: product?.productId ?? "",
    category: product?.category ?? "",
    brand: product?.brand ?? "",
    quantity: Number(product?.quantity ?? 0n),
    unit_price_minor: minorOf(product?.unitPrice),
    currency: currencyOf(event),
    order_id: order?.orderId ?? event.goodsReturn?.orderId ?? "",
    revenue_minor: order === undefined ? null : paidMinor(order),
    discount_minor: order === undefined ? null : discountMinor(order),
    lines: (order?.lines ?? event.goodsReturn?.lines ?? []).map(lineRow),
    codes: order?.codes ?? [],
    source: recorded.source,
  };
}

function orderRow(
  at: LogPosition,
  recorded: wire.ClickstreamEvent,
  event: wire.Event,
  order: wire.Order,
  unitCosts: UnitCosts,
): OrderRow {
  const lines = order.lines.map((line) => ({ ...lineRow(line), unit_cost_minor: unitCosts(line.productId) ?? null }));
  return {
    ...at,
    order_id: order.orderId,
    subject: recorded.subject,
    assignment_key: recorded.assignmentKey,
    ordered_at: Number(event.occurredAtMs),
    received_at: Number(recorded.receivedAtMs),
    currency: currencyOf(event),
    revenue_minor: paidMinor(order),
    discount_minor: discountMinor(order),
    cost_of_goods_minor: costOf(lines),
    lines,
    codes: order.codes,
    source: recorded.source,
  };
}

function returnRow(
  at: LogPosition,
  recorded: wire.ClickstreamEvent,
  event: wire.Event,
  goodsReturn: wire.GoodsReturn,
  unitCosts: UnitCosts,
): ReturnRow {
  const costs = goodsReturn.lines.map((line) => (unitCosts(line.productId) ?? 0) * Number(line.quantity));
  return {
    ...at,
    order_id: goodsReturn.orderId,
    subject: recorded.subject,
    assignment_key: recorded.assignmentKey,
    returned_at: Number(event.occurredAtMs),
    received_at: Number(recorded.receivedAtMs),
    currency: currencyOf(event),
    refund_minor: minorOf(goodsReturn.refund) ?? 0,
    cost_recovered_minor: costs.reduce((sum, cost) => sum + cost, 0),
    lines: goodsReturn.lines.map(lineRow),
  };
}

/** A line of a cart, an order or a return as a row. */
export function lineRow(line: wire.Line): LineRow {
  return {
    product_id: line.productId,
    quantity: Number(line.quantity),
    unit_price_minor: minorOf(line.unitPrice),
    discount_minor: minorOf(line.discount) ?? 0,
  };
}

/** What was paid for the goods: the total as the shop says it, else the lines less all discounts. */
function paidMinor(order: wire.Order): number {
  if (order.total !== undefined) return Number(order.total.minor);
  const gross = order.lines.reduce((sum, line) => sum + Number(line.unitPrice?.minor ?? 0n) * Number(line.quantity), 0);
  return Math.max(0, gross - discountMinor(order));
}

function discountMinor(order: wire.Order): number {
  const ofLines = order.lines.reduce((sum, line) => sum + Number(line.discount?.minor ?? 0n), 0);
  return ofLines + Number(order.discount?.minor ?? 0n);
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

function currencyOf({ product, order, goodsReturn }: wire.Event): string {
  const amounts = [
    order?.total,
    order?.discount,
    ...(order?.lines ?? []).map((line) => line.unitPrice),
    goodsReturn?.refund,
    ...(goodsReturn?.lines ?? []).map((line) => line.unitPrice),
    product?.unitPrice,
  ];
  return amounts.find((amount) => amount !== undefined)?.currency ?? "";
}

function minorOf(money: wire.Money | undefined): number | null {
  return money === undefined ? null : Number(money.minor);
}

function placeText(place: wire.Place | undefined): string {
  if (place === undefined || place.country === "") return "";
  return place.region === "" ? place.country : `${place.country}-${place.region}`;
}

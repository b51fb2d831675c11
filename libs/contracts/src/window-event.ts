import type { CurrencyCode, Millis } from "@leastwise/vocabulary";
import { EVENT_KINDS, type EventKind, type OrderLine, type WindowEvent } from "@leastwise/windows";
import { channelName, deviceName, kindName } from "./enum-names.js";
import type * as wire from "./wire.js";

const WINDOW_KINDS: ReadonlyMap<string, EventKind> = new Map(EVENT_KINDS.map((kind) => [kind, kind]));

/**
 * An event of the log as the windows need it; undefined for what they do not count (returns and logins). Amounts in
 * another currency than the shop's own are left out, never converted.
 */
export function windowEventOf(record: wire.ClickstreamEvent, home: CurrencyCode): WindowEvent | undefined {
  const { event } = record;
  const kind = event === undefined ? undefined : WINDOW_KINDS.get(kindName(event.kind) ?? "");
  if (event === undefined || kind === undefined) return undefined;
  const isPurchase = kind === "purchase";
  return {
    kind,
    atMs: Number(event.occurredAtMs) as Millis,
    receivedAtMs: Number(record.receivedAtMs) as Millis,
    eventId: event.eventId || undefined,
    sessionId: event.sessionId || undefined,
    productId: event.product?.productId,
    units: Number(event.product?.quantity ?? 0n),
    lines: isPurchase ? (event.order?.lines ?? []).map((line) => orderLineOf(line, home)) : [],
    revenueMinor: isPurchase ? revenueMinor(event.order, home) : undefined,
    discountMinor: isPurchase ? discountMinor(event.order, home) : undefined,
    unitPriceMinor: minorIn(event.product?.unitPrice, home),
    channel: channelName(event.channel),
    device: deviceName(event.device),
    place: placeText(event.place),
  };
}

function orderLineOf(line: wire.Line, home: CurrencyCode): OrderLine {
  return {
    productId: line.productId,
    units: Number(line.quantity),
    unitPriceMinor: minorIn(line.unitPrice, home),
  };
}

/** What the shopper paid for the goods; undefined if a price is unknown, foreign, or the sum no safe integer. */
function revenueMinor(order: wire.Order | undefined, home: CurrencyCode): number | undefined {
  if (order === undefined) return undefined;
  if (order.total !== undefined) return minorIn(order.total, home);
  let sum = 0;
  for (const line of order.lines) {
    const price = minorIn(line.unitPrice, home);
    if (price === undefined) return undefined;
    sum += price * Number(line.quantity);
  }
  const discount = discountMinor(order, home);
  const revenue = discount === undefined ? undefined : Math.max(0, sum - discount);
  return Number.isSafeInteger(revenue) ? revenue : undefined;
}

/** Discounts of the lines and of the whole order; undefined if one is in another currency. */
function discountMinor(order: wire.Order | undefined, home: CurrencyCode): number | undefined {
  if (order === undefined) return undefined;
  let sum = 0;
  for (const discount of [order.discount, ...order.lines.map((line) => line.discount)]) {
    if (discount === undefined) continue;
    const minor = minorIn(discount, home);
    if (minor === undefined) return undefined;
    sum += minor;
  }
  return Number.isSafeInteger(sum) ? sum : undefined;
}

function minorIn(money: wire.Money | undefined, home: CurrencyCode): number | undefined {
  return money?.currency === home ? Number(money.minor) : undefined;
}

/** `DE`, or `DE-BY` where the region is known. */
function placeText(place: wire.Place | undefined): string | undefined {
  if (place === undefined || place.country === "") return undefined;
  return place.region === "" ? place.country : `${place.country}-${place.region}`;
}

import type { CurrencyCode, Millis } from "@leastwise/vocabulary";
import { EVENT_KINDS, type EventKind, type OrderLine, type WindowEvent } from "@leastwise/windows";
import { channelName, deviceName, kindName } from "./enum-names.js";
import { minorIn, orderAmounts } from "./order-amounts.js";
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
  const order = kind === "purchase" ? event.order : undefined;
  const amounts = order === undefined ? undefined : orderAmounts(order, home);
  return {
    kind,
    atMs: Number(event.occurredAtMs) as Millis,
    receivedAtMs: Number(record.receivedAtMs) as Millis,
    eventId: event.eventId || undefined,
    sessionId: event.sessionId || undefined,
    productId: event.product?.productId,
    units: Number(event.product?.quantity ?? 0n),
    lines: (order?.lines ?? []).map((line) => orderLineOf(line, home)),
    // A sum that is no safe integer is as good as unknown: the door refuses it.
    revenueMinor: amounts?.ok === true ? amounts.value.revenueMinor : undefined,
    discountMinor: amounts?.ok === true ? amounts.value.discountMinor : undefined,
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

/** `DE`, or `DE-BY` where the region is known. */
export function placeText(place: wire.Place | undefined): string | undefined {
  if (place === undefined || place.country === "") return undefined;
  return place.region === "" ? place.country : `${place.country}-${place.region}`;
}

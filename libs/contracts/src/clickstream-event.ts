import {
  EARLIEST_MS,
  err,
  LATEST_MS,
  MINUTE_MS,
  ok,
  refusal,
  type Millis,
  type Refusal,
  type Result,
} from "@leastwise/vocabulary";
import { channelName, deviceName, kindName } from "./enum-names.js";
import { within } from "./field-path.js";
import { checkLines, checkQuantity } from "./lines.js";
import { checkMoney, type CurrencySeen } from "./money.js";
import { grossMinor, orderAmounts } from "./order-amounts.js";
import { readRawIds } from "./subject-ref.js";
import { checkId, checkOptionalId, checkText } from "./text.js";
import { isOfferToken } from "./offer-token.js";
import * as wire from "./wire.js";

/** How far an event's own time may be ahead of its arrival. Exactly as far is taken. */
export const EVENT_AHEAD_MAX_MS = 5 * MINUTE_MS;

const CODES_MAX = 32;
/** Longest code that an order may name, bytes; a token of an offer may be longer. */
export const CODE_BYTES_MAX = 64;
const CONTENT_KIND_BYTES_MAX = 64;
const { EventKind } = wire;

/** A remark on an event that was taken. */
export type EventWarning = "no_event_id";

/** An event that keeps every promise of its contract. */
export interface CheckedEvent {
  /** As it came; a product's absent quantity is now 1. */
  readonly event: wire.Event;
  readonly warnings: readonly EventWarning[];
}

/**
 * Holds an event against its contract. Reasons: `kind_missing`, `kind_unknown`, `timestamp_zero`, `timestamp_in_seconds`,
 * `timestamp_out_of_range`, `ahead_of_received`, `id_missing`, `id_too_long`, `invalid_text`, `text_too_long`,
 * `channel_unknown`, `device_unknown`, `country_malformed`, `region_malformed`, `product_missing`, `order_missing`,
 * `goods_return_missing`, `lines_missing`, `too_many_lines`, `too_many_codes`, `quantity_out_of_range`, `negative_price`,
 * `negative_amount`, `amount_out_of_range`, `unknown_currency`, `mixed_currencies`.
 *
 * @param nowMs when the event arrived
 * @param at path of the event in its request, such as `events[3]`; empty if it is the request
 */
export function readEvent(event: wire.Event, nowMs: Millis, at = ""): Result<CheckedEvent, Refusal> {
  const refused =
    checkKind(event.kind, at) ??
    checkWho(event, at) ??
    checkWhere(event, at) ??
    checkWhat(event, at) ??
    checkTime(event.occurredAtMs, nowMs, at);
  if (refused !== undefined) return err(refused);
  return ok({ event: withQuantity(event), warnings: event.eventId === "" ? ["no_event_id"] : [] });
}

function withQuantity(event: wire.Event): wire.Event {
  const { product } = event;
  return product?.quantity === 0n ? { ...event, product: { ...product, quantity: 1n } } : event;
}

function checkKind(kind: wire.EventKind, at: string): Refusal | undefined {
  if (kindName(kind) !== undefined) return undefined;
  const reason = kind === EventKind.EVENT_KIND_UNSPECIFIED ? "kind_missing" : "kind_unknown";
  return refusal(
    reason,
    within(at, "kind"),
    kind,
    "a kind of event, such as product_view (by gRPC: EVENT_KIND_PRODUCT_VIEW)",
  );
}

function checkTime(occurredAtMs: bigint, nowMs: Millis, at: string): Refusal | undefined {
  const field = within(at, "occurred_at_ms");
  const ms = Number(occurredAtMs);
  const expected = "Unix milliseconds from 2000-01-01 to 2099-12-31";
  if (ms === 0) return refusal("timestamp_zero", field, occurredAtMs, expected);
  if (ms < EARLIEST_MS || ms >= LATEST_MS) {
    const isSeconds = ms >= EARLIEST_MS / 1_000 && ms < LATEST_MS / 1_000;
    return refusal(isSeconds ? "timestamp_in_seconds" : "timestamp_out_of_range", field, occurredAtMs, expected);
  }
  if (ms <= nowMs + EVENT_AHEAD_MAX_MS) return undefined;
  return refusal("ahead_of_received", field, occurredAtMs, `at most 5 minutes after its arrival at ${nowMs}`);
}

function checkWho(event: wire.Event, at: string): Refusal | undefined {
  const ids = readRawIds(event.anonymousId, event.userId, at);
  if (!ids.ok) return ids.error;
  if (event.kind === EventKind.EVENT_KIND_LOGIN && ids.value.anonymousId === undefined) {
    return refusal("id_missing", within(at, "anonymous_id"), undefined, "both ids: a login links the one to the other");
  }
  if (event.kind === EventKind.EVENT_KIND_LOGIN && ids.value.userId === undefined) {
    return refusal("id_missing", within(at, "user_id"), undefined, "both ids: a login links the one to the other");
  }
  return checkOptionalId(event.eventId, at, "event_id") ?? checkOptionalId(event.sessionId, at, "session_id");
}

function checkWhere({ channel, device, place }: wire.Event, at: string): Refusal | undefined {
  if (channel !== wire.Channel.CHANNEL_UNSPECIFIED && channelName(channel) === undefined) {
    return refusal("channel_unknown", within(at, "channel"), channel, "a channel, such as CHANNEL_WEB");
  }
  if (device !== wire.Device.DEVICE_UNSPECIFIED && deviceName(device) === undefined) {
    return refusal("device_unknown", within(at, "device"), device, "a device, such as DEVICE_MOBILE");
  }
  return place === undefined ? undefined : checkPlace(place, within(at, "place"));
}

/** Checks the form of a place: `country_malformed`, `region_malformed`. Whether the country exists is not asked. */
export function checkPlace({ country, region }: wire.Place, at: string): Refusal | undefined {
  if (country !== "" && !/^[A-Z]{2}$/.test(country)) {
    return refusal(
      "country_malformed",
      within(at, "country"),
      country,
      "an ISO 3166-1 code of two capitals, such as DE",
    );
  }
  if (region === "" || /^[A-Z0-9]{1,3}$/.test(region)) return undefined;
  return refusal(
    "region_malformed",
    within(at, "region"),
    region,
    "an ISO 3166-2 code without the country, such as NY of US-NY",
  );
}

function checkWhat(event: wire.Event, at: string): Refusal | undefined {
  const seen: CurrencySeen = { currency: "" };
  return (
    checkParts(event, at) ??
    (event.product === undefined ? undefined : checkProduct(event.product, within(at, "product"), seen)) ??
    (event.order === undefined ? undefined : checkOrder(event.order, event.kind, within(at, "order"), seen)) ??
    (event.goodsReturn === undefined ? undefined : checkReturn(event.goodsReturn, within(at, "goods_return"), seen)) ??
    (event.content === undefined ? undefined : checkContent(event.content, within(at, "content")))
  );
}

/** The parts that the kind cannot do without. */
function checkParts(event: wire.Event, at: string): Refusal | undefined {
  const kind = kindName(event.kind) ?? "";
  const needsProduct = kind === "product_view" || kind === "cart_add" || kind === "cart_remove";
  if (needsProduct && event.product === undefined) {
    return refusal("product_missing", within(at, "product"), undefined, `the product of a ${kind}`);
  }
  if (kind === "purchase" && event.order === undefined) {
    return refusal("order_missing", within(at, "order"), undefined, "the order of a purchase");
  }
  if (kind === "return" && event.goodsReturn === undefined) {
    return refusal("goods_return_missing", within(at, "goods_return"), undefined, "what came back");
  }
  return undefined;
}

function checkProduct(product: wire.EventProduct, at: string, seen: CurrencySeen): Refusal | undefined {
  return (
    checkId(product.productId, at, "product_id") ??
    checkText(product.category, at, "category", 256) ??
    checkText(product.brand, at, "brand", 256) ??
    checkMoney(product.unitPrice, at, "unit_price", "negative_price", seen) ??
    (product.quantity === 0n ? undefined : checkQuantity(product.quantity, at))
  );
}

function checkOrder(order: wire.Order, kind: wire.EventKind, at: string, seen: CurrencySeen): Refusal | undefined {
  // At the start of a checkout the order is the cart, which has no id yet.
  const checkOrderId = kind === EventKind.EVENT_KIND_CHECKOUT_START ? checkOptionalId : checkId;
  return (
    checkOrderId(order.orderId, at, "order_id") ??
    (kind === EventKind.EVENT_KIND_PURCHASE && order.lines.length === 0 && order.total === undefined
      ? refusal("lines_missing", within(at, "lines"), undefined, "1 to 1000 lines, or the order's total")
      : undefined) ??
    checkLines(order.lines, at, "too_many_lines", seen) ??
    checkMoney(order.total, at, "total", "negative_amount", seen) ??
    checkMoney(order.discount, at, "discount", "negative_amount", seen) ??
    refusalOf(orderAmounts(order, seen.currency, at)) ??
    checkCodes(order.codes, at)
  );
}

function refusalOf(read: Result<unknown, Refusal>): Refusal | undefined {
  return read.ok ? undefined : read.error;
}

function checkCodes(codes: readonly string[], at: string): Refusal | undefined {
  if (codes.length > CODES_MAX) {
    return refusal("too_many_codes", within(at, "codes"), codes.length, `at most ${CODES_MAX} codes`);
  }
  for (const [index, code] of codes.entries()) {
    const refused = isOfferToken(code) ? undefined : checkText(code, at, `codes[${index}]`, CODE_BYTES_MAX);
    if (refused !== undefined) return refused;
  }
  return undefined;
}

function checkReturn(goodsReturn: wire.GoodsReturn, at: string, seen: CurrencySeen): Refusal | undefined {
  return (
    checkId(goodsReturn.orderId, at, "order_id") ??
    (goodsReturn.lines.length === 0 && goodsReturn.refund === undefined
      ? refusal("lines_missing", within(at, "lines"), undefined, "1 to 1000 lines, or what was paid back")
      : undefined) ??
    checkLines(goodsReturn.lines, at, "too_many_lines", seen) ??
    checkMoney(goodsReturn.refund, at, "refund", "negative_amount", seen) ??
    refusalOf(grossMinor(goodsReturn.lines, seen.currency, at))
  );
}

function checkContent(content: wire.Content, at: string): Refusal | undefined {
  return (
    checkOptionalId(content.contentId, at, "content_id") ??
    checkText(content.contentKind, at, "content_kind", CONTENT_KIND_BYTES_MAX)
  );
}

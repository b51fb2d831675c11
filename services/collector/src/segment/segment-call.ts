import { wire, within } from "@leastwise/contracts";
import { err, ok, type CurrencyCode, type Millis, type Refusal, type Result } from "@leastwise/vocabulary";
import { readAs, unread, type Incoming } from "../steps/step.js";
import { objectOf, textOf, type JsonObject } from "./json-object.js";
import { channelOf, deviceOf, placeOf } from "./segment-context.js";
import { amountOf, codesOf, currencyOf, goodsTotalOf, linesOf, productOf, type GoodsContext } from "./segment-goods.js";
import { occurredAt } from "./segment-time.js";
import { meaningOf, TRACK_NAMES, type TrackMeaning } from "./track-names.js";

const { EventKind } = wire;

/** What is known of a call beside its own content. */
export interface SegmentCallContext {
  /** Path of the call in its request: `batch[2]`; empty if it is the request. */
  readonly at: string;
  readonly receivedAtMs: Millis;
  /** `sentAt` of the batch around it. */
  readonly batchSentAt: unknown;
  /** Currency of amounts that come without one; undefined: such amounts are left out (`price_without_currency`). */
  readonly homeCurrency: CurrencyCode | undefined;
}

/**
 * Reads one call in the form of the Segment spec as an event. Reasons of its own: `unknown_call_type`, `unknown_event_name`,
 * `nothing_to_link` (an identify without both ids), `id_not_exact` (a number whose last digits are lost), `timestamp_malformed`, `price_malformed`, `quantity_out_of_range`,
 * `unknown_currency`, `wrong_type`. Traits, and properties that no feature needs, are not taken.
 *
 * @param type of the call as its path says, or as it says itself in a batch
 */
export function readSegmentCall(json: unknown, type: string, context: SegmentCallContext): Incoming {
  const call = objectOf(json);
  if (call === undefined) return unread("wrong_type", context.at, typeof json, "an object");
  const inexact = IDS.find((name) => isInexact(call[name]));
  if (inexact !== undefined) {
    const expected = `text, or a whole number of at most ${Number.MAX_SAFE_INTEGER}: beyond, two ids would become one`;
    return unread("id_not_exact", within(context.at, inexact), String(call[inexact]), expected);
  }
  switch (type) {
    case "track":
      return readTrack(call, context);
    case "identify":
      return readIdentify(call, context);
    case "page":
    case "screen":
      return finish(call, { kind: EventKind.EVENT_KIND_PAGE_VIEW }, context, []);
    default:
      return unread("unknown_call_type", within(context.at, "type"), type, "track, identify, page or screen");
  }
}

/** Names of what makes two events, or two shoppers, one. */
const IDS = ["messageId", "anonymousId", "userId"] as const;

/** True for a number that JSON's reader may have rounded. */
function isInexact(value: unknown): boolean {
  return typeof value === "number" && Math.abs(value) > Number.MAX_SAFE_INTEGER;
}

function readIdentify(call: JsonObject, context: SegmentCallContext): Incoming {
  if (textOf(call, "anonymousId") === "" || textOf(call, "userId") === "") {
    const field = within(context.at, textOf(call, "userId") === "" ? "userId" : "anonymousId");
    return unread("nothing_to_link", field, undefined, "both ids: an identify links the one to the other");
  }
  return finish(call, { kind: EventKind.EVENT_KIND_LOGIN }, context, []);
}

function readTrack(call: JsonObject, context: SegmentCallContext): Incoming {
  const name = textOf(call, "event");
  const meaning = meaningOf(name);
  if (meaning === undefined) {
    return unread(
      "unknown_event_name",
      within(context.at, "event"),
      name,
      `one of ${[...TRACK_NAMES.keys()].join(", ")}`,
    );
  }
  const properties = objectOf(call["properties"]) ?? {};
  const at = within(context.at, "properties");
  const currency = currencyOf(properties, at, context.homeCurrency);
  if (!currency.ok) return { kind: "unread", refusal: currency.error, isDeadLetter: false };
  const goods: GoodsContext = { at, currency: currency.value, warnings: new Set() };
  const parts = partsOf(meaning, properties, goods);
  if (!parts.ok) return { kind: "unread", refusal: parts.error, isDeadLetter: false };
  return finish(call, { kind: meaning.kind, ...parts.value }, context, [...goods.warnings]);
}

type Parts = Partial<Pick<wire.Event, "product" | "order" | "goodsReturn" | "content">>;

function partsOf(meaning: TrackMeaning, properties: JsonObject, goods: GoodsContext): Result<Parts, Refusal> {
  switch (meaning.carries) {
    case "nothing":
      return ok({});
    case "product": {
      const product = productOf(properties, goods);
      return product.ok ? ok({ product: product.value }) : product;
    }
    case "content": {
      const productId = textOf(properties, "product_id", "sku");
      const product = productId === "" ? undefined : wire.EventProduct.fromPartial({ productId, quantity: 1n });
      return ok({ product, content: { contentId: productId, contentKind: meaning.contentKind ?? "" } });
    }
    case "order":
      return orderOf(properties, goods);
    case "return":
      return returnOf(properties, goods);
  }
}

function orderOf(properties: JsonObject, goods: GoodsContext): Result<Parts, Refusal> {
  const lines = linesOf(properties, goods);
  if (!lines.ok) return lines;
  const total = goodsTotalOf(properties, goods);
  if (!total.ok) return total;
  const discount = amountOf(properties, "discount", goods);
  if (!discount.ok) return discount;
  return ok({
    order: {
      orderId: textOf(properties, "order_id"),
      lines: lines.value,
      total: total.value,
      discount: discount.value,
      codes: codesOf(properties),
    },
  });
}

function returnOf(properties: JsonObject, goods: GoodsContext): Result<Parts, Refusal> {
  const lines = linesOf(properties, goods);
  if (!lines.ok) return lines;
  const refund = goodsTotalOf(properties, goods);
  if (!refund.ok) return refund;
  return ok({ goodsReturn: { orderId: textOf(properties, "order_id"), lines: lines.value, refund: refund.value } });
}

function finish(
  call: JsonObject,
  parts: Parts & Pick<wire.Event, "kind">,
  context: SegmentCallContext,
  warnings: readonly string[],
): Incoming {
  const occurredAtMs = wholeMs(occurredAt(call, context.batchSentAt, context.receivedAtMs, context.at));
  if (!occurredAtMs.ok) return { kind: "unread", refusal: occurredAtMs.error, isDeadLetter: false };
  const properties = objectOf(call["properties"]);
  const about = objectOf(call["context"]);
  const event: wire.Event = {
    eventId: textOf(call, "messageId"),
    occurredAtMs: occurredAtMs.value,
    anonymousId: textOf(call, "anonymousId"),
    userId: textOf(call, "userId"),
    sessionId: textOf(properties, "session_id") || textOf(about, "sessionId", "session_id"),
    channel: channelOf(call, about),
    device: deviceOf(about),
    place: placeOf(about),
    product: undefined,
    order: undefined,
    goodsReturn: undefined,
    content: undefined,
    ...parts,
  };
  return readAs(event, context.at, warnings);
}

function wholeMs(ms: Result<number, Refusal>): Result<bigint, Refusal> {
  return ms.ok ? ok(BigInt(Math.trunc(ms.value))) : err(ms.error);
}

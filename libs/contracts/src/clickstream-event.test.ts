import { describe, expect, it } from "@jest/globals";
import type { Millis } from "@leastwise/vocabulary";
import { readEvent } from "./clickstream-event.js";
import * as wire from "./wire.js";

const NOW = 1_760_000_000_000 as Millis;
const { EventKind } = wire;
const EUR = (minor: bigint) => ({ minor, currency: "EUR" });

const MOST = EUR(2n ** 53n - 1n);
const CHEAP = { productId: "s", quantity: 1n, unitPrice: EUR(1n) };
const DEAREST = { productId: "s", quantity: 2_147_483_647n, unitPrice: MOST };

type Fields = wire.DeepPartial<wire.Event>;

const view: Fields = {
  eventId: "e1",
  kind: EventKind.EVENT_KIND_PRODUCT_VIEW,
  occurredAtMs: BigInt(NOW),
  anonymousId: "browser-1",
  product: { productId: "sku-1", unitPrice: EUR(999n), quantity: 1n },
};
const purchase: Fields = {
  ...view,
  kind: EventKind.EVENT_KIND_PURCHASE,
  product: undefined,
  order: { orderId: "o1", lines: [{ productId: "sku-1", quantity: 2n, unitPrice: EUR(500n) }] },
};
const goodsReturn: Fields = {
  ...view,
  kind: EventKind.EVENT_KIND_RETURN,
  product: undefined,
  goodsReturn: { orderId: "o1", lines: [{ productId: "sku-1", quantity: 1n }] },
};

function refusalOf(fields: Fields): string {
  const read = readEvent(wire.Event.fromPartial(fields), NOW, "events[3]");
  return read.ok ? "ok" : `${read.error.reason} at ${read.error.field}`;
}

describe("readEvent", () => {
  it.each([
    ["a product view", view],
    ["a purchase", purchase],
    ["a purchase without lines, with a total", { ...purchase, order: { orderId: "o1", total: EUR(5n) } }],
    ["a return", goodsReturn],
    [
      "a return of a whole order, without lines, with what was paid back",
      { ...goodsReturn, goodsReturn: { orderId: "o1", refund: EUR(5n) } },
    ],
    [
      "the largest order",
      {
        ...purchase,
        order: { orderId: "o1", lines: [{ productId: "s", quantity: 1n, unitPrice: EUR(2n ** 53n - 1n) }] },
      },
    ],
    ["a login", { ...view, kind: EventKind.EVENT_KIND_LOGIN, userId: "u" }],
    ["a checkout whose cart has no order id", { ...view, kind: EventKind.EVENT_KIND_CHECKOUT_START, order: {} }],
    ["exactly 5 minutes ahead", { ...view, occurredAtMs: BigInt(NOW) + 300_000n }],
    ["an id of 256 bytes", { ...view, anonymousId: "é".repeat(128) }],
    ["the largest quantity", { ...view, product: { productId: "s", quantity: 2_147_483_647n } }],
    ["a price of nothing", { ...view, product: { productId: "s", unitPrice: EUR(0n) } }],
    ["a region", { ...view, place: { country: "DE", region: "BY" } }],
  ])("takes %s", (_, fields) => {
    expect(refusalOf(fields)).toBe("ok");
  });

  it.each<[string, Fields, string]>([
    ["no kind", { ...view, kind: 0 }, "kind_missing at events[3].kind"],
    ["a kind from the future", { ...view, kind: 99 as wire.EventKind }, "kind_unknown at events[3].kind"],
    ["no id", { ...view, anonymousId: "" }, "id_missing at events[3].anonymous_id"],
    ["an id of 257 bytes", { ...view, anonymousId: "x".repeat(257) }, "id_too_long at events[3].anonymous_id"],
    ["129 two-byte letters", { ...view, userId: "é".repeat(129) }, "id_too_long at events[3].user_id"],
    ["a long event id", { ...view, eventId: "x".repeat(257) }, "id_too_long at events[3].event_id"],
    ["a long session id", { ...view, sessionId: "x".repeat(257) }, "id_too_long at events[3].session_id"],
    ["a lone surrogate", { ...view, userId: "a\ud800b" }, "invalid_text at events[3].user_id"],
    ["NUL", { ...view, eventId: "a\u0000b" }, "invalid_text at events[3].event_id"],
    ["a login without a user", { ...view, kind: EventKind.EVENT_KIND_LOGIN }, "id_missing at events[3].user_id"],
    ["timestamp 0", { ...view, occurredAtMs: 0n }, "timestamp_zero at events[3].occurred_at_ms"],
    ["seconds", { ...view, occurredAtMs: 1_760_000_000n }, "timestamp_in_seconds at events[3].occurred_at_ms"],
    ["1999", { ...view, occurredAtMs: 946_684_799_999n }, "timestamp_out_of_range at events[3].occurred_at_ms"],
    ["2100", { ...view, occurredAtMs: 4_102_444_800_000n }, "timestamp_out_of_range at events[3].occurred_at_ms"],
    [
      "the end of time",
      { ...view, occurredAtMs: 2n ** 63n - 1n },
      "timestamp_out_of_range at events[3].occurred_at_ms",
    ],
    ["a negative time", { ...view, occurredAtMs: -1n }, "timestamp_out_of_range at events[3].occurred_at_ms"],
    ["far ahead", { ...view, occurredAtMs: BigInt(NOW) + 300_001n }, "ahead_of_received at events[3].occurred_at_ms"],
    ["a channel from the future", { ...view, channel: 99 as wire.Channel }, "channel_unknown at events[3].channel"],
    ["a device from the future", { ...view, device: 99 as wire.Device }, "device_unknown at events[3].device"],
    ["a country in words", { ...view, place: { country: "Germany" } }, "country_malformed at events[3].place.country"],
    ["a long region", { ...view, place: { region: "ABCD" } }, "region_malformed at events[3].place.region"],
    ["a view of nothing", { ...view, product: undefined }, "product_missing at events[3].product"],
    ["a product without id", { ...view, product: {} }, "id_missing at events[3].product.product_id"],
    [
      "an unknown currency",
      { ...view, product: { productId: "s", unitPrice: { minor: 1n, currency: "EURO" } } },
      "unknown_currency at events[3].product.unit_price.currency",
    ],
    [
      "a negative price",
      { ...view, product: { productId: "s", unitPrice: EUR(-1n) } },
      "negative_price at events[3].product.unit_price.minor",
    ],
    [
      "a price beyond 2^53",
      { ...view, product: { productId: "s", unitPrice: EUR(2n ** 53n) } },
      "amount_out_of_range at events[3].product.unit_price.minor",
    ],
    [
      "a negative quantity",
      { ...view, product: { productId: "s", quantity: -1n } },
      "quantity_out_of_range at events[3].product.quantity",
    ],
    [
      "a quantity over int32",
      { ...view, product: { productId: "s", quantity: 2_147_483_648n } },
      "quantity_out_of_range at events[3].product.quantity",
    ],
    ["a purchase of nothing", { ...purchase, order: undefined }, "order_missing at events[3].order"],
    ["an order without id", { ...purchase, order: { total: EUR(1n) } }, "id_missing at events[3].order.order_id"],
    ["an order without lines", { ...purchase, order: { orderId: "o" } }, "lines_missing at events[3].order.lines"],
    [
      "a line of no units",
      { ...purchase, order: { orderId: "o", lines: [{ productId: "s" }] } },
      "quantity_out_of_range at events[3].order.lines[0].quantity",
    ],
    [
      "mixed currencies",
      {
        ...purchase,
        order: {
          orderId: "o",
          lines: [
            { productId: "s", quantity: 1n, unitPrice: EUR(1n) },
            { productId: "t", quantity: 1n, unitPrice: { minor: 1n, currency: "USD" } },
          ],
        },
      },
      "mixed_currencies at events[3].order.lines[1].unit_price.currency",
    ],
    [
      "1,001 lines",
      {
        ...purchase,
        order: { orderId: "o", lines: Array.from({ length: 1_001 }, () => ({ productId: "s", quantity: 1n })) },
      },
      "too_many_lines at events[3].order.lines",
    ],
    [
      "a negative total",
      { ...purchase, order: { orderId: "o", total: EUR(-1n) } },
      "negative_amount at events[3].order.total.minor",
    ],
    [
      "33 codes",
      { ...purchase, order: { orderId: "o", total: EUR(1n), codes: Array.from({ length: 33 }, () => "A") } },
      "too_many_codes at events[3].order.codes",
    ],
    [
      "a long code",
      { ...purchase, order: { orderId: "o", total: EUR(1n), codes: ["A".repeat(65)] } },
      "text_too_long at events[3].order.codes[0]",
    ],
    ...(
      [
        ["purchase", EventKind.EVENT_KIND_PURCHASE, "order"],
        ["checkout", EventKind.EVENT_KIND_CHECKOUT_START, "order"],
        ["return", EventKind.EVENT_KIND_RETURN, "goodsReturn"],
      ] as const
    ).map(([name, kind, part]): [string, Fields, string] => [
      `a ${name} whose lines come to more than 2^53 − 1`,
      { ...view, kind, product: undefined, [part]: { orderId: "o", lines: [DEAREST] } },
      `amount_out_of_range at events[3].${part === "order" ? "order" : "goods_return"}.lines`,
    ]),
    [
      "discounts that come to more",
      { ...purchase, order: { orderId: "o", total: EUR(1n), lines: [{ ...CHEAP, discount: MOST }], discount: MOST } },
      "amount_out_of_range at events[3].order.lines",
    ],
    [
      "a return of nothing",
      { ...goodsReturn, goodsReturn: undefined },
      "goods_return_missing at events[3].goods_return",
    ],
    [
      "a return without lines",
      { ...goodsReturn, goodsReturn: { orderId: "o" } },
      "lines_missing at events[3].goods_return.lines",
    ],
  ])("refuses %s", (_, fields, expected) => {
    expect(refusalOf(fields)).toBe(expected);
  });

  it("never quotes an id", () => {
    const read = readEvent(wire.Event.fromPartial({ ...view, anonymousId: "secret".repeat(50) }), NOW);
    expect(read.ok ? "" : JSON.stringify(read.error)).not.toContain("secret");
    expect(read.ok ? "" : read.error.came).toBe("a text of 300 bytes");
  });

  it("takes one unit where none is said, and remarks a missing event id", () => {
    const read = readEvent(wire.Event.fromPartial({ ...view, eventId: "", product: { productId: "s" } }), NOW);
    expect(read).toMatchObject({
      ok: true,
      value: { warnings: ["no_event_id"], event: { product: { quantity: 1n } } },
    });
  });
});

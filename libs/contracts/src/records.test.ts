import { describe, expect, it } from "@jest/globals";
import { exponentOf, isCurrencyCode, type CurrencyCode } from "@leastwise/vocabulary";
import { decodeClickstreamRecord, encodeClickstreamRecord } from "./clickstream-record.js";
import { fileDescriptors } from "./descriptors.js";
import { channelOfName, deviceOfName, kindName, kindOfName } from "./enum-names.js";
import { moneyOf, moneyToWire } from "./money.js";
import { formatPosition, parsePosition } from "./position.js";
import { windowEventOf } from "./window-event.js";
import * as wire from "./wire.js";

const SUBJECT = "0123456789abcdef0123456789abcdef";
const EUR = "EUR" as CurrencyCode;
const eur = (minor: bigint) => ({ minor, currency: "EUR" });

describe("clickstream records", () => {
  const event = {
    $case: "event" as const,
    value: wire.ClickstreamEvent.fromPartial({ subject: SUBJECT, source: "http" }),
  };

  it("come back as they went", () => {
    expect(decodeClickstreamRecord(encodeClickstreamRecord(event))).toEqual({ ok: true, value: event });
  });

  it.each([
    ["record_malformed", Uint8Array.of(10, 200, 1)],
    ["empty_record", new Uint8Array()],
    ["subject_malformed", encodeClickstreamRecord({ $case: "event", value: wire.ClickstreamEvent.fromPartial({}) })],
  ])("are refused as %s", (reason, bytes) => {
    expect(decodeClickstreamRecord(bytes)).toMatchObject({ ok: false, error: { reason } });
  });
});

describe("positions", () => {
  it("come back as they went, partitions ascending", () => {
    const position = {
      incarnation: "0c4f-9b",
      offsets: new Map([
        [3, 12],
        [0, 0],
      ]),
    };
    expect(formatPosition(position)).toBe("0c4f-9b/0:0,3:12");
    expect(parsePosition("0c4f-9b/0:0,3:12")).toEqual({ ok: true, value: position });
    expect(formatPosition({ incarnation: "i", offsets: new Map() })).toBe("");
  });

  it.each([
    "",
    "i",
    "i/",
    "i/0",
    "i/0:",
    "i/0:-1",
    "i/0:1,0:2",
    "i/0:9999999999999999",
    "i/0:1;1:2",
    "i".repeat(9_000),
  ])("refuses %s", (text) => {
    expect(parsePosition(text)).toMatchObject({ ok: false, error: { reason: "position_malformed", field: "after" } });
  });
});

describe("names", () => {
  it("follow the generated enum", () => {
    for (const [name, kind] of Object.entries(wire.EventKind)) {
      if (kind <= 0) continue;
      expect(kindName(kind)).toBe(name.replace("EVENT_KIND_", "").toLowerCase());
      expect(kindOfName(kindName(kind)!)).toBe(kind);
    }
    expect(channelOfName("app")).toBe(wire.Channel.CHANNEL_APP);
    expect(deviceOfName("mobile")).toBe(wire.Device.DEVICE_MOBILE);
    expect(kindName(0)).toBeUndefined();
    expect(kindOfName("")).toBeUndefined();
  });
});

describe("money", () => {
  it("goes both ways", () => {
    expect(moneyOf(moneyToWire({ minor: -5, currency: EUR }))).toEqual({ minor: -5, currency: EUR });
    expect(isCurrencyCode("EUR") && exponentOf(EUR)).toBe(2);
  });
});

describe("windowEventOf", () => {
  const read = (fields: wire.DeepPartial<wire.Event>) =>
    windowEventOf(
      wire.ClickstreamEvent.fromPartial({ subject: SUBJECT, receivedAtMs: 2n, event: { occurredAtMs: 1n, ...fields } }),
      EUR,
    );

  it("computes revenue and discount of an order from its lines", () => {
    const order = {
      orderId: "o",
      discount: eur(50n),
      lines: [{ productId: "s", quantity: 2n, unitPrice: eur(500n), discount: eur(100n) }],
    };
    expect(read({ kind: wire.EventKind.EVENT_KIND_PURCHASE, order })).toMatchObject({
      kind: "purchase",
      revenueMinor: 850,
      discountMinor: 150,
      lines: [{ productId: "s", units: 2, unitPriceMinor: 500 }],
    });
  });

  it("leaves out amounts in another currency, and invents none", () => {
    const order = { orderId: "o", total: { minor: 900n, currency: "USD" } };
    expect(read({ kind: wire.EventKind.EVENT_KIND_PURCHASE, order })?.revenueMinor).toBeUndefined();
    const unpriced = { orderId: "o", lines: [{ productId: "s", quantity: 1n }] };
    expect(read({ kind: wire.EventKind.EVENT_KIND_PURCHASE, order: unpriced })?.revenueMinor).toBeUndefined();
  });

  it("counts neither returns nor logins", () => {
    expect(read({ kind: wire.EventKind.EVENT_KIND_RETURN })).toBeUndefined();
    expect(read({ kind: wire.EventKind.EVENT_KIND_LOGIN })).toBeUndefined();
  });

  it("says where in words", () => {
    const place = { country: "DE", region: "BY" };
    expect(read({ kind: 1, channel: 2, device: 2, place })).toMatchObject({
      channel: "app",
      device: "mobile",
      place: "DE-BY",
    });
  });
});

describe("fileDescriptors", () => {
  it("has every proto file", () => {
    expect(fileDescriptors().length).toBeGreaterThanOrEqual(8);
  });
});

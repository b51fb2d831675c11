import { describe, expect, it } from "@jest/globals";
import { readJson, writeJson, writeWholeJson } from "./json.js";
import * as wire from "./wire.js";

describe("readJson", () => {
  const event = wire.Event.fromPartial({
    eventId: "e",
    kind: wire.EventKind.EVENT_KIND_PRODUCT_VIEW,
    occurredAtMs: 1_760_000_000_000n,
    anonymousId: "a",
    channel: wire.Channel.CHANNEL_WEB,
    product: { productId: "s", unitPrice: { minor: 999n, currency: "EUR" }, quantity: 1n },
  });

  it.each([
    [
      "snake_case, numbers, short enum names",
      {
        event_id: "e",
        kind: "product_view",
        occurred_at_ms: 1_760_000_000_000,
        anonymous_id: "a",
        channel: "web",
        product: { product_id: "s", unit_price: { minor: 999, currency: "EUR" }, quantity: 1 },
      },
    ],
    [
      "camelCase, texts, full enum names",
      {
        eventId: "e",
        kind: "EVENT_KIND_PRODUCT_VIEW",
        occurredAtMs: "1760000000000",
        anonymousId: "a",
        userId: null,
        channel: 1,
        product: { productId: "s", unitPrice: { minor: "999", currency: "EUR" }, quantity: "1" },
      },
    ],
  ])("takes %s", (_, json) => {
    expect(readJson("Event", json)).toEqual({ ok: true, value: event });
  });

  it("reads back what writeJson wrote, oneofs and maps too", () => {
    expect(readJson("Event", writeJson("Event", event))).toEqual({ ok: true, value: event });
    const offer = wire.OfferEvent.fromPartial({ kind: { $case: "expired", value: {} } });
    expect(readJson("OfferEvent", writeJson("OfferEvent", offer))).toEqual({ ok: true, value: offer });
    const profile = wire.Profile.fromPartial({ attributes: { a: "b" }, customerSinceMs: 0n });
    expect(readJson("Profile", writeJson("Profile", profile))).toEqual({ ok: true, value: profile });
  });

  it.each<[string, unknown, string, string]>([
    ["an unknown field", { knid: "search" }, "unknown_field at events[1].knid", "did you mean kind?"],
    [
      "one deep inside",
      { product: { prodct_id: "s" } },
      "unknown_field at events[1].product.prodct_id",
      "did you mean product_id?",
    ],
    ["one unlike any", { zzzzzz: 1 }, "unknown_field at events[1].zzzzzz", "one of event_id, kind"],
    ["__proto__", JSON.parse('{"__proto__":{"kind":1}}'), "unknown_field at events[1].__proto__", "one of event_id"],
    ["a number for text", { user_id: 17 }, "wrong_type at events[1].user_id", "text"],
    ["text for a message", { product: "s" }, "wrong_type at events[1].product", "an object"],
    ["an object for a list", { order: { lines: {} } }, "wrong_type at events[1].order.lines", "an array"],
    ["a fraction", { occurred_at_ms: 1.5 }, "wrong_type at events[1].occurred_at_ms", "an integer"],
    ["words for a number", { occurred_at_ms: "now" }, "wrong_type at events[1].occurred_at_ms", "an integer"],
    [
      "more than int64",
      { occurred_at_ms: "9223372036854775808" },
      "number_out_of_range at events[1].occurred_at_ms",
      "an integer from",
    ],
    ["1e300", { occurred_at_ms: 1e300 }, "number_out_of_range at events[1].occurred_at_ms", "an integer from"],
    ["an unknown kind", { kind: "produckt_view" }, "unknown_value at events[1].kind", "did you mean product_view?"],
    ["a lone surrogate", { user_id: "\ud800" }, "invalid_text at events[1].user_id", "without lone surrogates"],
    ["NUL", { user_id: "a\u0000" }, "invalid_text at events[1].user_id", "without NUL"],
    ["a field twice", { user_id: "a", userId: "b" }, "field_repeated at events[1].user_id", "one of its two names"],
    ["an array", [], "wrong_type at events[1]", "an object"],
    ["null", null, "wrong_type at events[1]", "an object"],
  ])("refuses %s", (_, json, expected, words) => {
    const read = readJson("Event", json, "events[1]");
    expect(read.ok ? "ok" : `${read.error.reason} at ${read.error.field}`).toBe(expected);
    expect(read.ok ? "" : read.error.expected).toContain(words);
  });

  it("tells what came in words of our own, and quotes what stands for no number", () => {
    const cameOf = (came: unknown) => {
      const read = readJson("Event", { occurred_at_ms: came }, "");
      return read.ok ? "" : read.error.came;
    };
    expect(["NaN", ".nan", "-Infinity", "Ada", {}, []].map(cameOf)).toEqual([
      '"NaN"',
      '".nan"',
      '"-Infinity"',
      "text",
      "an object",
      "an array",
    ]);
  });

  it("refuses two members of one oneof and text that is no base64", () => {
    expect(readJson("OfferEvent", { redeemed: {}, expired: {} })).toMatchObject({
      error: { reason: "json_not_a_message" },
    });
    expect(readJson("DeadLetter", { payload: "***" })).toMatchObject({ error: { reason: "json_not_a_message" } });
  });
});

describe("writeWholeJson", () => {
  it("has zeros, empty texts and empty lists, and leaves out what is absent", () => {
    const candidate = wire.Candidate.fromPartial({ rung: 0, faceValue: { minor: 0n, currency: "EUR" } });
    const record = wire.DecisionRecord.fromPartial({ decisionId: "d-1", candidates: [candidate] });
    const json = writeWholeJson("DecisionRecord", record);
    expect(json).toMatchObject({
      ...{ decision_id: "d-1", chosen: 0, exploit: 0, draw: "0", session_id: "", segments: [] },
      candidates: [{ rung: 0, face_value: { minor: "0", currency: "EUR" } }],
    });
    expect(json).not.toHaveProperty("offer");
    expect(writeJson("DecisionRecord", record)).not.toHaveProperty("chosen");
  });
});

import { formatPosition, ID_BYTES_MAX, wire } from "@leastwise/contracts";
import { describe, expect, it } from "@jest/globals";
import { AFTER_WAIT_MAX_MS, readDecide } from "./decide-request.js";

const EUR = (minor: bigint) => ({ minor, currency: "EUR" });
const SHOE = { productId: "shoe", quantity: 2n, unitPrice: EUR(4_000n) };
const AFTER_DEFAULT_MS = 10;
const TOO_LONG = "x".repeat(ID_BYTES_MAX + 1);

const read = (fields: wire.DeepPartial<wire.DecideRequest>) =>
  readDecide(
    wire.DecideRequest.fromPartial({ subject: { userId: "ada" }, cart: { lines: [SHOE] }, ...fields }),
    AFTER_DEFAULT_MS,
  );

describe("a Decide", () => {
  it("that says the least gets its defaults", () => {
    expect(read({})).toEqual({
      ok: true,
      value: {
        ids: { anonymousId: undefined, userId: "ada" },
        caller: "default",
        requestId: "",
        sessionId: "",
        cart: {
          currency: "EUR",
          lines: [{ productId: "shoe", quantity: 2, unitPriceMinor: 4_000, discountMinor: 0 }],
          shippingMinor: 0,
        },
        channel: "",
        device: "",
        place: { country: "", region: "" },
        partnerSegments: [],
        proposedClass: "",
        after: undefined,
        afterWaitMs: AFTER_DEFAULT_MS,
        maxLagMs: undefined,
        language: "en",
        offerToken: "",
      },
    });
  });

  it("that says everything is read as it was said", () => {
    const after = { incarnation: "log-1", offsets: new Map([[2, 17]]) };
    const said = read({
      requestId: "r-1",
      caller: "checkout",
      subject: { anonymousId: "browser", userId: "ada" },
      sessionId: "visit",
      cart: { lines: [{ ...SHOE, discount: EUR(500n) }], shipping: EUR(490n) },
      channel: wire.Channel.CHANNEL_APP,
      device: wire.Device.DEVICE_MOBILE,
      place: { country: "DE", region: "BW" },
      after: formatPosition(after),
      maxWaitMs: 0,
      maxLagMs: 0n,
      offerToken: "as it came",
      language: "de",
    });
    expect(said).toMatchObject({
      ok: true,
      value: {
        ids: { anonymousId: "browser", userId: "ada" },
        caller: "checkout",
        requestId: "r-1",
        sessionId: "visit",
        cart: { lines: [{ discountMinor: 500 }], shippingMinor: 490 },
        channel: "app",
        device: "mobile",
        place: { country: "DE", region: "BW" },
        after,
        afterWaitMs: 0,
        maxLagMs: 0,
        language: "de",
        offerToken: "as it came",
      },
    });
  });

  it.each<[string, wire.DeepPartial<wire.DecideRequest>, string]>([
    ["whose it is", { subject: {} }, "id_missing at subject.anonymous_id"],
    ["an id within bounds", { subject: { userId: TOO_LONG } }, "id_too_long at subject.user_id"],
    ["something in the cart", { cart: { lines: [] } }, "empty_cart at cart.lines"],
    [
      "a cart in one currency",
      { cart: { lines: [SHOE], shipping: { minor: 1n, currency: "USD" } } },
      "mixed_currencies at cart.shipping.currency",
    ],
    [
      "units that are there",
      { cart: { lines: [{ ...SHOE, quantity: 0n }] } },
      "quantity_out_of_range at cart.lines[0].quantity",
    ],
    ["a position of ours", { after: "yesterday" }, "position_malformed at after"],
    ["a request id within bounds", { requestId: "x".repeat(256) }, "text_too_long at request_id"],
    ["a caller within bounds", { caller: "x".repeat(65) }, "text_too_long at caller"],
    ["a caller that can be stored", { caller: "a\u0000b" }, "invalid_text at caller"],
    ["a session within bounds", { sessionId: TOO_LONG }, "id_too_long at session_id"],
    ["a language within bounds", { language: TOO_LONG }, "id_too_long at language"],
    ["a country of two capitals", { place: { country: TOO_LONG } }, "country_malformed at place.country"],
    ["no country in small letters", { place: { country: "us", region: "NY" } }, "country_malformed at place.country"],
    ["no country of three letters", { place: { country: "USA", region: "NY" } }, "country_malformed at place.country"],
    ["no country in words", { place: { country: "Deutschland" } }, "country_malformed at place.country"],
    ["a country that there is", { place: { country: "UK" } }, "country_unknown at place.country"],
    ["a region that can be stored", { place: { country: "US", region: "\uD800" } }, "region_malformed at place.region"],
    ["a region without its country", { place: { country: "US", region: "US-NY" } }, "region_malformed at place.region"],
    ["no region in small letters", { place: { country: "US", region: "ny" } }, "region_malformed at place.region"],
    ["a region of some country", { place: { region: "NY" } }, "country_missing at place.country"],
    ["no wait into the past", { maxWaitMs: -1 }, "wait_out_of_range at max_wait_ms"],
    ["no lag into the past", { maxLagMs: -1n }, "lag_out_of_range at max_lag_ms"],
    ["no lag beyond a day", { maxLagMs: 86_400_001n }, "lag_out_of_range at max_lag_ms"],
    ["no wait without end", { maxWaitMs: AFTER_WAIT_MAX_MS + 1 }, "wait_out_of_range at max_wait_ms"],
  ])("must have %s", (_, fields, expected) => {
    const refused = read(fields);
    expect(refused.ok ? "read" : `${refused.error.reason} at ${refused.error.field}`).toBe(expected);
  });

  it.each([
    [{}, { country: "", region: "" }],
    [
      { country: "US", region: "NY" },
      { country: "US", region: "NY" },
    ],
    [{ country: "EU" }, { country: "EU", region: "" }],
    [{ country: "XX" }, { country: "XX", region: "" }],
  ])("may be from anywhere that a code tells, or from nowhere known: %j", (place, expected) => {
    expect(read({ place })).toMatchObject({ ok: true, value: { place: expected } });
  });

  it("is told how long a partner's segment may be, and that nothing came", () => {
    const [empty, long] = ["", "x".repeat(65)].map((segment) => read({ partnerSegments: ["bank/gold", segment] }));
    const field = "partner_segments[1]";
    expect(empty).toMatchObject({ error: { field, came: "nothing", expected: "a name of 1 to 64 bytes" } });
    expect(long).toMatchObject({ error: { field, expected: "a text of at most 64 bytes" } });
  });

  it("is told how a region is written that came with its country", () => {
    expect(read({ place: { country: "US", region: "US-NY" } })).toMatchObject({
      error: { came: '"US-NY"', expected: "an ISO 3166-2 code without the country, such as NY of US-NY" },
    });
  });

  it("may bring the longest request id and the longest caller", () => {
    expect(read({ requestId: "x".repeat(255), caller: "x".repeat(64) })).toMatchObject({ ok: true });
  });

  it("may wait as long as is allowed at the most", () => {
    expect(read({ maxWaitMs: AFTER_WAIT_MAX_MS })).toMatchObject({ ok: true });
  });
});

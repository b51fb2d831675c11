import { describe, expect, it } from "@jest/globals";
import { DAY_MS, HOUR_MS, MINUTE_MS, type Millis, type SubjectId } from "@leastwise/vocabulary";
import {
  CART_CHANGES_MAX,
  causeOfPart,
  createWindowStore,
  featureIndex,
  featureValue,
  emptySnapshot,
  type EventKind,
  type FeatureName,
  type WindowEvent,
  type WindowName,
  type WindowStore,
} from "./index.js";

const SHOPPER = "0".repeat(31).concat("1") as SubjectId;
const OTHER = "0".repeat(31).concat("2") as SubjectId;
const NOON = Date.UTC(2026, 2, 10, 12);
const HALF_HOUR = 30 * MINUTE_MS;
const HALF_DAY = 12 * HOUR_MS;

function event(kind: EventKind, atMs: number, more: Partial<WindowEvent> = {}): WindowEvent {
  return { kind, atMs: atMs as Millis, receivedAtMs: Math.max(atMs, NOON) as Millis, units: 1, lines: [], ...more };
}

function storeOf(...events: WindowEvent[]): WindowStore {
  const store = createWindowStore();
  for (const [offset, one] of events.entries()) store.apply(SHOPPER, one, offset);
  return store;
}

function valueAt(store: WindowStore, name: FeatureName, atMs: number): number | undefined {
  return featureValue(store.read(SHOPPER, atMs as Millis), name);
}

describe("a window", () => {
  // NOON begins a tile of every size, so that the first moment without an event at noon is noon + the window's length.
  it.each<[WindowName, number]>([
    ["5m", 5 * MINUTE_MS],
    ["1h", HOUR_MS],
    ["24h", DAY_MS],
    ["7d", 7 * DAY_MS],
    ["30d", 30 * DAY_MS],
  ])("%s holds an event until its tile is no longer among the newest", (name, lengthMs) => {
    const store = storeOf(event("search", NOON));
    expect(valueAt(store, `searches_${name}`, NOON - 1)).toBe(0);
    expect(valueAt(store, `searches_${name}`, NOON)).toBe(1);
    expect(valueAt(store, `searches_${name}`, NOON + lengthMs - 1)).toBe(1);
    expect(valueAt(store, `searches_${name}`, NOON + lengthMs)).toBe(0);
  });

  it("counts an event later in t's own tile, and none in the tile after", () => {
    const store = storeOf(event("search", NOON + 4_999), event("search", NOON + 5_000));
    expect(valueAt(store, "searches_5m", NOON)).toBe(1);
    expect(valueAt(store, "searches_1h", NOON)).toBe(2);
  });

  it("is absent where it reaches back to tiles that are gone, never a partial sum", () => {
    const past = Array.from({ length: 31 }, (_, index) => event("search", NOON + index * 5_000));
    const store = storeOf(...past, event("search", NOON + 2 * DAY_MS));
    expect(valueAt(store, "searches_5m", NOON)).toBeUndefined();
    expect(valueAt(store, "searches_24h", NOON)).toBeUndefined();
    expect(valueAt(store, "searches_7d", NOON)).toBe(31);
    expect(valueAt(store, "searches_5m", NOON + HOUR_MS)).toBe(0);
  });

  it("counts an order once, its lines' units, its money, and its products", () => {
    const lines = [
      { productId: "a", units: 2 },
      { productId: "b", units: 3 },
    ];
    const store = storeOf(
      event("purchase", NOON, { lines, units: 99, productId: "c", revenueMinor: 500, discountMinor: 70 }),
      event("purchase", NOON, { lines: [], units: 4 }),
    );
    expect(valueAt(store, "purchases_1h", NOON)).toBe(2);
    expect(valueAt(store, "units_1h", NOON)).toBe(9);
    expect(valueAt(store, "revenue_minor_1h", NOON)).toBe(500);
    expect(valueAt(store, "discount_minor_1h", NOON)).toBe(70);
    expect(valueAt(store, "distinct_products_1h", NOON)).toBe(3);
    expect(store.counts.foreignCurrency).toBe(1);
  });

  it("stays at the end of the safe range rather than lose digits", () => {
    const much = { revenueMinor: Number.MAX_SAFE_INTEGER };
    const store = storeOf(event("purchase", NOON, much), event("purchase", NOON + 6_000, much));
    expect(valueAt(store, "revenue_minor_1h", NOON + 6_000)).toBe(Number.MAX_SAFE_INTEGER);
  });

  it("bounds a bot: a million seconds of views are a few hundred tiles", () => {
    const store = createWindowStore();
    for (let second = 0; second < 40_000; second += 1) {
      store.apply(SHOPPER, event("product_view", NOON + second * 65_000, { productId: `p${second}` }), second);
    }
    expect(store.exportSubject(SHOPPER)!.length).toBeLessThan(600_000);
    const end = NOON + 39_999 * 65_000;
    expect(valueAt(store, "product_views_1h", end)).toBe(55);
    expect(Math.abs(valueAt(store, "distinct_products_30d", end)! / 39_999 - 1)).toBeLessThan(0.15);
  });
});

describe("a verdict", () => {
  it.each([
    ["5 minutes ahead of the stamp", 5 * MINUTE_MS, { verdict: "applied" }],
    ["a millisecond more", 5 * MINUTE_MS + 1, { verdict: "ahead", reason: "ahead_of_received" }],
  ])("on an event %s", (_, ahead, verdict) => {
    const store = createWindowStore();
    const early = event("search", NOON + ahead, { receivedAtMs: NOON as Millis, eventId: "e" });
    expect(store.apply(SHOPPER, early, 0)).toEqual(verdict);
    expect(store.subjectCount).toBe(verdict.verdict === "applied" ? 1 : 0);
  });

  it.each([
    ["in the oldest tile kept", NOON - 59 * HALF_DAY, "applied"],
    ["a millisecond before it", NOON - 59 * HALF_DAY - 1, "late"],
  ])("on an event %s", (_, atMs, verdict) => {
    // 5 minutes before the newest event it was still in the tile that began at noon, the newest of 60.
    const store = storeOf(event("search", NOON + HALF_DAY + 5 * MINUTE_MS - 1));
    expect(store.apply(SHOPPER, event("search", atMs), 1).verdict).toBe(verdict);
    expect(valueAt(store, "since_search_ms", NOON + HALF_DAY + 5 * MINUTE_MS)).toBe(1);
  });

  it("on a repeat is duplicate, also of a late event, and not under another subject", () => {
    const store = storeOf(event("search", NOON, { eventId: "one" }));
    const old = event("purchase", NOON - 40 * DAY_MS, { eventId: "old" });
    expect(store.apply(SHOPPER, event("search", NOON, { eventId: "one" }), 1).verdict).toBe("duplicate");
    expect(store.apply(SHOPPER, old, 2).verdict).toBe("late");
    expect(store.apply(SHOPPER, old, 3).verdict).toBe("duplicate");
    expect(store.apply(OTHER, event("search", NOON, { eventId: "one" }), 4).verdict).toBe("applied");
    expect(valueAt(store, "searches_1h", NOON)).toBe(1);
  });

  it("on an event without an id is applied each time, and counted", () => {
    const store = storeOf(event("search", NOON), event("search", NOON));
    expect(valueAt(store, "searches_1h", NOON)).toBe(2);
    expect(store.counts.withoutEventId).toBe(2);
  });

  it("on an offset that is not beyond the last is already_applied, and changes nothing", () => {
    const store = storeOf(event("search", NOON), event("search", NOON));
    const digest = store.digest();
    expect(store.apply(SHOPPER, event("search", NOON), 1).verdict).toBe("already_applied");
    expect(store.digest()).toBe(digest);
  });

  it("on a repeat beyond the bound is applied, with the overflow counted", () => {
    const store = createWindowStore({ dedupIdsMax: 128 });
    for (let id = 0; id < 129; id += 1) store.apply(SHOPPER, event("search", NOON, { eventId: `e${id}` }), id);
    expect(store.counts.dedupOverflow).toBe(1);
    expect(store.apply(SHOPPER, event("search", NOON, { eventId: "e1" }), 200).verdict).toBe("duplicate");
    expect(store.apply(SHOPPER, event("search", NOON, { eventId: "e0" }), 201).verdict).toBe("applied");
  });

  it.each([
    [{ units: -1 }, 0, /units/],
    [{ units: 0.5 }, 0, /units/],
    [{ revenueMinor: 2 ** 53 }, 0, /revenueMinor/],
    [{ atMs: NaN as Millis }, 0, /atMs/],
    [{}, -1, /offset/],
  ])("is refused for %o at offset %d as a bug of the caller", (more, offset, message) => {
    expect(() => createWindowStore().apply(SHOPPER, event("search", NOON, more), offset)).toThrow(message);
  });
});

describe("recency and last seen", () => {
  it("do not move backwards with a late event", () => {
    const store = storeOf(
      event("search", NOON, { channel: "app", device: "phone" }),
      event("search", NOON - HOUR_MS, { channel: "web", place: "DE-BE" }),
    );
    const snapshot = store.read(SHOPPER, (NOON + 7) as Millis);
    expect(featureValue(snapshot, "since_search_ms")).toBe(7);
    expect(featureValue(snapshot, "since_event_ms")).toBe(7);
    expect([snapshot.lastChannel, snapshot.lastDevice, snapshot.lastPlace]).toEqual(["app", "phone", "DE-BE"]);
  });

  it("take an event within 5 minutes ahead of t as now, and are absent if it is further ahead", () => {
    const store = storeOf(event("search", NOON, { sessionId: "visit-7" }));
    expect(valueAt(store, "since_search_ms", NOON - 5 * MINUTE_MS)).toBe(0);
    expect(valueAt(store, "since_search_ms", NOON - 5 * MINUTE_MS - 1)).toBeUndefined();
    expect(store.read(SHOPPER, NOON as Millis).lastSessionId).toBe("visit-7");
    expect(store.read(SHOPPER, (NOON - 5 * MINUTE_MS - 1) as Millis).lastSessionId).toBeUndefined();
  });
});

describe("a session", () => {
  it.each([
    ["exactly 30 minutes of silence keep it", HALF_HOUR, [HALF_HOUR, 2, 1]],
    ["a millisecond more ends it", HALF_HOUR + 1, [0, 1, 2]],
  ])("%s", (_, pause, expected) => {
    const store = storeOf(event("page_view", NOON), event("product_view", NOON + pause));
    const values = (["session_age_ms", "session_events", "session_seq"] as const).map((name) =>
      valueAt(store, name, NOON + pause),
    );
    expect(values).toEqual(expected);
  });

  it("is over at a read more than 30 minutes after its last event", () => {
    const store = storeOf(event("page_view", NOON));
    expect(valueAt(store, "session_age_ms", NOON + HALF_HOUR)).toBe(HALF_HOUR);
    expect(valueAt(store, "session_age_ms", NOON + HALF_HOUR + 1)).toBeUndefined();
    expect(valueAt(store, "session_events", NOON + HALF_HOUR + 1)).toBe(0);
  });

  it("counts a late event that falls into it and does not begin earlier for one before", () => {
    const store = storeOf(
      event("page_view", NOON),
      event("page_view", NOON + 20 * MINUTE_MS),
      event("product_view", NOON + 10 * MINUTE_MS),
      event("product_view", NOON - 10 * MINUTE_MS),
    );
    const t = NOON + 20 * MINUTE_MS;
    expect(valueAt(store, "session_age_ms", t)).toBe(20 * MINUTE_MS);
    expect(valueAt(store, "session_events", t)).toBe(3);
    expect(valueAt(store, "session_page_views", t)).toBe(2);
    expect(valueAt(store, "session_product_views", t)).toBe(1);
  });
});

describe("the open cart", () => {
  const add = (at: number, productId: string, units: number, unitPriceMinor?: number): WindowEvent =>
    event("cart_add", NOON + at, { productId, units, unitPriceMinor });
  const remove = (at: number, productId: string, units: number): WindowEvent =>
    event("cart_remove", NOON + at, { productId, units });
  const buy = (at: number): WindowEvent => event("purchase", NOON + at, { revenueMinor: 1 });
  const linesAt = (store: WindowStore, at: number): (string | number)[][] =>
    store.cartLinesOf(SHOPPER, (NOON + at) as Millis).map(({ productId, units }) => [productId, units]);

  it.each<[string, WindowEvent[], (string | number)[][]]>([
    [
      "adds up",
      [add(1, "b", 1), add(2, "a", 2), add(3, "b", 1)],
      [
        ["a", 2],
        ["b", 2],
      ],
    ],
    ["nets a remove", [add(1, "a", 2), remove(2, "a", 1)], [["a", 1]]],
    ["nets a remove that came before its add", [remove(2, "a", 2), add(1, "a", 3)], [["a", 1]]],
    ["has no line below 1", [remove(2, "a", 2), add(1, "a", 1)], []],
    ["is cleared by a purchase", [add(1, "a", 2), buy(2)], []],
    ["keeps an add after the purchase's time", [add(1, "a", 2), add(5, "a", 1), buy(3)], [["a", 1]]],
    ["takes no add from before a purchase", [buy(3), add(1, "a", 2), add(3, "b", 1), add(4, "c", 1)], [["c", 1]]],
  ])("%s", (_, events, lines) => {
    expect(linesAt(storeOf(...events), 10)).toEqual(lines);
  });

  it("is worth units times the price seen last, and absent while a price is unknown", () => {
    const store = storeOf(add(1, "a", 2, 500), add(2, "a", 1, 450), add(3, "b", 1, 100), add(1, "b", 1, 999));
    expect(valueAt(store, "cart_value_minor", NOON + 3)).toBe(3 * 450 + 2 * 100);
    store.apply(SHOPPER, add(4, "c", 1), 9);
    expect(valueAt(store, "cart_value_minor", NOON + 4)).toBeUndefined();
    expect(valueAt(store, "cart_units", NOON + 4)).toBe(6);
  });

  it("is abandoned after more than 30 minutes without a change, and ages from its oldest add", () => {
    const store = storeOf(add(0, "a", 1), add(MINUTE_MS, "b", 1), event("page_view", NOON + HALF_HOUR));
    expect(valueAt(store, "cart_abandoned", NOON + MINUTE_MS + HALF_HOUR)).toBe(0);
    expect(valueAt(store, "cart_abandoned", NOON + MINUTE_MS + HALF_HOUR + 1)).toBe(1);
    expect(valueAt(store, "cart_age_ms", NOON + HOUR_MS)).toBe(HOUR_MS);
    expect(valueAt(storeOf(), "cart_age_ms", NOON)).toBeUndefined();
    expect(valueAt(storeOf(add(0, "a", 1), buy(1)), "cart_abandoned", NOON + DAY_MS)).toBe(0);
  });

  it("holds as many products as the bound, letting go of those touched longest ago, and counts them", () => {
    const store = createWindowStore({ cartSkusMax: 2 });
    for (const [offset, one] of [add(1, "a", 1), add(2, "b", 1), add(3, "a", 1), add(4, "c", 1)].entries()) {
      store.apply(SHOPPER, one, offset);
    }
    expect(linesAt(store, 5)).toEqual([
      ["a", 2],
      ["c", 1],
    ]);
    expect(store.counts.cartSkuOverflow).toBe(1);
  });

  it("joins the oldest changes of a product that has too many, with the same sum", () => {
    const store = storeOf(...Array.from({ length: CART_CHANGES_MAX + 4 }, (_, at) => add(at, "a", 1, at)));
    expect(linesAt(store, 100)).toEqual([["a", CART_CHANGES_MAX + 4]]);
    expect(store.counts.cartChangesJoined).toBe(4);
    expect(valueAt(store, "cart_value_minor", NOON + 100)).toBe((CART_CHANGES_MAX + 4) * (CART_CHANGES_MAX + 3));
  });
});

describe("a store", () => {
  it("knows nothing of a subject never seen: counts of 0, all else absent", () => {
    const store = createWindowStore();
    const snapshot = store.read(SHOPPER, NOON as Millis);
    expect(snapshot.known).toBe(false);
    expect(snapshot.asOfOffset).toBe(-1);
    expect(featureValue(snapshot, "purchases_30d")).toBe(0);
    expect(featureValue(snapshot, "since_event_ms")).toBeUndefined();
    expect(featureValue(snapshot, "hour_of_day")).toBe(12);
    expect(store.subjectCount).toBe(0);
    expect(store.exportSubject(SHOPPER)).toBeUndefined();
  });

  it("fills the caller's snapshot, leaving nothing of what it held before", () => {
    const store = storeOf(event("cart_add", NOON, { productId: "a", channel: "app" }));
    const snapshot = emptySnapshot();
    const { values } = snapshot;
    expect(store.read(SHOPPER, NOON as Millis, snapshot)).toBe(snapshot);
    expect(values[featureIndex("cart_adds_5m")]).toBe(1);
    expect(snapshot).toMatchObject({ known: true, atMs: NOON, asOfOffset: 0, lastChannel: "app" });
    expect(store.read(OTHER, NOON as Millis, snapshot)).toEqual(store.read(OTHER, NOON as Millis));
    expect(snapshot.values).toBe(values);
  });

  it("forgets a subject wholly", () => {
    const store = storeOf(event("search", NOON));
    expect(store.forget(SHOPPER)).toBe(true);
    expect(store.forget(SHOPPER)).toBe(false);
    expect([...store.subjects()]).toEqual([]);
    expect(store.digest()).toBe(createWindowStore().digest());
  });

  it("has a digest that does not depend on the order in which subjects came, and does on everything else", () => {
    const [one, two] = [createWindowStore(), createWindowStore()];
    one.apply(SHOPPER, event("search", NOON), 0);
    one.apply(OTHER, event("search", NOON), 1);
    two.apply(OTHER, event("search", NOON), 1);
    expect(two.digest()).not.toBe(one.digest());
    two.apply(SHOPPER, event("search", NOON), 0);
    expect(two.digest()).toBe(one.digest());
    expect(one.digest()).toMatch(/^[0-9a-f]{16}$/);
  });

  it("refuses a state that was cut or flipped anywhere, and then has not changed", () => {
    const bytes = storeOf(
      event("cart_add", NOON, { productId: "å\ud800", eventId: "é", place: "x" }),
      event("purchase", NOON + 1, { revenueMinor: -(2 ** 52) }),
    ).exportSubject(SHOPPER)!;
    const store = createWindowStore();
    const empty = store.digest();
    for (let at = 0; at < bytes.length; at += 1) {
      const flipped = Uint8Array.from(bytes);
      flipped[at]! ^= 1 << (at % 8);
      for (const broken of [flipped, bytes.subarray(0, at)]) {
        expect(store.restoreSubject(SHOPPER, broken)).toMatchObject({ ok: false, error: { reason: "state_corrupt" } });
        expect(store.mergeSubject(SHOPPER, broken, "link")).toMatchObject({ ok: false });
      }
    }
    expect(store.digest()).toBe(empty);
    expect(store.restoreSubject(SHOPPER, bytes).ok).toBe(true);
    expect(store.exportSubject(SHOPPER)).toEqual(bytes);
  });

  it("keeps its own offset when it merges, and the causes of both", () => {
    const store = storeOf(event("search", NOON));
    store.apply(OTHER, event("search", NOON), 900);
    store.mergeSubject(OTHER, storeOf(event("search", NOON)).exportSubject(SHOPPER)!, "link-0");
    expect(store.mergeSubject(SHOPPER, store.exportSubject(OTHER)!, "link-1")).toEqual({ ok: true, value: true });
    expect(store.apply(SHOPPER, event("search", NOON), 1).verdict).toBe("applied");
    expect(store.mergeSubject(SHOPPER, store.exportSubject(OTHER)!, "link-0")).toEqual({ ok: true, value: false });
    expect(valueAt(store, "searches_1h", NOON)).toBe(4);
    expect(store.counts).toMatchObject({ merged: 2, alreadyMerged: 1 });
  });

  it("says that nothing was added where there was no room for both together, and the subject begins anew", () => {
    const store = createWindowStore({ bytesMax: 2 ** 21 });
    store.apply(SHOPPER, event("search", NOON), 0);
    expect(store.mergeSubject(SHOPPER, storeOf(event("search", NOON)).exportSubject(SHOPPER)!, "link-1")).toEqual({
      ok: true,
      value: true,
    });
    const tooLarge = storeOf(event("search", NOON, { place: "x".repeat(2 ** 21) })).exportSubject(SHOPPER)!;
    expect(store.mergeSubject(SHOPPER, tooLarge, "link-2")).toEqual({ ok: true, value: false });
    expect(store.counts).toMatchObject({ merged: 1, alreadyMerged: 0, noRoom: 1 });
    expect(store.read(SHOPPER, NOON as Millis).known).toBe(false);
  });

  it("exports into a given size without the oldest event ids, and nothing else is lost", () => {
    const events = Array.from({ length: 1_000 }, (_, n) => event("search", NOON + n, { eventId: `id ${String(n)}` }));
    const store = storeOf(...events);
    const whole = store.exportSubject(SHOPPER)!;
    expect(store.exportParts(SHOPPER, whole.length)).toEqual([{ number: 1, of: 1, bytes: whole }]);
    expect(store.counts.dedupOverflow).toBe(0);

    const bytesMax = whole.length - 1_000;
    const parts = store.exportParts(SHOPPER, bytesMax);
    const cut = parts[0]!.bytes;
    expect(cut.length).toBeLessThanOrEqual(bytesMax);
    expect(cut.length).toBeGreaterThan(bytesMax - 20);
    expect(store.counts.dedupOverflow).toBeGreaterThan(0);
    expect(store.exportSubject(SHOPPER)).toEqual(whole);

    const moved = createWindowStore();
    for (const part of parts) moved.mergeSubject(SHOPPER, part.bytes, causeOfPart("link", part));
    expect(moved.read(SHOPPER, NOON as Millis).values).toEqual(store.read(SHOPPER, NOON as Millis).values);
    const again = [store.counts.dedupOverflow, 999, 0].map(
      (n, offset) => moved.apply(SHOPPER, events[n]!, offset).verdict,
    );
    expect(again).toEqual(["duplicate", "duplicate", "applied"]);
    // Where nothing more can be left out, it is what it is.
    for (const { bytes } of store.exportParts(SHOPPER, 1)) expect(bytes.length).toBeLessThan(200);
  });

  it("refuses bounds that break a promise", () => {
    expect(() => createWindowStore({ dedupIdsMax: 127 })).toThrow(
      /dedupIdsMax: expected .* at least 128 and at most 65534, got 127/,
    );
    expect(() => createWindowStore({ cartSkusMax: 0 })).toThrow(/cartSkusMax/);
  });
});

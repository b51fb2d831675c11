import { describe, expect, it } from "@jest/globals";
import { DAY_MS, type Millis, type SubjectId } from "@leastwise/vocabulary";
import { createWindowStore, featureValue, reserveSegment, SUBJECT_SILENCE_MAX_MS, type WindowEvent } from "../index.js";

const NOON = Date.UTC(2026, 2, 10, 12);
const SHOPPER = "5eed".repeat(8) as SubjectId;

function subjectOf(number: number): SubjectId {
  return [1, 2, 3, 4]
    .map((part) => (Math.imul(number + part, 0x9e3779b1) >>> 0).toString(16).padStart(8, "0"))
    .join("") as SubjectId;
}

function view(atMs: number, more: Partial<WindowEvent> = {}): WindowEvent {
  return { kind: "product_view", atMs: atMs as Millis, receivedAtMs: atMs as Millis, units: 1, lines: [], ...more };
}

describe("the memory of all subjects", () => {
  it("is bounded in a flood of shoppers who come once: those silent longest go, and are counted", () => {
    const bytesMax = 2 ** 23;
    const store = createWindowStore({ bytesMax });
    const regulars = Array.from({ length: 50 }, (_, index) => subjectOf(1e6 + index));
    const flood = 120_000;
    for (let number = 0; number < flood; number += 1) {
      const atMs = NOON + number * 10;
      store.apply(subjectOf(number), view(atMs, { eventId: `e${String(number)}` }), 2 * number);
      // Real shoppers come back now and then.
      if (number % 20 === 0) store.apply(regulars[(number / 20) % 50]!, view(atMs), 2 * number + 1);
    }
    expect(store.counts.evicted).toBeGreaterThan(flood / 2);
    // Nobody goes uncounted; a regular who went and came back counts once more.
    expect(store.subjectCount + store.counts.evicted).toBeGreaterThanOrEqual(flood + regulars.length);
    expect(store.subjectCount + store.counts.evicted).toBeLessThan(1.01 * flood);
    expect(store.bytesInUse).toBeLessThan(1.3 * bytesMax);
    const endMs = (NOON + flood * 10) as Millis;
    const known = regulars.filter((subject) => store.read(subject, endMs).known);
    expect(known.length).toBeGreaterThan(45);
    expect(store.read(subjectOf(flood - 1), endMs).known).toBe(true);
  });

  it("goes to those who come back: a page of silent strangers makes room for one who grows", () => {
    const store = createWindowStore({ bytesMax: 2 ** 23 });
    let offset = 0;
    const strangers = (count: number): void => {
      for (let number = 0; number < count; number += 1) {
        store.apply(subjectOf(offset), view(NOON + offset, { eventId: `e${String(offset)}` }), offset);
        offset += 1;
      }
    };
    strangers(60_000);
    const regulars = Array.from({ length: 40 }, (_, index) => subjectOf(1e6 + index));
    for (let event = 0; event < 200; event += 1) {
      for (const subject of regulars) {
        store.apply(
          subject,
          view(NOON + offset, { eventId: `r${String(offset)}`, productId: `p${String(event)}` }),
          offset,
        );
        offset += 1;
      }
      strangers(20);
    }
    const endMs = (NOON + offset) as Millis;
    const counts = regulars.map((subject) => featureValue(store.read(subject, endMs), "product_views_30d"));
    expect(counts).toEqual(regulars.map(() => 200));
    expect(store.counts.noRoom).toBe(0);
    expect(store.counts.evicted).toBeGreaterThan(5_000);
  });

  it("goes to one who outgrows a page too: neighbouring pages of silent strangers become one block, and strangers' again later", () => {
    const store = createWindowStore({ bytesMax: 2 ** 23 });
    let offset = 0;
    const strangers = (count: number): void => {
      for (let number = 0; number < count; number += 1) {
        store.apply(subjectOf(offset), view(NOON + offset, { eventId: `e${String(offset)}` }), offset);
        offset += 1;
      }
    };
    strangers(80_000);
    const full = store.subjectCount;
    const ids = Array.from({ length: 4_000 }, (_, id) => `id ${String(id)}`);
    for (const eventId of ids) {
      store.apply(SHOPPER, view(NOON + offset, { eventId }), offset);
      strangers(2);
    }
    expect(featureValue(store.read(SHOPPER, (NOON + offset) as Millis), "product_views_30d")).toBe(4_000);
    // A page goes as a whole, so that a few of those who were here last go with it.
    const newest = Array.from({ length: 10_000 }, (_, back) =>
      store.read(subjectOf(offset - 1 - back), NOON as Millis),
    );
    expect(newest.filter(({ known }) => known).length).toBeGreaterThan(9_000);
    for (const eventId of ids) store.apply(SHOPPER, view(NOON + offset, { eventId }), (offset += 1));
    expect(store.counts).toMatchObject({ duplicate: 4_000, noRoom: 0 });
    strangers(80_000);
    expect(store.read(SHOPPER, (NOON + offset) as Millis).known).toBe(false);
    expect(store.subjectCount).toBeGreaterThan(0.99 * full);
  });

  it("is enough for one whose block moves to ever larger ones, where nobody else needs it", () => {
    const store = createWindowStore({ bytesMax: 2 ** 21, dedupIdsMax: 60_000 });
    for (let id = 0; id < 60_000; id += 1) store.apply(SHOPPER, view(NOON, { eventId: `e${String(id)}` }), id);
    expect(store.counts).toMatchObject({ applied: 60_000, noRoom: 0, dedupOverflow: 0 });
    expect(store.apply(SHOPPER, view(NOON, { eventId: "e0" }), 60_000).verdict).toBe("duplicate");
  });

  it("has no room for a block that all of it is too small for: the event is told so, its subject begins anew", () => {
    const store = createWindowStore({ bytesMax: 2 ** 21 });
    store.apply(subjectOf(1), view(NOON), 0);
    store.apply(SHOPPER, view(NOON), 1);
    expect(store.apply(SHOPPER, view(NOON, { place: "x".repeat(2 ** 21) }), 2).verdict).toBe("no_room");
    expect(store.counts).toMatchObject({ noRoom: 1, evicted: 0 });
    expect(store.read(SHOPPER, NOON as Millis).known).toBe(false);
    expect(store.read(subjectOf(1), NOON as Millis).known).toBe(true);
    expect(store.apply(SHOPPER, view(NOON), 3).verdict).toBe("applied");
  });

  it("forgets who is silent for 180 days, at the next event and by itself as others come", () => {
    const store = createWindowStore({ bytesMax: 2 ** 23 });
    for (let number = 0; number < 500; number += 1) store.apply(subjectOf(number), view(NOON), number);
    const late = NOON + SUBJECT_SILENCE_MAX_MS;
    expect(store.read(subjectOf(1), late as Millis).known).toBe(true);
    expect(store.read(subjectOf(1), (late + 1) as Millis).known).toBe(false);
    store.apply(subjectOf(1), view(late + 1), 600);
    expect(featureValue(store.read(subjectOf(1), (late + 1) as Millis), "session_seq")).toBe(1);
    for (let number = 1_000; number < 1_800; number += 1) {
      store.apply(subjectOf(number), view(late + 2 * DAY_MS), number);
    }
    expect(store.subjectCount).toBe(801);
    expect(store.counts.expired).toBe(500);
  });

  it("holds nothing of a subject that was erased: its bytes are zero, also those of places that it left before", () => {
    const memory = reserveSegment(2 ** 23);
    const store = createWindowStore({ memory });
    const secret = "a product that nobody else looks at";
    store.apply(subjectOf(1), view(NOON), 0);
    for (let event = 0; event < 300; event += 1) {
      const kind = event % 2 === 0 ? "cart_add" : "product_view";
      const more = {
        kind,
        productId: `${secret} ${String(event % 20)}`,
        eventId: `e${String(event)}`,
        place: secret,
      } as const;
      store.apply(SHOPPER, view(NOON + event * 1_000, { ...more, sessionId: `${secret} ${String(event)}` }), event);
    }
    const bytes = Buffer.from(memory.blocks);
    const subject = Buffer.from(new Int32Array([0x5eed5eed, 0x5eed5eed]).buffer);
    expect(bytes.includes(secret)).toBe(true);
    expect(bytes.includes(subject)).toBe(true);
    expect(store.forget(SHOPPER)).toBe(true);
    expect(bytes.includes(secret)).toBe(false);
    expect(bytes.includes(subject)).toBe(false);
    // What is left is what the other subject has, free lists and sequence words.
    const alone = createWindowStore({ bytesMax: 2 ** 23 });
    alone.apply(subjectOf(1), view(NOON), 0);
    expect(store.digest()).toBe(alone.digest());
  });

  it("takes an event of an erased subject as that of a new one", () => {
    const store = createWindowStore({ bytesMax: 2 ** 23 });
    store.apply(SHOPPER, view(NOON, { eventId: "e" }), 0);
    store.forget(SHOPPER);
    expect(store.apply(SHOPPER, view(NOON, { eventId: "e" }), 1).verdict).toBe("applied");
    expect(featureValue(store.read(SHOPPER, NOON as Millis), "product_views_30d")).toBe(1);
  });

  it("takes a product id of ten thousand characters like any other", () => {
    const store = createWindowStore({ bytesMax: 2 ** 23 });
    const productId = "long".repeat(2_500);
    store.apply(SHOPPER, view(NOON, { kind: "cart_add", productId, eventId: productId, place: productId }), 0);
    const snapshot = store.read(SHOPPER, NOON as Millis);
    expect(store.cartLinesOf(SHOPPER, NOON as Millis)).toEqual([{ productId, units: 1, unitPriceMinor: undefined }]);
    expect(snapshot.lastPlace).toBe(productId);
    const moved = createWindowStore({ bytesMax: 2 ** 23 });
    expect(moved.mergeSubject(SHOPPER, store.exportSubject(SHOPPER)!, "link").ok).toBe(true);
    expect(moved.cartLinesOf(SHOPPER, NOON as Millis)).toEqual(store.cartLinesOf(SHOPPER, NOON as Millis));
  });
});

import { describe, expect, it } from "@jest/globals";
import type { Millis, SubjectId } from "@leastwise/vocabulary";
import { createWindowStore, type WindowEvent } from "../index.js";
import { Segment } from "./segment.js";
import { reserveSegment } from "./segment-memory.js";
import { classFor, GRAIN_BYTES, PAGE_BYTES } from "./size-classes.js";

const NOON = Date.UTC(2026, 2, 10, 12);

function subjectOf(number: number): SubjectId {
  return [1, 2, 3, 4]
    .map((part) => (Math.imul(number + part, 0x9e3779b1) >>> 0).toString(16).padStart(8, "0"))
    .join("") as SubjectId;
}

describe("the index", () => {
  it("gives its buckets back while shoppers come and go, thirty times over", () => {
    const store = createWindowStore({ bytesMax: 2 ** 20 });
    let number = 0;
    const come = (): void => {
      const atMs = (NOON + number) as Millis;
      const event: WindowEvent = { kind: "page_view", atMs, receivedAtMs: atMs, units: 0, lines: [] };
      store.apply(subjectOf(number), event, number);
      number += 1;
    };
    while (store.counts.evicted === 0) come();
    const full = store.subjectCount;
    const bytes = store.bytesInUse;
    while (store.counts.evicted < 30 * full) come();
    expect(store.subjectCount).toBe(full);
    // A bucket more here and there, and no growth.
    expect(store.bytesInUse).toBeLessThan(1.05 * bytes);
    expect(store.counts.noRoom).toBe(0);
    const endMs = (NOON + number) as Millis;
    for (let back = 1; back < 100; back += 1) expect(store.read(subjectOf(number - back), endMs).known).toBe(true);
  }, 60_000);
});

describe("pages that become another class's", () => {
  const PAGE_GRAINS = PAGE_BYTES / GRAIN_BYTES;
  const classOf = (pages: number): number => classFor(pages * PAGE_BYTES);

  it("are met at the beginnings of their blocks, by whoever was in the middle of them too", () => {
    const segment = new Segment(reserveSegment(2 ** 21));
    const first = segment.allocate(classFor(128));
    segment.release(first);
    const met = Array.from({ length: 5 }, () => segment.turnHand());
    expect(met.at(-1)).toBe(first + 5 * 8);
    segment.retype(1, 1, classFor(144));
    for (let block = 1; block < 20; block += 1) expect(segment.turnHand()).toBe(first + block * 9);
  });

  it("give one block and pages, none of them twice and none that is on another free list", () => {
    const segment = new Segment(reserveSegment(2 ** 21));
    const [one, two, five] = [128, 160, 4 * PAGE_BYTES].map((bytes) => segment.allocate(classFor(bytes)));
    expect([one, two, five]).toEqual([PAGE_GRAINS, 2 * PAGE_GRAINS, 3 * PAGE_GRAINS]);
    for (const address of [one!, two!, five!]) segment.release(address);
    // Page 1, page 2 and the block of four pages behind: a block of three, and three pages are left over.
    segment.retype(1, 6, classOf(3));
    expect(segment.allocate(classOf(3))).toBe(PAGE_GRAINS);
    expect([segment.firstPageFrom(1), segment.firstPageFrom(2), segment.firstPageFrom(7)]).toEqual([1, 4, 1]);
    const pages = Array.from({ length: 3 }, () => segment.allocate(classOf(1)) / PAGE_GRAINS);
    expect(new Set(pages)).toEqual(new Set([4, 5, 6]));
    // What the free lists had is gone: all that comes now is new.
    for (const bytes of [128, 160, 4 * PAGE_BYTES]) {
      expect(segment.allocate(classFor(bytes))).toBeGreaterThanOrEqual(7 * PAGE_GRAINS);
    }
  });
});

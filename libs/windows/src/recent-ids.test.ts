import { describe, expect, it } from "@jest/globals";
import { DAY_MS, HOUR_MS } from "@leastwise/vocabulary";
import fc from "fast-check";
import { RecentIds, uniteRecentIds } from "./recent-ids.js";

/** By the sentence: the last 128, and those of 24 hours before the newest, of the last `idsMax`. */
function remembered(all: readonly { id: string; receivedAtMs: number }[], idsMax: number): string[] {
  const newestMs = all.at(-1)?.receivedAtMs ?? 0;
  return all
    .filter(({ receivedAtMs }, index) => {
      const fromNewest = all.length - 1 - index;
      return fromNewest < 128 || (fromNewest < idsMax && receivedAtMs >= newestMs - DAY_MS);
    })
    .map(({ id }) => id);
}

describe("recent ids", () => {
  it("are the last 128 and those of the last 24 hours, up to the bound", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(0, 1, 60_000, HOUR_MS, 7 * HOUR_MS), { minLength: 1, maxLength: 600 }),
        fc.constantFrom(128, 129, 200, 4_096),
        (pauses, idsMax) => {
          const ids = new RecentIds();
          let receivedAtMs = 0;
          const all = pauses.map((pause, index) => {
            receivedAtMs += pause;
            ids.add(`id-${index}`, receivedAtMs, idsMax);
            return { id: `id-${index}`, receivedAtMs };
          });
          const expected = remembered(all, idsMax);
          expect([...ids.entries()].map(({ id }) => id)).toEqual(expected);
          expect(ids.size).toBe(expected.length);
          const known = new Set(expected);
          for (const { id } of all) expect(ids.has(id)).toBe(known.has(id));
        },
      ),
      { seed: 128, numRuns: 100 },
    );
  });

  it("keep one that is exactly 24 hours old and let go of one a millisecond older, beyond 128", () => {
    for (const [age, isKept] of [
      [DAY_MS, true],
      [DAY_MS + 1, false],
    ] as const) {
      const ids = new RecentIds();
      ids.add("first", 0, 4_096);
      for (let index = 0; index < 128; index += 1) ids.add(`id-${index}`, age, 4_096);
      expect(ids.has("first")).toBe(isKept);
    }
  });

  it("count what goes for want of room, not what goes for age", () => {
    const ids = new RecentIds();
    let overflow = 0;
    for (let index = 0; index < 200; index += 1) overflow += ids.add(`id-${index}`, 0, 150);
    expect(overflow).toBe(50);
    expect(ids.add("later", 2 * DAY_MS, 150)).toBe(0);
    expect(ids.size).toBe(128);
  });

  it("unite in the order of received time, each id once", () => {
    const a = new RecentIds();
    const b = new RecentIds();
    a.add("one", 1, 4_096);
    a.add("three", 3, 4_096);
    b.add("two", 2, 4_096);
    b.add("three", 4, 4_096);
    const { ids, overflow } = uniteRecentIds(a, b, 4_096);
    expect([...ids.entries()]).toEqual([
      { id: "one", receivedAtMs: 1 },
      { id: "two", receivedAtMs: 2 },
      { id: "three", receivedAtMs: 3 },
    ]);
    expect(overflow).toBe(0);
  });
});

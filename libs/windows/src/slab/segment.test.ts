import { describe, expect, it } from "@jest/globals";
import type { Millis, SubjectId } from "@leastwise/vocabulary";
import { createWindowStore, type WindowEvent } from "../index.js";

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

import { describe, expect, it } from "@jest/globals";
import type { Millis } from "@leastwise/vocabulary";
import fc from "fast-check";
import { ExpiryQueue } from "./expiry-queue.js";

describe("ExpiryQueue", () => {
  it("gives out what is over, the earliest first, whatever the order it came in", () => {
    const times = fc.array(fc.integer({ min: 0, max: 1_000 }), { maxLength: 60 });
    fc.assert(
      fc.property(times, fc.integer({ min: 0, max: 1_000 }), (ends, nowMs) => {
        const queue = new ExpiryQueue();
        ends.forEach((atMs, index) => {
          queue.push(String(index), atMs as Millis);
        });
        const over = queue.due(nowMs as Millis, Number.POSITIVE_INFINITY).map((id) => ends[Number(id)]!);
        expect(over).toEqual(ends.filter((end) => end <= nowMs).sort((a, b) => a - b));
        expect(queue.due(1_000 as Millis, Number.POSITIVE_INFINITY)).toHaveLength(ends.length - over.length);
      }),
    );
  });

  it("gives no more than asked for at once", () => {
    const queue = new ExpiryQueue();
    for (let index = 0; index < 5; index += 1) queue.push(String(index), index as Millis);
    expect(queue.due(10 as Millis, 2)).toEqual(["0", "1"]);
    expect(queue.due(10 as Millis, 9)).toEqual(["2", "3", "4"]);
  });
});

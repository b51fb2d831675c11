import { describe, expect, it } from "@jest/globals";
import { SpanList } from "./span-list.js";

describe("a span list", () => {
  it("keeps its arrays for the next time, but not what one huge batch took", () => {
    const spans = new SpanList();
    spans.reserve(100_000);
    const usual = spans.offsets;
    spans.begin("t", 0, Buffer.alloc(0));
    expect(spans.offsets).toBe(usual);
    spans.reserve(5_000_000);
    spans.begin("t", 0, Buffer.alloc(0));
    spans.reserve(10);
    expect(spans.offsets.length).toBeLessThan(100_000);
    expect([spans.timestampsMs, spans.valueFrom, spans.valueTo].map(({ length }) => length)).toEqual(
      Array.from({ length: 3 }, () => spans.offsets.length),
    );
  });
});

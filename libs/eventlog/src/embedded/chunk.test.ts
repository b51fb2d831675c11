import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { Millis } from "@leastwise/vocabulary";
import type { LogRecord } from "../port.js";
import { SpanList } from "../span-list.js";
import { addChunk, ChunkWriter, readChunk } from "./chunk.js";

const record = fc.record(
  {
    key: fc.string({ unit: "grapheme" }),
    value: fc.uint8Array({ maxLength: 300 }),
    timestampMs: fc.maxSafeNat().map((ms) => ms as Millis),
  },
  { requiredKeys: ["value", "timestampMs"] },
);

describe("a chunk", () => {
  it("gives back what was written, at its offsets, from any offset on", () => {
    const gaps = fc.array(fc.tuple(record, fc.integer({ min: 1, max: 2 ** 40 })), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(gaps, fc.nat(2 ** 40), fc.nat(45), (entries, firstOffset, skipped) => {
        const writer = new ChunkWriter();
        const expected: LogRecord[] = [];
        let delta = 0;
        for (const [written, gap] of entries) {
          writer.add(delta, written);
          expected.push({ ...written, topic: "t", partition: 3, offset: firstOffset + delta });
          delta += gap;
        }
        const { bytes, records } = writer.take();
        expect(records).toBe(expected.length);
        const from = expected[skipped]?.offset ?? firstOffset;
        const read: LogRecord[] = [];
        readChunk(
          { topic: "t", partition: 3, firstOffset },
          bytes,
          from,
          (one) => read.push({ ...one, value: Uint8Array.from(one.value) }) > 0,
        );
        expect(read).toEqual(expected.filter(({ offset }) => offset >= from));
        const spans = new SpanList();
        spans.begin("t", 3, bytes);
        expect(addChunk({ topic: "t", partition: 3, firstOffset }, bytes, from, spans)).toBeUndefined();
        expect(places(spans)).toEqual(
          read.map(({ offset, timestampMs, value }) => ({
            offset,
            timestampMs,
            value: Buffer.from(value).toString("hex"),
          })),
        );
      }),
      { seed: 4 },
    );
  });

  it("is refused when any bit of it differs", () => {
    const writer = new ChunkWriter();
    writer.add(0, { key: "k", value: Buffer.from("value"), timestampMs: 1 as Millis });
    const { bytes } = writer.take();
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const damaged = Buffer.from(bytes);
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      const read = (): boolean => readChunk({ topic: "t", partition: 0, firstOffset: 9 }, damaged, 0, () => true);
      expect(read).toThrow("t/0 from offset 9");
      const spans = new SpanList();
      expect(addChunk({ topic: "t", partition: 0, firstOffset: 9 }, damaged, 0, spans)).toBe("checksum_mismatch");
      expect(spans.count).toBe(0);
    }
  });
});

/** The records that a list of spans holds. */
function places({ count, bytes, offsets, timestampsMs, valueFrom, valueTo }: SpanList): unknown[] {
  return Array.from({ length: count }, (_, index) => ({
    offset: offsets[index],
    timestampMs: timestampsMs[index],
    value: bytes.toString("hex", valueFrom[index], valueTo[index]),
  }));
}

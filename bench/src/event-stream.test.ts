import { describe, expect, it } from "@jest/globals";
import { createWindowStore, EVENT_KINDS, SlabEvent } from "@leastwise/windows";
import { fillFrom, shapeStream, uniformReads, zipfReads, zipfStream, type EventStream } from "./event-stream.js";

const STREAMS: readonly (readonly [string, EventStream])[] = [
  ["zipf", zipfStream(500, 4_000, 100)],
  ["shape", shapeStream(500)],
];

describe.each(STREAMS)("the stream %s", (_, stream) => {
  it("has every subject, distinct event ids and times that never fall, within 30 days", () => {
    expect(new Set(stream.subjectAt).size).toBe(500);
    expect(new Set(stream.subjects).size).toBe(500);
    expect(new Set(stream.idMarkAt).size).toBe(stream.count);
    expect(stream.timeAt).toEqual(stream.timeAt.slice().sort());
    expect(stream.endMs - stream.timeAt[0]!).toBeLessThan(30 * 24 * 3_600_000);
  });

  it("counts whole: no event is late, a repeat or ahead", () => {
    const store = createWindowStore({});
    for (let index = 0; index < stream.count; index += 1) {
      const event = new SlabEvent();
      fillFrom(stream, index, event);
      store.applySlabEvent(event, index);
    }
    expect(store.counts.applied).toBe(stream.count);
    expect(new Set(store.subjects())).toEqual(new Set(stream.subjects));
  });
});

describe("zipfStream", () => {
  const stream = zipfStream(500, 40_000, 100);
  const share = (wanted: number, of: ArrayLike<number>): number =>
    Array.from(of).filter((value) => value === wanted).length / of.length;

  it("gives the first rank a share of 1 / H(n) beyond the event that each has", () => {
    const harmonic = Array.from({ length: 500 }, (_, rank) => 1 / (rank + 1)).reduce((sum, part) => sum + part);
    const drawn = 40_000 - 500;
    expect(share(0, stream.subjectAt) * 40_000).toBeGreaterThan((0.95 * drawn) / harmonic);
    expect(share(0, stream.subjectAt) * 40_000).toBeLessThan((1.05 * drawn) / harmonic);
  });

  it("mixes kinds as a shop does, half of them product views", () => {
    expect(share(EVENT_KINDS.indexOf("product_view"), stream.kindAt)).toBeCloseTo(0.5, 1);
    expect(share(EVENT_KINDS.indexOf("page_view"), stream.kindAt)).toBeCloseTo(0.3, 1);
    expect(new Set(stream.kindAt).size).toBe(EVENT_KINDS.length);
  });

  it("takes out of a cart only what is in it", () => {
    const cart = new Map<number, number>();
    for (let index = 0; index < stream.count; index += 1) {
      const [subject, kind, product] = [stream.subjectAt[index]!, stream.kindAt[index]!, stream.productAt[index]!];
      if (EVENT_KINDS[kind] === "cart_add") cart.set(subject, product);
      if (EVENT_KINDS[kind] === "cart_remove") expect(cart.get(subject)).toBe(product);
    }
  });

  it("reads subjects that it has, the first rank most often", () => {
    const reads = zipfReads(stream, 1_000);
    expect(new Set(stream.subjects)).toEqual(new Set([...stream.subjects, ...reads]));
    expect(reads.filter((subject) => subject === stream.subjects[0]).length).toBeGreaterThan(100);
  });

  it("reads all as likely where that is asked for", () => {
    const reads = uniformReads(stream, 20_000);
    expect(new Set(reads)).toEqual(new Set(stream.subjects));
    expect(reads.filter((subject) => subject === stream.subjects[0]).length).toBeLessThan(100);
  });
});

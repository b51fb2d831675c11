import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { DEDUP_SPAN_S, uniteRecentIds, type RecentId } from "./recent-ids.js";
import { IdRing, roomBeyond, UNITS_AN_ID } from "./slab/id-ring.js";

const HOUR_S = 3_600;

/** By the sentence: the last 128, and those of 24 hours before the newest, of the last `idsMax`. */
function remembered(all: readonly RecentId[], idsMax: number): RecentId[] {
  const newestS = all.at(-1)?.receivedS ?? 0;
  return all.filter(({ receivedS }, index) => {
    const fromNewest = all.length - 1 - index;
    return fromNewest < 128 || (fromNewest < idsMax && receivedS >= newestS - DEDUP_SPAN_S);
  });
}

/** A ring that grows as in a block, moving to fresh memory each time. */
class GrowingRing {
  ring = ringOf(1);
  overflow = 0;

  add(mark: number, receivedS: number, idsMax: number): void {
    this.overflow += this.ring.forgetFor(receivedS, idsMax);
    if (this.ring.count === this.ring.room) {
      const grown = ringOf(roomBeyond(this.ring.room, idsMax));
      for (const id of idsOf(this.ring)) grown.push(id.mark, id.receivedS);
      this.ring = grown;
    }
    this.ring.push(mark, receivedS);
  }
}

function ringOf(room: number): IdRing {
  const buffer = new ArrayBuffer(8 * UNITS_AN_ID * room + 64);
  const views = { f64: new Float64Array(buffer), i32: new Int32Array(buffer), u16: new Uint16Array(buffer) };
  return new IdRing().at(views, 3, room, 0, 0);
}

function idsOf(ring: IdRing): RecentId[] {
  return Array.from({ length: ring.count }, (_, index) => ({
    mark: ring.markAt(index),
    receivedS: ring.receivedSAt(index),
  }));
}

describe("recent ids", () => {
  it("are the last 128 and those of the last 24 hours, up to the bound", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(0, 1, 60, HOUR_S, 7 * HOUR_S), { minLength: 1, maxLength: 600 }),
        fc.constantFrom(128, 129, 200, 4_096),
        (pauses, idsMax) => {
          const ids = new GrowingRing();
          let receivedS = 1_790_000_000;
          const all = pauses.map((pause, index) => {
            receivedS += pause;
            // Many marks of one chain, and none twice.
            const mark = (index % 7) * 2 ** 29 + index;
            ids.add(mark, receivedS, idsMax);
            return { mark, receivedS };
          });
          const expected = remembered(all, idsMax);
          expect(idsOf(ids.ring)).toEqual(expected);
          const known = new Set(expected.map(({ mark }) => mark));
          for (const { mark } of all) expect(ids.ring.has(mark)).toBe(known.has(mark));
        },
      ),
      { seed: 128, numRuns: 100 },
    );
  });

  it("keep one that is exactly 24 hours old and let go of one a second older, beyond 128", () => {
    for (const [age, isKept] of [
      [DEDUP_SPAN_S, true],
      [DEDUP_SPAN_S + 1, false],
    ] as const) {
      const ids = new GrowingRing();
      ids.add(7, 0, 4_096);
      for (let index = 0; index < 128; index += 1) ids.add(1_000 + index, age, 4_096);
      expect(ids.ring.has(7)).toBe(isKept);
    }
  });

  it("count what goes for want of room, not what goes for age", () => {
    const ids = new GrowingRing();
    for (let index = 0; index < 200; index += 1) ids.add(index, 0, 150);
    expect(ids.overflow).toBe(50);
    ids.add(9_999, 2 * DEDUP_SPAN_S, 150);
    expect(ids.overflow).toBe(50);
    expect(ids.ring.count).toBe(128);
  });

  it("unite in the order of received time, each id once", () => {
    const [one, two, three] = [1, 2, 3].map((mark) => ({ mark, receivedS: mark }));
    const { ids, overflow } = uniteRecentIds([one!, three!], [two!, { mark: 3, receivedS: 4 }], 4_096);
    expect(ids).toEqual([one, two, three]);
    expect(overflow).toBe(0);
  });
});

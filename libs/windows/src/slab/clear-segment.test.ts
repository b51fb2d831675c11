import { afterEach, describe, expect, it, jest } from "@jest/globals";
import { MINUTE_MS, type Millis, type SubjectId } from "@leastwise/vocabulary";
import fc from "fast-check";
import {
  clearSegment,
  createWindowStore,
  emptySnapshot,
  featureValue,
  reserveSegment,
  WindowReader,
  type SegmentMemory,
  type SlabWindowStore,
  type WindowEvent,
} from "../index.js";
import { STRIPES } from "./segment-memory.js";

const NOON = Date.UTC(2026, 2, 10, 12);
/** Less than the crowd below takes: pages change hands, and shoppers are forgotten. */
const BYTES = 2 ** 21;
const CROWD = 40_000;

interface Deed {
  readonly who: number;
  readonly pauseMs: number;
  readonly kind: WindowEvent["kind"];
  readonly product: string;
}

const deeds: fc.Arbitrary<Deed[]> = fc.array(
  fc.record({
    who: fc.nat(20),
    pauseMs: fc.constantFrom(0, 1, MINUTE_MS, 40 * MINUTE_MS),
    kind: fc.constantFrom("page_view" as const, "product_view" as const, "cart_add" as const, "purchase" as const),
    product: fc.constantFrom("shoe", "sock", "hat"),
  }),
  { minLength: 1, maxLength: 200 },
);

function subjectOf(number: number): SubjectId {
  return Array.from({ length: 4 }, (_, part) => Math.imul(number + 1, 0x9e3779b1 + 2 * part) >>> 0)
    .map((word) => word.toString(16).padStart(8, "0"))
    .join("") as SubjectId;
}

function viewAt(atMs: number, more: Partial<WindowEvent> = {}): WindowEvent {
  return { kind: "page_view", atMs: atMs as Millis, receivedAtMs: atMs as Millis, units: 1, lines: [], ...more };
}

/** A segment that was used until nothing was left of it that had not been. */
function usedSegment(): SegmentMemory {
  const store = createWindowStore({ memory: reserveSegment(BYTES) });
  for (let number = 0; number < CROWD; number += 1) {
    const more = { productId: `product ${number % 7}`, eventId: `e-${number}` };
    store.apply(subjectOf(number), viewAt(NOON + number, more), number);
    if (number % 3 === 0) store.forget(subjectOf(number - 1));
  }
  expect(store.counts.evicted).toBeGreaterThan(0);
  return store.memory;
}

function clear(memory: SegmentMemory): void {
  expect([...clearSegment(memory)].length).toBeGreaterThan(1);
}

function takeIn(store: SlabWindowStore, all: readonly Deed[]): SlabWindowStore {
  let atMs = NOON;
  for (const [offset, { who, pauseMs, kind, product }] of all.entries()) {
    atMs += pauseMs;
    store.apply(subjectOf(who), viewAt(atMs, { kind, productId: product, eventId: `e-${offset}` }), offset);
  }
  return store;
}

/** All bytes but the index's sequence words, which never begin anew. */
function bytesOf({ control, index, blocks }: SegmentMemory): readonly Buffer[] {
  return [Buffer.from(control), Buffer.from(index, 4 * STRIPES), Buffer.from(blocks)];
}

afterEach(() => {
  jest.restoreAllMocks();
});

describe("a segment that was cleared", () => {
  it("has none of the bytes that it had, and is as it was reserved", () => {
    const memory = usedSegment();
    clear(memory);
    const fresh = reserveSegment(BYTES);
    for (const [part, bytes] of bytesOf(memory).entries()) expect(bytes.equals(bytesOf(fresh)[part]!)).toBe(true);
    expect(new WindowReader(memory).subjectCount).toBe(0);
  });

  it("is like a fresh one to whatever happens next", () => {
    const memory = usedSegment();
    fc.assert(
      fc.property(deeds, (all) => {
        clear(memory);
        const again = takeIn(createWindowStore({ memory }), all);
        const fresh = takeIn(createWindowStore({ bytesMax: BYTES }), all);
        expect(again.digest()).toBe(fresh.digest());
        expect([again.bytesInUse, again.counts]).toEqual([fresh.bytesInUse, fresh.counts]);
        for (const [part, bytes] of bytesOf(memory).entries()) {
          expect(bytes.equals(bytesOf(fresh.memory)[part]!)).toBe(true);
        }
      }),
      { numRuns: 30 },
    );
  }, 60_000);

  it("takes steps by what was in use, however much is reserved", () => {
    const memory = reserveSegment(2 ** 30);
    createWindowStore({ memory }).apply(subjectOf(1), viewAt(NOON), 0);
    expect([...clearSegment(memory)]).toHaveLength(2);
  });

  it("keeps nobody waiting whose part of the index its writer died in", () => {
    const memory = usedSegment();
    new Int32Array(memory.index, 0, STRIPES).fill(1);
    clear(memory);
    expect(new WindowReader(memory).read(subjectOf(1), NOON as Millis, emptySnapshot())).toBe(true);
  });
});

describe("whoever reads a segment while it is cleared", () => {
  /** How a reader looks at words that a writer changes. */
  const looks = Atomics as unknown as Record<"load" | "add", (...words: readonly unknown[]) => number>;
  const ADA = subjectOf(1);
  const BEN = subjectOf(2);

  /** Ada has three views; where her block was, Ben's comes, who has one. */
  function adaThenBen(): { readonly memory: SegmentMemory; readonly change: () => void } {
    const memory = reserveSegment(BYTES);
    const store = createWindowStore({ memory });
    for (let offset = 0; offset < 3; offset += 1) store.apply(ADA, viewAt(NOON), offset);
    const change = (): void => {
      clear(memory);
      createWindowStore({ memory }).apply(BEN, viewAt(NOON), 0);
    };
    return { memory, change };
  }

  it("knows nobody from the first step on", () => {
    const { memory } = adaThenBen();
    const reader = new WindowReader(memory);
    const snapshot = emptySnapshot();
    const clearing = clearSegment(memory);
    for (let step = 0; clearing.next().done !== true; step += 1) {
      expect([reader.read(ADA, NOON as Millis, snapshot), snapshot.known, reader.subjectCount]).toEqual([
        true,
        false,
        0,
      ]);
    }
  });

  /** Reads Ada, and has Ben come in her place at one of the reader's looks; nothing changes if it does not look so often. */
  function readChangedAt(look: "load" | "add", at: number) {
    const { memory, change } = adaThenBen();
    const reader = new WindowReader(memory);
    let looked = 0;
    const real = looks[look].bind(Atomics);
    const spy = jest.spyOn(looks, look).mockImplementation((...words) => {
      looked += 1;
      if (looked === at) {
        spy.mockRestore();
        change();
      }
      return real(...words);
    });
    const viewsOf = (subject: SubjectId) => {
      const snapshot = emptySnapshot();
      expect(reader.read(subject, NOON as Millis, snapshot)).toBe(true);
      return featureValue(snapshot, "page_views_1h");
    };
    const adas = viewsOf(ADA);
    spy.mockRestore();
    return { hasChanged: looked >= at, views: [adas, viewsOf(BEN)] };
  }

  it.each(["load", "add"] as const)("has all of it or nothing, at whichever of its looks (%s) it happens", (look) => {
    let at = 1;
    for (; readChangedAt(look, at).hasChanged; at += 1) expect(readChangedAt(look, at).views).toEqual([0, 1]);
    expect(at).toBeGreaterThan(1);
    expect(readChangedAt(look, at).views).toEqual([3, 0]);
  });
});

import { afterEach, describe, expect, it, jest } from "@jest/globals";
import fc from "fast-check";
import type { Millis, SubjectId } from "@leastwise/vocabulary";
import { createWindowStore, type SlabWindowStore, type WindowEvent } from "../index.js";
import { Segment } from "./segment.js";
import { reserveSegment } from "./segment-memory.js";
import { CLASS_BYTES, classFor, GRAIN_BYTES, PAGE_BYTES, pagesAtOnce } from "./size-classes.js";

/** `npm run test:long` runs all of it, `npm test` a part. */
const IS_CAMPAIGN = process.env["LEASTWISE_LONG"] === "true";

const PAGE_GRAINS = PAGE_BYTES / GRAIN_BYTES;
const NOON = Date.UTC(2026, 2, 10, 12);

/** Which blocks are in use, and whose pages. */
class Model {
  readonly segment = new Segment(reserveSegment(2 ** 21));
  readonly used = new Map<number, number>();
  refusals = 0;
  readonly #pages = this.segment.memory.blocks.byteLength / PAGE_BYTES;
  readonly #grainsUsed = new Uint8Array(this.#pages * PAGE_GRAINS);

  allocate(sizeClass: number): void {
    const address = this.segment.allocate(sizeClass);
    if (address === 0) {
      this.refusals += 1;
      this.#expectNone(sizeClass);
      return;
    }
    const bytes = CLASS_BYTES[sizeClass]!;
    expect(this.segment.bytesOf(address)).toBe(bytes);
    const end = address + bytes / GRAIN_BYTES;
    if (this.#grainsUsed.subarray(address, end).includes(1)) throw new Error(`${address} is given twice`);
    this.#grainsUsed.fill(1, address, end);
    const { f64 } = this.segment;
    const isZeroed = f64.subarray(2 * address + 1, 2 * end).every((unit) => unit === 0);
    if (!isZeroed) throw new Error(`${address} is not zeroed`);
    // As its owner would write it.
    f64.fill(7, 2 * address + 1, 2 * end);
    this.used.set(address, sizeClass);
  }

  release(pick: number): void {
    const address = [...this.used.keys()][pick % Math.max(1, this.used.size)];
    if (address === undefined) return;
    this.#grainsUsed.fill(0, address, address + this.segment.bytesOf(address) / GRAIN_BYTES);
    this.used.delete(address);
    this.segment.release(address);
  }

  /** Makes as many pages from one on another class's as are free there, and needed. */
  retype(page: number, sizeClass: number): void {
    const from = this.segment.firstPageFrom(page);
    const needed = pagesAtOnce(CLASS_BYTES[sizeClass]!);
    let end = from;
    while (end < from + needed) {
      if (from === 0 || end >= this.segment.pagesTaken || this.isUsed(end)) return;
      end += this.segment.pagesFrom(end);
    }
    this.segment.retype(from, end - from, sizeClass);
  }

  isUsed(page: number): boolean {
    const end = page + this.segment.pagesFrom(page);
    return this.#grainsUsed.subarray(page * PAGE_GRAINS, end * PAGE_GRAINS).includes(1);
  }

  /** There is neither a free block of the class nor room for a page of it. */
  #expectNone(sizeClass: number): void {
    const needed = pagesAtOnce(CLASS_BYTES[sizeClass]!);
    const blocks = Math.max(1, Math.floor(PAGE_BYTES / CLASS_BYTES[sizeClass]!));
    const mine = [...this.used].filter(([, other]) => other === sizeClass);
    const pages = new Set(mine.map(([address]) => Math.floor(address / PAGE_GRAINS)));
    expect(mine).toHaveLength(blocks * pages.size);
    let stretch = 0;
    for (let page = 1; page < this.#pages; page += this.segment.pagesFrom(page)) {
      stretch = this.isUsed(page) ? 0 : stretch + this.segment.pagesFrom(page);
      expect(stretch).toBeLessThan(needed);
    }
  }
}

describe("the blocks of a segment", () => {
  const RUNS = IS_CAMPAIGN ? 30 : 6;
  const few = [128, 144, 1_000, 4_096, PAGE_BYTES, 3 * PAGE_BYTES, 16 * PAGE_BYTES].map(classFor);
  const step = fc.record({
    what: fc.constantFrom("allocate", "allocate", "allocate", "release", "release", "retype"),
    times: fc.constantFrom(1, 1, 5, 150),
    sizeClass: fc.constantFrom(...few),
    pick: fc.nat(10_000),
  });

  it("are each given once, all of them, however pages pass from class to class", () => {
    let [retyped, refused] = [0, 0];
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 120 }), (steps) => {
        const model = new Model();
        const spy = jest.spyOn(model.segment, "retype");
        for (const { what, times, sizeClass, pick } of steps) {
          for (let time = 0; time < times; time += 1) {
            if (what === "allocate") model.allocate(sizeClass);
            else if (what === "release") model.release(pick + time * 7);
            else model.retype(1 + (pick % 63), sizeClass);
          }
        }
        retyped += spy.mock.calls.length;
        refused += model.refusals;
        while (model.used.size > 0) model.release(0);
        // Nothing is lost: all of memory is pages that anybody can have.
        const pages = Array.from({ length: 63 }, () => model.segment.allocate(classFor(PAGE_BYTES)));
        expect(new Set(pages)).toEqual(new Set(pages.map((_, page) => (page + 1) * PAGE_GRAINS)));
        expect(model.segment.allocate(classFor(PAGE_BYTES))).toBe(0);
      }),
      { seed: 5, numRuns: RUNS },
    );
    expect([retyped > 10 * RUNS, refused > 10 * RUNS]).toEqual([true, true]);
  }, 60_000);

  it("become another class's at the cost of their page alone, however many are free elsewhere", () => {
    const touched = [20, 400].map((pages) => {
      const segment = new Segment(reserveSegment(2 ** 24));
      const blocks = Array.from({ length: pages * 256 }, () => segment.allocate(classFor(128)));
      // Every page has one in use, but for the one that is to be another class's.
      for (const [place, address] of blocks.entries()) if (place % 256 > 0 || place < 256) segment.release(address);
      let touches = 0;
      const counting = new Proxy(segment.i32, {
        get: (words, at) => ((touches += 1), Reflect.get(words, at) as unknown),
        set: (words, at, value) => ((touches += 1), Reflect.set(words, at, value)),
      });
      Object.defineProperty(segment, "i32", { value: counting });
      segment.retype(1, 1, classFor(144));
      return touches;
    });
    expect(touched[1]).toBe(touched[0]);
    expect(touched[0]).toBeLessThanOrEqual(Math.floor(PAGE_BYTES / 144));
  });
});

function subjectOf(number: number): SubjectId {
  return [1, 2, 3, 4]
    .map((part) => (Math.imul(number + part, 0x9e3779b1) >>> 0).toString(16).padStart(8, "0"))
    .join("") as SubjectId;
}

describe("shoppers who come back while memory is used up", () => {
  const BYTES_MAX = IS_CAMPAIGN ? 2 ** 23 : 2 ** 22;
  let offset = 0;

  afterEach(() => {
    jest.restoreAllMocks();
  });

  function come(stores: readonly SlabWindowStore[], number: number, productId?: string): void {
    offset += 1;
    const atMs = (NOON + offset) as Millis;
    const event: WindowEvent = { kind: "product_view", atMs, receivedAtMs: atMs, units: 0, lines: [], productId };
    for (const store of stores) store.apply(subjectOf(number), { ...event, eventId: `e${String(offset)}` }, offset);
  }

  /** How many come once until memory is used up. */
  function filled(stores: readonly SlabWindowStore[]): number {
    const [probe] = stores;
    let count = 0;
    const bytesMax = BYTES_MAX - PAGE_BYTES;
    while (probe!.bytesInUse < bytesMax || count % 100 > 0) come(stores, (count += 1));
    return count;
  }

  it("get larger blocks without anybody being forgotten while three quarters of all blocks are free, at a move an update at most", () => {
    const [bounded, roomy] = [createWindowStore({ bytesMax: BYTES_MAX }), createWindowStore({ bytesMax: 2 ** 26 })];
    const count = filled([bounded, roomy]);
    const staying: number[] = [];
    for (let number = 1; number <= count; number += 1) {
      if (number % 4 === 0) staying.push(number);
      else for (const store of [bounded, roomy]) store.forget(subjectOf(number));
    }
    expect(bounded.counts.evicted).toBe(0);
    const moves = jest.spyOn(Segment.prototype, "replace");
    const retypes = jest.spyOn(Segment.prototype, "retype");
    for (let round = 0; round < 5; round += 1) {
      for (const number of staying) come([bounded], number, `p${String((number + round) % 99)}`);
    }
    const updates = 5 * staying.length;
    expect(bounded.counts).toMatchObject({ evicted: 0, noRoom: 0 });
    expect(bounded.subjectCount).toBe(staying.length);
    // Outgrowing a block is a move as well.
    expect(moves.mock.calls.length).toBeLessThan(2 * updates);
    expect(retypes.mock.calls.length).toBeGreaterThan(50);
    expect(retypes.mock.calls.length).toBeLessThan(updates / 50);
    moves.mockRestore();
    offset -= updates;
    for (let round = 0; round < 5; round += 1) {
      for (const number of staying) come([roomy], number, `p${String((number + round) % 99)}`);
    }
    expect(bounded.digest()).toBe(roomy.digest());
  }, 60_000);

  it("take the place of strangers when all of it is used, at a move an update at most", () => {
    const store = createWindowStore({ bytesMax: BYTES_MAX });
    const count = filled([store]);
    const moves = jest.spyOn(Segment.prototype, "replace");
    const updates = 40_000;
    for (let update = 0; update < updates; update += 1) {
      come([store], 1 + ((Math.imul(update, 0x9e3779b1) >>> 0) % count), `p${String(update % 99)}`);
    }
    expect(store.counts.noRoom).toBe(0);
    expect(store.counts.evicted).toBeGreaterThan(1_000);
    expect(store.counts.evicted).toBeLessThan(updates / 2);
    expect(moves.mock.calls.length).toBeLessThan(2 * updates);
  }, 60_000);
});

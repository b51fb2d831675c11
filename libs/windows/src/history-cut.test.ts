import { describe, expect, it } from "@jest/globals";
import { DAY_MS, HOUR_MS, type Millis, type SubjectId } from "@leastwise/vocabulary";
import {
  CheckpointReader,
  createWindowStore,
  featureValue,
  reserveSegment,
  WindowReader,
  emptySnapshot,
  type SlabWindowStore,
  type WindowEvent,
} from "./index.js";

const ADA = "ad".repeat(16) as SubjectId;
const BOB = "b0".repeat(16) as SubjectId;
const EVE = "ee".repeat(16) as SubjectId;
const START = Date.UTC(2026, 0, 1, 12);
const UNKNOWN = [undefined, undefined, undefined, undefined];

const did = (kind: WindowEvent["kind"], afterMs: number): WindowEvent => ({
  ...{ kind, units: 1, lines: [], revenueMinor: kind === "purchase" ? 500 : undefined },
  ...{ atMs: (START + afterMs) as Millis, receivedAtMs: (START + afterMs) as Millis },
});

/** What is told of all orders, both to who writes and to who only reads. */
function told(store: SlabWindowStore, subject: SubjectId, afterMs: number): (number | undefined)[] {
  const at = (START + afterMs) as Millis;
  const elsewhere = emptySnapshot();
  new WindowReader(store.memory).read(subject, at, elsewhere);
  const values = [store.read(subject, at), elsewhere].map((snapshot) =>
    (["purchases_all", "purchase_days_all", "revenue_minor_all", "since_first_purchase_ms"] as const).map((name) =>
      featureValue(snapshot, name),
    ),
  );
  expect(values[1]).toEqual(values[0]);
  return values[0]!;
}

/** A store of a log that lost its beginning. */
function cutStore(): SlabWindowStore {
  const store = createWindowStore({ memory: reserveSegment(2 ** 21) });
  store.cutHistories();
  return store;
}

describe("purchase histories of a log that lost its beginning", () => {
  it("are unknown, of who is not known, of who comes, and of who orders", () => {
    const store = cutStore();
    expect(told(store, ADA, 0)).toEqual(UNKNOWN);
    store.apply(ADA, did("page_view", 0), 7);
    store.apply(BOB, did("purchase", HOUR_MS), 8);
    store.noteAssignmentKey(EVE, ADA, START as Millis);
    for (const subject of [ADA, BOB, EVE]) expect(told(store, subject, DAY_MS)).toEqual(UNKNOWN);
    store.apply(ADA, did("purchase", DAY_MS), 9);
    expect(told(store, ADA, 2 * DAY_MS)).toEqual(UNKNOWN);
    expect(featureValue(store.read(ADA, (START + 2 * DAY_MS) as Millis), "purchases_30d")).toBe(1);
  });

  it("are known again of who begins when anybody would have begun anew", () => {
    const store = cutStore();
    store.apply(ADA, did("purchase", 0), 7);
    store.apply(BOB, did("purchase", 180 * DAY_MS), 8);
    expect(told(store, BOB, 181 * DAY_MS)).toEqual(UNKNOWN);
    expect(told(store, EVE, 181 * DAY_MS)).toEqual([0, 0, 0, undefined]);
    store.apply(ADA, did("purchase", 181 * DAY_MS), 9);
    store.apply(EVE, did("purchase", 181 * DAY_MS), 10);
    for (const subject of [ADA, EVE]) expect(told(store, subject, 182 * DAY_MS)).toEqual([1, 1, 500, DAY_MS]);
  });

  it("are unknown of both when such a one logs in, or anybody else to such a one", () => {
    const [store, whole] = [cutStore(), createWindowStore({ memory: reserveSegment(2 ** 21) })];
    store.apply(BOB, did("page_view", 0), 7);
    whole.apply(ADA, did("purchase", 0), 0);
    for (const [from, to] of [
      [store, whole],
      [whole, store],
    ] as const) {
      const subject = from === store ? BOB : ADA;
      const { bytes, purchaseHistory } = from.exportParts(subject, 100_000)[0]!;
      to.mergeSubject(EVE, bytes, "login", 20, purchaseHistory);
      expect(told(to, EVE, HOUR_MS)).toEqual(UNKNOWN);
    }
    const { bytes, purchaseHistory } = store.exportParts(BOB, 100_000)[0]!;
    whole.mergeSubject(ADA, bytes, "login", 21, purchaseHistory);
    expect(told(whole, ADA, HOUR_MS)).toEqual(UNKNOWN);
  });

  it("are forgotten of everybody when records are missing in the middle, and the rest is kept", () => {
    const store = createWindowStore({ memory: reserveSegment(2 ** 21) });
    store.apply(ADA, did("purchase", 0), 0);
    store.apply(ADA, { ...did("cart_add", HOUR_MS), productId: "tea" }, 1);
    expect(told(store, ADA, DAY_MS)).toEqual([1, 1, 500, DAY_MS]);
    store.cutHistories();
    expect(told(store, ADA, DAY_MS)).toEqual(UNKNOWN);
    const snapshot = store.read(ADA, (START + DAY_MS) as Millis);
    for (const name of ["purchases_30d", "cart_lines"] as const) expect(featureValue(snapshot, name)).toBe(1);
  });

  it("stay unknown through a checkpoint, and through a state that is put back", () => {
    const [store, restored] = [cutStore(), createWindowStore({ memory: reserveSegment(2 ** 21) })];
    store.apply(ADA, did("page_view", 0), 7);
    store.apply(BOB, did("purchase", 0), 8);
    const reader = new CheckpointReader();
    reader.read(store.walk().next(2 ** 20), (block) => {
      restored.restoreBlock(block);
    });
    restored.historyCutS = store.historyCutS;
    for (const subject of [ADA, BOB, EVE]) expect(told(restored, subject, HOUR_MS)).toEqual(UNKNOWN);
    expect(restored.digest()).toBe(store.digest());
    restored.restoreSubject(EVE, store.exportSubject(ADA)!);
    expect(told(restored, EVE, HOUR_MS)).toEqual(UNKNOWN);
  });
});

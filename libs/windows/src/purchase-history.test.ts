import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { DAY_MS, HOUR_MS, type Millis, type SubjectId } from "@leastwise/vocabulary";
import fc from "fast-check";
import { ByteReader } from "./byte-reader.js";
import {
  causeOfPart,
  createWindowStore,
  featureValue,
  type FeatureName,
  type WindowEvent,
  type WindowStore,
} from "./index.js";
import { unitedHistory, withOrder, type PurchaseHistory } from "./purchase-history.js";
import { decodeSubject, encodeSubject, withoutHistory } from "./subject-encoding.js";

const ADA = "ad".repeat(16) as SubjectId;
const BOB = "b0".repeat(16) as SubjectId;
const START = Date.UTC(2026, 0, 1, 12);

const orders = fc.array(fc.tuple(fc.nat(63 * DAY_MS), fc.nat(10_000)), { minLength: 1, maxLength: 40 });

function historyOf(list: readonly (readonly [number, number])[]): PurchaseHistory | undefined {
  let history: PurchaseHistory | undefined;
  for (const [afterMs, revenueMinor] of list) history = withOrder(history, START + afterMs, revenueMinor);
  return history;
}

describe("a purchase history", () => {
  it("is what a list of the orders says, in whatever order they came, and whichever were somebody else's first", () => {
    fc.assert(
      fc.property(orders, fc.nat(40), (list, cut) => {
        const times = list.map(([afterMs]) => START + afterMs);
        const whole = historyOf(list);
        expect(whole).toMatchObject({
          orders: list.length,
          firstMs: Math.min(...times),
          lastMs: Math.max(...times),
          revenueMinor: list.reduce((sum, [, minor]) => sum + minor, 0),
          days: new Set(times.map((atMs) => Math.floor(atMs / DAY_MS))).size,
        });
        expect(historyOf(list.toReversed())).toEqual(whole);
        const [one, other] = [historyOf(list.slice(0, cut)), historyOf(list.slice(cut))];
        if (one !== undefined && other !== undefined) expect(unitedHistory(one, other)).toEqual(whole);
      }),
    );
  });
});

const bought = (eventId: string, afterMs: number, revenueMinor?: number): WindowEvent => ({
  ...{ kind: "purchase", eventId, units: 1, lines: [] },
  ...{ atMs: (START + afterMs) as Millis, receivedAtMs: (START + afterMs) as Millis },
  ...(revenueMinor === undefined ? {} : { revenueMinor }),
});

const NAMES: readonly FeatureName[] = [
  "purchases_all",
  "purchase_days_all",
  "revenue_minor_all",
  "since_first_purchase_ms",
];

const told = (store: WindowStore, subject: SubjectId, afterMs: number) => {
  const snapshot = store.read(subject, (START + afterMs) as Millis);
  return NAMES.map((name) => featureValue(snapshot, name));
};

/** The state as the version before wrote it, which kept no history. */
function asVersion2(encoded: Uint8Array): Uint8Array {
  const decoded = decodeSubject(encoded);
  if (!decoded.ok) throw new Error(decoded.error.reason);
  return encodeSubject(withoutHistory(decoded.value));
}

/** Of which version a state is: the first number in it. */
function versionOf(encoded: Uint8Array): number {
  return new ByteReader(encoded).integer();
}

describe("all orders of a subject", () => {
  it("count however long ago, in whatever currency, and those too late for the windows; revenue is the home currency's", () => {
    const store = createWindowStore();
    expect(told(store, ADA, 0)).toEqual([0, 0, 0, undefined]);
    store.apply(ADA, bought("1", 50 * DAY_MS, 1_000), 0);
    store.apply(ADA, bought("2", 50 * DAY_MS + HOUR_MS), 1);
    store.apply(ADA, { ...bought("3", 2 * DAY_MS, 500), receivedAtMs: (START + 50 * DAY_MS) as Millis }, 2);
    expect(told(store, ADA, 90 * DAY_MS)).toEqual([3, 2, 1_500, 88 * DAY_MS]);
    expect(featureValue(store.read(ADA, (START + 90 * DAY_MS) as Millis), "purchases_30d")).toBe(0);
    // What is too far ahead of the moment is not told of it.
    expect(told(store, ADA, 3 * DAY_MS)).toEqual([undefined, undefined, undefined, undefined]);
  });

  it("go over with a login, and are not known of who bought before histories were kept, whoever comes to that", () => {
    const [store, older] = [createWindowStore(), createWindowStore()];
    store.apply(ADA, bought("1", 0, 1_000), 0);
    store.apply(BOB, bought("2", HOUR_MS, 200), 1);
    older.apply(BOB, bought("3", 0, 5_000), 0);
    expect(store.mergeSubject(ADA, store.exportSubject(BOB)!, "login", 2)).toEqual({ ok: true, value: true });
    expect(told(store, ADA, DAY_MS)).toEqual([2, 1, 1_200, DAY_MS]);
    expect(store.restoreSubject(BOB, asVersion2(older.exportSubject(BOB)!))).toMatchObject({ ok: true });
    store.apply(BOB, bought("4", 2 * DAY_MS, 300), 3);
    const unknown = [undefined, undefined, undefined, undefined];
    expect(told(store, BOB, 2 * DAY_MS)).toEqual(unknown);
    expect(featureValue(store.read(BOB, (START + 2 * DAY_MS) as Millis), "purchases_30d")).toBe(2);
    store.mergeSubject(ADA, store.exportSubject(BOB)!, "another login", 4);
    expect(told(store, ADA, 3 * DAY_MS)).toEqual(unknown);
  });

  it("of who had not bought then are known from the first one on", () => {
    const [store, older] = [createWindowStore(), createWindowStore()];
    older.apply(ADA, { ...bought("1", 0), kind: "page_view" }, 0);
    store.restoreSubject(ADA, asVersion2(older.exportSubject(ADA)!));
    expect(told(store, ADA, HOUR_MS)).toEqual([0, 0, 0, undefined]);
    store.apply(ADA, bought("2", DAY_MS, 700), 1);
    expect(told(store, ADA, 2 * DAY_MS)).toEqual([1, 1, 700, DAY_MS]);
  });

  it("move beside what the version before can read, which takes all but them, and knows nothing of them then", () => {
    const [store, before, after] = [createWindowStore(), createWindowStore(), createWindowStore()];
    store.apply(BOB, { ...bought("1", 0), kind: "page_view" }, 0);
    expect(versionOf(store.exportSubject(BOB)!)).toBe(2);
    expect(store.exportParts(BOB, 100_000)).toMatchObject([{ purchaseHistory: undefined }]);
    store.apply(BOB, bought("2", HOUR_MS, 200), 1);
    store.apply(BOB, { ...bought("3", 2 * HOUR_MS), kind: "cart_add", productId: "tea" }, 2);
    const [part, ...none] = store.exportParts(BOB, 100_000);
    expect([none, versionOf(part!.bytes), part!.purchaseHistory === undefined]).toEqual([[], 2, false]);

    before.mergeSubject(ADA, part!.bytes, "login", 0);
    after.mergeSubject(ADA, part!.bytes, "login", 0, part!.purchaseHistory);
    expect(told(before, ADA, DAY_MS)).toEqual([undefined, undefined, undefined, undefined]);
    expect(told(after, ADA, DAY_MS)).toEqual([1, 1, 200, 23 * HOUR_MS]);
    for (const name of ["page_views_30d", "purchases_30d", "cart_lines"] as const) {
      const values = [before, after].map((one) => featureValue(one.read(ADA, (START + DAY_MS) as Millis), name));
      expect([name, ...values]).toEqual([name, 1, 1]);
    }
    expect(after.mergeSubject(ADA, part!.bytes, "another", 1, Uint8Array.of(1, 2, 3))).toMatchObject({
      error: { reason: "state_corrupt" },
    });
  });

  it("move with the first part of a state that is too large for one", () => {
    const [store, to] = [createWindowStore(), createWindowStore()];
    for (let view = 0; view < 400; view += 1) {
      const event = { ...bought(`view ${view}`, view * 5_000), kind: "product_view", productId: `p${view}` } as const;
      store.apply(BOB, event, view);
    }
    store.apply(BOB, bought("1", HOUR_MS, 200), 400);
    const parts = store.exportParts(BOB, 5_000);
    expect(parts.map(({ bytes }) => versionOf(bytes))).toEqual(parts.map(() => 2));
    for (const { bytes, purchaseHistory, ...part } of [...parts, ...parts].reverse())
      to.mergeSubject(ADA, bytes, causeOfPart("login", part), undefined, purchaseHistory);
    expect([parts.length > 1, ...told(to, ADA, DAY_MS)]).toEqual([true, 1, 1, 200, 23 * HOUR_MS]);
  });

  it("are the frequency of lifetimes' daily summaries, and one more", () => {
    const oracle = (name: string) =>
      readFileSync(new URL(`../../../tests/oracles/ltv/${name}`, import.meta.url), "utf8")
        .trim()
        .split(/\r?\n/)
        .slice(1);
    // The summaries end with July; the file goes on.
    const transactions = oracle("transactions.csv")
      .map((line) => line.split(","))
      .filter(([, ts = ""]) => ts < "2025-08")
      .sort(([, a = ""], [, b = ""]) => (a < b ? -1 : 1));
    const received = Math.max(...transactions.map(([, ts = ""]) => Date.parse(ts))) as Millis;
    const store = createWindowStore();
    const subjectOf = (customer: string) => customer.slice(1).padStart(32, "0") as SubjectId;
    for (const [offset, [customer = "", ts = "", minor = ""]] of transactions.entries()) {
      const event = {
        ...bought(`${offset}`, 0, Number(minor)),
        atMs: Date.parse(ts) as Millis,
        receivedAtMs: received,
      };
      store.apply(subjectOf(customer), event, offset);
    }
    for (const line of oracle("expected_rfm_daily.csv")) {
      const [customer = "", frequency] = line.split(",");
      expect([customer, featureValue(store.read(subjectOf(customer), received), "purchase_days_all")]).toEqual([
        customer,
        Number(frequency) + 1,
      ]);
    }
  });
});

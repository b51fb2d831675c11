import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { DAY_MS, HOUR_MS, keyedHashBytes, type Millis, type SubjectId } from "@leastwise/vocabulary";
import fc from "fast-check";
import { ByteWriter } from "./byte-writer.js";
import { createWindowStore, featureValue, type FeatureName, type WindowEvent, type WindowStore } from "./index.js";
import { unitedHistory, withOrder, type PurchaseHistory } from "./purchase-history.js";
import { decodeSubject, encodeSubject } from "./subject-encoding.js";

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
  const without = encodeSubject({ ...decoded.value, history: undefined });
  const version = new ByteWriter();
  version.integer(2);
  // The version before, and no word on a history.
  const body = new Uint8Array([...version.bytes(), ...without.subarray(1, -9)]);
  const { high, low } = keyedHashBytes({ k0: 0n, k1: 0n }, body);
  const checksum = new DataView(new ArrayBuffer(8));
  checksum.setUint32(0, high);
  checksum.setUint32(4, low);
  return new Uint8Array([...body, ...new Uint8Array(checksum.buffer)]);
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

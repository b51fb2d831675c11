import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "@jest/globals";
import { keyedHash, type Millis, type SubjectId } from "@leastwise/vocabulary";
import {
  createWindowStore,
  featureValue,
  WINDOWS,
  type EventKind,
  type FeatureName,
  type WindowEvent,
} from "./index.js";

/** The fixture's names and ours. */
const KINDS: Readonly<Record<string, EventKind>> = {
  view: "product_view",
  cart_add: "cart_add",
  cart_remove: "cart_remove",
  purchase: "purchase",
};
const COUNTED = {
  view: "product_views",
  cart_add: "cart_adds",
  cart_remove: "cart_removes",
  purchase: "purchases",
  purchased_units: "units",
  revenue_minor: "revenue_minor",
  distinct_products: "distinct_products",
} as const;
const RECENT: Readonly<Record<string, FeatureName>> = {
  ms_since_view: "since_product_view_ms",
  ms_since_cart_add: "since_cart_add_ms",
  ms_since_cart_remove: "since_cart_remove_ms",
  ms_since_purchase: "since_purchase_ms",
};

interface Line {
  event_id: string;
  user: string;
  ts_ms: number;
  type: string;
  product: string;
  price_minor: number;
  quantity: number;
}
interface Probe {
  after_lines: number;
  user: string;
  at_ms: number;
  expected: Record<string, Record<string, number> | number | null>;
}

function oracle(name: string): Buffer {
  return readFileSync(new URL(`../../../tests/oracles/${name}`, import.meta.url));
}

function subjectOf(user: string): SubjectId {
  const { high, low } = keyedHash({ k0: 0n, k1: 0n }, user);
  return `${high.toString(16)}${low.toString(16)}`.padStart(32, "0") as SubjectId;
}

function toEvent(line: Line, receivedAtMs: number): WindowEvent {
  const isPurchase = line.type === "purchase";
  return {
    kind: KINDS[line.type]!,
    atMs: line.ts_ms as Millis,
    receivedAtMs: receivedAtMs as Millis,
    eventId: line.event_id,
    productId: line.product,
    units: line.quantity,
    unitPriceMinor: line.price_minor,
    lines: isPurchase ? [{ productId: line.product, units: line.quantity }] : [],
    revenueMinor: isPurchase ? line.price_minor * line.quantity : undefined,
  };
}

describe("windows against brute force", () => {
  const lines = gunzipSync(oracle("windows.ndjson.gz"))
    .toString("utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
  const { probes } = JSON.parse(oracle("windows.json").toString("utf8")) as { probes: Probe[] };

  it("agrees with all 260 probes exactly", () => {
    const store = createWindowStore();
    const inOrder = [...probes].sort((a, b) => a.after_lines - b.after_lines);
    let next = 0;
    let newestMs = 0;
    for (const probe of inOrder) {
      for (; next < probe.after_lines; next += 1) {
        const line = lines[next]!;
        newestMs = Math.max(newestMs, line.ts_ms);
        store.apply(subjectOf(line.user), toEvent(line, newestMs), next);
      }
      const snapshot = store.read(subjectOf(probe.user), probe.at_ms as Millis);
      const ours: Probe["expected"] = {};
      for (const { name } of WINDOWS) {
        ours[name] = Object.fromEntries(
          Object.entries(COUNTED).map(([theirs, measure]) => [theirs, featureValue(snapshot, `${measure}_${name}`)!]),
        );
      }
      for (const [theirs, name] of Object.entries(RECENT)) ours[theirs] = featureValue(snapshot, name) ?? null;
      expect({ after: probe.after_lines, user: probe.user, is: ours }).toEqual({
        after: probe.after_lines,
        user: probe.user,
        is: probe.expected,
      });
    }
    expect(inOrder).toHaveLength(260);
    expect(store.counts.duplicate).toBeGreaterThan(0);
    expect(store.counts.applied + store.counts.duplicate).toBe(next);
  });
});

import { describe, expect, it } from "@jest/globals";
import { DAY_MS, MINUTE_MS, type Millis, type SubjectId } from "@leastwise/vocabulary";
import fc from "fast-check";
import { CartChanges, openLinesAt } from "../cart.js";
import { createWindowStore, featureValue, type WindowEvent } from "../index.js";
import { decodeSubject } from "../subject-encoding.js";

/*
 * The cart in its bytes against the same changes made one by one in `CartChanges`.
 */

const SHOPPER = "ca27".repeat(8) as SubjectId;
const START = Date.UTC(2026, 0, 31, 23, 50);
const SKUS_MAX = 4;
const PRODUCTS = ["a", "aa", "ab", "b", "é", "\ud800", "\uffff", "long".repeat(300), ""];
const PAUSES = [0, 0, 1, 1, MINUTE_MS, MINUTE_MS, DAY_MS, 12 * DAY_MS];

const step = fc.record({
  kind: fc.constantFrom("cart_add", "cart_add", "cart_add", "cart_remove", "cart_remove", "purchase"),
  pause: fc.constantFrom(...PAUSES),
  lateness: fc.constantFrom(0, 0, 1, MINUTE_MS, DAY_MS),
  productId: fc.constantFrom(...PRODUCTS),
  units: fc.nat(3),
  unitPriceMinor: fc.option(fc.nat(70_000), { nil: undefined }),
});

/** As the README says: what is not after the last purchase or without units is no change; the oldest and what is beyond the bound go. */
class PlainCart {
  readonly changes = new CartChanges();
  joined = 0;
  overflow = 0;
  #purchasedMs = -1;
  #newestMs = -1;

  take({ kind, atMs, productId, units, unitPriceMinor }: WindowEvent): void {
    this.#newestMs = Math.max(this.#newestMs, atMs);
    if (kind === "purchase") {
      this.#purchasedMs = Math.max(this.#purchasedMs, atMs);
      this.changes.clearThrough(atMs);
      return;
    }
    if (productId === undefined || units === 0 || atMs <= this.#purchasedMs) return;
    const change = { atMs, units: kind === "cart_add" ? units : -units, unitPriceMinor };
    if (this.changes.add(productId, change)) this.joined += 1;
    this.changes.dropBefore(this.#newestMs);
    this.overflow += this.changes.dropBeyond(SKUS_MAX);
  }
}

function eventsOf(steps: readonly (typeof step extends fc.Arbitrary<infer Step> ? Step : never)[]): WindowEvent[] {
  let clock = START;
  return steps.map(({ kind, pause, lateness, productId, units, unitPriceMinor }) => {
    clock += pause;
    const atMs = (clock - lateness) as Millis;
    return { kind, atMs, receivedAtMs: clock as Millis, productId, units, unitPriceMinor, lines: [] };
  });
}

describe("the open cart in its bytes", () => {
  it("is changed as the same changes one by one would change it, and counts what it forgets", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 120 }), (steps) => {
        const store = createWindowStore({ bytesMax: 2 ** 20, cartSkusMax: SKUS_MAX });
        const plain = new PlainCart();
        for (const [offset, event] of eventsOf(steps).entries()) {
          if (store.apply(SHOPPER, event, offset).verdict === "applied") plain.take(event);
        }
        const state = decodeSubject(store.exportSubject(SHOPPER)!);
        if (!state.ok) throw new Error(state.error.reason);
        const products = (cart: CartChanges) => [...cart.products].sort(([a], [b]) => (a < b ? -1 : 1));
        expect(products(state.value.cart)).toEqual(products(plain.changes));
        expect([store.counts.cartChangesJoined, store.counts.cartSkuOverflow]).toEqual([plain.joined, plain.overflow]);
      }),
      { seed: 21, numRuns: 500 },
    );
  });

  it("tells numbers that are those of its lines, at any moment", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), fc.integer({ min: 0, max: 40 }), (steps, days) => {
        const store = createWindowStore({ bytesMax: 2 ** 20 });
        const events = eventsOf(steps);
        for (const [offset, event] of events.entries()) store.apply(SHOPPER, event, offset);
        const atMs = (Math.max(...events.map((event) => event.atMs)) + days * DAY_MS) as Millis;
        const snapshot = store.read(SHOPPER, atMs);
        const lines = store.cartLinesOf(SHOPPER, atMs);
        const isPriced = lines.every(({ unitPriceMinor }) => unitPriceMinor !== undefined);
        const value = lines.reduce((sum, { units, unitPriceMinor = 0 }) => sum + units * unitPriceMinor, 0);
        expect(featureValue(snapshot, "cart_lines")).toBe(lines.length);
        expect(featureValue(snapshot, "cart_units")).toBe(lines.reduce((sum, { units }) => sum + units, 0));
        expect(featureValue(snapshot, "cart_value_minor")).toBe(isPriced ? value : undefined);
        expect(featureValue(snapshot, "cart_age_ms") !== undefined).toBe(lines.length > 0);
        const state = decodeSubject(store.exportSubject(SHOPPER)!);
        if (state.ok) expect(lines).toEqual(openLinesAt(state.value.cart, atMs));
      }),
      { seed: 22, numRuns: 300 },
    );
  });
});

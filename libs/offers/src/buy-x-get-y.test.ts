import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { reducedUnits } from "./buy-x-get-y.js";
import type { CartLine } from "./cart.js";
import type { BuyXGetY, Scope } from "./incentive.js";

const OPTIONS = { seed: 20_261_129, numRuns: 400 };

const scope = (productIds: readonly string[]): Scope => ({ productIds, categories: [], brands: [] });

const lines = fc.uniqueArray(fc.constantFrom("a", "b", "c", "d"), { minLength: 1, maxLength: 4 }).chain((ids) =>
  fc.tuple(
    ...ids.map((productId) =>
      fc.record({
        productId: fc.constant(productId),
        quantity: fc.integer({ min: 1, max: 2 }),
        unitPriceMinor: fc.integer({ min: 0, max: 5 }),
      }),
    ),
  ),
);

const incentive: fc.Arbitrary<BuyXGetY> = fc.record({
  kind: fc.constant("buy_x_get_y" as const),
  buy: fc.integer({ min: 1, max: 3 }),
  get: fc.integer({ min: 1, max: 2 }),
  percentBp: fc.constant(10_000),
  setsMax: fc.integer({ min: 1, max: 3 }),
  buyScope: fc.subarray(["a", "b", "c"]).map(scope),
  getScope: fc.subarray(["b", "c", "d"]).map(scope),
});

/** The most sets that any choice of units allows, and the least that what they reduce can cost: every choice is tried. */
function bestByHand({ buy, get, setsMax, buyScope, getScope }: BuyXGetY, cart: readonly CartLine[]) {
  const isIn = (one: Scope | undefined, id: string) => one?.productIds.length === 0 || one?.productIds.includes(id);
  const all = cart.flatMap(({ productId, quantity, unitPriceMinor }) =>
    Array.from({ length: quantity }, () => ({ productId, unitPriceMinor })),
  );
  let best = { sets: 0, cost: 0 };
  for (let chosen = 0; chosen < 2 ** all.length; chosen++) {
    const reduced = all.filter((_, i) => (chosen >> i) % 2 === 1);
    const rest = all.filter((_, i) => (chosen >> i) % 2 === 0);
    const sets = reduced.length / get;
    if (!Number.isInteger(sets) || sets > setsMax) continue;
    if (!reduced.every(({ productId }) => isIn(getScope, productId) === true)) continue;
    if (rest.filter(({ productId }) => isIn(buyScope, productId) === true).length < sets * buy) continue;
    const cost = reduced.reduce((sum, { unitPriceMinor }) => sum + unitPriceMinor, 0);
    if (sets > best.sets || (sets === best.sets && cost < best.cost)) best = { sets, cost };
  }
  return best;
}

describe("units that are reduced", () => {
  const cart = (...quantities: readonly number[]): CartLine[] =>
    quantities.map((quantity, i) => ({ productId: "abc".charAt(i), quantity, unitPriceMinor: 100 * (i + 1) }));
  const one: BuyXGetY = { kind: "buy_x_get_y", buy: 1, get: 2, percentBp: 10_000, setsMax: 1 };

  it("leave, over all lines, what has to be bought", () => {
    const incentive = { ...one, buyScope: scope(["a", "b"]), getScope: scope(["a", "b", "c"]) };
    expect(reducedUnits(incentive, { lines: cart(1, 1, 1) })).toEqual([1, 0, 1]);
  });

  it("are whole sets: none where too few can be reduced", () => {
    const incentive = { ...one, buyScope: scope(["a"]), getScope: scope(["c"]) };
    expect([1, 2, 3].map((some) => reducedUnits(incentive, { lines: cart(9, 9, some) })[2])).toEqual([0, 2, 2]);
  });

  it("are as many sets as any choice allows, and the cheapest of those that can be", () => {
    fc.assert(
      fc.property(lines, incentive, (cart, one) => {
        const units = reducedUnits(one, { lines: cart });
        const count = units.reduce((sum, some) => sum + some, 0);
        const cost = units.reduce((sum, some, i) => sum + some * cart[i]!.unitPriceMinor, 0);
        expect({ sets: count / one.get, cost }).toEqual(bestByHand(one, cart));
      }),
      OPTIONS,
    );
  });
});

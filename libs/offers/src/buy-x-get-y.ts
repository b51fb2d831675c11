import type { BuyXGetY } from "./incentive.js";
import { byUnitPrice, unitsInReach, type Lines } from "./reach.js";

/**
 * Units of each line that are reduced: the cheapest that can be, for as many whole sets as the cart holds. A unit in both scopes is either
 * bought or reduced, never both.
 */
export function reducedUnits(incentive: BuyXGetY, goods: Lines): number[] {
  const { buy, get, setsMax, buyScope } = incentive;
  const bought = unitsInReach(goods, buyScope);
  const reducible = unitsInReach(goods, incentive.getScope ?? buyScope);
  // A line is in a scope as a whole, so its units are in both scopes, in one of them, or in none.
  const shared = sum(bought.map((units, index) => ((reducible[index] ?? 0) > 0 ? units : 0)));
  const toBuy = sum(bought);
  const toReduce = sum(reducible);
  const units = toBuy + toReduce - shared;
  const sets = Math.min(setsMax, Math.floor(toBuy / buy), Math.floor(toReduce / get), Math.floor(units / (buy + get)));
  return reduce(byUnitPrice(goods.lines, "cheapest"), reducible, bought, sets * get, toBuy - sets * buy);
}

/** Takes units in order, of those that could be bought as well no more than are left over. */
function reduce(
  order: readonly number[],
  reducible: readonly number[],
  bought: readonly number[],
  count: number,
  sharedMax: number,
): number[] {
  const reduced = reducible.map(() => 0);
  let left = count;
  let sharedLeft = sharedMax;
  for (const index of order) {
    const isShared = (bought[index] ?? 0) > 0;
    const some = Math.min(left, reducible[index] ?? 0, isShared ? sharedLeft : left);
    reduced[index] = some;
    left -= some;
    if (isShared) sharedLeft -= some;
  }
  return reduced;
}

function sum(units: readonly number[]): number {
  return units.reduce((total, count) => total + count, 0);
}

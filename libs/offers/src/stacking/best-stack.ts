import type { RoundingMode } from "@leastwise/vocabulary";
import { reaching, StackCourse, type ReachingOffer } from "./stack-course.js";
import { basketMinor, byApplication, costOf, type StackCart, type StackOffer } from "./stack-offer.js";
import { STACK_OFFERS_MAX, StackSearch, type StackObjective, type StackSet } from "./stack-search.js";

/** The best set of offers on a cart. */
export interface StackPlan {
  /** In the order of application. */
  readonly applied: readonly AppliedOffer[];
  /** Why each of the others is not in it, in the order they were given. */
  readonly leftOut: readonly LeftOut[];
  /** What all of it gives the shopper, now and later, minor units. */
  readonly gainMinor: number;
  /** What all of it costs the merchant: the gain less what partners pay, minor units. */
  readonly costMinor: number;
  /** Each line's amount after all offers, minor units, in the cart's order. */
  readonly lineAmountsMinor: readonly number[];
  /** What is left to pay now, minor units. */
  readonly toPayMinor: number;
  /** True if no admissible set is better. False: more than 12 offers came, and the search was broken off. */
  readonly exact: boolean;
}

/** An offer in its place in a stack. */
export interface AppliedOffer {
  readonly id: string;
  /** What it gives in this place, minor units. */
  readonly gainMinor: number;
  /** What of that the merchant pays. */
  readonly costMinor: number;
  /** What it takes off each line, in the cart's order; all 0 for what does not touch the goods. */
  readonly shares: readonly number[];
}

/** An offer that is not in the best set, and why. */
export interface LeftOut {
  readonly id: string;
  readonly reason: LeftOutReason;
  /** The applied offer of the same group; absent for other reasons. */
  readonly by?: string;
}

/**
 * Why an offer is left out: the goods do not reach its minimum; another of its group is better; with it the shopper would gain
 * no more, since it gives nothing there or others would lose as much; it gives more than is asked for, at a cost.
 */
export type LeftOutReason = "basket_below_minimum" | "group_taken" | "adds_no_gain" | "costs_more";

/**
 * The best set of offers for an objective: no two of a group, every minimum reached by the goods before any offer. Offers apply in the order
 * stage, priority, id, each to what the ones before it left. Exact by branch and bound for up to 12 offers; with more, the
 * search ends after a bounded number of steps and says so. Of sets that are equally good for the shopper the cheaper for the merchant wins (and
 * the other way round), then the smaller, then the one with the smaller ids.
 *
 * @throws RangeError if two offers have the same id, or more than {@link STACK_OFFERS_MAX} came: the caller's bugs.
 */
export function bestStack(
  cart: StackCart,
  offers: readonly StackOffer[],
  objective: StackObjective,
  rounding: RoundingMode = "half_even",
): StackPlan {
  if (offers.length > STACK_OFFERS_MAX) throw new RangeError(`${offers.length} offers, at most ${STACK_OFFERS_MAX}`);
  if (new Set(offers.map(({ id }) => id)).size < offers.length) throw new RangeError("two offers have the same id");
  const basket = basketMinor(cart);
  const usable = offers.filter((offer) => basket >= offer.minBasketMinor).sort(byApplication);
  const candidates = usable.map((offer) => reaching(offer, cart));
  const course = new StackCourse(cart, rounding);
  const search = new StackSearch(course, candidates, objective, rounding);
  const best = search.run();
  return {
    leftOut: leftOutOf(offers, usable, basket, search, best),
    ...planOf(course, candidates, best, rounding),
    exact: search.isExact,
  };
}

function planOf(
  course: StackCourse,
  offers: readonly ReachingOffer[],
  { places, gain, cost }: StackSet,
  rounding: RoundingMode,
): Omit<StackPlan, "leftOut" | "exact"> {
  const applied = places.flatMap((place, depth) => {
    const placed = offers[place];
    if (placed === undefined) return [];
    const before = course.amounts(depth);
    const gainMinor = course.apply(depth, placed);
    const after = course.amounts(depth + 1);
    const shares = before.map((amount, line) => amount - (after[line] ?? 0));
    return [{ id: placed.offer.id, gainMinor, costMinor: costOf(placed.offer, gainMinor, rounding), shares }];
  });
  return {
    applied,
    gainMinor: gain,
    costMinor: cost,
    lineAmountsMinor: course.amounts(places.length),
    toPayMinor: course.toPay(places.length),
  };
}

function leftOutOf(
  offers: readonly StackOffer[],
  usable: readonly StackOffer[],
  basket: number,
  search: StackSearch,
  best: StackSet,
): readonly LeftOut[] {
  const applied = best.places.flatMap((place) => usable[place] ?? []);
  return offers.flatMap((offer): LeftOut[] => {
    const { id, group } = offer;
    if (applied.includes(offer)) return [];
    if (basket < offer.minBasketMinor) return [{ id, reason: "basket_below_minimum" }];
    const rival = group === undefined ? undefined : applied.find((other) => other.group === group);
    if (rival !== undefined) return [{ id, reason: "group_taken", by: rival.id }];
    return [{ id, reason: whyNot(usable.indexOf(offer), search, best) }];
  });
}

/** What would come of it if the offer at `place` were in the set, too. */
function whyNot(place: number, search: StackSearch, best: StackSet): LeftOutReason {
  const withIt = search.setOf([...best.places, place].sort((a, b) => a - b));
  if (withIt === undefined) throw new Error("an offer whose group is free can be added");
  return withIt.gain > best.gain ? "costs_more" : "adds_no_gain";
}

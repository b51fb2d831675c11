import type { RoundingMode } from "@leastwise/vocabulary";
import type { ReachingOffer, StackCourse } from "./stack-course.js";
import { costOf, type StackOffer } from "./stack-offer.js";

/** What the best set of offers is best at. */
export type StackObjective =
  /** The shopper gains most; of equal gains, the one cheapest for the merchant. */
  | { readonly kind: "shopper_gain" }
  /** It costs the merchant least, among the sets that give the shopper at least so much, minor units. */
  | { readonly kind: "merchant_cost"; readonly gainMinMinor: number };

/** Up to so many offers the answer is exact whatever they are: 2¹² sets. */
export const EXACT_OFFERS_MAX = 12;
/** Most offers that a stack may be chosen from. */
export const STACK_OFFERS_MAX = 64;
/** Steps after which a search among more than {@link EXACT_OFFERS_MAX} is broken off. */
const STEPS_MAX = 2 ** (EXACT_OFFERS_MAX + 1);

/** A set of offers as places among the usable ones, ascending, and what it comes to. */
export interface StackSet {
  readonly places: readonly number[];
  readonly gain: number;
  readonly cost: number;
}

const NOTHING: StackSet = { places: [], gain: 0, cost: 0 };

/**
 * Looks for the best set by branch and bound (Land, Doig 1960): each offer, in the order of application, in the set and out of it; left off
 * where all that could still come would not beat the best so far.
 */
export class StackSearch {
  #isExact = true;
  readonly #course: StackCourse;
  readonly #offers: readonly ReachingOffer[];
  readonly #objective: StackObjective;
  readonly #rounding: RoundingMode;
  /** The offers from each place on. */
  readonly #behind: readonly (readonly ReachingOffer[])[];
  /** Most that each offer can give in any set. */
  readonly #most: readonly number[];
  /** Places of the offers, those first of whose gain the merchant pays least. */
  readonly #byShare: readonly number[];
  readonly #taken: number[] = [];
  readonly #groups = new Set<string>();
  #best = NOTHING;
  #steps = 0;

  /** @param offers in the order of application */
  constructor(
    course: StackCourse,
    offers: readonly ReachingOffer[],
    objective: StackObjective,
    rounding: RoundingMode,
  ) {
    this.#course = course;
    this.#offers = offers;
    this.#objective = objective;
    this.#rounding = rounding;
    this.#behind = offers.map((_, place) => offers.slice(place));
    this.#most = offers.map((offer) => course.gainMax(0, [offer]));
    this.#byShare = offers
      .map((_, place) => place)
      .sort((a, b) => this.#at(b).offer.partnerShareBp - this.#at(a).offer.partnerShareBp);
  }

  /** True until it was broken off. */
  get isExact(): boolean {
    return this.#isExact;
  }

  /** Places that were looked at, each time with what stood in the set before: what the search has cost. */
  get steps(): number {
    return this.#steps;
  }

  /** The best set. */
  run(): StackSet {
    if (this.#objective.kind === "merchant_cost") this.#reachCheaply(this.#objective.gainMinMinor);
    else if (this.#offers.length > EXACT_OFFERS_MAX) this.#improve();
    this.#visit(0, 0, 0);
    if (!this.#isExact) this.#improve();
    return this.#best;
  }

  /** What a set of offers, ascending places among those given, comes to; undefined if two of it share a group. */
  setOf(places: readonly number[]): StackSet | undefined {
    const groups = new Set<string>();
    let [gain, cost] = [0, 0];
    for (const [depth, place] of places.entries()) {
      const offer = this.#at(place);
      const { group } = offer.offer;
      if (group !== undefined && groups.has(group)) return undefined;
      if (group !== undefined) groups.add(group);
      const given = this.#course.apply(depth, offer);
      gain += given;
      cost += costOf(offer.offer, given, this.#rounding);
    }
    return { places, gain, cost };
  }

  /** Looks at the set as it stands, and then tries the offer at `place` in it and out of it. */
  #visit(place: number, gain: number, cost: number): void {
    this.#consider({ places: this.#taken, gain, cost });
    const offer = this.#offers[place];
    if (offer === undefined || this.#isBrokenOff() || this.#isHopeless(place, gain, cost)) return;
    const { group } = offer.offer;
    if (this.#isFree(offer.offer)) {
      const given = this.#course.apply(this.#taken.length, offer);
      this.#taken.push(place);
      if (group !== undefined) this.#groups.add(group);
      this.#visit(place + 1, gain + given, cost + costOf(offer.offer, given, this.#rounding));
      if (group !== undefined) this.#groups.delete(group);
      this.#taken.pop();
    }
    this.#visit(place + 1, gain, cost);
  }

  #isBrokenOff(): boolean {
    if (this.#offers.length > EXACT_OFFERS_MAX && this.#steps >= STEPS_MAX) this.#isExact = false;
    this.#steps += 1;
    return !this.#isExact;
  }

  /** True if nothing that the offers from `place` on could add makes a set that is better than the best so far. */
  #isHopeless(place: number, gain: number, cost: number): boolean {
    const need = this.#goal - gain;
    const isReached = this.#objective.kind === "merchant_cost" && this.#best.gain >= this.#objective.gainMinMinor;
    if (isReached && cost + this.#costMin(place, need) > this.#best.cost) return true;
    const behind = this.#behind[place] ?? [];
    const rest = this.#groups.size === 0 ? behind : behind.filter(({ offer }) => this.#isFree(offer));
    const most = this.#course.gainMax(this.#taken.length, rest);
    if (most === 0 || most < need) return true;
    // Where a set can only be as good for the shopper, it must not cost the merchant more.
    return most === need && cost + this.#costMin(place, need) > this.#best.cost;
  }

  /** Least gain of a set that could be better than the best so far. */
  get #goal(): number {
    const { gain } = this.#best;
    return this.#objective.kind === "merchant_cost" ? Math.min(gain, this.#objective.gainMinMinor) : gain;
  }

  /**
   * Least that it costs the merchant to gain `need` by offers from `place` on: those whose partners pay most come first, each with all that it
   * could give. Rounding may give the merchant up to a minor unit of each offer whose cost is shared, however many there are.
   */
  #costMin(place: number, need: number): number {
    let left = need;
    let cost = 0;
    let rounded = 0;
    for (const index of this.#byShare) {
      const { offer } = this.#at(index);
      if (index < place || !this.#isFree(offer)) continue;
      const merchantBp = 10_000 - offer.partnerShareBp;
      const gain = Math.max(0, Math.min(left, this.#most[index] ?? 0));
      cost += (gain * merchantBp) / 10_000;
      if (merchantBp > 0 && merchantBp < 10_000) rounded += 1;
      left -= gain;
    }
    return Math.max(0, Math.floor(cost) - rounded);
  }

  #isFree({ group }: StackOffer): boolean {
    return group === undefined || !this.#groups.has(group);
  }

  /** Adds offers until the gain is reached, those first of which partners pay most: a good set to begin with. */
  #reachCheaply(gainMinMinor: number): void {
    for (const place of this.#byShare) {
      if (this.#best.gain >= gainMinMinor) return;
      const set = this.setOf([...this.#best.places, place].sort((a, b) => a - b));
      if (set !== undefined) this.#consider(set);
    }
  }

  /** Adds the offer that helps most, again and again, until none helps. */
  #improve(): void {
    for (;;) {
      const before = this.#best;
      for (const place of this.#offers.keys()) {
        if (before.places.includes(place)) continue;
        const set = this.setOf([...before.places, place].sort((a, b) => a - b));
        if (set !== undefined) this.#consider(set);
      }
      if (before === this.#best) return;
    }
  }

  #consider(set: StackSet): void {
    if (this.#compare(set, this.#best) < 0) this.#best = { ...set, places: [...set.places] };
  }

  #at(place: number): ReachingOffer {
    const offer = this.#offers[place];
    if (offer === undefined) throw new Error(`no offer stands at ${String(place)}`);
    return offer;
  }

  #compare(a: StackSet, b: StackSet): number {
    return this.#byObjective(a, b) || a.places.length - b.places.length || byIds(this.#ids(a), this.#ids(b));
  }

  #byObjective(a: StackSet, b: StackSet): number {
    const byGain = b.gain - a.gain;
    const byCost = a.cost - b.cost;
    if (this.#objective.kind === "shopper_gain") return byGain || byCost;
    const { gainMinMinor } = this.#objective;
    const [aReaches, bReaches] = [a.gain >= gainMinMinor, b.gain >= gainMinMinor];
    if (aReaches !== bReaches) return aReaches ? -1 : 1;
    return aReaches ? byCost || byGain : byGain || byCost;
  }

  #ids({ places }: StackSet): readonly string[] {
    return places.map((place) => this.#at(place).offer.id).sort();
  }
}

function byIds(a: readonly string[], b: readonly string[]): number {
  const place = a.findIndex((id, index) => id !== b[index]);
  const [left, right] = [a[place] ?? "", b[place] ?? ""];
  return left < right ? -1 : left > right ? 1 : 0;
}

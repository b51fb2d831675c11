import { logistic } from "./logistic.js";
import { NORMAL_QUANTILES } from "./normal-quantiles.js";

/** How many draws stand for the posterior, all of them equally likely. */
export const DRAWS = NORMAL_QUANTILES.length;

/** How a rung moves the logit where it does. */
export interface Shift {
  /** Mean, not negative. */
  readonly shift: number;
  /** Standard deviation. */
  readonly shiftSd: number;
}

/** A worth counts for certain, whatever rounding does to it, from this share of what it is the difference of: a thousand times what rounding may come to. */
const CERTAIN = 1e-9;
/** A typed array would live outside of the heap, and take as long to be made and freed as to be filled. */
const NOT_ASKED: readonly number[] = NORMAL_QUANTILES.map(() => Number.NaN);
/** Chances below it are no longer told to the last bits of a number. */
const LEAST_TOLD = 1e-280;

/**
 * The posterior of one shopper, by draws, to be held against rungs.
 *
 * The draws are one table for all rungs, models and decisions. Draw z stands for a slope z standard deviations above its
 * mean and a baseline z below its own: the two are taken to err together, in the direction that matters. That is the
 * cautious joint posterior, and it makes two things true by construction: whatever is worth it in one draw is worth it in
 * every higher one (so that a search finds the first), and a wider posterior with the same means never raises the
 * probability of what is worth it at the means.
 */
export class PosteriorDraws {
  readonly #logit: number;
  readonly #logitSd: number;
  /** Chance at rung 0 in each draw; NaN: not asked for yet. */
  readonly #without = NOT_ASKED.slice();
  /** Rungs come in the order of their ladder, and neighbours are first worth it in draws near each other. */
  #guess = DRAWS >>> 1;

  /**
   * @param logit mean of the logit at rung 0
   * @param logitSd its standard deviation
   */
  constructor(logit: number, logitSd: number) {
    this.#logit = logit;
    this.#logitSd = logitSd;
  }

  /**
   * The place of the first draw in which a rung is worth it: in which the chance with it, times what is kept of an order then, is above the chance
   * without it, times what is forgone. {@link DRAWS} if there is none.
   */
  firstWorthIt(shift: Shift, keptMinor: number, forgoneMinor: number): number {
    if (keptMinor <= 0 && forgoneMinor >= 0) return DRAWS;
    const first = this.#nearGuess(shift, keptMinor, forgoneMinor) ?? this.#bisected(shift, keptMinor, forgoneMinor);
    this.#guess = Math.min(first, DRAWS - 1);
    return first;
  }

  /**
   * Looks on both sides of the guess, farther each time, until the first is found. Undefined where a draw comes so near to nothing that rounding may
   * decide on it: which draw is then found depends on the order in which they are asked, and is what a bisection finds.
   */
  #nearGuess(shift: Shift, keptMinor: number, forgoneMinor: number): number | undefined {
    if (!(forgoneMinor > 0) || this.#chanceWithout(DRAWS - 1) < LEAST_TOLD) return undefined;
    let [low, high, place] = [0, DRAWS, this.#guess];
    for (let step = 1; low < high; step *= 2) {
      const worth = this.#worthIn(place, shift, keptMinor, forgoneMinor);
      if (!(Math.abs(worth) > this.#chanceWithout(place) * forgoneMinor * CERTAIN)) return undefined;
      if (worth > 0) high = place;
      else low = place + 1;
      const next = worth > 0 ? high - step : low + step - 1;
      place = next >= low && next < high ? next : (low + high) >>> 1;
    }
    return low;
  }

  #bisected(shift: Shift, keptMinor: number, forgoneMinor: number): number {
    let low = 0;
    let high = DRAWS;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#worthIn(middle, shift, keptMinor, forgoneMinor) > 0) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** What the rung is worth in a draw. */
  #worthIn(draw: number, { shift, shiftSd }: Shift, keptMinor: number, forgoneMinor: number): number {
    const z = NORMAL_QUANTILES[draw] ?? 0;
    const withRung = logistic(this.#logit - this.#logitSd * z + Math.max(0, shift + shiftSd * z));
    return withRung * keptMinor - this.#chanceWithout(draw) * forgoneMinor;
  }

  #chanceWithout(draw: number): number {
    const known = this.#without[draw] ?? Number.NaN;
    if (known > 0) return known;
    const chance = logistic(this.#logit - this.#logitSd * (NORMAL_QUANTILES[draw] ?? 0));
    this.#without[draw] = chance;
    return chance;
  }
}

import { DAY_MS } from "@leastwise/vocabulary";
import type { CivilClock } from "./civil-time.js";
import type { Budget, BudgetPeriod, Pacing, PacingPoint } from "./policy.js";

const DAY_MINUTES = 1_440;

/** A budget with its plan. */
export interface CompiledBudget {
  readonly budgetId: string;
  /** Of each period, where it has periods. */
  readonly amountMinor: number;
  /** What a unit of it would be worth elsewhere, by the policy alone, basis points. */
  readonly shadowPriceBp: number;
  /** The period that an instant is in, by its first day; empty for a budget without periods. */
  periodAt(nowMs: number): string;
  /** Most that may have been spent of it by an instant, minor units. */
  plannedMinor(nowMs: number): number;
  /** What a unit of it is worth elsewhere at an instant, once so much of its period's is spent, basis points: see {@link pacedBp}. */
  pricedBp(spentMinor: number, nowMs: number): number;
}

/** Shadow price at the limit of the plan, over the policy's own: what brings in less than four times itself is not given any more. */
const PRICE_AT_LIMIT_BP = 40_000;
/** The least share of a budget below the limit of its plan in which the price rises, basis points. */
const BAND_MIN_BP = 1_000;

/** Fills in what a budget's plan means by a policy's clock. */
export function compileBudget(budget: Budget, clock: CivilClock): CompiledBudget {
  const { budgetId, amount, shadowPriceBp, period, pacing } = budget;
  const amountMinor = amount?.minor ?? 0;
  /** The plan with what may be spent ahead of it: near its end more than there is. */
  const limitBp = (plan: Pacing, nowMs: number): number => {
    const elapsed = period === undefined ? elapsedOf(plan, nowMs) : elapsedOfPeriod(period, clock, nowMs);
    return spentBpAt(plan.plan, elapsed * 10_000) + plan.aheadBp;
  };
  return {
    budgetId,
    amountMinor,
    shadowPriceBp,
    periodAt: (nowMs) => (period === undefined ? "" : dateOf(periodDays(period, clock, nowMs).first)),
    plannedMinor: (nowMs) =>
      pacing === undefined
        ? amountMinor
        : Math.floor((amountMinor * Math.min(10_000, limitBp(pacing, nowMs))) / 10_000),
    pricedBp: (spentMinor, nowMs) => {
      if (pacing === undefined) return shadowPriceBp;
      const roomBp = limitBp(pacing, nowMs) - (spentMinor / amountMinor) * 10_000;
      return shadowPriceBp + pacedBp(roomBp / Math.max(2 * pacing.aheadBp, BAND_MIN_BP));
    },
  };
}

/**
 * The controller that keeps spending to a plan: the nearer it comes to the plan's limit, the more a unit of the budget is worth elsewhere, so that the
 * incentives that bring in least are left out first, long before the limit would stop all of them alike. Proportional, in the square of how much of the
 * band is used up: spending settles where what it brings in and what comes in are in balance, and falls behind the plan where too little is worth it. It
 * never makes a unit worth less than the policy says: what is left over at the end is not thrown after anybody. A function of what was spent and of the time, and
 * so of the log, as the multipliers of adaptive pacing are of the path that led to them (Balseiro and Gur 2019, "Learning in repeated auctions with budgets",
 * Management Science 65).
 *
 * @param room what is left to the plan's limit, as a share of the band; 1 and more: nothing is added
 */
function pacedBp(room: number): number {
  const used = Math.min(1, Math.max(0, 1 - room));
  return Math.round(PRICE_AT_LIMIT_BP * used * used);
}

/** The days of a period: its first, and the first no longer in it, since the first of January 1970. */
export function periodDays(period: BudgetPeriod, clock: CivilClock, nowMs: number): { first: number; next: number } {
  const { day, weekday } = clock.at(nowMs);
  switch (period) {
    case "day":
      return { first: day, next: day + 1 };
    case "week":
      return { first: day - weekday + 1, next: day - weekday + 8 };
    case "month": {
      const date = new Date(day * DAY_MS);
      const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
      return { first: Date.UTC(year, month, 1) / DAY_MS, next: Date.UTC(year, month + 1, 1) / DAY_MS };
    }
  }
}

function dateOf(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, "2026-11-29".length);
}

/** Share of a plan's time that has gone by, 0 to 1. */
function elapsedOf({ startsAtMs = 0, endsAtMs = 0 }: Pacing, nowMs: number): number {
  return Math.min(1, Math.max(0, (nowMs - startsAtMs) / (endsAtMs - startsAtMs)));
}

/** Share of a period that has gone by as the clock on the wall shows it, 0 to 1. */
function elapsedOfPeriod(period: BudgetPeriod, clock: CivilClock, nowMs: number): number {
  const { day, minute } = clock.at(nowMs);
  const { first, next } = periodDays(period, clock, nowMs);
  return ((day - first) * DAY_MINUTES + minute) / ((next - first) * DAY_MINUTES);
}

/** The plan at a share of the time: straight lines between its points, from nothing at the start to all at the end. */
function spentBpAt(plan: readonly PacingPoint[], elapsedBp: number): number {
  const points = [{ elapsedBp: 0, spentBp: 0 }, ...plan, { elapsedBp: 10_000, spentBp: 10_000 }];
  const after = points.findIndex((point) => point.elapsedBp > elapsedBp);
  const [before, behind] = [points[after - 1], points[after]];
  if (before === undefined || behind === undefined) return 10_000;
  const share = (elapsedBp - before.elapsedBp) / (behind.elapsedBp - before.elapsedBp);
  return before.spentBp + share * (behind.spentBp - before.spentBp);
}

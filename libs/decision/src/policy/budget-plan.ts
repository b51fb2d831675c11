import { DAY_MS } from "@leastwise/vocabulary";
import type { CivilClock } from "./civil-time.js";
import type { Budget, BudgetPeriod, Pacing, PacingPoint } from "./policy.js";

const DAY_MINUTES = 1_440;

/** A budget with its plan. */
export interface CompiledBudget {
  readonly budgetId: string;
  /** Of each period, where it has periods. */
  readonly amountMinor: number;
  readonly shadowPriceBp: number;
  /** The period that an instant is in, by its first day; empty for a budget without periods. */
  periodAt(nowMs: number): string;
  /** Most that may have been spent of it by an instant, minor units. */
  plannedMinor(nowMs: number): number;
}

/** Fills in what a budget's plan means by a policy's clock. */
export function compileBudget(budget: Budget, clock: CivilClock): CompiledBudget {
  const { budgetId, amount, shadowPriceBp, period, pacing } = budget;
  const amountMinor = amount?.minor ?? 0;
  return {
    budgetId,
    amountMinor,
    shadowPriceBp,
    periodAt: (nowMs) => (period === undefined ? "" : dateOf(periodDays(period, clock, nowMs).first)),
    plannedMinor: (nowMs) => {
      if (pacing === undefined) return amountMinor;
      const elapsed = period === undefined ? elapsedOf(pacing, nowMs) : elapsedOfPeriod(period, clock, nowMs);
      const shareBp = Math.min(10_000, spentBpAt(pacing.plan, elapsed * 10_000) + pacing.aheadBp);
      return Math.floor((amountMinor * shareBp) / 10_000);
    },
  };
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

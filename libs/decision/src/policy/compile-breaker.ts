import type { PeriodStarts } from "./period-starts.js";
import type { Campaign } from "./policy.js";

/** Defaults that `policy.proto` documents. */
const ORDERS_MIN_DEFAULT = 50;

/** What stops a campaign whose realised margin leaves its band, with its defaults filled in. */
export interface CompiledBreaker {
  readonly campaignId: string;
  /** Basis points of what was paid. Undefined: no lower bound. */
  readonly marginMinBp: number | undefined;
  /** Basis points of what was paid. Undefined: no upper bound. */
  readonly marginMaxBp: number | undefined;
  /** Orders from which on the margin says something. */
  readonly ordersMin: number;
  /** First instant whose orders count at an instant: the period's, or where somebody resumed in it. */
  readonly countsFromMs: (nowMs: number) => number;
}

/** A campaign's breaker by a policy's calendar; undefined where it has none. */
export function compileBreaker({ campaignId, breaker }: Campaign, starts: PeriodStarts): CompiledBreaker | undefined {
  const period = breaker?.period;
  if (breaker === undefined || period === undefined) return undefined;
  const { resumedAtMs = Number.NEGATIVE_INFINITY } = breaker;
  return {
    campaignId,
    marginMinBp: breaker.marginMinBp,
    marginMaxBp: breaker.marginMaxBp,
    ordersMin: breaker.ordersMin ?? ORDERS_MIN_DEFAULT,
    countsFromMs: (nowMs) => {
      const startsAtMs = starts.of(period, nowMs);
      return resumedAtMs <= nowMs ? Math.max(startsAtMs, resumedAtMs) : startsAtMs;
    },
  };
}

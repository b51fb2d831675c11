import { Problems, type PolicyProblem } from "./problems.js";
import type { Policy } from "./policy.js";

/**
 * Campaigns that are wholly in the past at an instant: whoever writes one has most often mistaken a year. Asked where a policy is written, not where an
 * earlier one is gone back to: what is over gives nothing, and does no harm.
 */
export function campaignsOver({ campaigns }: Pick<Policy, "campaigns">, nowMs: number): readonly PolicyProblem[] {
  const problems = new Problems();
  for (const [index, { schedule }] of campaigns.entries()) {
    const endsAtMs = schedule?.endsAtMs;
    if (endsAtMs !== undefined && endsAtMs <= nowMs)
      problems.add(
        "campaign_over",
        `campaigns[${String(index)}].schedule.ends_at_ms`,
        instant(endsAtMs),
        `an end after now, ${instant(nowMs)}`,
      );
  }
  return problems.found;
}

/** Instants beyond the calendar are told as they came. */
function instant(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? String(ms) : date.toISOString();
}

import type { Millis } from "@leastwise/vocabulary";
import type { OfferRefusal } from "../reasons.js";
import { refuse } from "../refuse.js";
import type { PromotionUsage } from "./promotion-usage.js";
import type { UsageLimit } from "./usage-limit.js";

/**
 * Why a promotion's limits cannot become these; undefined where they can. A limit below what somebody has used in the present period is refused
 * (`limit_below_used`): it would call uses that were granted a breach. Periods that are over are not asked about.
 */
export function limitsRefused(
  limits: readonly UsageLimit[],
  usage: PromotionUsage,
  nowMs: Millis,
): OfferRefusal | undefined {
  for (const [index, { limitId, usesMax, periodAt }] of limits.entries()) {
    const field = `limits[${String(index)}].uses_max`;
    if (!Number.isSafeInteger(usesMax) || usesMax < 1)
      return refuse("quantity_out_of_range", field, usesMax, "a whole number of uses, 1 and up; no limit: leave it out")
        .error;
    const used = usage.mostUses(limitId, periodAt(nowMs));
    if (usesMax < used) return refuse("limit_below_used", field, usesMax, `at least the ${String(used)} used`).error;
  }
  return undefined;
}

import type { DegradedReason } from "@leastwise/decision";
import type { UnwrittenDecision } from "./decision-encoding.js";
import * as wire from "./wire.js";

/** Why such a record gave nothing: its first one did not get onto the log after the draw, or does not count there. */
export const FAILED_AFTER_DRAW = "failed_after_draw";

/** A decision that was drawn and came to nothing, as it is recorded: what was drawn, and nothing given. It is analysed by what was drawn all the same. */
export function failedDraw(record: UnwrittenDecision, degradedReason: DegradedReason): UnwrittenDecision {
  return {
    ...record,
    reason: FAILED_AFTER_DRAW,
    offer: undefined,
    held: undefined,
    budgetId: "",
    withheldUntilMs: 0n,
    message: "",
    consentExchange: undefined,
    explorationCostMinor: 0n,
    freshness: wire.Freshness.FRESHNESS_DEGRADED,
    degradedReason,
  };
}

import { mulDiv } from "@leastwise/vocabulary";
import type { Hold } from "./decision.js";
import type { CompiledCampaign, Draw } from "./policy/compile.js";

/** What each budget holds for an offer of the campaign that may cost so much. */
export function holdsOf(
  { draws, merchantShareBp }: CompiledCampaign,
  worstCostMinor: number,
  nowMs: number,
): readonly Hold[] {
  return draws.map(({ budget, by }) => ({
    budgetId: budget.budgetId,
    period: budget.periodAt(nowMs),
    minor: shareMinor(worstCostMinor, merchantShareBp, by),
    isPartners: by === "partner",
  }));
}

/** A side's share of a cost, minor units: the partner's is rounded down, and the shop bears the rest. */
export function shareMinor(costMinor: number, merchantShareBp: number, by: Draw["by"]): number {
  if (by === "both" || (by === "merchant" && merchantShareBp === 10_000)) return costMinor;
  const partnerMinor = mulDiv(costMinor, 10_000 - merchantShareBp, 10_000, "down");
  return by === "partner" ? partnerMinor : costMinor - partnerMinor;
}

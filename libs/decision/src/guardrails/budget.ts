import type { CompiledCampaign } from "../policy/compile.js";
import type { Situation } from "../situation.js";
import { shareMinor } from "../holds.js";
import type { GuardedRung } from "./guarded-rung.js";

/** The owner's leases cover the worst case, each its share; a budget whose lease is not known covers nothing. */
export function budget({ situation, rung }: GuardedRung): BudgetReason | undefined {
  return budgetProblem(situation, rung.campaign, rung.worstCostMinor);
}

type BudgetReason = "budget_unknown" | "budget_exhausted";

/** Why the budgets that a campaign draws on do not cover a cost; undefined if they do. */
export function budgetProblem(
  { budgets }: Situation,
  { draws, merchantShareBp }: CompiledCampaign,
  worstCostMinor: number,
): BudgetReason | undefined {
  for (const { budget: drawn, by } of draws) {
    const lease = Object.hasOwn(budgets, drawn.budgetId) ? budgets[drawn.budgetId] : undefined;
    if (lease === undefined) return "budget_unknown";
    if (lease.remainingMinor < shareMinor(worstCostMinor, merchantShareBp, by)) return "budget_exhausted";
  }
  return undefined;
}

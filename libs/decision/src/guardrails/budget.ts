import type { CompiledCampaign } from "../policy/compile.js";
import type { Situation } from "../situation.js";
import { shareMinor } from "../holds.js";
import type { BudgetLease } from "../input.js";

/**
 * The owner's leases cover the worst case, each its share; a budget whose lease is not known covers nothing.
 *
 * @param leases see {@link leasesOf}
 */
export function budget(
  { draws, merchantShareBp }: CompiledCampaign,
  leases: readonly (BudgetLease | undefined)[],
  worstCostMinor: number,
): "budget_unknown" | "budget_exhausted" | undefined {
  for (let index = 0; index < draws.length; index += 1) {
    const lease = leases[index];
    if (lease === undefined) return "budget_unknown";
    const share = shareMinor(worstCostMinor, merchantShareBp, draws[index]?.by ?? "both");
    if (lease.remainingMinor < share) return "budget_exhausted";
  }
  return undefined;
}

/** What the owner knows of each budget that a campaign draws on, in the order of its draws. */
export function leasesOf({ budgets }: Situation, { draws }: CompiledCampaign): readonly (BudgetLease | undefined)[] {
  const leases: (BudgetLease | undefined)[] = [];
  for (const { budget } of draws)
    leases.push(Object.hasOwn(budgets, budget.budgetId) ? budgets[budget.budgetId] : undefined);
  return leases;
}

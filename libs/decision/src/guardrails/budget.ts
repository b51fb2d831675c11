import type { GuardedRung } from "./guarded-rung.js";

/** The owner's lease covers the worst case; a budget whose lease is not known covers nothing. */
export function budget({ situation, rung }: GuardedRung): "budget_unknown" | "budget_exhausted" | undefined {
  const { budgetId } = rung.campaign;
  const lease = Object.hasOwn(situation.budgets, budgetId) ? situation.budgets[budgetId] : undefined;
  if (lease === undefined) return "budget_unknown";
  return lease.remainingMinor < rung.worstCostMinor ? "budget_exhausted" : undefined;
}

import type { SubjectId } from "@leastwise/vocabulary";

/**
 * Where a budget's money stands: `funds` where it comes from (negative by what was put in), `free`, `held` for offers that stand, `spent` on what
 * was redeemed. The other three add up to what was put in.
 */
export type BudgetStage = "funds" | "free" | "held" | "spent";

/** Account of a budget, of one period of it where it has periods. */
export function budgetAccount(budgetId: string, stage: BudgetStage): string {
  return named("budget", budgetId, stage);
}

/** What a shopper is given for later. */
export type RewardKind = "loyalty_credit" | "cashback";

/** What a campaign's rewards have cost: negative by what was accrued. */
export function rewardCostAccount(campaignId: string): string {
  return named("reward_cost", campaignId);
}

/** What an offer has earned its shopper that is not payable yet. */
export function accruedAccount(kind: RewardKind, subject: SubjectId, offerId: string): string {
  return named(kind, subject, "accrued", offerId);
}

/** What a shopper can have now. Negative: more was given back than is left of it, and the next reward goes toward that. */
export function payableAccount(kind: RewardKind, subject: SubjectId): string {
  return named(kind, subject, "payable");
}

/** What a shopper was paid, or has spent. */
export function paidAccount(kind: RewardKind, subject: SubjectId): string {
  return named(kind, subject, "paid");
}

/** Ids may hold any character: a slash of theirs stands for no border. */
function named(...parts: readonly string[]): string {
  return parts.map((part) => part.replace(/[%/]/g, (char) => encodeURIComponent(char))).join("/");
}

import type { Incentive, LoyaltyCredit, TieredCashback } from "@leastwise/offers";
import { DAY_MS } from "@leastwise/vocabulary";
import type { Rung } from "./policy.js";
import type { Problems } from "./problems.js";
import { validateLineScope, validateScope } from "./validate-scope.js";

const RUNGS_MAX = 16;
const TIERS_MAX = 8;
const BUNDLE_MAX = 16;
const SET_UNITS_MAX = 100;
const SETS_MAX = 1_000;
const PAID_AFTER_MAX_MS = 366 * DAY_MS;

/** Checks a ladder: 1 to 16 rungs, each with an incentive in range, those of one kind from the least upward. */
export function validateLadder(problems: Problems, field: string, ladder: readonly Rung[], currency: string): void {
  if (ladder.length < 1 || ladder.length > RUNGS_MAX)
    problems.add("ladder_size", field, ladder.length, `1 to ${String(RUNGS_MAX)} rungs; rung 0 is not listed`);
  const greatest = new Map<string, { readonly size: number; readonly at: string }>();
  for (const [index, { incentive }] of ladder.entries()) {
    const rung = `${field}[${String(index)}].incentive`;
    if (incentive === undefined) {
      problems.add("incentive_missing", rung, undefined, "one kind of incentive");
      continue;
    }
    const at = `${rung}.${incentive.kind}`;
    validateIncentive(problems, at, incentive, currency);
    const sized = sizeOf(incentive);
    if (sized === undefined) continue;
    const like = likeness(incentive);
    const before = greatest.get(like);
    if (before !== undefined && sized.size <= before.size)
      problems.add(
        "ladder_not_ascending",
        `${at}.${sized.field}`,
        sized.size,
        `more than ${String(before.size)}, as ${before.at} has`,
      );
    greatest.set(like, { size: sized.size, at: `${at}.${sized.field}` });
  }
}

/** The same for two incentives that are ordered by size alone: of one kind, and reckoned from the same. */
export function likeness(incentive: Incentive): string {
  switch (incentive.kind) {
    case "percent_off":
      return JSON.stringify([incentive.kind, incentive.scope]);
    case "amount_off":
      return JSON.stringify([incentive.kind, incentive.scope, incentive.per]);
    case "payment_discount":
      return JSON.stringify([incentive.kind, incentive.method]);
    default:
      return incentive.kind;
  }
}

/** What orders two incentives of one kind without a cart; undefined where only the cart can tell. */
function sizeOf(incentive: Incentive): { readonly size: number; readonly field: string } | undefined {
  switch (incentive.kind) {
    case "percent_off":
    case "payment_discount":
      return { size: incentive.percentBp, field: "percent_bp" };
    case "amount_off":
    case "loyalty_credit":
    case "partner_exclusive":
      return { size: incentive.amount.minor, field: "amount.minor" };
    case "free_shipping":
    case "bundle_credit":
    case "tiered_cashback":
    case "buy_x_get_y":
    case "gift":
      return undefined;
  }
}

function validateIncentive(problems: Problems, field: string, incentive: Incentive, currency: string): void {
  switch (incentive.kind) {
    case "percent_off":
      problems.range(`${field}.percent_bp`, incentive.percentBp, 1, 10_000);
      if (incentive.maximum !== undefined) problems.money(`${field}.maximum`, incentive.maximum, currency, 1);
      if (incentive.scope !== undefined) validateScope(problems, `${field}.scope`, incentive.scope);
      return;
    case "amount_off":
      problems.money(`${field}.amount`, incentive.amount, currency, 1);
      if (incentive.cartMin !== undefined) problems.money(`${field}.cart_min`, incentive.cartMin, currency, 0);
      if (incentive.scope !== undefined) validateScope(problems, `${field}.scope`, incentive.scope);
      return;
    case "free_shipping":
      if (incentive.maximum !== undefined) problems.money(`${field}.maximum`, incentive.maximum, currency, 1);
      return;
    case "bundle_credit":
      validateBundle(problems, `${field}.product_ids`, incentive.productIds);
      problems.money(`${field}.amount`, incentive.amount, currency, 1);
      return;
    case "loyalty_credit":
      problems.money(`${field}.amount`, incentive.amount, currency, 1);
      validateLater(problems, field, incentive);
      return;
    case "tiered_cashback":
      validateTiers(problems, `${field}.tiers`, incentive.tiers, currency);
      validateLater(problems, field, incentive);
      return;
    case "partner_exclusive":
      problems.text(`${field}.partner_id`, incentive.partnerId, 64);
      problems.money(`${field}.amount`, incentive.amount, currency, 1);
      return;
    case "buy_x_get_y":
      problems.range(`${field}.buy`, incentive.buy, 1, SET_UNITS_MAX);
      problems.range(`${field}.get`, incentive.get, 1, SET_UNITS_MAX);
      problems.range(`${field}.percent_bp`, incentive.percentBp, 1, 10_000);
      problems.range(`${field}.sets_max`, incentive.setsMax, 1, SETS_MAX);
      if (incentive.buyScope !== undefined) validateLineScope(problems, `${field}.buy_scope`, incentive.buyScope);
      if (incentive.getScope !== undefined) validateLineScope(problems, `${field}.get_scope`, incentive.getScope);
      return;
    case "gift":
      problems.text(`${field}.product_id`, incentive.productId, 256);
      problems.money(`${field}.worth`, incentive.worth, currency, 1);
      problems.money(`${field}.cost`, incentive.cost, currency, 0);
      if (incentive.cartMin !== undefined) problems.money(`${field}.cart_min`, incentive.cartMin, currency, 0);
      return;
    case "payment_discount":
      problems.text(`${field}.method`, incentive.method, 64);
      problems.range(`${field}.percent_bp`, incentive.percentBp, 1, 10_000);
      if (incentive.maximum !== undefined) problems.money(`${field}.maximum`, incentive.maximum, currency, 1);
  }
}

/** Checks what is paid for later. */
function validateLater(
  problems: Problems,
  field: string,
  { breakageBp = 0, paidAfterMs = 0 }: LoyaltyCredit | TieredCashback,
): void {
  problems.range(`${field}.breakage_bp`, breakageBp, 0, 9_999);
  problems.range(`${field}.paid_after_ms`, paidAfterMs, 0, PAID_AFTER_MAX_MS);
}

function validateBundle(problems: Problems, field: string, productIds: readonly string[]): void {
  if (productIds.length < 2 || productIds.length > BUNDLE_MAX)
    problems.add("bundle_size", field, productIds.length, `2 to ${String(BUNDLE_MAX)} SKUs`);
  for (const [index, id] of productIds.entries()) problems.text(`${field}[${String(index)}]`, id, 256);
  problems.unique(
    productIds.map((name, index) => ({ field: `${field}[${String(index)}]`, name })),
    "product_repeated",
  );
}

type Tiers = Extract<Incentive, { kind: "tiered_cashback" }>["tiers"];

function validateTiers(problems: Problems, field: string, tiers: Tiers, currency: string): void {
  if (tiers.length < 1 || tiers.length > TIERS_MAX)
    problems.add("tiers_size", field, tiers.length, `1 to ${String(TIERS_MAX)} tiers`);
  for (const [index, tier] of tiers.entries()) {
    const at = `${field}[${String(index)}]`;
    problems.money(`${at}.cart_min`, tier.cartMin, currency, 0);
    problems.range(`${at}.cashback_bp`, tier.cashbackBp, 1, 10_000);
    const before = tiers[index - 1];
    if (before !== undefined && tier.cartMin.minor <= before.cartMin.minor)
      problems.add(
        "tiers_not_ascending",
        `${at}.cart_min.minor`,
        tier.cartMin.minor,
        `more than that of ${field}[${String(index - 1)}], ${String(before.cartMin.minor)}`,
      );
  }
}

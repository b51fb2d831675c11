import type { Incentive } from "@leastwise/offers";
import type { Rung } from "./policy.js";
import type { Problems } from "./problems.js";

const RUNGS_MAX = 16;
const TIERS_MAX = 8;
const BUNDLE_MAX = 16;

/** Checks a ladder: 1 to 16 rungs, each with an incentive in range, those of one kind from the least upward. */
export function validateLadder(problems: Problems, field: string, ladder: readonly Rung[], currency: string): void {
  if (ladder.length < 1 || ladder.length > RUNGS_MAX)
    problems.add("ladder_size", field, ladder.length, `1 to ${String(RUNGS_MAX)} rungs; rung 0 is not listed`);
  const greatest = new Map<string, number>();
  for (const [index, { incentive }] of ladder.entries()) {
    const at = `${field}[${String(index)}].incentive`;
    if (incentive === undefined) {
      problems.add("incentive_missing", at, undefined, "one kind of incentive");
      continue;
    }
    validateIncentive(problems, at, incentive, currency);
    const size = sizeOf(incentive);
    const before = greatest.get(incentive.kind);
    if (size !== undefined && before !== undefined && size <= before)
      problems.add("ladder_not_ascending", at, size, `more than ${String(before)}, the ${incentive.kind} below it`);
    if (size !== undefined) greatest.set(incentive.kind, size);
  }
}

/** What orders two incentives of one kind without a cart; undefined where only the cart can tell. */
function sizeOf(incentive: Incentive): number | undefined {
  switch (incentive.kind) {
    case "percent_off":
      return incentive.percentBp;
    case "loyalty_credit":
    case "partner_exclusive":
      return incentive.amount.minor;
    case "amount_off":
      return incentive.amount.minor;
    case "free_shipping":
    case "bundle_credit":
    case "tiered_cashback":
      return undefined;
  }
}

function validateIncentive(problems: Problems, field: string, incentive: Incentive, currency: string): void {
  switch (incentive.kind) {
    case "percent_off":
      problems.range(`${field}.percent_bp`, incentive.percentBp, 1, 10_000);
      if (incentive.maximum !== undefined) problems.money(`${field}.maximum`, incentive.maximum, currency, 1);
      return;
    case "amount_off":
      problems.money(`${field}.amount`, incentive.amount, currency, 1);
      if (incentive.cartMin !== undefined) problems.money(`${field}.cart_min`, incentive.cartMin, currency, 0);
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
      return;
    case "tiered_cashback":
      validateTiers(problems, `${field}.tiers`, incentive.tiers, currency);
      return;
    case "partner_exclusive":
      problems.text(`${field}.partner_id`, incentive.partnerId, 64);
      problems.money(`${field}.amount`, incentive.amount, currency, 1);
  }
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
        `${at}.cart_min`,
        tier.cartMin.minor,
        `more than ${String(before.cartMin.minor)}`,
      );
  }
}

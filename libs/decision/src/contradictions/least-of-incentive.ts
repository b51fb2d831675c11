import type { AmountOff, Incentive, TieredCashback } from "@leastwise/offers";
import { mulDiv, type Money, type RoundingMode } from "@leastwise/vocabulary";

/** What bounds an incentive from below, before any cart is known. */
export interface LeastSetting {
  /** True where guardrails never let all of a line be taken. */
  readonly keepsLines: boolean;
  /** True where a markdown curve may shorten what is taken off a line. */
  readonly isMarkedDown: boolean;
  readonly rounding: RoundingMode;
}

/** An amount, and the field of the incentive that it comes from; its kind's own name stands before it. */
export interface LeastAmount {
  readonly minor: number;
  readonly field: string;
}

/**
 * The least that an incentive is worth to the shopper on any cart on which it may be given. An amount is less where the goods cost less: then it takes
 * all of them, which guardrails that keep something of each line do not admit.
 */
export function leastWorth(incentive: Incentive, setting: LeastSetting): LeastAmount {
  switch (incentive.kind) {
    case "gift":
      return { minor: incentive.worth.minor, field: "worth" };
    case "loyalty_credit":
      return { minor: incentive.amount.minor, field: "amount" };
    case "tiered_cashback":
      return { minor: leastCashback(incentive, setting), field: "tiers" };
    case "amount_off":
      return { minor: leastAmountOff(incentive, setting), field: "amount" };
    case "bundle_credit":
    case "partner_exclusive":
      return { minor: wholeAmount(incentive.amount, setting), field: "amount" };
    case "percent_off":
    case "free_shipping":
    case "buy_x_get_y":
    case "payment_discount":
      return { minor: 1, field: "" };
  }
}

/** The least that is held for an offer of it: its own maximum, where it states one, whatever the cart. See `worstCostMinor` of the offers. */
export function leastWorstCost(incentive: Incentive, setting: LeastSetting): LeastAmount {
  switch (incentive.kind) {
    case "percent_off":
    case "free_shipping":
    case "payment_discount":
      return incentive.maximum === undefined
        ? { minor: 1, field: "" }
        : { minor: incentive.maximum.minor, field: "maximum" };
    case "amount_off":
      return incentive.per === undefined
        ? { minor: incentive.amount.minor, field: "amount" }
        : leastWorth(incentive, setting);
    case "bundle_credit":
    case "partner_exclusive":
      return { minor: incentive.amount.minor, field: "amount" };
    case "gift":
      return { minor: incentive.cost.minor, field: "cost" };
    case "loyalty_credit":
    case "tiered_cashback":
    case "buy_x_get_y":
      return leastWorth(incentive, setting);
  }
}

function leastAmountOff({ amount, cartMin, scope }: AmountOff, setting: LeastSetting): number {
  if (setting.isMarkedDown) return 1;
  // Some units of a line may be taken whole: the rest of it is kept.
  const ofWhole = scope?.units === undefined ? wholeAmount(amount, setting) : 1;
  return Math.max(ofWhole, Math.min(amount.minor, cartMin?.minor ?? 0));
}

function wholeAmount({ minor }: Money, { keepsLines, isMarkedDown }: LeastSetting): number {
  return keepsLines && !isMarkedDown ? minor : 1;
}

/** A tier gives the least at its own minimum. */
function leastCashback({ tiers }: TieredCashback, { rounding }: LeastSetting): number {
  return Math.max(
    1,
    Math.min(...tiers.map(({ cartMin, cashbackBp }) => mulDiv(cartMin.minor, cashbackBp, 10_000, rounding))),
  );
}

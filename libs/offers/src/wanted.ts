import type { RoundingMode } from "@leastwise/vocabulary";
import type { Cart } from "./cart.js";
import type { CatalogRow } from "./catalog-row.js";
import type { AmountOff, Incentive } from "./incentive.js";
import { unitsInReach } from "./reach.js";
import { appraiseInStack } from "./stacking/in-stack.js";

/** What an incentive would be worth is reckoned on the cart that it was granted on. */
export interface WantedOn {
  readonly cart: Cart;
  /** The catalog's rows in the order of the cart's lines. */
  readonly rows: readonly (CatalogRow | undefined)[];
  /** Absent: half to even. */
  readonly rounding?: RoundingMode | undefined;
}

/**
 * What an incentive that gives so much would give if nothing shortened it: no maximum of its own, no caps on lines, no excluded goods, nothing held
 * for it, and goods enough. Minor units; undefined where nothing did, and where it is more than can be counted.
 *
 * @param grantedMinor what it is worth, other offers of the cart and all that shortens it regarded
 */
export function wantedMinor(incentive: Incentive, grantedMinor: number, on: WantedOn): number | undefined {
  const { cart, rows, rounding } = on;
  const wanted =
    statedMinor(incentive, on) ??
    appraiseInStack(withoutMaximum(incentive), cart, { rows, rounding })?.appraisal.worthMinor ??
    0;
  return wanted > grantedMinor && Number.isSafeInteger(wanted) ? wanted : undefined;
}

/** The amount that the incentive itself states; undefined where it is a share of something. */
function statedMinor(incentive: Incentive, on: WantedOn): number | undefined {
  switch (incentive.kind) {
    case "amount_off":
      return incentive.amount.minor * timesOf(incentive, on);
    case "bundle_credit":
    case "partner_exclusive":
    case "loyalty_credit":
      return incentive.amount.minor;
    case "gift":
      return incentive.worth.minor;
    case "percent_off":
    case "free_shipping":
    case "buy_x_get_y":
    case "payment_discount":
    case "tiered_cashback":
      return undefined;
  }
}

/** How often the amount is taken off. */
function timesOf({ per, scope }: AmountOff, { cart, rows }: WantedOn): number {
  if (per === undefined) return 1;
  const units = unitsInReach({ lines: cart.lines, rows }, scope);
  return per === "unit" ? units.reduce((sum, count) => sum + count, 0) : units.filter((count) => count > 0).length;
}

function withoutMaximum(incentive: Incentive): Incentive {
  const whole: { maximum?: unknown } & Incentive = { ...incentive };
  delete whole.maximum;
  return whole;
}

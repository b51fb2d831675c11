import type { Incentive } from "@leastwise/offers";
import type { Money } from "@leastwise/vocabulary";
import { given } from "./given.js";
import { moneyOf, moneyToWire } from "./money.js";
import type * as wire from "./wire.js";

/** Reads an amount of an incentive; undefined where it is absent. */
export type ReadMoney = (money: wire.Money | undefined, field: string) => Money | undefined;

/** The incentive inside, of a record that was checked when it was written. */
export function incentiveOf(incentive: wire.Incentive): Incentive {
  const read = incentiveFrom(incentive, (money) => (money === undefined ? undefined : moneyOf(money)));
  if (read === undefined) throw new RangeError("an incentive on the log has a kind and its amounts");
  return read;
}

/** Reads an incentive; undefined where its kind, or an amount that it cannot do without, is absent. */
export function incentiveFrom({ kind }: wire.Incentive, readMoney: ReadMoney): Incentive | undefined {
  switch (kind?.$case) {
    case undefined:
      return undefined;
    case "percentOff": {
      const maximum = readMoney(kind.value.maximum, "percent_off.maximum");
      return { kind: "percent_off", percentBp: kind.value.percentBp, ...given("maximum", maximum) };
    }
    case "amountOff": {
      const amount = readMoney(kind.value.amount, "amount_off.amount");
      const cartMin = readMoney(kind.value.cartMin, "amount_off.cart_min");
      return amount && { kind: "amount_off", amount, ...given("cartMin", cartMin) };
    }
    case "freeShipping":
      return { kind: "free_shipping", ...given("maximum", readMoney(kind.value.maximum, "free_shipping.maximum")) };
    case "bundleCredit": {
      const amount = readMoney(kind.value.amount, "bundle_credit.amount");
      return amount && { kind: "bundle_credit", productIds: kind.value.productIds, amount };
    }
    case "loyaltyCredit": {
      const amount = readMoney(kind.value.amount, "loyalty_credit.amount");
      return amount && { kind: "loyalty_credit", amount };
    }
    case "tieredCashback": {
      const { tiers: written } = kind.value;
      const tiers = written.flatMap((tier, index) => tierFrom(tier, index, readMoney));
      // A tier that cannot be read is none the less one that was meant: fewer tiers would be another incentive.
      return tiers.length === written.length ? { kind: "tiered_cashback", tiers } : undefined;
    }
    case "partnerExclusive": {
      const amount = readMoney(kind.value.amount, "partner_exclusive.amount");
      return amount && { kind: "partner_exclusive", partnerId: kind.value.partnerId, amount };
    }
  }
}

function tierFrom(tier: wire.CashbackTier, index: number, readMoney: ReadMoney) {
  const cartMin = readMoney(tier.cartMin, `tiered_cashback.tiers[${index}].cart_min`);
  return cartMin === undefined ? [] : [{ cartMin, cashbackBp: tier.cashbackBp }];
}

/** The incentive on the wire. */
export function incentiveToWire(incentive: Incentive): wire.Incentive {
  return { kind: kindToWire(incentive) };
}

function kindToWire(incentive: Incentive): NonNullable<wire.Incentive["kind"]> {
  switch (incentive.kind) {
    case "percent_off":
      return {
        $case: "percentOff",
        value: { percentBp: incentive.percentBp, maximum: incentive.maximum && moneyToWire(incentive.maximum) },
      };
    case "amount_off":
      return {
        $case: "amountOff",
        value: {
          amount: moneyToWire(incentive.amount),
          cartMin: incentive.cartMin && moneyToWire(incentive.cartMin),
        },
      };
    case "free_shipping":
      return { $case: "freeShipping", value: { maximum: incentive.maximum && moneyToWire(incentive.maximum) } };
    case "bundle_credit":
      return {
        $case: "bundleCredit",
        value: { productIds: [...incentive.productIds], amount: moneyToWire(incentive.amount) },
      };
    case "loyalty_credit":
      return { $case: "loyaltyCredit", value: { amount: moneyToWire(incentive.amount) } };
    case "tiered_cashback":
      return {
        $case: "tieredCashback",
        value: {
          tiers: incentive.tiers.map(({ cartMin, cashbackBp }) => ({ cartMin: moneyToWire(cartMin), cashbackBp })),
        },
      };
    case "partner_exclusive":
      return {
        $case: "partnerExclusive",
        value: { partnerId: incentive.partnerId, amount: moneyToWire(incentive.amount) },
      };
  }
}

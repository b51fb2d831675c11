import type { AmountOff, Incentive, Scope } from "@leastwise/offers";
import type { Money } from "@leastwise/vocabulary";
import { given } from "./given.js";
import { moneyOf, moneyToWire } from "./money.js";
import * as wire from "./wire.js";

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
      const { percentBp, scope } = kind.value;
      return {
        kind: "percent_off",
        percentBp,
        ...given("maximum", maximum),
        ...given("scope", scope && scopeOf(scope)),
      };
    }
    case "amountOff": {
      const amount = readMoney(kind.value.amount, "amount_off.amount");
      const cartMin = readMoney(kind.value.cartMin, "amount_off.cart_min");
      const { scope, per } = kind.value;
      const more = {
        ...given("cartMin", cartMin),
        ...given("scope", scope && scopeOf(scope)),
        ...given("per", perOf(per)),
      };
      return amount && { kind: "amount_off", amount, ...more };
    }
    case "freeShipping":
      return { kind: "free_shipping", ...given("maximum", readMoney(kind.value.maximum, "free_shipping.maximum")) };
    case "bundleCredit": {
      const amount = readMoney(kind.value.amount, "bundle_credit.amount");
      return amount && { kind: "bundle_credit", productIds: kind.value.productIds, amount };
    }
    case "loyaltyCredit": {
      const amount = readMoney(kind.value.amount, "loyalty_credit.amount");
      return amount && { kind: "loyalty_credit", amount, ...laterOf(kind.value) };
    }
    case "tieredCashback": {
      const { tiers: written } = kind.value;
      const tiers = written.flatMap((tier, index) => tierFrom(tier, index, readMoney));
      // A tier that cannot be read is none the less one that was meant: fewer tiers would be another incentive.
      return tiers.length === written.length ? { kind: "tiered_cashback", tiers, ...laterOf(kind.value) } : undefined;
    }
    case "partnerExclusive": {
      const amount = readMoney(kind.value.amount, "partner_exclusive.amount");
      return amount && { kind: "partner_exclusive", partnerId: kind.value.partnerId, amount };
    }
    case "buyXGetY": {
      const { buy, get, percentBp, setsMax, buyScope, getScope } = kind.value;
      return {
        kind: "buy_x_get_y",
        buy,
        get,
        percentBp: percentBp === 0 ? 10_000 : percentBp,
        setsMax: setsMax === 0 ? 1 : setsMax,
        ...given("buyScope", buyScope && scopeOf(buyScope)),
        ...given("getScope", getScope && scopeOf(getScope)),
      };
    }
    case "gift": {
      const worth = readMoney(kind.value.worth, "gift.worth");
      const cost = readMoney(kind.value.cost, "gift.cost");
      const cartMin = readMoney(kind.value.cartMin, "gift.cart_min");
      const { productId } = kind.value;
      return worth && cost && { kind: "gift", productId, worth, cost, ...given("cartMin", cartMin) };
    }
    case "paymentDiscount": {
      const { method, percentBp } = kind.value;
      const maximum = readMoney(kind.value.maximum, "payment_discount.maximum");
      return { kind: "payment_discount", method, percentBp, ...given("maximum", maximum) };
    }
  }
}

function scopeOf({ productIds, categories, brands, units }: wire.Scope): Scope {
  return {
    ...{ productIds, categories, brands },
    ...given("units", units && { kind: units.$case, count: units.value }),
  };
}

function scopeToWire({ productIds, categories, brands, units }: Scope): wire.Scope {
  return {
    productIds: [...productIds],
    categories: [...categories],
    brands: [...brands],
    units: units && { $case: units.kind, value: units.count },
  };
}

function perOf(per: wire.AmountPer): AmountOff["per"] {
  switch (per) {
    case wire.AmountPer.AMOUNT_PER_LINE:
      return "line";
    case wire.AmountPer.AMOUNT_PER_UNIT:
      return "unit";
    default:
      return undefined;
  }
}

function perToWire(per: AmountOff["per"]): wire.AmountPer {
  switch (per) {
    case undefined:
      return wire.AmountPer.AMOUNT_PER_UNSPECIFIED;
    case "line":
      return wire.AmountPer.AMOUNT_PER_LINE;
    case "unit":
      return wire.AmountPer.AMOUNT_PER_UNIT;
  }
}

/** What is paid later, and what of it never is; zeros, which say nothing, are left out. */
function laterOf({ breakageBp, paidAfterMs }: Pick<wire.LoyaltyCredit, "breakageBp" | "paidAfterMs">) {
  return {
    ...given("breakageBp", breakageBp === 0 ? undefined : breakageBp),
    ...given("paidAfterMs", paidAfterMs === 0n ? undefined : Number(paidAfterMs)),
  };
}

function laterToWire({
  breakageBp = 0,
  paidAfterMs = 0,
}: {
  readonly breakageBp?: number;
  readonly paidAfterMs?: number;
}) {
  return { breakageBp, paidAfterMs: BigInt(paidAfterMs) };
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
        value: {
          percentBp: incentive.percentBp,
          maximum: incentive.maximum && moneyToWire(incentive.maximum),
          scope: incentive.scope && scopeToWire(incentive.scope),
        },
      };
    case "amount_off":
      return {
        $case: "amountOff",
        value: {
          amount: moneyToWire(incentive.amount),
          cartMin: incentive.cartMin && moneyToWire(incentive.cartMin),
          scope: incentive.scope && scopeToWire(incentive.scope),
          per: perToWire(incentive.per),
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
      return {
        $case: "loyaltyCredit",
        value: { amount: moneyToWire(incentive.amount), ...laterToWire(incentive) },
      };
    case "tiered_cashback":
      return {
        $case: "tieredCashback",
        value: {
          tiers: incentive.tiers.map(({ cartMin, cashbackBp }) => ({ cartMin: moneyToWire(cartMin), cashbackBp })),
          ...laterToWire(incentive),
        },
      };
    case "partner_exclusive":
      return {
        $case: "partnerExclusive",
        value: { partnerId: incentive.partnerId, amount: moneyToWire(incentive.amount) },
      };
    case "buy_x_get_y": {
      const { buy, get, percentBp, setsMax, buyScope, getScope } = incentive;
      const scopes = { buyScope: buyScope && scopeToWire(buyScope), getScope: getScope && scopeToWire(getScope) };
      return { $case: "buyXGetY", value: { buy, get, percentBp, setsMax, ...scopes } };
    }
    case "gift": {
      const { productId, worth, cost, cartMin } = incentive;
      const amounts = { worth: moneyToWire(worth), cost: moneyToWire(cost), cartMin: cartMin && moneyToWire(cartMin) };
      return { $case: "gift", value: { productId, ...amounts } };
    }
    case "payment_discount": {
      const { method, percentBp, maximum } = incentive;
      return { $case: "paymentDiscount", value: { method, percentBp, maximum: maximum && moneyToWire(maximum) } };
    }
  }
}

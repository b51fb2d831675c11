import { err, isCurrencyCode, ok, refusal, type Money, type Refusal, type Result } from "@leastwise/vocabulary";
import { within } from "./field-path.js";
import type * as wire from "./wire.js";

const MINOR_MAX = BigInt(Number.MAX_SAFE_INTEGER);

/** The currency that a request has shown so far; amounts in another are refused as `mixed_currencies`. */
export interface CurrencySeen {
  currency: string;
}

/** Whether an amount may be below zero, and under which reason it is refused if not. */
export type Sign = "any" | "negative_price" | "negative_amount";

/**
 * Checks an amount: `amount_out_of_range` beyond ±(2^53 − 1), `unknown_currency`, the sign's own reason, and
 * `mixed_currencies` against what was seen before. Absent is good.
 */
export function checkMoney(
  money: wire.Money | undefined,
  at: string,
  field: string,
  sign: Sign,
  seen?: CurrencySeen,
): Refusal | undefined {
  if (money === undefined) return undefined;
  const { minor, currency } = money;
  const path = (name: string) => within(within(at, field), name);
  if (minor > MINOR_MAX || minor < -MINOR_MAX) {
    return refusal("amount_out_of_range", path("minor"), minor, "at most 9007199254740991 minor units either way");
  }
  if (sign !== "any" && minor < 0n) return refusal(sign, path("minor"), minor, "an amount of 0 or more");
  if (!isCurrencyCode(currency)) {
    return refusal(
      "unknown_currency",
      path("currency"),
      currency,
      "an active ISO 4217 code in upper case, such as EUR",
    );
  }
  if (seen === undefined) return undefined;
  if (seen.currency === "") seen.currency = currency;
  if (seen.currency === currency) return undefined;
  return refusal("mixed_currencies", path("currency"), currency, `${seen.currency}, as in the amounts before it`);
}

/** Reads an amount that must be there (`amount_missing`); for the rest see {@link checkMoney}. */
export function readMoney(
  money: wire.Money | undefined,
  at: string,
  field: string,
  sign: Sign,
  seen?: CurrencySeen,
): Result<Money, Refusal> {
  if (money === undefined) {
    return err(refusal("amount_missing", within(at, field), undefined, "an amount with its currency"));
  }
  const refused = checkMoney(money, at, field, sign, seen);
  return refused === undefined ? ok(moneyOf(money)) : err(refused);
}

/** The amount inside, of a message that was checked. An unknown currency here is a bug. */
export function moneyOf({ minor, currency }: wire.Money): Money {
  if (!isCurrencyCode(currency)) throw new RangeError(`${currency} is no currency code: the door has not checked it`);
  return { minor: Number(minor), currency };
}

/** The amount on the wire. */
export function moneyToWire({ minor, currency }: Money): wire.Money {
  return { minor: BigInt(minor), currency };
}

import type { Incentive } from "@leastwise/offers";
import { formatMoney, type Money } from "@leastwise/vocabulary";

/** Words for an incentive and a group of shoppers in one language. */
interface Words {
  percentOff(percent: string): string;
  amountOff(amount: string): string;
  readonly freeShipping: string;
  bundle(amount: string): string;
  loyalty(amount: string): string;
  cashback(percent: string): string;
  buyXGetY(buy: number, get: number, percent: string): string;
  readonly gift: string;
  payment(percent: string, method: string): string;
  readonly cohort: Readonly<Record<"rules" | "propensity" | "dynamic" | "on_device" | "partner", string>>;
  /** Sentence where the policy has no template. */
  readonly template: string;
}

const ENGLISH: Words = {
  percentOff: (percent) => `${percent} % off`,
  amountOff: (amount) => `${amount} off`,
  freeShipping: "free shipping",
  bundle: (amount) => `${amount} off your bundle`,
  loyalty: (amount) => `${amount} of loyalty credit`,
  cashback: (percent) => `${percent} % paid back`,
  buyXGetY: (buy, get, percent) =>
    percent === "100"
      ? `buy ${String(buy)}, get ${String(get)} free`
      : `buy ${String(buy)}, get ${String(get)} at ${percent} % off`,
  gift: "a gift",
  payment: (percent, method) => `${percent} % off for paying by ${method}`,
  cohort: {
    rules: "shoppers like you",
    propensity: "shoppers with a cart like yours",
    dynamic: "everyone who buys these goods now",
    on_device: "shoppers like you",
    partner: "our partner's customers",
  },
  template: "{incentive} for {cohort}, until {expires}.",
};

const GERMAN: Words = {
  percentOff: (percent) => `${percent.replace(".", ",")} % Rabatt`,
  amountOff: (amount) => `${amount.replace(".", ",")} Rabatt`,
  freeShipping: "kostenloser Versand",
  bundle: (amount) => `${amount.replace(".", ",")} Rabatt auf Ihr Set`,
  loyalty: (amount) => `${amount.replace(".", ",")} Treueguthaben`,
  cashback: (percent) => `${percent.replace(".", ",")} % zurück`,
  buyXGetY: (buy, get, percent) =>
    percent === "100"
      ? `${String(buy)} kaufen, ${String(get)} gratis dazu`
      : `${String(buy)} kaufen, ${String(get)} mit ${percent.replace(".", ",")} % Rabatt dazu`,
  gift: "ein Geschenk",
  payment: (percent, method) => `${percent.replace(".", ",")} % Rabatt bei Zahlung mit ${method}`,
  cohort: {
    rules: "Kundinnen und Kunden wie Sie",
    propensity: "alle mit einem Warenkorb wie Ihrem",
    dynamic: "alle, die diese Ware jetzt kaufen",
    on_device: "Kundinnen und Kunden wie Sie",
    partner: "die Kundschaft unseres Partners",
  },
  template: "{incentive} für {cohort}, bis {expires}.",
};

/** Words by primary language subtag. A language that is not here is spoken to in English. */
const WORDS: Readonly<Record<string, Words>> = { en: ENGLISH, de: GERMAN };

/** The words of a BCP 47 language. */
export function wordsOf(language: string): Words {
  const primary = primarySubtag(language);
  return (Object.hasOwn(WORDS, primary) ? WORDS[primary] : undefined) ?? ENGLISH;
}

/** `de` of `de-CH`. */
export function primarySubtag(language: string): string {
  return (language.split("-")[0] ?? "").toLowerCase();
}

/** What an incentive is, as its terms state it. */
export function sayIncentive(incentive: Incentive, words: Words, faceValue: Money): string {
  switch (incentive.kind) {
    case "percent_off":
      return words.percentOff(percentOf(incentive.percentBp));
    case "amount_off":
    case "partner_exclusive":
      return words.amountOff(formatMoney(incentive.amount));
    case "free_shipping":
      return words.freeShipping;
    case "bundle_credit":
      return words.bundle(formatMoney(incentive.amount));
    case "loyalty_credit":
      return words.loyalty(formatMoney(incentive.amount));
    case "tiered_cashback": {
      const bp = incentive.tiers.findLast((tier) => reachedBy(tier.cashbackBp, faceValue.minor, tier.cartMin.minor));
      return words.cashback(percentOf(bp?.cashbackBp ?? incentive.tiers[0]?.cashbackBp ?? 0));
    }
    case "buy_x_get_y":
      return words.buyXGetY(incentive.buy, incentive.get, percentOf(incentive.percentBp));
    case "gift":
      return words.gift;
    case "payment_discount":
      return words.payment(percentOf(incentive.percentBp), incentive.method);
  }
}

/** A tier is the one that was paid if its minimum's own cashback is no more than what is paid. */
function reachedBy(cashbackBp: number, paidMinor: number, minimumMinor: number): boolean {
  return Math.floor((minimumMinor * cashbackBp) / 10_000) <= paidMinor;
}

function percentOf(bp: number): string {
  return String(bp / 100);
}

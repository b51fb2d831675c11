import { primarySubtag } from "../policy/language.js";
import { formatMoney, mulDiv, type Money, type RoundingMode } from "@leastwise/vocabulary";
import type { Approach } from "../policy/policy.js";
import type { TimeLanguage } from "../policy/told-time.js";
import type { IssuedOffer } from "../state/decision-state.js";

/** Words for an incentive and a group of shoppers in one language. */
interface Words {
  readonly language: TimeLanguage;
  /** A number or an amount, as the language writes decimals. */
  decimal(text: string): string;
  percentOff(percent: string): string;
  amountOff(amount: string): string;
  /** What is given, up to so much. */
  upTo(given: string, maximum: string): string;
  /** What is given, if the goods come to so much. */
  from(given: string, minimum: string): string;
  readonly freeShipping: string;
  offShipping(amount: string): string;
  bundle(amount: string): string;
  loyalty(amount: string): string;
  /** @param given `2.5 %`, or an amount */
  cashback(given: string): string;
  buyXGetY(buy: number, get: number, percent: string): string;
  readonly gift: string;
  /** @param given what is off for it */
  payment(given: string, method: string): string;
  readonly cohort: Readonly<Record<Approach["kind"], string>>;
  /** Sentence where the policy has no template. */
  readonly template: string;
}

const ENGLISH: Words = {
  language: "en",
  decimal: (text) => text,
  percentOff: (percent) => `${percent} % off`,
  amountOff: (amount) => `${amount} off`,
  upTo: (given, maximum) => `${given}, up to ${maximum}`,
  from: (given, minimum) => `${given} from ${minimum} on`,
  freeShipping: "free shipping",
  offShipping: (amount) => `${amount} off shipping`,
  bundle: (amount) => `${amount} off your bundle`,
  loyalty: (amount) => `${amount} of loyalty credit`,
  cashback: (given) => `${given} paid back`,
  buyXGetY: (buy, get, percent) =>
    percent === "100"
      ? `buy ${String(buy)}, get ${String(get)} free`
      : `buy ${String(buy)}, get ${String(get)} at ${percent} % off`,
  gift: "a gift",
  payment: (given, method) => `${given} for paying by ${method}`,
  cohort: {
    rules: "shoppers like you",
    propensity: "shoppers with a cart like yours",
    dynamic: "everyone who buys these goods now",
    on_device: "shoppers like you",
    partner: "our partner's customers",
    consent_exchange: "everyone who agreed to our exchange",
  },
  template: "For {cohort}: {incentive}, until {expires}.",
};

const GERMAN: Words = {
  language: "de",
  decimal: (text) => text.replace(".", ","),
  percentOff: (percent) => `${percent} % Rabatt`,
  amountOff: (amount) => `${amount} Rabatt`,
  upTo: (given, maximum) => `${given}, höchstens ${maximum}`,
  from: (given, minimum) => `${given} ab ${minimum} Warenwert`,
  freeShipping: "kostenloser Versand",
  offShipping: (amount) => `${amount} Rabatt auf den Versand`,
  bundle: (amount) => `${amount} Rabatt auf Ihr Set`,
  loyalty: (amount) => `${amount} Treueguthaben`,
  cashback: (given) => `${given} zurück`,
  buyXGetY: (buy, get, percent) =>
    percent === "100"
      ? `${String(buy)} kaufen, ${String(get)} gratis dazu`
      : `${String(buy)} kaufen, ${String(get)} mit ${percent} % Rabatt dazu`,
  gift: "ein Geschenk",
  payment: (given, method) => `${given} bei Zahlung mit ${method}`,
  cohort: {
    rules: "Kundinnen und Kunden wie Sie",
    propensity: "alle mit einem Warenkorb wie Ihrem",
    dynamic: "alle, die diese Ware jetzt kaufen",
    on_device: "Kundinnen und Kunden wie Sie",
    partner: "die Kundschaft unseres Partners",
    consent_exchange: "alle, die unserem Tausch zugestimmt haben",
  },
  template: "Für {cohort}: {incentive}, bis {expires}.",
};

/** Words by primary language subtag. A language that is not here is spoken to in English. */
const WORDS: Readonly<Record<string, Words>> = { en: ENGLISH, de: GERMAN };

/** The words of a BCP 47 language. */
export function wordsOf(language: string): Words {
  const primary = primarySubtag(language);
  return (Object.hasOwn(WORDS, primary) ? WORDS[primary] : undefined) ?? ENGLISH;
}

/** What of an offer is said. */
export type ToldOffer = Pick<IssuedOffer, "incentive" | "faceValueMinor" | "wantedMinor" | "currency">;

/** The cart that an offer is told for. */
export interface ToldOn {
  /** The goods before any offer. */
  readonly goodsMinor: number;
  readonly shippingMinor: number;
  readonly rounding: RoundingMode;
}

/**
 * What an offer gives on a cart, so that nothing more is promised: a share of the goods where that is given of all of them, up to its maximum; the
 * amount where other things make it less. Minimums are said with it.
 */
export function sayOffer(offer: ToldOffer, words: Words, on: ToldOn): string {
  const { incentive, faceValueMinor, currency } = offer;
  const money = (amount: Money): string => words.decimal(formatMoney(amount));
  const given = money({ minor: faceValueMinor, currency });
  const upTo = (said: string, maximum?: Money): string =>
    maximum === undefined ? said : words.upTo(said, money(maximum));
  const from = (said: string, minimum?: Money): string =>
    minimum === undefined || minimum.minor === 0 ? said : words.from(said, money(minimum));
  const isWhole = (wholeMinor: number, maximum?: Money): boolean =>
    faceValueMinor >= Math.min(wholeMinor, maximum?.minor ?? wholeMinor);
  const shareOf = (bp: number): number => mulDiv(on.goodsMinor, bp, 10_000, on.rounding);
  const percent = (bp: number): string => words.decimal(String(bp / 100));
  switch (incentive.kind) {
    case "percent_off":
      return isWhole(shareOf(incentive.percentBp), incentive.maximum)
        ? upTo(words.percentOff(percent(incentive.percentBp)), incentive.maximum)
        : words.amountOff(given);
    case "amount_off":
      return from(words.amountOff(given), incentive.cartMin);
    case "partner_exclusive":
      return words.amountOff(given);
    case "free_shipping":
      return isWhole(on.shippingMinor, incentive.maximum)
        ? upTo(words.freeShipping, incentive.maximum)
        : words.offShipping(given);
    case "bundle_credit":
      return words.bundle(given);
    case "loyalty_credit":
      return words.loyalty(given);
    case "tiered_cashback": {
      const tier = incentive.tiers.findLast(({ cartMin }) => on.goodsMinor >= cartMin.minor);
      const isShare = tier !== undefined && isWhole(shareOf(tier.cashbackBp));
      return from(words.cashback(isShare ? `${percent(tier.cashbackBp)} %` : given), tier?.cartMin);
    }
    case "buy_x_get_y":
      return offer.wantedMinor === undefined
        ? words.buyXGetY(incentive.buy, incentive.get, percent(incentive.percentBp))
        : words.amountOff(given);
    case "gift":
      return from(words.gift, incentive.cartMin);
    case "payment_discount":
      return isWhole(shareOf(incentive.percentBp), incentive.maximum)
        ? upTo(words.payment(words.percentOff(percent(incentive.percentBp)), incentive.method), incentive.maximum)
        : words.payment(words.amountOff(given), incentive.method);
  }
}

import type { Purpose } from "@leastwise/vocabulary";
import { exchangeWordsFor, OFFER_PLACE, type CompiledExchange } from "../policy/consent-exchange.js";
import type { TimeLanguage } from "../policy/told-time.js";
import type { Situation } from "../situation.js";
import { sayOffer, wordsOf, type ToldOffer } from "./incentive-words.js";

/** An exchange of consent in one language, where the policy has no words of its own. */
interface ExchangeLanguage {
  /** What the shop does with each consent, as a main clause. */
  readonly purposes: Readonly<Record<Purpose, string>>;
  exchange(asked: string): string;
}

const ENGLISH: ExchangeLanguage = {
  purposes: {
    personalization: "we use what you do and buy here to choose offers for you",
    marketing: "we write to you about offers",
    learning: "we learn from your visits and orders to make better offers",
    location: "we use roughly where you are",
    device: "we use what your device tells us",
    profile: "we use what we know of you as a customer",
    partner_sharing: "we use what our partners tell us of you",
    research: "we study your visits and orders",
  },
  exchange: (asked) =>
    `You get ${OFFER_PLACE} if you agree to this: ${asked}. You can take it back at any time, and keep what you got.`,
};

const GERMAN: ExchangeLanguage = {
  purposes: {
    personalization: "wir nutzen, was Sie hier tun und kaufen, um Angebote für Sie auszuwählen",
    marketing: "wir schreiben Ihnen über Angebote",
    learning: "wir lernen aus Ihren Besuchen und Bestellungen, um bessere Angebote zu machen",
    location: "wir nutzen, wo ungefähr Sie sind",
    device: "wir nutzen, was Ihr Gerät uns sagt",
    profile: "wir nutzen, was wir von Ihnen als Kundin oder Kunde wissen",
    partner_sharing: "wir nutzen, was unsere Partner uns von Ihnen sagen",
    research: "wir untersuchen Ihre Besuche und Bestellungen",
  },
  exchange: (asked) =>
    `Sie erhalten ${OFFER_PLACE}, wenn Sie dem zustimmen: ${asked}. Sie können es jederzeit widerrufen und behalten, was Sie erhalten haben.`,
};

const OWN_WORDS: Readonly<Record<TimeLanguage, ExchangeLanguage>> = { en: ENGLISH, de: GERMAN };

/** What the shopper is asked, as it is shown: in the policy's words, or else in ours, which name what is asked for and say that it can be taken back. */
export function sayExchange(
  { policy, cart, goodsMinor, language }: Situation,
  exchange: CompiledExchange,
  purposes: readonly Purpose[],
  offer: ToldOffer,
): string {
  const own = exchangeWordsFor(exchange, language);
  const words = wordsOf(own?.language ?? language);
  const ours = OWN_WORDS[words.language];
  const text = own?.text ?? ours.exchange(purposes.map((purpose) => ours.purposes[purpose]).join("; "));
  const told = sayOffer(offer, words, { goodsMinor, shippingMinor: cart.shippingMinor, rounding: policy.rounding });
  // Not by a pattern: what is said may have signs in it that mean something there.
  return text.split(OFFER_PLACE).join(told);
}

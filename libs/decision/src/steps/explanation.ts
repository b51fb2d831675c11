import { primarySubtag } from "../policy/language.js";
import type { MessageTemplate } from "../policy/policy.js";
import type { Situation } from "../situation.js";
import type { IssuedOffer } from "../state/decision-state.js";
import { sayOffer, wordsOf } from "./incentive-words.js";

/**
 * One sentence for the shopper: what is given on this cart, to which cohort, until when by the policy's time zone. It speaks of the campaign's group and never of
 * anything that this shopper did. The policy's template for the language and the campaign is preferred, then one for the
 * language's primary subtag, then a sentence of our own.
 */
export function explanationStep(
  { policy, language, goodsMinor, cart }: Situation,
  offer: IssuedOffer | undefined,
): string {
  if (offer === undefined) return "";
  const words = wordsOf(language);
  const approach = policy.campaigns.find(({ campaignId }) => campaignId === offer.campaignId)?.approach;
  const fill: Readonly<Record<string, string>> = {
    incentive: sayOffer(offer, words, { goodsMinor, shippingMinor: cart.shippingMinor, rounding: policy.rounding }),
    cohort: words.cohort[approach?.kind ?? "rules"],
    expires: policy.toldTime.say(offer.expiresAtMs, words.language),
  };
  const text = templateFor(policy.templates, language, offer.campaignId)?.text ?? words.template;
  return text.replace(/\{(incentive|cohort|expires)\}/g, (whole, name: string) => fill[name] ?? whole);
}

function templateFor(
  templates: readonly MessageTemplate[],
  language: string,
  campaignId: string,
): MessageTemplate | undefined {
  const here = templates.filter(({ placement }) => placement === "checkout");
  const inLanguage = (wanted: (template: MessageTemplate) => boolean) =>
    here.find((template) => wanted(template) && template.campaignId === campaignId) ??
    here.find((template) => wanted(template) && template.campaignId === "");
  return (
    inLanguage((template) => template.language.toLowerCase() === language.toLowerCase()) ??
    inLanguage((template) => primarySubtag(template.language) === primarySubtag(language))
  );
}

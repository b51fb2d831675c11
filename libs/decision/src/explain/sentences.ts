import { formatMoney, GATING_PURPOSES, type CurrencyCode } from "@leastwise/vocabulary";
import type { Decision } from "../decision.js";
import type { IssuedOffer } from "../state/decision-state.js";
import type { DecisionAccount } from "./account.js";
import type { Counterfactual } from "./counterfactuals.js";
import { percent, signed } from "./figures.js";
import type { ModelTerm } from "./model-terms.js";
import { DECISION_WORDS, DEGRADED_WORDS, INELIGIBLE_WORDS, inWords } from "./reason-words.js";
import { nameOf, sayDraw, sayRungs, sayRunnerUp } from "./rung-sentences.js";
import { isWeighedAnew } from "./weighed-anew.js";

/** What of a decision is said in words: all of it stands on the record. */
export type ExplainedDecision = Pick<
  Decision,
  | "policyVersion"
  | "modelVersion"
  | "consent"
  | "enrolments"
  | "segments"
  | "cart"
  | "candidates"
  | "chosen"
  | "exploit"
  | "draw"
  | "propensity"
  | "continued"
  | "ghost"
  | "offer"
  | "reason"
  | "degradedReason"
  | "personalDataClasses"
  | "classFreshness"
  | "disclosure"
  | "consentExchange"
>;

/** What the words are about: what was decided, or what would be, of which nothing came. */
export type Explained = "decided" | "supposed";

/**
 * The steps of a decision in words, for engineers and regulators; in English.
 *
 * @param account what its input gives beside the record. Absent: the input is not there, and only the record speaks
 */
export function explainDecision(
  decision: ExplainedDecision,
  account?: DecisionAccount,
  explained: Explained = "decided",
): readonly string[] {
  const { candidates, cart, enrolments } = decision;
  const baseline = candidates[0]?.conversion ?? 0;
  const would = explained === "supposed" ? "would be" : "was";
  return [
    ...(explained === "supposed" ? ["This was not decided: it is what would be, and nothing came of it."] : []),
    `Decided under policy ${orNone(decision.policyVersion)} with model ${orNone(decision.modelVersion)}.`,
    sayConsent(decision.consent),
    ...enrolments.map(
      ({ experimentId, arm, holdoutBp }) => `In experiment ${experimentId}: ${arm} (${percent(holdoutBp)} held out).`,
    ),
    saySegments(decision),
    ...(account === undefined
      ? []
      : [...sayIneligible(account), ...sayTerms(account, baseline), ...sayTargets(account, cart.currency)]),
    ...sayRungs(decision),
    ...(account === undefined ? [] : sayRunnerUp(account.runnerUp, decision)),
    ...sayDraw(decision),
    sayOutcome(decision, would),
    ...sayInvitation(decision, would),
    ...sayPersonalData(decision, would),
    ...sayLags(decision),
    ...(account?.counterfactuals ?? []).map((counterfactual) => sayCounterfactual(counterfactual, cart.currency)),
  ];
}

function saySegments(decision: ExplainedDecision): string {
  const { segments } = decision;
  if (!isWeighedAnew(decision)) return "Nothing was weighed anew for this answer, and no segment asked.";
  return segments.length === 0 ? "No segment held." : `Segments that held: ${segments.join(", ")}.`;
}

function sayConsent(consent: Decision["consent"]): string {
  if (!consent.includes("personalization"))
    return "Without consent to personalization only the cart and the cohort were used.";
  const gating = consent.filter((purpose) => GATING_PURPOSES.has(purpose));
  return `The shopper agreed to ${gating.join(", ")}: what that allows could be used.`;
}

function sayIneligible({ ineligible }: DecisionAccount): readonly string[] {
  if (ineligible.length === 0) return [];
  const said = ineligible.map(({ campaignId, reason }) => `${campaignId}, as ${inWords(INELIGIBLE_WORDS, reason)}`);
  return [`Did not apply: ${said.join("; ")}.`];
}

function sayTerms({ terms, modelAnswer, isCustomUnanswered }: DecisionAccount, baseline: number): readonly string[] {
  const chance = `Chance of an order at rung 0: ${percent(baseline * 10_000)}`;
  if (modelAnswer !== undefined)
    return [
      `${chance}, as the model's ONNX answered (logit ${signed(modelAnswer.logit)}): it was asked about this cart alone, so that nothing is said of others.`,
    ];
  const said = terms.filter(({ logit }, place) => place === 0 || logit !== 0).map(sayTerm);
  const unanswered = "The model's custom part (ONNX) was asked and did not answer: its parametric part decided.";
  return [
    ...(isCustomUnanswered ? [unanswered] : []),
    `${chance}, whose logit (the logarithm of the odds) is made of ${said.join(", ")}.`,
  ];
}

function sayTerm({ feature, value, counted, coefficient, logit }: ModelTerm): string {
  if (feature === "intercept") return `intercept ${signed(logit)}`;
  const beyond = counted === value ? "" : ` (beyond what the model has seen: it counts as ${String(counted)})`;
  return `${feature} ${String(value)}${beyond} × ${String(coefficient)} = ${signed(logit)}`;
}

function sayTargets({ targets }: DecisionAccount, currency: CurrencyCode): readonly string[] {
  return targets.map(({ campaignId, conversion, orderWorthMinor }) => {
    const target = `${campaignId} works towards a chance of ${percent(conversion * 10_000)}`;
    return orderWorthMinor === undefined
      ? `${target}, which no rung reaches for what an order may cost: profit decides.`
      : `${target}: an order counts for ${formatMoney({ minor: orderWorthMinor, currency })}.`;
  });
}

function sayCounterfactual({ supposition, choice, reason }: Counterfactual, currency: CurrencyCode): string {
  const worth = formatMoney({ minor: choice.faceValueMinor, currency });
  const then =
    choice.rung === 0 ? `nothing, as ${inWords(DECISION_WORDS, reason)}` : `${nameOf(choice)}, worth ${worth}`;
  switch (supposition.kind) {
    case "one_more_unit":
      return `With one more unit of ${supposition.productId} the choice would have been ${then}.`;
    case "no_consent":
      return `Without any consent the choice would have been ${then}.`;
    case "no_other_offers":
      return `Without the other offers of the cart the choice would have been ${then}.`;
  }
}

function sayOutcome({ reason, degradedReason, ghost, offer, cart }: ExplainedDecision, would: string): string {
  const degraded =
    degradedReason === "" ? "" : ` The answer ${would} the safe one: ${inWords(DEGRADED_WORDS, degradedReason)}.`;
  const held = ghost ? ` The subject is held out: no incentive ${would} shown.` : "";
  const given = offer === undefined ? `nothing ${would} given` : sayOffer(offer, cart.currency, would);
  return `Outcome: ${inWords(DECISION_WORDS, reason)}; ${given}.${held}${degraded}`;
}

function sayInvitation({ consentExchange, cart }: ExplainedDecision, would: string): readonly string[] {
  if (consentExchange === undefined) return [];
  const { purposes, campaignId, worthMinor, words } = consentExchange;
  const worth = formatMoney({ minor: worthMinor, currency: cart.currency });
  const asked = `Consent to ${purposes.join(", ")} ${would} asked for in exchange for an offer of ${campaignId}, worth ${worth}`;
  return [`${asked}, in these words: “${words}”`];
}

function sayPersonalData({ personalDataClasses, disclosure }: ExplainedDecision, would: string): readonly string[] {
  if (personalDataClasses.length === 0) return [];
  const told = disclosure === "" ? "" : ` The shopper ${would} told: “${disclosure}”`;
  return [`Personal data could move the answer: ${personalDataClasses.join(", ")}.${told}`];
}

function sayLags({ classFreshness }: ExplainedDecision): readonly string[] {
  return classFreshness.flatMap(({ dataClass, lagMs }) =>
    lagMs === undefined ? [] : [`What was known of the shopper's ${dataClass} was ${String(lagMs)} ms behind the log.`],
  );
}

function sayOffer(
  { offerId, campaignId, faceValueMinor, wantedMinor }: IssuedOffer,
  currency: CurrencyCode,
  would: string,
): string {
  const money = (minor: number) => formatMoney({ minor, currency });
  const shortened = wantedMinor === undefined ? "" : `, which would be ${money(wantedMinor)} if nothing shortened it`;
  return `offer ${offerId} of ${campaignId} ${would} given, worth ${money(faceValueMinor)}${shortened}`;
}

function orNone(text: string): string {
  return text === "" ? "(none)" : text;
}

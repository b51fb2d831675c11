import { formatMoney, GATING_PURPOSES, type CurrencyCode } from "@leastwise/vocabulary";
import type { Candidate, Decision } from "../decision.js";
import type { IssuedOffer } from "../state/decision-state.js";
import type { DecisionAccount } from "./account.js";
import type { Counterfactual } from "./counterfactuals.js";
import type { RunnerUpReason } from "./runner-up.js";

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

/**
 * The steps of a decision in words, for engineers and regulators; in English.
 *
 * @param account what its input gives beside the record. Absent: the input is not there, and only the record speaks
 */
export function explainDecision(decision: ExplainedDecision, account?: DecisionAccount): readonly string[] {
  const { candidates, cart, enrolments, segments } = decision;
  const baseline = candidates[0]?.conversion ?? 0;
  return [
    `Decided under policy ${orNone(decision.policyVersion)} with model ${orNone(decision.modelVersion)}.`,
    sayConsent(decision.consent),
    ...enrolments.map(
      ({ experimentId, arm, holdoutBp }) => `In experiment ${experimentId}: ${arm} (${percent(holdoutBp)} held out).`,
    ),
    segments.length === 0 ? "No segment held." : `Segments that held: ${segments.join(", ")}.`,
    ...(account === undefined
      ? []
      : [...sayIneligible(account), sayTerms(account, baseline), ...sayTargets(account, cart.currency)]),
    ...candidates.map((candidate, place) => sayCandidate(candidate, place, decision, cart.currency)),
    ...(account === undefined ? [] : sayRunnerUp(account, candidates)),
    sayDraw(decision),
    sayOutcome(decision),
    ...sayInvitation(decision),
    ...sayPersonalData(decision),
    ...sayLags(decision),
    ...(account?.counterfactuals ?? []).map((counterfactual) => sayCounterfactual(counterfactual, cart.currency)),
  ];
}

function sayConsent(consent: Decision["consent"]): string {
  if (!consent.includes("personalization"))
    return "Without consent to personalization only the cart and the cohort were used.";
  const gating = consent.filter((purpose) => GATING_PURPOSES.has(purpose));
  return `The shopper agreed to ${gating.join(", ")}: what that allows could be used.`;
}

function sayIneligible({ ineligible }: DecisionAccount): readonly string[] {
  if (ineligible.length === 0) return [];
  return [`Did not apply: ${ineligible.map(({ campaignId, reason }) => `${campaignId} (${reason})`).join(", ")}.`];
}

function sayTerms({ terms, modelAnswer }: DecisionAccount, baseline: number): string {
  const chance = `Chance of an order at rung 0: ${percent(baseline * 10_000)}`;
  if (modelAnswer !== undefined)
    return `${chance}, as the model's ONNX answered (logit ${signed(modelAnswer.logit)}): it was asked about this cart alone, so that nothing is said of others.`;
  const said = terms
    .filter(({ logit }, place) => place === 0 || logit !== 0)
    .map(({ feature, value, coefficient, logit }) =>
      feature === "intercept"
        ? `intercept ${signed(logit)}`
        : `${feature} ${String(value)} × ${String(coefficient)} = ${signed(logit)}`,
    );
  return `${chance}, whose logit is made of ${said.join(", ")}.`;
}

function sayTargets({ targets }: DecisionAccount, currency: CurrencyCode): readonly string[] {
  return targets.map(({ campaignId, conversion, orderWorthMinor }) => {
    const target = `${campaignId} works towards a chance of ${percent(conversion * 10_000)}`;
    return orderWorthMinor === undefined
      ? `${target}, which no rung reaches for what an order may cost: profit decides.`
      : `${target}: an order counts for ${formatMoney({ minor: orderWorthMinor, currency })}.`;
  });
}

const RUNNER_UP_WORDS: Readonly<Record<RunnerUpReason, string>> = {
  worth_nothing: "it is not worth what it costs",
  worth_less: "it is worth less than the choice",
  dearer: "it is worth no more than a little above the choice, and dearer",
  evidence_too_low: "it is worth more than the choice, and too little speaks for that",
};

function sayRunnerUp({ runnerUp }: DecisionAccount, candidates: readonly Candidate[]): readonly string[] {
  const candidate = candidates[runnerUp?.place ?? -1];
  if (runnerUp === undefined || candidate === undefined) return [];
  return [`Next to it came ${nameOf(candidate)}: ${RUNNER_UP_WORDS[runnerUp.reason]}.`];
}

function sayCounterfactual({ supposition, choice, reason }: Counterfactual, currency: CurrencyCode): string {
  const worth = formatMoney({ minor: choice.faceValueMinor, currency });
  const then = choice.rung === 0 ? `nothing (${reason})` : `${nameOf(choice)}, worth ${worth}`;
  switch (supposition.kind) {
    case "one_more_unit":
      return `With one more unit of ${supposition.productId} the choice would have been ${then}.`;
    case "no_consent":
      return `Without any consent the choice would have been ${then}.`;
    case "no_other_offers":
      return `Without the other offers of the cart the choice would have been ${then}.`;
  }
}

function nameOf({ rung, campaignId }: Candidate): string {
  return rung === 0 ? "rung 0, the baseline" : `rung ${String(rung)} of ${campaignId}`;
}

/** To three decimals, with its sign. */
function signed(value: number): string {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(3)}`;
}

function sayCandidate(
  candidate: Candidate,
  place: number,
  decision: ExplainedDecision,
  currency: CurrencyCode,
): string {
  const name = nameOf(candidate).replace("r", "R");
  if (candidate.blockedBy !== "") return `${name}: blocked (${candidate.blockedBy}).`;
  const money = (minor: number) => formatMoney({ minor: Math.round(minor), currency });
  const marks = [place === decision.exploit ? "exploit choice" : "", place === decision.chosen ? "chosen" : ""];
  const marked = marks.filter((mark) => mark !== "").join(", ");
  return (
    `${name}: worth ${money(candidate.faceValueMinor)}, expected cost ${money(candidate.expectedCostMinor)}, ` +
    `chance of an order ${percent(candidate.conversion * 10_000)}, value over the baseline ${money(candidate.valueMinor)}, ` +
    `evidence ${percent(candidate.evidence * 10_000)}, drawn with ${percent((candidate.weight / 2 ** 32) * 10_000)}` +
    `${marked === "" ? "" : ` (${marked})`}.`
  );
}

function sayDraw({ draw, propensity, continued }: ExplainedDecision): string {
  const share = percent((draw / 2 ** 32) * 10_000);
  return continued
    ? `The answer continues an episode whose one draw was ${share}; its first answer had propensity ${percent(propensity * 10_000)}.`
    : `The episode's one draw was ${share}; the chosen rung had propensity ${percent(propensity * 10_000)}.`;
}

function sayOutcome({ reason, degradedReason, ghost, offer, cart }: ExplainedDecision): string {
  const degraded = degradedReason === "" ? "" : ` The answer was the safe one: ${degradedReason}.`;
  const held = ghost ? " The subject is held out: no incentive was shown." : "";
  const given = offer === undefined ? "nothing was given" : sayOffer(offer, cart.currency);
  return `Outcome: ${reason}; ${given}.${held}${degraded}`;
}

function sayInvitation({ consentExchange, cart }: ExplainedDecision): readonly string[] {
  if (consentExchange === undefined) return [];
  const { purposes, campaignId, worthMinor, words } = consentExchange;
  const worth = formatMoney({ minor: worthMinor, currency: cart.currency });
  const asked = `Consent to ${purposes.join(", ")} was asked for in exchange for an offer of ${campaignId}, worth ${worth}`;
  return [`${asked}, in these words: “${words}”`];
}

function sayPersonalData({ personalDataClasses, disclosure }: ExplainedDecision): readonly string[] {
  if (personalDataClasses.length === 0) return [];
  const told = disclosure === "" ? "" : ` The shopper was told: “${disclosure}”`;
  return [`Personal data could move the answer: ${personalDataClasses.join(", ")}.${told}`];
}

function sayLags({ classFreshness }: ExplainedDecision): readonly string[] {
  return classFreshness.flatMap(({ dataClass, lagMs }) =>
    lagMs === undefined ? [] : [`What was known of the shopper's ${dataClass} was ${String(lagMs)} ms behind the log.`],
  );
}

function sayOffer({ offerId, campaignId, faceValueMinor, wantedMinor }: IssuedOffer, currency: CurrencyCode): string {
  const money = (minor: number) => formatMoney({ minor, currency });
  const shortened = wantedMinor === undefined ? "" : `, which would be ${money(wantedMinor)} if nothing shortened it`;
  return `offer ${offerId} of ${campaignId} was given, worth ${money(faceValueMinor)}${shortened}`;
}

function percent(bp: number): string {
  return `${(bp / 100).toFixed(2)} %`;
}

function orNone(text: string): string {
  return text === "" ? "(none)" : text;
}

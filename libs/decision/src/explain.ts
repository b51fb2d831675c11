import { formatMoney, type CurrencyCode } from "@leastwise/vocabulary";
import type { Candidate, Decision } from "./decision.js";

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
>;

/** The steps of a decision in words, for engineers and regulators; in English. */
export function explainDecision(decision: ExplainedDecision): readonly string[] {
  const { candidates, cart, enrolments, segments } = decision;
  return [
    `Decided under policy ${orNone(decision.policyVersion)} with model ${orNone(decision.modelVersion)}.`,
    decision.consent.includes("personalization")
      ? "The shopper agreed to personalization: features and profile could be used."
      : "Without consent to personalization only the cart and the cohort were used.",
    ...enrolments.map(
      ({ experimentId, arm, holdoutBp }) => `In experiment ${experimentId}: ${arm} (${percent(holdoutBp)} held out).`,
    ),
    segments.length === 0 ? "No segment held." : `Segments that held: ${segments.join(", ")}.`,
    ...candidates.map((candidate, place) => sayCandidate(candidate, place, decision, cart.currency)),
    sayDraw(decision),
    sayOutcome(decision),
  ];
}

function sayCandidate(
  candidate: Candidate,
  place: number,
  decision: ExplainedDecision,
  currency: CurrencyCode,
): string {
  const name =
    candidate.rung === 0 ? "Rung 0, the baseline" : `Rung ${String(candidate.rung)} of ${candidate.campaignId}`;
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

function sayOutcome({ reason, degradedReason, ghost, offer }: ExplainedDecision): string {
  const degraded = degradedReason === "" ? "" : ` The answer was the safe one: ${degradedReason}.`;
  const held = ghost ? " The subject is held out: no incentive was shown." : "";
  return `Outcome: ${reason}; ${offer === undefined ? "nothing was given" : `offer ${offer.offerId} of ${offer.campaignId} was given`}.${held}${degraded}`;
}

function percent(bp: number): string {
  return `${(bp / 100).toFixed(2)} %`;
}

function orNone(text: string): string {
  return text === "" ? "(none)" : text;
}

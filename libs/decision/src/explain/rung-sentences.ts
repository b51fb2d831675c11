import { formatMoney, type CurrencyCode } from "@leastwise/vocabulary";
import type { Candidate, Decision } from "../decision.js";
import { percent } from "./figures.js";
import { BLOCK_WORDS, inWords } from "./reason-words.js";
import type { RunnerUp, RunnerUpReason } from "./runner-up.js";
import { isWeighedAnew } from "./weighed-anew.js";

/** What of a decision is said of its rungs and of the draw among them. */
export type ExplainedRungs = Pick<
  Decision,
  | "cart"
  | "candidates"
  | "chosen"
  | "exploit"
  | "draw"
  | "propensity"
  | "continued"
  | "reason"
  | "degradedReason"
  | "modelVersion"
>;

/** A rung by its name, in the middle of a sentence. */
export function nameOf({ rung, campaignId }: Candidate): string {
  return rung === 0 ? "rung 0, the baseline" : `rung ${String(rung)} of ${campaignId}`;
}

/** Each rung, as it was weighed; of an answer that weighed none, what there is to be said without that. */
export function sayRungs(decision: ExplainedRungs): readonly string[] {
  const { candidates } = decision;
  if (isWeighedAnew(decision)) return candidates.map((candidate, place) => sayWeighed(candidate, place, decision));
  return candidates.map((candidate, place) => sayUnweighed(candidate, place, decision));
}

function sayWeighed(candidate: Candidate, place: number, decision: ExplainedRungs): string {
  const name = inFront(candidate);
  if (candidate.blockedBy !== "") return `${name}: blocked, as ${inWords(BLOCK_WORDS, candidate.blockedBy)}.`;
  const money = (minor: number) => inMoney(minor, decision.cart.currency);
  const marks = [place === decision.exploit ? "choice without chance" : "", place === decision.chosen ? "chosen" : ""];
  const marked = marks.filter((mark) => mark !== "").join(", ");
  return (
    `${name}: worth ${money(candidate.faceValueMinor)}, expected cost ${money(candidate.expectedCostMinor)}, ` +
    `chance of an order ${percent(candidate.conversion * 10_000)}, value over the baseline ${money(candidate.valueMinor)}, ` +
    `evidence ${percent(candidate.evidence * 10_000)}, drawn with ${percent((candidate.weight / 2 ** 32) * 10_000)}` +
    `${marked === "" ? "" : ` (${marked})`}.`
  );
}

/** Its chance of an order, its value and its weight are none of it: they would be the baseline's. Without a model nothing has a chance. */
function sayUnweighed(candidate: Candidate, place: number, { cart, chosen, modelVersion }: ExplainedRungs): string {
  const worth = `${inFront(candidate)}: worth ${inMoney(candidate.faceValueMinor, cart.currency)}`;
  const mark = place === chosen ? " (chosen)" : "";
  if (candidate.rung > 0) return `${worth}; it was weighed when it was given, and not anew${mark}.`;
  const chance = modelVersion === "" ? "" : `, chance of an order ${percent(candidate.conversion * 10_000)}`;
  return `${worth}${chance}${mark}.`;
}

function inFront(candidate: Candidate): string {
  return nameOf(candidate).replace("r", "R");
}

function inMoney(minor: number, currency: CurrencyCode): string {
  return formatMoney({ minor: Math.round(minor), currency });
}

const RUNNER_UP_WORDS: Readonly<Record<RunnerUpReason, (choice: string) => string>> = {
  worth_nothing: () => "it is not worth what it costs",
  worth_less: (choice) => `it is worth less than ${choice}`,
  dearer: (choice) => `it is worth no more than a little above ${choice}, and dearer`,
  evidence_too_low: (choice) => `it is worth more than ${choice}, and too little speaks for that`,
};

/** What came next to the choice that is made without chance, be it what chance chose. */
export function sayRunnerUp(
  runnerUp: RunnerUp | undefined,
  { candidates, chosen, exploit }: Pick<ExplainedRungs, "candidates" | "chosen" | "exploit">,
): readonly string[] {
  const candidate = candidates[runnerUp?.place ?? -1];
  if (runnerUp === undefined || candidate === undefined) return [];
  const isDrawn = chosen !== exploit;
  const choice = isDrawn ? "the choice without chance" : "the choice";
  const name = `${nameOf(candidate)}${isDrawn && runnerUp.place === chosen ? " (which chance chose)" : ""}`;
  return [`Next to ${isDrawn ? choice : "it"} came ${name}: ${RUNNER_UP_WORDS[runnerUp.reason](choice)}.`];
}

/** The draw, and what would have come out without it. */
export function sayDraw(decision: ExplainedRungs): readonly string[] {
  const { draw, propensity, continued } = decision;
  const [share, first] = [percent((draw / 2 ** 32) * 10_000), percent(propensity * 10_000)];
  if (continued)
    return [
      `The answer continues an episode whose one draw was ${share}; its first answer had propensity ${first}.`,
      ...sayChance(decision),
    ];
  if (!isWeighedAnew(decision)) return ["Nothing was drawn."];
  return [`The episode's one draw was ${share}; the chosen rung had propensity ${first}.`, ...sayChance(decision)];
}

function sayChance({ candidates, chosen, exploit }: ExplainedRungs): readonly string[] {
  const [drawn, choice] = [candidates[chosen], candidates[exploit]];
  if (chosen === exploit || drawn === undefined || choice === undefined) return [];
  return [
    `Chance chose ${nameOf(drawn)}, to learn what comes of it: without chance it would have been ${nameOf(choice)}.`,
  ];
}

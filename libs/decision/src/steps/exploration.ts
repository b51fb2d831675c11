import type { Situation } from "../situation.js";
import type { ValuedRung } from "./value.js";

/** All weights of a decision sum to this. */
export const WEIGHT_SUM = 2 ** 32;
/** Share of the cold start that the baseline has, basis points. */
const COLD_BASELINE_BP = 7_000;
/** Floors together take no more than this, basis points: most answers are the exploit choice. */
const FLOORS_MAX_BP = 5_000;

/** The distribution over rung 0 (place 0) and the admissible rungs (places from 1, by cost). */
export interface Distribution {
  /** Integers that sum to 2^32. */
  readonly weights: readonly number[];
  /** Place that the draw fell on. */
  readonly drawn: number;
}

/**
 * Mixes what is tried out into the exploit choice (a place as above) and holds the episode's draw against it.
 *
 * A rung dearer than the exploit choice is tried only as far as its campaign's exploration budget goes: what trying it
 * costs, value given up and money spent, must still fit. Cheaper ones are always tried, by the floor: that spends nothing.
 * In a cold start (a campaign with a rung that has too few decisions) the baseline has 70 % and the rungs of the cold
 * campaigns share the rest by inverse cost; an exploit choice of a campaign that is not cold stands in the baseline's place.
 */
export function explorationStep(
  situation: Situation,
  rungs: readonly ValuedRung[],
  exploit: number,
  draw: number,
): Distribution {
  const canExplore = rungs.map((rung, index) => {
    const isDearer = index + 1 > exploit;
    return !isDearer || costOver(rungs[exploit - 1], rung) <= remainingMinor(situation, rung);
  });
  const cold = rungs.map((rung, index) => canExplore[index] === true && isCold(situation, rung, rungs));
  const weights = cold.includes(true)
    ? coldWeights(rungs, cold, cold[exploit - 1] === true ? 0 : exploit)
    : floorWeights(rungs, canExplore, exploit);
  return { weights, drawn: placeOf(weights, draw) };
}

/** What trying a rung costs over the exploit choice (undefined: rung 0), minor units: value given up and money spent more. */
function costOver(exploit: ValuedRung | undefined, rung: ValuedRung): number {
  const givenUp = Math.max(0, (exploit?.value ?? 0) - rung.value);
  const spent = Math.max(0, rung.expectedCost - (exploit?.expectedCost ?? 0));
  return Math.ceil(givenUp + spent);
}

function remainingMinor({ explorationSpentMinor }: Situation, { campaign }: ValuedRung): number {
  const { campaignId, explorationBudgetMinor } = campaign;
  const spent = Object.hasOwn(explorationSpentMinor, campaignId) ? (explorationSpentMinor[campaignId] ?? 0) : 0;
  // Without a budget nothing dearer is tried, not even what would cost nothing.
  return explorationBudgetMinor === 0 ? -1 : explorationBudgetMinor - spent;
}

function isCold({ decisionsPerRung }: Situation, { campaign }: ValuedRung, rungs: readonly ValuedRung[]): boolean {
  const { campaignId, coldStartDecisionsPerRung: wanted } = campaign;
  if (wanted === 0) return false;
  const counts = Object.hasOwn(decisionsPerRung, campaignId) ? (decisionsPerRung[campaignId] ?? []) : [];
  if ((counts[0] ?? 0) < wanted) return true;
  return rungs.some((rung) => rung.campaign === campaign && (counts[rung.rung] ?? 0) < wanted);
}

function coldWeights(rungs: readonly ValuedRung[], cold: readonly boolean[], anchor: number): number[] {
  const inverse = rungs.map((rung, index) => (cold[index] === true ? 1 / Math.max(1, rung.expectedCost) : 0));
  const sum = inverse.reduce((total, part) => total + part, 0);
  const rest = (WEIGHT_SUM / 10_000) * (10_000 - COLD_BASELINE_BP);
  const weights = [0, ...inverse.map((part) => Math.floor((rest * part) / sum))];
  return withRemainder(weights, anchor);
}

function floorWeights(rungs: readonly ValuedRung[], canExplore: readonly boolean[], exploit: number): number[] {
  const floors = rungs.map((rung, index) => (canExplore[index] === true ? rung.campaign.floorBp : 0));
  const baselineFloor = rungs[exploit - 1]?.campaign.floorBp ?? 0;
  const all = [baselineFloor, ...floors];
  const sum = all.reduce((total, floor) => total + floor, 0);
  const scale = sum > FLOORS_MAX_BP ? FLOORS_MAX_BP / sum : 1;
  const weights = all.map((floor) => Math.floor((WEIGHT_SUM / 10_000) * floor * scale));
  weights[exploit] = 0;
  return withRemainder(weights, exploit);
}

function withRemainder(weights: number[], place: number): number[] {
  const others = weights.reduce((sum, weight) => sum + weight, 0);
  weights[place] = (weights[place] ?? 0) + WEIGHT_SUM - others;
  return weights;
}

/** The place whose part of the cumulative distribution the draw falls into. */
function placeOf(weights: readonly number[], draw: number): number {
  let cumulative = 0;
  for (const [place, weight] of weights.entries()) {
    cumulative += weight;
    if (draw < cumulative) return place;
  }
  throw new RangeError(`draw ${String(draw)} is not below 2^32`);
}

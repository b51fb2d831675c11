import { costOver, type RungTerms } from "../exploration-cost.js";
import type { CompiledCampaign } from "../policy/compile.js";
import type { Situation } from "../situation.js";
import { recordedTerms, type ValuedRung } from "./value.js";

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
 * costs, value given up and money spent, must still fit. Rung 0 and cheaper rungs are always tried: that spends nothing. What is
 * tried has at least its floor.
 * Curation gives its share to the cheapest rung of a campaign whose cost its budget bears, be it worth nothing by the model.
 * In a cold start (a campaign with a rung that has too few decisions) the baseline has 70 % and the rungs of the cold
 * campaigns share the rest by inverse cost; an exploit choice of a campaign that is not cold stands in the baseline's place, which
 * then has its floor.
 */
export function explorationStep(
  situation: Situation,
  rungZero: RungTerms,
  rungs: readonly ValuedRung[],
  exploit: number,
  draw: number,
): Distribution {
  const exploited = rungs[exploit - 1];
  const best = exploited === undefined ? rungZero : recordedTerms(exploited);
  const canExplore = rungs.map((rung, index) => {
    const isDearer = index + 1 > exploit;
    return !isDearer || costOver(best, recordedTerms(rung)) <= remainingMinor(situation, rung);
  });
  const cold = rungs.map((rung, index) => canExplore[index] === true && isCold(situation, rung, rungs));
  const anchor = cold[exploit - 1] === true ? 0 : exploit;
  const floors = floorsOf(rungs, canExplore, exploit, anchor);
  const [shares, curated] = [coldShares(rungs, cold), curatedShares(situation, rungs, best)];
  const weights = floors.map((floor, place) =>
    place === anchor ? 0 : Math.max(floor, shares[place] ?? 0, curated[place] ?? 0),
  );
  weights[anchor] = WEIGHT_SUM - weights.reduce((sum, weight) => sum + weight, 0);
  return { weights, drawn: placeOf(weights, draw) };
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

/** The least that each place has; the anchor, which gets what is left, has no need of one. */
function floorsOf(
  rungs: readonly ValuedRung[],
  canExplore: readonly boolean[],
  exploit: number,
  anchor: number,
): number[] {
  const rungFloors = rungs.map((rung, index) => (canExplore[index] === true ? rung.campaign.floorBp : 0));
  const baselineFloor = rungs[exploit - 1]?.campaign.floorBp ?? 0;
  const all = [baselineFloor, ...rungFloors].map((floor, place) => (place === anchor ? 0 : floor));
  const sum = all.reduce((total, floor) => total + floor, 0);
  const scale = sum > FLOORS_MAX_BP ? FLOORS_MAX_BP / sum : 1;
  return all.map((floor) => Math.floor((WEIGHT_SUM / 10_000) * floor * scale));
}

/** What the cold start gives each place, rung 0 aside: together 30 %, by inverse cost. */
function coldShares(rungs: readonly ValuedRung[], cold: readonly boolean[]): number[] {
  const inverse = rungs.map((rung, index) => (cold[index] === true ? 1 / Math.max(1, rung.expectedCost) : 0));
  const sum = inverse.reduce((total, part) => total + part, 0);
  const rest = (WEIGHT_SUM / 10_000) * (10_000 - COLD_BASELINE_BP);
  return [0, ...inverse.map((part) => (sum === 0 ? 0 : Math.floor((rest * part) / sum)))];
}

/** What curation gives each place: of each campaign to the cheapest rung whose cost over the exploit choice its budget bears, be that value given up alone. */
function curatedShares(situation: Situation, rungs: readonly ValuedRung[], best: RungTerms): number[] {
  const shares = Array<number>(rungs.length + 1).fill(0);
  if (rungs.every(({ campaign }) => campaign.curatedBp === 0)) return shares;
  const seen = new Set<CompiledCampaign>();
  for (const [index, rung] of rungs.entries()) {
    const { campaign } = rung;
    if (campaign.curatedBp === 0 || seen.has(campaign)) continue;
    if (costOver(best, recordedTerms(rung)) > remainingMinor(situation, rung)) continue;
    seen.add(campaign);
    shares[index + 1] = Math.floor((WEIGHT_SUM / 10_000) * campaign.curatedBp);
  }
  return shares;
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

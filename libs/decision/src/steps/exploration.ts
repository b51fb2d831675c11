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
  /** Integers that sum to 2^32; places left off at the end have none. */
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
  const learning = new Learning(situation, rungs);
  // Rungs up to the exploit choice are always tried, so that nothing is only where it is rung 0.
  if (exploit === 0 && !rungs.some((rung) => learning.bears(rung, best))) return { weights: [WEIGHT_SUM], drawn: 0 };
  const canExplore = rungs.map((rung, index) => index < exploit || learning.bears(rung, best));
  const cold = rungs.map((rung, index) => canExplore[index] === true && learning.isCold(rung));
  const anchor = cold[exploit - 1] === true ? 0 : exploit;
  const weights = floorsOf(rungs, canExplore, exploit, anchor);
  raiseTo(weights, coldShares(rungs, cold), anchor);
  raiseTo(weights, curatedShares(learning, rungs, best), anchor);
  let rest = WEIGHT_SUM;
  for (const weight of weights) rest -= weight;
  weights[anchor] = rest;
  return { weights, drawn: placeOf(weights, draw) };
}

/** Each place but the anchor has at least its share, where there are shares. */
function raiseTo(weights: number[], shares: readonly number[] | undefined, anchor: number): void {
  if (shares === undefined) return;
  for (let place = 0; place < weights.length; place += 1)
    if (place !== anchor) weights[place] = Math.max(weights[place] ?? 0, shares[place] ?? 0);
}

/** What campaigns may spend on learning, and what they have still to learn. */
class Learning {
  readonly #situation: Situation;
  readonly #rungs: readonly ValuedRung[];
  readonly #cold = new Map<CompiledCampaign, boolean>();

  constructor(situation: Situation, rungs: readonly ValuedRung[]) {
    this.#situation = situation;
    this.#rungs = rungs;
  }

  /** True if the campaign's budget bears what trying the rung costs. Without a budget nothing is tried so, not even what would cost nothing. */
  bears(rung: ValuedRung, best: RungTerms): boolean {
    const { campaignId, explorationBudgetMinor } = rung.campaign;
    if (explorationBudgetMinor === 0) return false;
    const { explorationSpentMinor } = this.#situation;
    const spent = Object.hasOwn(explorationSpentMinor, campaignId) ? (explorationSpentMinor[campaignId] ?? 0) : 0;
    return costOver(best, recordedTerms(rung)) <= explorationBudgetMinor - spent;
  }

  /** True if some of the campaign's rungs have too few decisions. */
  isCold({ campaign }: ValuedRung): boolean {
    if (campaign.coldStartDecisionsPerRung === 0) return false;
    const known = this.#cold.get(campaign) ?? this.#hasTooFew(campaign);
    this.#cold.set(campaign, known);
    return known;
  }

  #hasTooFew(campaign: CompiledCampaign): boolean {
    const { campaignId, coldStartDecisionsPerRung: wanted } = campaign;
    const { decisionsPerRung } = this.#situation;
    const counts = Object.hasOwn(decisionsPerRung, campaignId) ? (decisionsPerRung[campaignId] ?? []) : [];
    if ((counts[0] ?? 0) < wanted) return true;
    return this.#rungs.some((rung) => rung.campaign === campaign && (counts[rung.rung] ?? 0) < wanted);
  }
}

/** The least that each place has; the anchor, which gets what is left, has no need of one. */
function floorsOf(
  rungs: readonly ValuedRung[],
  canExplore: readonly boolean[],
  exploit: number,
  anchor: number,
): number[] {
  const floors = Array<number>(rungs.length + 1).fill(0);
  floors[0] = rungs[exploit - 1]?.campaign.floorBp ?? 0;
  for (let index = 0; index < rungs.length; index += 1)
    if (canExplore[index] === true) floors[index + 1] = rungs[index]?.campaign.floorBp ?? 0;
  floors[anchor] = 0;
  let sum = 0;
  for (const floor of floors) sum += floor;
  const scale = sum > FLOORS_MAX_BP ? FLOORS_MAX_BP / sum : 1;
  for (let place = 0; place < floors.length; place += 1)
    floors[place] = Math.floor((WEIGHT_SUM / 10_000) * (floors[place] ?? 0) * scale);
  return floors;
}

/** What the cold start gives each place, rung 0 aside: together 30 %, by inverse cost. Undefined where nothing is cold. */
function coldShares(rungs: readonly ValuedRung[], cold: readonly boolean[]): readonly number[] | undefined {
  if (!cold.includes(true)) return undefined;
  const inverse = rungs.map((rung, index) => (cold[index] === true ? 1 / Math.max(1, rung.expectedCost) : 0));
  const sum = inverse.reduce((total, part) => total + part, 0);
  const rest = (WEIGHT_SUM / 10_000) * (10_000 - COLD_BASELINE_BP);
  return [0, ...inverse.map((part) => Math.floor((rest * part) / sum))];
}

/** What curation gives each place: of each campaign to the cheapest rung whose cost over the exploit choice its budget bears, be that value given up alone. Undefined where nothing is curated. */
function curatedShares(
  learning: Learning,
  rungs: readonly ValuedRung[],
  best: RungTerms,
): readonly number[] | undefined {
  if (rungs.every(({ campaign }) => campaign.curatedBp === 0)) return undefined;
  const shares = Array<number>(rungs.length + 1).fill(0);
  const seen = new Set<CompiledCampaign>();
  for (const [index, rung] of rungs.entries()) {
    const { campaign } = rung;
    if (campaign.curatedBp === 0 || seen.has(campaign)) continue;
    if (!learning.bears(rung, best)) continue;
    seen.add(campaign);
    shares[index + 1] = Math.floor((WEIGHT_SUM / 10_000) * campaign.curatedBp);
  }
  return shares;
}

/** The place whose part of the cumulative distribution the draw falls into. */
function placeOf(weights: readonly number[], draw: number): number {
  let cumulative = 0;
  for (let place = 0; place < weights.length; place += 1) {
    cumulative += weights[place] ?? 0;
    if (draw < cumulative) return place;
  }
  throw new RangeError(`draw ${String(draw)} is not below 2^32`);
}

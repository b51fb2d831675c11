import type { AskedRow, ResponseQuestion } from "@leastwise/decision";
import { INCENTIVE_KINDS } from "@leastwise/offers";
import { FEATURES, type FeatureUnit } from "@leastwise/windows";

/** Shoppers that a model is tried with. */
const PROBES = 64;
/** Depths that it is tried at, of each kind: 0 to 50 % in steps of 2.5. */
const DEPTH_STEP_BP = 250;
const DEPTH_MAX_BP = 5_000;

/** Each kind at each depth, ascending within the kind. */
const ROWS: readonly AskedRow[] = INCENTIVE_KINDS.flatMap((kind) =>
  Array.from({ length: DEPTH_MAX_BP / DEPTH_STEP_BP + 1 }, (_, step) => ({ kind, depthBp: step * DEPTH_STEP_BP })),
);

/** Up to where a feature is tried, by its unit: a hundred of anything, ten thousand in most currencies, a year. */
const PLAUSIBLE_MAX: Readonly<Record<FeatureUnit, number>> = {
  count: 100,
  minor: 1_000_000,
  ms: 366 * 86_400_000,
  hour: 23,
  flag: 1,
};

/**
 * What a model is tried with before it comes into force: first a shopper of whom nothing is known, then others drawn from a fixed seed, of whom a quarter of the features is absent,
 * a quarter 0, and the rest anywhere up to what is plausible, small values as likely as large ones. The same for every model of as many features.
 */
export function probesOf(featureCount: number): readonly ResponseQuestion[] {
  const next = drawsFrom(0x1ea57);
  return Array.from({ length: PROBES }, (_, probe) => ({
    features: Array.from({ length: featureCount }, (_, slot) =>
      probe === 0 ? Number.NaN : plausible(next(), next(), FEATURES[slot]?.unit ?? "count"),
    ),
    rows: ROWS,
  }));
}

/** A question of so many rows, rung 0 among them, as the time of an answer is measured with. */
export function timedQuestion(featureCount: number, rows: number): ResponseQuestion {
  const [probe] = probesOf(featureCount);
  return { features: probe?.features ?? [], rows: ROWS.slice(0, rows - 1) };
}

function plausible(which: number, draw: number, unit: FeatureUnit): number {
  if (which < 0.25) return Number.NaN;
  if (which < 0.5) return 0;
  return Math.round(Math.expm1(draw * Math.log1p(PLAUSIBLE_MAX[unit])));
}

/** Uniform numbers, 0 to 1, the same ones for the same seed (mulberry32): enough to scatter probes with. */
function drawsFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

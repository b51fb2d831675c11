import type { AskedRow } from "@leastwise/decision";
import { INCENTIVE_KINDS } from "@leastwise/offers";

/** Columns behind the features: one for each kind of incentive, and the gained share. */
const BEHIND_FEATURES = INCENTIVE_KINDS.length + 1;

const PLACE_OF_KIND = new Map(INCENTIVE_KINDS.map((kind, place) => [kind, place]));

/** Columns of a model that takes so many features. */
export function columnsOf(featureCount: number): number {
  return featureCount + BEHIND_FEATURES;
}

/** Numbers that a question takes: a row for rung 0, and one for each that is asked. */
export function lengthOf(featureCount: number, rows: readonly AskedRow[]): number {
  return (rows.length + 1) * columnsOf(featureCount);
}

/** Fills in a question: rung 0, then each row. All have the same features, which are written once and copied. */
export function fillRows(data: Float32Array, features: readonly number[], rows: readonly AskedRow[]): void {
  const columns = columnsOf(features.length);
  data.set(features);
  data.fill(0, features.length, columns);
  for (const [place, { kind, depthBp }] of rows.entries()) {
    const begin = (place + 1) * columns;
    data.copyWithin(begin, 0, columns);
    data[begin + features.length + (PLACE_OF_KIND.get(kind) ?? 0)] = 1;
    data[begin + columns - 1] = depthBp / 10_000;
  }
}

import type { Millis } from "@leastwise/vocabulary";
import { featureIndex, FEATURES, type FeatureName } from "./features.js";

/** A subject's features at a moment. One snapshot may be filled again and again, so that reading need not allocate. */
export interface FeatureSnapshot {
  /** False if the store holds nothing of the subject: counts are then 0 and all else is absent. */
  known: boolean;
  atMs: Millis;
  /** Offset of the newest record of the subject that the features contain; −1 if none. */
  asOfOffset: number;
  /** In the order of `FEATURES`; NaN where a value is absent. */
  readonly values: Float64Array;
  lastChannel: string | undefined;
  lastDevice: string | undefined;
  lastPlace: string | undefined;
  /** How old the newest event is that told each of them, ms; NaN where none did. */
  lastChannelAgeMs: number;
  lastDeviceAgeMs: number;
  lastPlaceAgeMs: number;
  /** The storefront's name for the visit that the newest event told. No feature: it only helps to find the visit again. */
  lastSessionId: string | undefined;
}

/** A snapshot to be filled. */
export function emptySnapshot(): FeatureSnapshot {
  return {
    known: false,
    atMs: 0 as Millis,
    asOfOffset: -1,
    values: new Float64Array(FEATURES.length).fill(NaN),
    lastChannel: undefined,
    lastDevice: undefined,
    lastPlace: undefined,
    lastChannelAgeMs: NaN,
    lastDeviceAgeMs: NaN,
    lastPlaceAgeMs: NaN,
    lastSessionId: undefined,
  };
}

/** The value of a feature; undefined where it is absent. */
export function featureValue(snapshot: FeatureSnapshot, name: FeatureName): number | undefined {
  const value = snapshot.values[featureIndex(name)];
  return value === undefined || Number.isNaN(value) ? undefined : value;
}

export { CART_CHANGES_MAX, CART_SILENCE_MAX_MS, CART_SKUS_MAX, type CartLine } from "./cart.js";
export { DISTINCT_EXACT_MAX, productMarkOfBytes } from "./distinct.js";
export { EVENT_KINDS, type EventKind, type OrderLine, type WindowEvent } from "./event.js";
export {
  featureIndex,
  FEATURES,
  isFeatureName,
  TEXT_FEATURES,
  type Feature,
  type FeatureName,
  type FeatureUnit,
  type TextFeature,
  type TextFeatureName,
} from "./features.js";
export { eventIdMarkOfAscii } from "./event-id-mark.js";
export { featuresPage } from "./features-page.js";
export { CAUSES_MAX } from "./merge-subjects.js";
export { ProductMarks } from "./product-marks.js";
export { DEDUP_IDS_MAX, DEDUP_IDS_MIN, DEDUP_SPAN_MS } from "./recent-ids.js";
export { featuresFromHistory, type FeatureProbe, type HistoryRecord, type ProbedFeatures } from "./offline-features.js";
export { causeOfPart, type SubjectPart } from "./subject-parts.js";
export { SESSION_SILENCE_MAX_MS } from "./session.js";
export { emptySnapshot, featureValue, type FeatureSnapshot } from "./snapshot.js";
export { AHEAD_MAX_MS, WINDOWS, type WindowName, type WindowSpec } from "./tiling.js";
export type { WindowCounts } from "./window-counts.js";
export type { Verdict, WindowStore } from "./window-store.js";
export { clearSegment } from "./slab/clear-segment.js";
export { reserveSegment, type SegmentMemory } from "./slab/segment-memory.js";
export { SlabEvent } from "./slab/slab-event.js";
export {
  BYTES_MAX,
  createWindowStore,
  type SlabWindowStore,
  type WindowStoreOptions,
} from "./slab/slab-window-store.js";
export { SUBJECT_SILENCE_MAX_MS } from "./slab/silence.js";
export { WindowReader } from "./slab/window-reader.js";
export { NO_MARK } from "./slab/cells.js";
export { subjectIdOf } from "./slab/block.js";
export {
  CHECKPOINT_FORMAT,
  CHECKPOINT_FORMATS_READ,
  CheckpointMalformed,
  CheckpointReader,
  type SegmentWalk,
} from "./slab/checkpoint.js";

import type { KindName } from "@leastwise/contracts";

/** What the collector tells of its work. All labels are bounded; none holds an id. */
export interface CollectorMetrics {
  /** An event is durable. */
  accepted(kind: KindName, source: string): void;
  /** An event was not taken; `reason` as in its verdict. */
  refused(reason: string, source: string): void;
  /** An event that was not taken is kept among the dead letters. */
  deadLettered(reason: string, source: string): void;
  /** An event was taken that has no id: no repetition can be told from it. */
  withoutId(source: string): void;
}

/** Tells nobody. */
export const NO_METRICS: CollectorMetrics = {
  accepted() {},
  refused() {},
  deadLettered() {},
  withoutId() {},
};

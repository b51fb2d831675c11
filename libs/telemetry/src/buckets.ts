/**
 * Upper bounds of the buckets of durations, in seconds. The objectives of the design are bounds here, since a quantile
 * that is read from buckets is only as good as the bounds beside it: Decide 25 ms and 50 ms, Redeem 50 ms.
 */
export const RPC_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.035, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5] as const;

/** An append to the log: a group commit is about a millisecond, a slow disk a second. */
export const APPEND_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5] as const;

/** Work on one batch of records, and inserts of a block. */
export const BATCH_SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const;

/** From the collector's stamp to a usable feature: milliseconds when all is well, hours in a catch-up. */
export const FRESHNESS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600] as const;

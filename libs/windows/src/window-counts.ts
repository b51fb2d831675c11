/**
 * What a store met since it was made, for metrics. Not part of the state: a rebuild counts anew, and no feature
 * depends on it.
 */
export interface WindowCounts {
  applied: number;
  late: number;
  duplicate: number;
  ahead: number;
  alreadyApplied: number;
  /** Applied without a dedup check, having no event id. */
  withoutEventId: number;
  /** Purchases in another currency: counted as orders and units, their money left out. */
  foreignCurrency: number;
  /** Event ids of the last 24 hours that were forgotten because a subject had too many. */
  dedupOverflow: number;
  /** Products forgotten because a cart had too many. */
  cartSkuOverflow: number;
  /** Pairs of cart changes of one product that became one because it had too many. */
  cartChangesJoined: number;
  /** States that were added to a subject's, or parts of them. */
  merged: number;
  alreadyMerged: number;
  /** Subjects forgotten because they were silent for 180 days. */
  expired: number;
  /** Subjects forgotten, those silent longest first, because all together had become too many. */
  evicted: number;
  /** Events and states that found no room, their subject forgotten with them. */
  noRoom: number;
  /** Causes of merges that were forgotten because a subject had too many. */
  causesForgotten: number;
}

/** All zero. */
export function noCounts(): WindowCounts {
  return {
    applied: 0,
    late: 0,
    duplicate: 0,
    ahead: 0,
    alreadyApplied: 0,
    withoutEventId: 0,
    foreignCurrency: 0,
    dedupOverflow: 0,
    cartSkuOverflow: 0,
    cartChangesJoined: 0,
    merged: 0,
    alreadyMerged: 0,
    expired: 0,
    evicted: 0,
    noRoom: 0,
    causesForgotten: 0,
  };
}

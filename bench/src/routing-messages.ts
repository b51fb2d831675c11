/** What the parent asks of a scorer: to go by another map, how many calls it has passed on, or to end. */
export type ToScorer =
  | {
      readonly kind: "map";
      /** Who answers for each partition, `host:port`, the first for partition 0. */
      readonly owners: readonly string[];
    }
  | { readonly kind: "count" }
  | { readonly kind: "end" };

/** What a scorer tells. */
export type FromScorer =
  | { readonly kind: "ready"; readonly address: string; readonly partitions: number }
  /** It goes by the map that came last. */
  | { readonly kind: "mapped" }
  /** Calls that it has passed on since its start. */
  | { readonly kind: "count"; readonly passedOn: number };

import { DAY_MS } from "@leastwise/vocabulary";

/** The topics of the log. The same words name the messages, the tables and the metrics. */
export const TOPICS = {
  /** ClickstreamRecord by subject: rebuilds the windows. */
  clickstream: "clickstream",
  /** Events as others write them, by any key, in protobuf or JSON: what is taken of them stands on `clickstream`. */
  clickstreamRaw: "clickstream.raw",
  /** SubjectLink by anonymous subject, and by known subject for its key: rebuilds who is who. */
  links: "links",
  /** SubjectRecord by subject: profiles and consent. */
  subjects: "subjects",
  /** CatalogRecord by product. */
  catalog: "catalog",
  /** PolicyRecord by version. */
  policy: "policy",
  /** ModelRecord by version. */
  models: "models",
  /** DecisionRecord by subject: rebuilds decision states, offers and budgets. */
  decisions: "decisions",
  /** OfferEvent by subject: what happens to an offer after its issue. */
  offers: "offers",
  /** DeadLetter: what could not be taken, with the reason. */
  deadLetters: "dead_letters",
  /** Chunks of checkpoints of the windows, by checkpoint and index: only to be quicker than `clickstream`. */
  windowCheckpoints: "window_checkpoints",
  /** What chunks make a whole checkpoint, by the epoch of the partition's owner. */
  windowManifests: "window_manifests",
  /** OwnerRecord by partition: which scorer answers for it, and since which epoch. */
  owners: "owners",
} as const;

/** A topic by name. */
export type Topic = (typeof TOPICS)[keyof typeof TOPICS];

/** How a topic must be made. */
export interface TopicPlan {
  readonly name: Topic;
  readonly partitions: number;
  readonly compacted: boolean;
  /** How long records are kept; absent means without limit. */
  readonly retentionMs?: number;
}

/** Windows look back 30 days; two more are for late readers. Less is refused (`topics check`). */
export const CLICKSTREAM_RETENTION_MIN_MS = 32 * DAY_MS;

/** What others wrote waits so long to be taken in. */
const CLICKSTREAM_RAW_RETENTION_MS = 7 * DAY_MS;

/** Dead letters wait so long to be looked at; the table `dead_letters` has them longer. Anybody who reaches a door can write some. */
const DEAD_LETTERS_RETENTION_MS = 90 * DAY_MS;

/**
 * All topics: those keyed by subject share the number of partitions, so that a subject's events, decisions and offers have one
 * owner; the small compacted ones have one partition.
 *
 * @param withRaw whether others write events to `clickstream.raw`
 */
export function topicPlan(
  partitions: number,
  clickstreamRetentionMs: number | undefined,
  { withRaw = false } = {},
): readonly TopicPlan[] {
  if (clickstreamRetentionMs !== undefined && clickstreamRetentionMs < CLICKSTREAM_RETENTION_MIN_MS) {
    throw new RangeError(`clickstream must be kept ${CLICKSTREAM_RETENTION_MIN_MS} ms at least`);
  }
  return [
    {
      name: TOPICS.clickstream,
      partitions,
      compacted: false,
      ...(clickstreamRetentionMs === undefined ? {} : { retentionMs: clickstreamRetentionMs }),
    },
    ...(withRaw
      ? [{ name: TOPICS.clickstreamRaw, partitions, compacted: false, retentionMs: CLICKSTREAM_RAW_RETENTION_MS }]
      : []),
    { name: TOPICS.links, partitions: 1, compacted: true },
    { name: TOPICS.subjects, partitions: 1, compacted: true },
    { name: TOPICS.catalog, partitions: 1, compacted: true },
    { name: TOPICS.policy, partitions: 1, compacted: true },
    { name: TOPICS.models, partitions: 1, compacted: true },
    { name: TOPICS.decisions, partitions, compacted: false },
    { name: TOPICS.offers, partitions, compacted: false },
    { name: TOPICS.deadLetters, partitions: 1, compacted: false, retentionMs: DEAD_LETTERS_RETENTION_MS },
    { name: TOPICS.windowCheckpoints, partitions, compacted: true },
    { name: TOPICS.windowManifests, partitions, compacted: true },
    { name: TOPICS.owners, partitions: 1, compacted: true },
  ];
}

import { DAY_MS } from "@leastwise/vocabulary";

/** Ids of a subject that are always remembered, however old. */
export const DEDUP_IDS_MIN = 128;

/** Ids within {@link DEDUP_SPAN_MS} that are remembered at most, unless the store was given another bound. */
export const DEDUP_IDS_MAX = 4_096;

/** How long an id is remembered beyond the last {@link DEDUP_IDS_MIN}, in received time. */
export const DEDUP_SPAN_MS = DAY_MS;

/** The same in seconds, in which received times are remembered. */
export const DEDUP_SPAN_S = DEDUP_SPAN_MS / 1_000;

/** An event id's mark (`eventIdMark`) and the received time under which it came first, in whole seconds. */
export interface RecentId {
  readonly mark: number;
  readonly receivedS: number;
}

/**
 * The union of two memories, each oldest first: in the order of received time, each id once, and of those the last
 * {@link DEDUP_IDS_MIN} and all of the last 24 hours, up to a bound. Returns the overflow beside it.
 */
export function uniteRecentIds(
  a: readonly RecentId[],
  b: readonly RecentId[],
  idsMax: number,
): { readonly ids: readonly RecentId[]; readonly overflow: number } {
  const known = new Set<number>();
  const all = [...a, ...b]
    .sort((x, y) => x.receivedS - y.receivedS || x.mark - y.mark)
    .filter(({ mark }) => !known.has(mark) && known.add(mark));
  const newestS = all.at(-1)?.receivedS ?? 0;
  const recent = all.filter(
    ({ receivedS }, index) => index >= all.length - DEDUP_IDS_MIN || receivedS >= newestS - DEDUP_SPAN_S,
  );
  const ids = recent.slice(Math.max(0, recent.length - idsMax));
  return { ids, overflow: recent.length - ids.length };
}

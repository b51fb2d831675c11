import { newestSeen } from "./last-seen.js";
import { unitedHistory, type PurchaseHistory } from "./purchase-history.js";
import { uniteRecentIds } from "./recent-ids.js";
import { newerSession } from "./session.js";
import { lastPurchaseMs, newestCartMs, type SubjectState } from "./subject-state.js";
import type { WindowCounts } from "./window-counts.js";

/** Causes of merges that a subject remembers. Older ones are held off by the log's offsets alone. */
export const CAUSES_MAX = 256;

/** Bounds and counts of the store that merges. */
export interface MergeContext {
  readonly counts: WindowCounts;
  readonly dedupIdsMax: number;
  readonly cartSkusMax: number;
}

/**
 * Adds another subject's state to this one, as when an anonymous shopper logs in, and uses it up. Cells of both stay
 * beside each other, for whoever compacts them next: counters add tile by tile, and orders to a history; products and event ids unite; recency takes the newest; session and last-seen come from the newest; carts add up,
 * less what the later of both purchases cleared. The offset stays this subject's own.
 */
export function mergeInto(state: SubjectState, other: SubjectState, cause: string, context: MergeContext): void {
  state.newestMs = Math.max(state.newestMs, other.newestMs);
  state.newestReceivedMs = Math.max(state.newestReceivedMs, other.newestReceivedMs);
  state.cells = [...state.cells, ...other.cells];
  state.dropped = state.dropped.map((tile, level) => Math.max(tile, other.dropped[level] ?? -1));
  state.isHistoryUnknown ||= other.isHistoryUnknown;
  state.history = mergedHistory(state, other);
  state.seen = newestSeen(state.seen, other.seen);
  state.session = newerSession(state.session, other.session);
  mergeCarts(state, other, context);
  const { ids, overflow } = uniteRecentIds(state.recentIds, other.recentIds, context.dedupIdsMax);
  state.recentIds = ids;
  context.counts.dedupOverflow += overflow;
  const causes = [...new Set([...other.causes, ...state.causes, cause])];
  context.counts.causesForgotten += Math.max(0, causes.length - CAUSES_MAX);
  state.causes = causes.slice(-CAUSES_MAX);
}

function mergedHistory(state: SubjectState, other: SubjectState): PurchaseHistory | undefined {
  if (state.isHistoryUnknown) return undefined;
  if (state.history === undefined || other.history === undefined) return state.history ?? other.history;
  return unitedHistory(state.history, other.history);
}

function mergeCarts(state: SubjectState, other: SubjectState, { counts, cartSkusMax }: MergeContext): void {
  for (const [productId, changes] of other.cart.products) {
    for (const change of changes) if (state.cart.add(productId, change)) counts.cartChangesJoined += 1;
  }
  state.cart.clearThrough(lastPurchaseMs(state));
  state.cart.dropBefore(newestCartMs(state));
  counts.cartSkuOverflow += state.cart.dropBeyond(cartSkusMax);
}

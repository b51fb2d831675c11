import { CartChanges } from "./cart.js";
import { kindIndex } from "./event.js";
import { nothingSeen, type LastSeen } from "./last-seen.js";
import { RecentIds } from "./recent-ids.js";
import type { Session } from "./session.js";
import { TileLevels } from "./tile-levels.js";

/** All that the windows know of one subject. */
export interface SubjectState {
  /** Offset of the newest record taken in, −1 before the first. What is not beyond it was taken in already. */
  lastOffset: number;
  /** Time of the newest event, −1 before the first. */
  newestMs: number;
  readonly tiles: TileLevels;
  seen: LastSeen;
  session: Session | undefined;
  cart: CartChanges;
  recentIds: RecentIds;
  /** Causes of the merges taken in, oldest first. */
  causes: string[];
}

/** A subject of whom nothing is known. */
export function emptySubject(): SubjectState {
  return {
    lastOffset: -1,
    newestMs: -1,
    tiles: new TileLevels(),
    seen: nothingSeen(),
    session: undefined,
    cart: new CartChanges(),
    recentIds: new RecentIds(),
    causes: [],
  };
}

/** Time of the newest purchase: what was in the cart until then is bought or given up. */
export function lastPurchaseMs({ seen }: SubjectState): number {
  return seen.kindsMs[kindIndex("purchase")] ?? -1;
}

/** Time of the newest event that says something of the cart, −1 if there was none. */
export function newestCartMs(state: SubjectState): number {
  const added = state.seen.kindsMs[kindIndex("cart_add")] ?? -1;
  const removed = state.seen.kindsMs[kindIndex("cart_remove")] ?? -1;
  return Math.max(added, removed, lastPurchaseMs(state));
}

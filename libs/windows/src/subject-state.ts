import type { SubjectId } from "@leastwise/vocabulary";
import { CartChanges } from "./cart.js";
import { kindIndex } from "./event.js";
import { nothingSeen, type LastSeen } from "./last-seen.js";
import type { PurchaseHistory } from "./purchase-history.js";
import type { RecentId } from "./recent-ids.js";
import type { Session } from "./session.js";
import { WINDOWS } from "./tiling.js";

/** What happened within one tile: one counter, and of those that count events one product or none. */
export interface Cell {
  /** The tile's start, in 5 seconds since 1970. */
  readonly start: number;
  /** The tile's size: place in `WINDOWS`. */
  readonly level: number;
  /** Place in `TILE_COUNTERS`. */
  readonly counter: number;
  /** Sessions begun by these events. */
  readonly begun: number;
  /** How many events; 0 for amounts, and for products that an event names beside its first. */
  readonly count: number;
  /** The product's mark, −1 if none; for units, revenue and discount the amount. */
  readonly value: number;
}

/** All that the windows know of one subject, taken out of its block: for merges and moves, which are rare. */
export interface SubjectState {
  /** Offset of the newest record taken in, −1 before the first. What is not beyond it was taken in already. */
  lastOffset: number;
  /** Time of the newest event, −1 before the first. */
  newestMs: number;
  /** Newest received time of an event, −1 before the first. */
  newestReceivedMs: number;
  /** Of each tile size the newest tile that is not kept at that size, −1 if none: a window that reaches back to it is unknown. */
  dropped: number[];
  /** The key that arms hash; undefined if it is the subject's own id, or unknown. No part of what moves with a login. */
  assignmentKey: SubjectId | undefined;
  cells: Cell[];
  seen: LastSeen;
  session: Session | undefined;
  /** All orders; undefined before the first, and where it is unknown. */
  history: PurchaseHistory | undefined;
  /** Nobody knows what was ordered: an order came before histories were kept, or before what is left of the log. There is no history then. */
  isHistoryUnknown: boolean;
  cart: CartChanges;
  /** Oldest first. */
  recentIds: readonly RecentId[];
  /** Causes of the merges taken in, oldest first. */
  causes: string[];
}

/** A subject of whom nothing is known. */
export function emptySubject(): SubjectState {
  return {
    lastOffset: -1,
    newestMs: -1,
    newestReceivedMs: -1,
    dropped: WINDOWS.map(() => -1),
    assignmentKey: undefined,
    cells: [],
    seen: nothingSeen(),
    session: undefined,
    history: undefined,
    isHistoryUnknown: false,
    cart: new CartChanges(),
    recentIds: [],
    causes: [],
  };
}

/** Time of the newest purchase: what was in the cart until then is bought or given up. */
export function lastPurchaseMs({ seen }: SubjectState): number {
  return seen.kindsMs[kindIndex("purchase")] ?? -1;
}

/** Notes that the history is unknown where an order was seen, and no history was kept. */
export function noteHistoryUnknown(state: SubjectState): void {
  if (state.history === undefined && lastPurchaseMs(state) >= 0) state.isHistoryUnknown = true;
}

/** Time of the newest event that says something of the cart, −1 if there was none. */
export function newestCartMs(state: SubjectState): number {
  const added = state.seen.kindsMs[kindIndex("cart_add")] ?? -1;
  const removed = state.seen.kindsMs[kindIndex("cart_remove")] ?? -1;
  return Math.max(added, removed, lastPurchaseMs(state));
}

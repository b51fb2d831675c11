import { addToTile, markProduct, type Tile } from "./tile-series.js";
import { DISCOUNT_MINOR, REVENUE_MINOR, SESSION_STARTS, UNITS } from "./counters.js";
import { kindIndex, type WindowEvent } from "./event.js";
import type { LastSeen, SeenText } from "./last-seen.js";
import type { ProductMarks } from "./product-marks.js";
import { advanceSession } from "./session.js";
import { lastPurchaseMs, newestCartMs, type SubjectState } from "./subject-state.js";
import type { WindowCounts } from "./window-counts.js";

/** What an event is taken in with: bounds, remembered marks and the counts to keep. */
export interface ApplyContext {
  readonly marks: ProductMarks;
  readonly counts: WindowCounts;
  readonly cartSkusMax: number;
}

/**
 * Takes an event into the subject's state; it has passed the checks for repeats and broken clocks. Returns false, and
 * changes no feature but to absent, if it is older than the oldest tile of the longest window.
 */
export function applyEvent(state: SubjectState, event: WindowEvent, context: ApplyContext): boolean {
  const { kind, atMs } = event;
  if (atMs > state.newestMs) {
    state.newestMs = atMs;
    state.tiles.coarsenWhenDue(atMs);
  }
  const tile = state.tiles.tileFor(atMs, state.newestMs);
  if (tile === undefined) return false;
  const { session, isNew } = advanceSession(state.session, kind, atMs);
  state.session = session;
  addToTile(tile, kindIndex(kind), 1);
  if (isNew) addToTile(tile, SESSION_STARTS, 1);
  if (kind === "purchase") addOrder(tile, event, context.counts);
  markProducts(tile, event, context.marks);
  noteSeen(state.seen, event);
  changeCart(state, event, context);
  return true;
}

function addOrder(tile: Tile, event: WindowEvent, counts: WindowCounts): void {
  addToTile(tile, UNITS, unitsBought(event));
  if (event.revenueMinor === undefined) {
    counts.foreignCurrency += 1;
    return;
  }
  addToTile(tile, REVENUE_MINOR, event.revenueMinor);
  addToTile(tile, DISCOUNT_MINOR, event.discountMinor ?? 0);
}

function unitsBought({ lines, units }: WindowEvent): number {
  return lines.length === 0 ? units : lines.reduce((sum, line) => sum + line.units, 0);
}

function markProducts(tile: Tile, { productId, lines }: WindowEvent, marks: ProductMarks): void {
  if (productId !== undefined) markProduct(tile, marks.of(productId));
  for (const line of lines) markProduct(tile, marks.of(line.productId));
}

function noteSeen(seen: LastSeen, event: WindowEvent): void {
  const kind = kindIndex(event.kind);
  if (event.atMs > (seen.kindsMs[kind] ?? -1)) seen.kindsMs[kind] = event.atMs;
  seen.channel = seenText(seen.channel, event.channel, event.atMs);
  seen.device = seenText(seen.device, event.device, event.atMs);
  seen.place = seenText(seen.place, event.place, event.atMs);
  seen.sessionId = seenText(seen.sessionId, event.sessionId, event.atMs);
}

function seenText(before: SeenText | undefined, text: string | undefined, atMs: number): SeenText | undefined {
  if (text === undefined) return before;
  if (before === undefined) return { text, atMs };
  if (atMs < before.atMs || (atMs === before.atMs && text < before.text)) return before;
  before.text = text;
  before.atMs = atMs;
  return before;
}

function changeCart(state: SubjectState, event: WindowEvent, { counts, cartSkusMax }: ApplyContext): void {
  const { kind, atMs, productId, units, unitPriceMinor } = event;
  if (kind === "purchase") state.cart.clearThrough(atMs);
  if ((kind !== "cart_add" && kind !== "cart_remove") || productId === undefined || units === 0) return;
  if (atMs <= lastPurchaseMs(state)) return;
  const change = { atMs, units: kind === "cart_add" ? units : -units, unitPriceMinor };
  if (state.cart.add(productId, change)) counts.cartChangesJoined += 1;
  state.cart.dropBefore(newestCartMs(state));
  counts.cartSkuOverflow += state.cart.dropBeyond(cartSkusMax);
}

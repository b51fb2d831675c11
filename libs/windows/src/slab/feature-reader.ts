import { HOUR_MS, type Millis } from "@leastwise/vocabulary";
import { addWithinSafeRange, TILE_COUNTERS, UNITS } from "../counters.js";
import { EVENT_KINDS } from "../event.js";
import { featureIndex } from "../features.js";
import { isCurrentAt, isUnknownAt, type Session } from "../session.js";
import {
  droppedAt,
  FIRST_TEXT_FLAG_BIT,
  FLAG_CART,
  FLAG_DROPPED,
  FLAG_HISTORY,
  FLAG_HISTORY_UNKNOWN,
  historyAt,
  kindSeenMs,
  sectionUnits,
  textsAt,
  UNIT,
  WORD,
  type BlockViews,
} from "./block.js";
import { begunOf, counterOf, countOf, isAmount, levelOf, NO_MARK } from "./cells.js";
import { DistinctCounter } from "./distinct-counter.js";
import { readText } from "./text-bytes.js";
import { OpenCartSums } from "./open-cart.js";
import type { FeatureSnapshot } from "../snapshot.js";
import { AHEAD_MAX_MS, LONGEST_WINDOW, oldestTileAt, tileOf, WINDOWS } from "../tiling.js";

const LEVELS = WINDOWS.length;
const LONGEST = LEVELS - 1;
const COUNTERS = TILE_COUNTERS.length;
/** In which cells tell where their tile begins. */
const START_MS = WINDOWS[0].tileMs;
const SIZES = Int32Array.from(WINDOWS.map(({ tileMs }) => tileMs / START_MS));
const TILE_COUNTS = Int32Array.from(WINDOWS.map(({ tileCount }) => tileCount));
/** Place in the vector of each counter's shortest window: the longer ones follow it. */
const COUNT_SLOTS = Int32Array.from(TILE_COUNTERS.map((counter) => featureIndex(`${counter}_${WINDOWS[0].name}`)));
const DISTINCT_SLOTS = Int32Array.from(WINDOWS.map(({ name }) => featureIndex(`distinct_products_${name}`)));
const RECENCY_SLOTS = Int32Array.from(EVENT_KINDS.map((kind) => featureIndex(`since_${kind}_ms`)));
const SINCE_EVENT = featureIndex("since_event_ms");
const HOUR_OF_DAY = featureIndex("hour_of_day");
const SESSION_AGE = featureIndex("session_age_ms");
const SESSION_EVENTS = featureIndex("session_events");
const SESSION_PAGE_VIEWS = featureIndex("session_page_views");
const SESSION_PRODUCT_VIEWS = featureIndex("session_product_views");
const SESSION_SEQ = featureIndex("session_seq");
const CART_LINES = featureIndex("cart_lines");
const CART_UNITS = featureIndex("cart_units");
const CART_VALUE = featureIndex("cart_value_minor");
const CART_AGE = featureIndex("cart_age_ms");
const CART_ABANDONED = featureIndex("cart_abandoned");
const PURCHASES_ALL = featureIndex("purchases_all");
const PURCHASE_DAYS_ALL = featureIndex("purchase_days_all");
const REVENUE_ALL = featureIndex("revenue_minor_all");
const SINCE_FIRST_PURCHASE = featureIndex("since_first_purchase_ms");
const PURCHASE = EVENT_KINDS.indexOf("purchase");
const ABOUT_CART = ["cart_add", "cart_remove", "purchase"].map((kind) => EVENT_KINDS.indexOf(kind as "purchase"));

/**
 * Computes a subject's features at a moment from its block, into a caller's snapshot, in one pass over its cells. One reader is used
 * again and again: its sums are its own, so nothing is made for a read but the texts that there are.
 */
export class FeatureReader {
  /** Of each counter, sums of each window less those of the next shorter one. */
  readonly #sums = new Float64Array(LEVELS * COUNTERS);
  /** The windows' oldest tiles, and the first behind their newest, as starts in 5 seconds. */
  readonly #oldest = new Int32Array(LEVELS);
  readonly #end = new Int32Array(LEVELS);
  readonly #distinct = new DistinctCounter();
  readonly #cart = new OpenCartSums();
  readonly #session: { -readonly [K in keyof Session]: Session[K] } = {
    startMs: 0,
    lastMs: 0,
    events: 0,
    pageViews: 0,
    productViews: 0,
  };

  /** Fills the snapshot for a subject of whom nothing is known, but for whether it ever ordered. */
  readNothing(atMs: Millis, isHistoryKnown: boolean, into: FeatureSnapshot): void {
    into.known = false;
    into.atMs = atMs;
    into.asOfOffset = -1;
    const { values } = into;
    values.fill(NaN);
    for (const slot of COUNT_SLOTS) values.fill(0, slot, slot + LEVELS);
    for (const slot of DISTINCT_SLOTS) values[slot] = 0;
    values[SESSION_EVENTS] = 0;
    values[SESSION_PAGE_VIEWS] = 0;
    values[SESSION_PRODUCT_VIEWS] = 0;
    values[CART_LINES] = 0;
    values[CART_UNITS] = 0;
    values[CART_VALUE] = 0;
    values[CART_ABANDONED] = 0;
    values[HOUR_OF_DAY] = hourOf(atMs);
    if (isHistoryKnown) writeOrders(values, 0, 0, 0);
    into.lastChannel = undefined;
    into.lastDevice = undefined;
    into.lastPlace = undefined;
    into.lastChannelAgeMs = NaN;
    into.lastDeviceAgeMs = NaN;
    into.lastPlaceAgeMs = NaN;
    into.lastSessionId = undefined;
  }

  /** Fills the snapshot from the block that begins at a unit; its event ids are not needed. */
  read(views: BlockViews, unit: number, atMs: Millis, into: FeatureSnapshot): void {
    const flags = views.i32[2 * unit + WORD.flags] ?? 0;
    // A subject whose assignment key alone is known was never seen.
    into.known = (views.f64[unit + UNIT.newestMs] ?? -1) >= 0;
    into.atMs = atMs;
    into.asOfOffset = views.f64[unit + UNIT.lastOffset] ?? -1;
    const session = this.#sessionOf(views, unit);
    const begun = this.#sumCells(views, unit, atMs, session);
    this.#writeWindows(views, unit, flags, atMs, into.values);
    readHistory(views, unit, flags, atMs, into.values);
    readRecency(views, unit, flags, atMs, into.values);
    readSession(session, atMs, into.values);
    const isSeqKnown =
      session !== undefined && isCurrentAt(session, atMs) && this.#isKnown(views, unit, flags, LONGEST, atMs);
    into.values[SESSION_SEQ] = isSeqKnown ? begun : NaN;
    into.values[HOUR_OF_DAY] = hourOf(atMs);
    const cartAt = readTexts(views, unit, flags, atMs, into);
    this.#readCart(views, unit, flags, cartAt, atMs, into.values);
  }

  #readCart(views: BlockViews, unit: number, flags: number, cartAt: number, atMs: number, values: Float64Array): void {
    const cart = this.#cart;
    cart.clear();
    const isKnown = newestAboutCartMs(views, unit, flags) <= atMs + AHEAD_MAX_MS;
    if (isKnown && (flags & FLAG_CART) !== 0) cart.read(views.u8, 8 * cartAt + 4, atMs);
    values[CART_LINES] = isKnown ? cart.lines : NaN;
    values[CART_UNITS] = isKnown ? cart.units : NaN;
    values[CART_VALUE] = isKnown ? cart.valueMinor : NaN;
    values[CART_AGE] = cart.ageMsAt(atMs);
    values[CART_ABANDONED] = isKnown ? Number(cart.isAbandonedAt(atMs)) : NaN;
  }

  #sessionOf({ f64, i32 }: BlockViews, unit: number): Session | undefined {
    const session = this.#session;
    session.events = i32[2 * unit + WORD.sessionEvents] ?? 0;
    if (session.events === 0) return undefined;
    session.startMs = f64[unit + UNIT.sessionStartMs] ?? 0;
    session.lastMs = f64[unit + UNIT.sessionLastMs] ?? 0;
    session.pageViews = i32[2 * unit + WORD.sessionPageViews] ?? 0;
    session.productViews = i32[2 * unit + WORD.sessionProductViews] ?? 0;
    return session;
  }

  /**
   * Adds each cell to the shortest window that it is in, since it is in all longer ones too. Returns the sessions begun in the longest
   * window; one that began just ahead of t counts: it is the current one.
   */
  #sumCells({ f64, i32 }: BlockViews, unit: number, atMs: number, session: Session | undefined): number {
    this.#sums.fill(0);
    this.#distinct.clear();
    this.#placeWindows(Math.floor(atMs / START_MS));
    const begunAtMs = Math.max(atMs, session?.startMs ?? atMs);
    const begunFrom = oldestTileAt(LONGEST_WINDOW, begunAtMs) * (SIZES[LONGEST] ?? 1);
    const begunTo = (tileOf(LONGEST_WINDOW, begunAtMs) + 1) * (SIZES[LONGEST] ?? 1);
    let begun = 0;
    const first = unit + (i32[2 * unit + WORD.cellsAt] ?? 0);
    const end = first + 2 * (i32[2 * unit + WORD.cellCount] ?? 0);
    for (let at = first; at < end; at += 2) {
      const start = i32[2 * at] ?? 0;
      const packed = i32[2 * at + 1] ?? 0;
      if (start >= begunFrom && start < begunTo) begun += begunOf(packed);
      let level = levelOf(packed);
      while (level < LEVELS && (start < (this.#oldest[level] ?? 0) || start >= (this.#end[level] ?? 0))) level += 1;
      if (level < LEVELS) this.#addCell(level, packed, f64[at + 1] ?? 0);
    }
    return begun;
  }

  /** Where each window begins and ends at a moment, which is given in 5 seconds. */
  #placeWindows(now: number): void {
    for (let level = 0; level < LEVELS; level += 1) {
      const size = SIZES[level] ?? 1;
      const tile = Math.floor(now / size);
      this.#oldest[level] = (tile - (TILE_COUNTS[level] ?? 0) + 1) * size;
      this.#end[level] = (tile + 1) * size;
    }
  }

  #addCell(level: number, packed: number, value: number): void {
    const counter = counterOf(packed);
    const place = counter * LEVELS + level;
    if (isAmount(counter)) {
      this.#sums[place] = addWithinSafeRange(this.#sums[place] ?? 0, value);
      return;
    }
    this.#sums[place] = (this.#sums[place] ?? 0) + countOf(packed);
    if (value !== NO_MARK) this.#distinct.add(value, level);
  }

  #writeWindows(views: BlockViews, unit: number, flags: number, atMs: number, values: Float64Array): void {
    const sums = this.#sums;
    for (let counter = 0; counter < COUNTERS; counter += 1) {
      const slot = COUNT_SLOTS[counter] ?? 0;
      let sum = 0;
      for (let level = 0; level < LEVELS; level += 1) {
        sum = sumOf(counter, sum, sums[counter * LEVELS + level] ?? 0);
        values[slot + level] = sum;
      }
    }
    this.#distinct.count();
    for (let level = 0; level < LEVELS; level += 1) {
      values[DISTINCT_SLOTS[level] ?? 0] = this.#distinct.counts[level] ?? 0;
      if (!this.#isKnown(views, unit, flags, level, atMs)) hideWindow(level, values);
    }
  }

  /** Whether nothing that the window at t may contain has been thrown away or added to a coarser tile. */
  #isKnown({ i32 }: BlockViews, unit: number, flags: number, level: number, atMs: number): boolean {
    if ((flags & FLAG_DROPPED) === 0) return true;
    const window = WINDOWS[level];
    return window !== undefined && (i32[2 * (unit + droppedAt(flags)) + level] ?? -1) < oldestTileAt(window, atMs);
  }
}

function hideWindow(level: number, values: Float64Array): void {
  for (const slot of COUNT_SLOTS) values[slot + level] = NaN;
  values[DISTINCT_SLOTS[level] ?? 0] = NaN;
}

function sumOf(counter: number, a: number, b: number): number {
  return counter < UNITS ? a + b : addWithinSafeRange(a, b);
}

function hourOf(atMs: number): number {
  const hours = Math.floor(atMs / HOUR_MS);
  return hours - 24 * Math.floor(hours / 24);
}

function readRecency({ f64 }: BlockViews, unit: number, flags: number, atMs: number, values: Float64Array): void {
  let at = unit + UNIT.recency;
  for (let kind = 0; kind < RECENCY_SLOTS.length; kind += 1) {
    const isSeen = (flags & (1 << kind)) !== 0;
    values[RECENCY_SLOTS[kind] ?? 0] = isSeen ? sinceMs(f64[at] ?? -1, atMs) : NaN;
    if (isSeen) at += 1;
  }
  values[SINCE_EVENT] = sinceMs(f64[unit + UNIT.newestMs] ?? -1, atMs);
}

/** All orders; absent where the newest is too far ahead of t, and where they are unknown. */
function readHistory({ f64, i32 }: BlockViews, unit: number, flags: number, atMs: number, values: Float64Array): void {
  const at = unit + historyAt(flags);
  const isKept = (flags & FLAG_HISTORY) !== 0;
  const isUnknown = (flags & FLAG_HISTORY_UNKNOWN) !== 0;
  values[SINCE_FIRST_PURCHASE] = NaN;
  if (!isKept && !isUnknown && (flags & (1 << PURCHASE)) === 0) writeOrders(values, 0, 0, 0);
  else if (!isKept || (f64[at + 1] ?? 0) > atMs + AHEAD_MAX_MS) writeOrders(values, NaN, NaN, NaN);
  else {
    writeOrders(values, i32[2 * at + 6] ?? 0, i32[2 * at + 7] ?? 0, f64[at + 2] ?? 0);
    values[SINCE_FIRST_PURCHASE] = sinceMs(f64[at] ?? 0, atMs);
  }
}

function writeOrders(values: Float64Array, orders: number, days: number, revenueMinor: number): void {
  values[PURCHASES_ALL] = orders;
  values[PURCHASE_DAYS_ALL] = days;
  values[REVENUE_ALL] = revenueMinor;
}

/**
 * Time since a remembered moment, however long ago. One that is ahead of t by no more than clocks may differ is taken
 * as now; with one further ahead, what came before it is forgotten.
 */
function sinceMs(rememberedMs: number, atMs: number): number {
  return rememberedMs >= 0 && rememberedMs <= atMs + AHEAD_MAX_MS ? Math.max(0, atMs - rememberedMs) : NaN;
}

function readSession(session: Session | undefined, atMs: number, values: Float64Array): void {
  const isCurrent = session !== undefined && isCurrentAt(session, atMs);
  const without = session !== undefined && isUnknownAt(session, atMs) ? NaN : 0;
  values[SESSION_AGE] = isCurrent ? Math.max(0, atMs - session.startMs) : NaN;
  values[SESSION_EVENTS] = isCurrent ? session.events : without;
  values[SESSION_PAGE_VIEWS] = isCurrent ? session.pageViews : without;
  values[SESSION_PRODUCT_VIEWS] = isCurrent ? session.productViews : without;
}

/** Fills the texts in, and returns the unit of what stands behind them. */
function readTexts(views: BlockViews, unit: number, flags: number, atMs: number, into: FeatureSnapshot): number {
  const { f64, i32, u8 } = views;
  let at = unit + textsAt(flags);
  let ageMs = NaN;
  const next = (index: number): string | undefined => {
    ageMs = NaN;
    if ((flags & (1 << (FIRST_TEXT_FLAG_BIT + index))) === 0) return undefined;
    const bytes = i32[2 * at + 2] ?? 0;
    ageMs = sinceMs(f64[at] ?? -1, atMs);
    const text = Number.isNaN(ageMs) ? undefined : readText(u8, 8 * at + 12, bytes);
    at += 1 + sectionUnits(bytes);
    return text;
  };
  into.lastChannel = next(0);
  into.lastChannelAgeMs = ageMs;
  into.lastDevice = next(1);
  into.lastDeviceAgeMs = ageMs;
  into.lastPlace = next(2);
  into.lastPlaceAgeMs = ageMs;
  into.lastSessionId = next(3);
  return at;
}

/** Time of the newest event that says something of the cart, −1 if there was none. */
function newestAboutCartMs(views: BlockViews, unit: number, flags: number): number {
  let newestMs = -1;
  for (const kind of ABOUT_CART) newestMs = Math.max(newestMs, kindSeenMs(views.f64, unit, flags, kind));
  return newestMs;
}

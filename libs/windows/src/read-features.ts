import { DAY_MS, HOUR_MS, type Millis } from "@leastwise/vocabulary";
import { openCartAt } from "./cart.js";
import { addWithinSafeRange, SESSION_STARTS, TILE_COUNTERS, type TileCounter } from "./counters.js";
import { countDistinct } from "./distinct.js";
import { EVENT_KINDS } from "./event.js";
import { featureIndex } from "./features.js";
import type { SeenText } from "./last-seen.js";
import { isCurrentAt, isUnknownAt } from "./session.js";
import type { FeatureSnapshot } from "./snapshot.js";
import { newestCartMs, type SubjectState } from "./subject-state.js";
import type { TileLevels } from "./tile-levels.js";
import type { Tile } from "./tile-series.js";
import { AHEAD_MAX_MS, LONGEST_WINDOW, oldestTileAt, tileOf, WINDOWS, type WindowSpec } from "./tiling.js";

const COUNTED = [
  "page_views",
  "product_views",
  "searches",
  "cart_adds",
  "cart_removes",
  "checkout_starts",
  "purchases",
  "content_engagements",
  "units",
  "revenue_minor",
  "discount_minor",
] as const satisfies readonly TileCounter[];

/** For each window, where its counters go in the vector and which they are. */
const WINDOW_SLOTS = WINDOWS.map((window) => ({
  window,
  counted: COUNTED.map((name) => ({
    counter: TILE_COUNTERS.indexOf(name),
    slot: featureIndex(`${name}_${window.name}`),
  })),
  distinctSlot: featureIndex(`distinct_products_${window.name}`),
}));

const RECENCY_SLOTS = EVENT_KINDS.map((kind) => featureIndex(`since_${kind}_ms`));
const LONGEST_LEVEL = WINDOWS.length - 1;

/** Fills a snapshot with the features of a subject at t. */
export function readFeatures(state: SubjectState, known: boolean, atMs: Millis, into: FeatureSnapshot): void {
  into.known = known;
  into.atMs = atMs;
  into.asOfOffset = state.lastOffset;
  readWindows(state, atMs, into.values);
  readRecency(state, atMs, into.values);
  readSession(state, atMs, into.values);
  readCart(state, atMs, into);
  into.values[featureIndex("hour_of_day")] = Math.floor((((atMs % DAY_MS) + DAY_MS) % DAY_MS) / HOUR_MS);
  into.lastChannel = textAt(state.seen.channel, atMs);
  into.lastDevice = textAt(state.seen.device, atMs);
  into.lastPlace = textAt(state.seen.place, atMs);
  into.lastSessionId = textAt(state.seen.sessionId, atMs);
}

function readWindows({ tiles }: SubjectState, atMs: number, values: Float64Array): void {
  for (const [level, { window, counted, distinctSlot }] of WINDOW_SLOTS.entries()) {
    const isKnown = isWindowKnownAt(tiles, level, atMs);
    for (const { slot } of counted) values[slot] = isKnown ? 0 : NaN;
    values[distinctSlot] = NaN;
    if (!isKnown) continue;
    const marks: (readonly number[])[] = [];
    forEachTileAt(tiles, level, window, atMs, (tile) => {
      for (const { counter, slot } of counted) {
        values[slot] = addWithinSafeRange(values[slot] ?? 0, tile.counts[counter] ?? 0);
      }
      if (tile.marks !== undefined) marks.push(tile.marks);
    });
    values[distinctSlot] = countDistinct(marks);
  }
}

/** Whether nothing that the window at t may contain has been thrown away or added to a coarser tile. */
function isWindowKnownAt(tiles: TileLevels, level: number, atMs: number): boolean {
  const window = WINDOWS[level];
  const series = tiles.series[level];
  return window !== undefined && series !== undefined && series.droppedTile < oldestTileAt(window, atMs);
}

/** Visits the tiles that make a window: those of its own size and the finer ones, which lie inside tiles of its size. */
function forEachTileAt(
  tiles: TileLevels,
  level: number,
  window: WindowSpec,
  atMs: number,
  visit: (tile: Tile) => void,
): void {
  const oldestMs = oldestTileAt(window, atMs) * window.tileMs;
  const endMs = (tileOf(window, atMs) + 1) * window.tileMs;
  for (let finer = 0; finer <= level; finer += 1) {
    const tileMs = WINDOWS[finer]?.tileMs ?? 0;
    for (const tile of tiles.series[finer]?.tiles ?? []) {
      const startMs = tile.tile * tileMs;
      if (startMs >= oldestMs && startMs < endMs) visit(tile);
    }
  }
}

function readRecency(state: SubjectState, atMs: number, values: Float64Array): void {
  for (const [kind, slot] of RECENCY_SLOTS.entries()) values[slot] = sinceMs(state.seen.kindsMs[kind] ?? -1, atMs);
  values[featureIndex("since_event_ms")] = sinceMs(state.newestMs, atMs);
}

/**
 * Time since a remembered moment, however long ago. One that is ahead of t by no more than clocks may differ is taken
 * as now; with one further ahead, what came before it is forgotten.
 */
function sinceMs(rememberedMs: number, atMs: number): number {
  return rememberedMs >= 0 && rememberedMs <= atMs + AHEAD_MAX_MS ? Math.max(0, atMs - rememberedMs) : NaN;
}

function readSession(state: SubjectState, atMs: number, values: Float64Array): void {
  const { session } = state;
  const isCurrent = session !== undefined && isCurrentAt(session, atMs);
  const without = session !== undefined && isUnknownAt(session, atMs) ? NaN : 0;
  values[featureIndex("session_age_ms")] = isCurrent ? Math.max(0, atMs - session.startMs) : NaN;
  values[featureIndex("session_events")] = isCurrent ? session.events : without;
  values[featureIndex("session_page_views")] = isCurrent ? session.pageViews : without;
  values[featureIndex("session_product_views")] = isCurrent ? session.productViews : without;
  values[featureIndex("session_seq")] = isCurrent ? sessionsBegun(state, atMs) : NaN;
}

/** Sessions begun in the longest window. One that began just ahead of t counts: it is the current one. */
function sessionsBegun({ tiles, session }: SubjectState, atMs: number): number {
  if (!isWindowKnownAt(tiles, LONGEST_LEVEL, atMs)) return NaN;
  let begun = 0;
  forEachTileAt(tiles, LONGEST_LEVEL, LONGEST_WINDOW, Math.max(atMs, session?.startMs ?? atMs), (tile) => {
    begun += tile.counts[SESSION_STARTS] ?? 0;
  });
  return begun;
}

function readCart(state: SubjectState, atMs: number, into: FeatureSnapshot): void {
  const { values } = into;
  const isKnown = newestCartMs(state) <= atMs + AHEAD_MAX_MS;
  const cart = isKnown ? openCartAt(state.cart, atMs) : undefined;
  into.cartLines = cart?.lines ?? [];
  values[featureIndex("cart_lines")] = cart?.lines.length ?? NaN;
  values[featureIndex("cart_units")] = cart?.units ?? NaN;
  values[featureIndex("cart_value_minor")] = cart?.valueMinor ?? NaN;
  values[featureIndex("cart_age_ms")] = cart?.ageMs ?? NaN;
  values[featureIndex("cart_abandoned")] = cart === undefined ? NaN : Number(cart.isAbandoned);
}

function textAt(seen: SeenText | undefined, atMs: number): string | undefined {
  return seen !== undefined && seen.atMs <= atMs + AHEAD_MAX_MS ? seen.text : undefined;
}

import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "@leastwise/vocabulary";

/** A window and the tiles that it is made of: tiles × tileMs = its length. */
export interface WindowSpec {
  readonly name: WindowName;
  /** Length of a tile in milliseconds. Tiles are aligned to the Unix epoch. */
  readonly tileMs: number;
  /** How many of the newest tiles, t's own included, make the window at t. */
  readonly tileCount: number;
  /** The window's length in words. */
  readonly inWords: string;
}

/** The five windows, by the names that end feature names. */
export type WindowName = "5m" | "1h" | "24h" | "7d" | "30d";

/** All windows, shortest first. */
export const WINDOWS = [
  { name: "5m", tileMs: 5 * SECOND_MS, tileCount: 60, inWords: "5 minutes" },
  { name: "1h", tileMs: MINUTE_MS, tileCount: 60, inWords: "hour" },
  { name: "24h", tileMs: 30 * MINUTE_MS, tileCount: 48, inWords: "24 hours" },
  { name: "7d", tileMs: 4 * HOUR_MS, tileCount: 42, inWords: "7 days" },
  { name: "30d", tileMs: DAY_MS / 2, tileCount: 60, inWords: "30 days" },
] as const satisfies readonly WindowSpec[];

/** The window that bounds everything: what is older than its oldest tile is unknown to this room. */
export const LONGEST_WINDOW: WindowSpec = WINDOWS[4];

/** How far an event may be ahead of its `receivedAtMs`, and how much older than the newest event a read stays exact. */
export const AHEAD_MAX_MS = 5 * MINUTE_MS;

/** Number of the tile that a moment falls into. */
export function tileOf(window: WindowSpec, atMs: number): number {
  return Math.floor(atMs / window.tileMs);
}

/** Number of the oldest tile in the window at a moment. */
export function oldestTileAt(window: WindowSpec, atMs: number): number {
  return tileOf(window, atMs) - window.tileCount + 1;
}

/** Number of the oldest tile that any read within {@link AHEAD_MAX_MS} before `newestMs`, or later, can need. */
export function oldestKeptTile(window: WindowSpec, newestMs: number): number {
  return oldestTileAt(window, newestMs - AHEAD_MAX_MS);
}

import { TileSeries, type Tile } from "./tile-series.js";
import { oldestKeptTile, tileOf, WINDOWS } from "./tiling.js";

/** So many of the finest tiles must be too old for their size before any is moved: moving them one by one costs more. */
const OVERDUE_TILES = 16;

/**
 * The tiles of one subject. Tile sizes nest (5 s in 1 min in 30 min in 4 h in 12 h), so that an event is stored once: in
 * the finest tile that a window may still need, which is added to the next coarser one after it has grown too old.
 * A window is the sum of the tiles of its own size and of all finer ones that lie in it.
 */
export class TileLevels {
  /** In the order of `WINDOWS`, finest first. */
  readonly series: readonly TileSeries[] = WINDOWS.map(() => new TileSeries());

  /** The tile for an event, made if it is not there; undefined if the event is older than all that is kept. */
  tileFor(atMs: number, newestMs: number): Tile | undefined {
    for (let level = 0; level < WINDOWS.length; level += 1) {
      const window = WINDOWS[level];
      const series = this.series[level];
      if (window === undefined || series === undefined) break;
      const number = tileOf(window, atMs);
      if (number >= oldestKeptTile(window, newestMs)) return series.at(number);
      series.noteDropped(number);
    }
    return undefined;
  }

  /** Coarsens once enough has grown too old. Until then old tiles lie about, which no window at its time can see. */
  coarsenWhenDue(newestMs: number): void {
    const [finest] = this.series;
    const [window] = WINDOWS;
    const last = finest?.tiles[OVERDUE_TILES - 1];
    if (last !== undefined && last.tile < oldestKeptTile(window, newestMs)) this.coarsen(newestMs);
  }

  /** Moves what is too old for its size, seen from the newest event, to the next size, and forgets it after the last. */
  coarsen(newestMs: number): void {
    for (let level = 0; level < WINDOWS.length; level += 1) {
      const window = WINDOWS[level];
      const series = this.series[level];
      if (window === undefined || series === undefined) break;
      const oldestKept = oldestKeptTile(window, newestMs);
      for (let old = series.takeBefore(oldestKept); old !== undefined; old = series.takeBefore(oldestKept)) {
        this.#addAt(level + 1, old.tile * window.tileMs, old);
      }
    }
  }

  /** Adds another subject's tiles and uses them up. Both are coarsened to the same newest event first, so that equal sizes meet. */
  addAll(other: TileLevels, newestMs: number): void {
    this.coarsen(newestMs);
    other.coarsen(newestMs);
    for (const [level, theirs] of other.series.entries()) {
      const window = WINDOWS[level];
      this.series[level]?.noteDropped(theirs.droppedTile);
      if (window === undefined) break;
      for (const tile of theirs.tiles) this.#addAt(level, tile.tile * window.tileMs, tile);
    }
  }

  #addAt(level: number, startMs: number, tile: Tile): void {
    const window = WINDOWS[level];
    const series = this.series[level];
    if (window !== undefined && series !== undefined) series.addTile(tileOf(window, startMs), tile);
  }
}

import { addWithinSafeRange, TILE_COUNTERS } from "./counters.js";
import { insertMark } from "./distinct.js";

/** What happened to one subject within one tile. */
export interface Tile {
  /** Its number: start divided by size. */
  tile: number;
  /** In the order of `TILE_COUNTERS`. */
  readonly counts: number[];
  /** Ascending marks of the distinct products; undefined while there are none, as in most tiles. */
  marks: number[] | undefined;
}

/** The tiles of a series before its first. Never written: an array of one, made then, is far smaller than one that grew. */
const NO_TILES: Tile[] = [];

/** Tiles of one size that are not empty, oldest first, and a note of what is no longer told apart at this size. */
export class TileSeries {
  #tiles: Tile[] = NO_TILES;
  /** The newest tile that was taken out or never stored, −1 if none was: a window that reaches back to it is unknown. */
  #droppedTile = -1;

  get tiles(): readonly Tile[] {
    return this.#tiles;
  }

  get droppedTile(): number {
    return this.#droppedTile;
  }

  /** The tile of that number, made if it is not there. */
  at(number: number): Tile {
    const place = this.#placeOf(number);
    const found = this.#tiles[place];
    if (found?.tile === number) return found;
    const made = { tile: number, counts: NO_COUNTS.slice(), marks: undefined };
    this.#insert(place, made);
    return made;
  }

  /** Adds all that a tile holds to the tile of that number. The tile is used up: it may become that one. */
  addTile(number: number, tile: Tile): void {
    const place = this.#placeOf(number);
    const found = this.#tiles[place];
    if (found?.tile === number) {
      addAllCounts(found, tile);
    } else {
      tile.tile = number;
      this.#insert(place, tile);
    }
  }

  /** Where the tile is, or belongs. Nearly always that is at the newest, so the search begins there. */
  #placeOf(number: number): number {
    let place = this.#tiles.length;
    while (place > 0 && (this.#tiles[place - 1]?.tile ?? 0) >= number) place -= 1;
    return place;
  }

  #insert(place: number, tile: Tile): void {
    if (this.#tiles.length === 0) this.#tiles = [tile];
    else if (place === this.#tiles.length) this.#tiles.push(tile);
    else this.#tiles.splice(place, 0, tile);
  }

  /** Takes the oldest tile out if it is older than the one given. */
  takeBefore(oldestKept: number): Tile | undefined {
    const oldest = this.#tiles[0];
    if (oldest === undefined || oldest.tile >= oldestKept) return undefined;
    this.noteDropped(oldest.tile);
    return this.#tiles.shift();
  }

  /** Notes that something of this tile is not kept. */
  noteDropped(tile: number): void {
    if (tile > this.#droppedTile) this.#droppedTile = tile;
  }
}

/** Adds to a counter of the tile. */
export function addToTile(tile: Tile, counter: number, amount: number): void {
  tile.counts[counter] = addWithinSafeRange(tile.counts[counter] ?? 0, amount);
}

/** Counts a product among the tile's distinct ones. */
export function markProduct(tile: Tile, mark: number): void {
  if (tile.marks === undefined) tile.marks = [mark];
  else insertMark(tile.marks, mark);
}

const NO_COUNTS: readonly number[] = TILE_COUNTERS.map(() => 0);

function addAllCounts(into: Tile, from: Tile): void {
  for (let counter = 0; counter < TILE_COUNTERS.length; counter += 1) {
    const count = from.counts[counter] ?? 0;
    if (count !== 0) addToTile(into, counter, count);
  }
  if (from.marks === undefined) return;
  if (into.marks === undefined) into.marks = from.marks;
  else for (const mark of from.marks) insertMark(into.marks, mark);
}

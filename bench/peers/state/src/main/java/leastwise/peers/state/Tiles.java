package leastwise.peers.state;

import static leastwise.peers.state.SubjectState.TILES_MADE;

/**
 * The tiles of a subject that are not empty, newest first. Tile sizes nest, so an event is stored once: in the finest
 * tile that a window may still need, which is added to the next coarser one when it has grown too old.
 *
 * <pre>
 * tile number (4) | window and mask of counters (2) | number of marks (2) | counters that are not 0 | marks, ascending
 * </pre>
 *
 * <p>Counters of events and units take 4 bytes, amounts of money 8. Marks are hashes of the distinct products: all of
 * them to 512, then the 512 smallest and one more, which tells exactly 512 from more (k minimum values).
 */
final class Tiles {
  static final int UNITS = ClickEvent.KINDS;
  static final int REVENUE = UNITS + 1;
  static final int DISCOUNT = UNITS + 2;
  static final int COUNTERS = UNITS + 3;
  static final int MARKS_KEPT = 513;

  private static final int HEAD_BYTES = 8;
  private static final int MARK_BYTES = 8;
  private static final int MASK = (1 << COUNTERS) - 1;
  private static final int MONEY = 1 << REVENUE | 1 << DISCOUNT;

  /** Coarsening goes through all tiles, so it waits until so many new ones have come. */
  private static final int COARSEN_AFTER = 16;

  private Tiles() {}

  /** Counts an event in its tile. Returns false if it is older than all that is kept. */
  static boolean add(SubjectState state, ClickEvent event) {
    int window = Tiling.windowFor(0, event.atMs, state.newestMs());
    if (window == Tiling.WINDOWS) return false;
    if (state.unsignedByteAt(TILES_MADE) >= COARSEN_AFTER) coarsen(state);
    int tile = findOrMake(state, window, Tiling.tileOf(window, event.atMs));
    increase(state, tile, event.kind, 1);
    if (event.kind == ClickEvent.PURCHASE) addOrder(state, tile, event);
    if (event.product != 0) mark(state, tile, markOf(event.product));
    for (long product : event.lineProducts) mark(state, tile, markOf(product));
    return true;
  }

  private static void addOrder(SubjectState state, int tile, ClickEvent event) {
    increase(state, tile, UNITS, event.unitsBought());
    if (event.revenue == ClickEvent.UNKNOWN) return;
    increase(state, tile, REVENUE, event.revenue);
    increase(state, tile, DISCOUNT, event.discount);
  }

  /** Most events are in the newest tile or newer than it, so the search nearly always ends at the first. */
  private static int findOrMake(SubjectState state, int window, int number) {
    long startMs = number * Tiling.tileMs(window);
    int tile = state.tilesAt();
    while (tile < state.length() && isNewer(state, tile, startMs, window)) tile += sizeOf(state, tile);
    if (tile < state.length() && isTile(state, tile, window, number)) return tile;
    state.open(tile, HEAD_BYTES);
    putTile(state, tile, window, number);
    state.putByte(TILES_MADE, Math.min(255, state.unsignedByteAt(TILES_MADE) + 1));
    return tile;
  }

  /** Of two tiles that start together the finer is the newer. */
  private static boolean isNewer(SubjectState state, int tile, long startMs, int window) {
    long tileStartMs = startMs(state, tile);
    return tileStartMs > startMs || (tileStartMs == startMs && windowOf(state, tile) < window);
  }

  private static boolean isTile(SubjectState state, int tile, int window, int number) {
    return state.intAt(tile) == number && windowOf(state, tile) == window;
  }

  /** Makes each tile as coarse as its age asks for; tiles that become one are neighbours. Forgets what is too old. */
  static void coarsen(SubjectState state) {
    state.putByte(TILES_MADE, 0);
    int newer = -1;
    int tile = state.tilesAt();
    while (tile < state.length()) {
      long startMs = startMs(state, tile);
      int window = Tiling.windowFor(windowOf(state, tile), startMs, state.newestMs());
      if (window == Tiling.WINDOWS) {
        state.truncate(tile); // all that follow are older still
        return;
      }
      int number = Tiling.tileOf(window, startMs);
      if (newer >= 0 && isTile(state, newer, window, number)) {
        tile = join(state, newer, tile);
      } else {
        putTile(state, tile, window, number);
        newer = tile;
        tile += sizeOf(state, tile);
      }
    }
  }

  /** Adds a tile to the one right before it and takes it out. Returns where the next one now begins. */
  private static int join(SubjectState state, int into, int tile) {
    int from = tile;
    for (int counter = 0; counter < COUNTERS; counter += 1) {
      from += increase(state, into, counter, counterOf(state, from, counter));
    }
    int marks = marksOf(state, from);
    for (int index = 0; index < marks; index += 1) {
      from += mark(state, into, markAt(state, from, index));
    }
    state.cut(from, sizeOf(state, from));
    return from;
  }

  /** Adds to a counter of a tile. Returns by how many bytes the tile grew. */
  private static int increase(SubjectState state, int tile, int counter, long amount) {
    if (amount == 0) return 0;
    int mask = state.unsignedShortAt(tile + 4);
    int at = tile + HEAD_BYTES + counterBytes(mask & ((1 << counter) - 1));
    int bytes = counterBytes(1 << counter);
    boolean isNew = (mask & 1 << counter) == 0;
    if (isNew) {
      state.open(at, bytes);
      state.putShort(tile + 4, mask | 1 << counter);
    }
    if (bytes == 4) state.putInt(at, (int) Math.min(Integer.MAX_VALUE, state.intAt(at) + amount));
    else state.putLong(at, state.longAt(at) + amount);
    return isNew ? bytes : 0;
  }

  /** Adds a product to a tile's distinct ones. Returns by how many bytes the tile grew. */
  private static int mark(SubjectState state, int tile, long mark) {
    int marks = marksOf(state, tile);
    int index = placeOf(state, tile, marks, mark);
    if (index == MARKS_KEPT || (index < marks && markAt(state, tile, index) == mark)) return 0;
    int grown = 0;
    if (marks == MARKS_KEPT) {
      state.cut(marksAt(state, tile) + (marks - 1) * MARK_BYTES, MARK_BYTES);
      grown -= MARK_BYTES;
    } else {
      state.putShort(tile + 6, marks + 1);
    }
    int at = marksAt(state, tile) + index * MARK_BYTES;
    state.open(at, MARK_BYTES);
    state.putLong(at, mark);
    return grown + MARK_BYTES;
  }

  private static int placeOf(SubjectState state, int tile, int marks, long mark) {
    int from = 0;
    int to = marks;
    while (from < to) {
      int middle = (from + to) >>> 1;
      if (markAt(state, tile, middle) < mark) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  /** The upper 53 bits of a product's hash: never negative, so that marks compare as they are spread. */
  static long markOf(long productHash) {
    return productHash >>> 11;
  }

  static int sizeOf(SubjectState state, int tile) {
    return HEAD_BYTES + counterBytes(state.unsignedShortAt(tile + 4) & MASK) + marksOf(state, tile) * MARK_BYTES;
  }

  static int windowOf(SubjectState state, int tile) {
    return state.unsignedShortAt(tile + 4) >>> COUNTERS;
  }

  static long startMs(SubjectState state, int tile) {
    return state.intAt(tile) * Tiling.tileMs(windowOf(state, tile));
  }

  static long counterOf(SubjectState state, int tile, int counter) {
    int mask = state.unsignedShortAt(tile + 4);
    if ((mask & 1 << counter) == 0) return 0;
    int at = tile + HEAD_BYTES + counterBytes(mask & ((1 << counter) - 1));
    return counterBytes(1 << counter) == 4 ? state.intAt(at) : state.longAt(at);
  }

  static int marksOf(SubjectState state, int tile) {
    return state.unsignedShortAt(tile + 6);
  }

  static long markAt(SubjectState state, int tile, int index) {
    return state.longAt(marksAt(state, tile) + index * MARK_BYTES);
  }

  private static int marksAt(SubjectState state, int tile) {
    return tile + HEAD_BYTES + counterBytes(state.unsignedShortAt(tile + 4) & MASK);
  }

  private static int counterBytes(int mask) {
    return 4 * (Integer.bitCount(mask) + Integer.bitCount(mask & MONEY));
  }

  private static void putTile(SubjectState state, int tile, int window, int number) {
    state.putInt(tile, number);
    state.putShort(tile + 4, window << COUNTERS | state.unsignedShortAt(tile + 4) & MASK);
  }
}

package leastwise.peers.state;

/**
 * The five windows and their tiles. An event is in a window at t if its tile is one of the window's newest tiles, t's
 * own included.
 */
final class Tiling {
  static final int WINDOWS = 5;
  static final int LONGEST = WINDOWS - 1;

  /** How far an event may be ahead of its receipt, and how long tiles are kept beyond their window. */
  static final long AHEAD_MAX_MS = 5 * 60_000L;

  private static final long[] TILE_MS = {5_000, 60_000, 30 * 60_000, 4 * 3_600_000, 12 * 3_600_000};
  private static final int[] TILE_COUNTS = {60, 60, 48, 42, 60};

  private Tiling() {}

  static long tileMs(int window) {
    return TILE_MS[window];
  }

  static int tileOf(int window, long atMs) {
    return (int) Math.floorDiv(atMs, TILE_MS[window]);
  }

  static int oldestTileAt(int window, long atMs) {
    return tileOf(window, atMs) - TILE_COUNTS[window] + 1;
  }

  /** The finest window from the given one on whose tiles reach back to a moment; {@link #WINDOWS} if none does. */
  static int windowFor(int finest, long atMs, long newestMs) {
    int window = finest;
    while (window < WINDOWS && tileOf(window, atMs) < oldestTileAt(window, newestMs - AHEAD_MAX_MS)) window += 1;
    return window;
  }
}

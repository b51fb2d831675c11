package leastwise.peers.state;

import java.util.TreeSet;

/** Reads a subject's windows. It is for tests and for the digest of a run: no peer reads while it is timed. */
public final class WindowReader {
  private WindowReader() {}

  /** Events of all kinds in the 30 days up to the subject's newest event. */
  public static long eventsIn30Days(SubjectState state) {
    long events = 0;
    for (int kind = 0; kind < ClickEvent.KINDS; kind += 1) {
      events += sum(state, Tiling.LONGEST, kind, state.newestMs());
    }
    return events;
  }

  /** Sum of a counter over a window at a moment, exact from five minutes before the newest event on. */
  static long sum(SubjectState state, int window, int counter, long atMs) {
    long sum = 0;
    for (int tile = state.tilesAt(); tile < state.length(); tile += Tiles.sizeOf(state, tile)) {
      if (isInWindow(state, tile, window, atMs)) sum += Tiles.counterOf(state, tile, counter);
    }
    return sum;
  }

  /** Distinct products in a window at a moment: exact to 512, then estimated from the 512th smallest mark. */
  static long distinctProducts(SubjectState state, int window, long atMs) {
    TreeSet<Long> marks = new TreeSet<>();
    for (int tile = state.tilesAt(); tile < state.length(); tile += Tiles.sizeOf(state, tile)) {
      if (!isInWindow(state, tile, window, atMs)) continue;
      for (int index = 0; index < Tiles.marksOf(state, tile); index += 1) marks.add(Tiles.markAt(state, tile, index));
    }
    if (marks.size() < Tiles.MARKS_KEPT) return marks.size();
    long kth = marks.stream().skip(Tiles.MARKS_KEPT - 2).findFirst().orElseThrow();
    return (long) ((Tiles.MARKS_KEPT - 2) * 0x1p53 / kth);
  }

  private static boolean isInWindow(SubjectState state, int tile, int window, long atMs) {
    if (Tiles.windowOf(state, tile) > window) return false;
    int number = Tiling.tileOf(window, Tiles.startMs(state, tile));
    return number >= Tiling.oldestTileAt(window, atMs) && number <= Tiling.tileOf(window, atMs);
  }
}

package leastwise.peers.state;

import static leastwise.peers.state.SubjectState.CART_LINES;

/**
 * The open cart: adds less removes of each product since the last purchase, with the price and the time of the newest.
 *
 * <pre>
 * product hash (8) | units (4) | price (8) | time of the newest add or remove (8)
 * </pre>
 */
final class Cart {
  static final int LINE_BYTES = 28;

  private static final int UNITS = 8;
  private static final int PRICE = 12;
  private static final int CHANGED_MS = 20;
  private static final int LINES_MAX = 1_000;

  private Cart() {}

  static void change(SubjectState state, ClickEvent event) {
    switch (event.kind) {
      case ClickEvent.PURCHASE -> dropThrough(state, event.atMs);
      case ClickEvent.CART_ADD -> add(state, event, event.units);
      case ClickEvent.CART_REMOVE -> add(state, event, -event.units);
      default -> {}
    }
  }

  private static void add(SubjectState state, ClickEvent event, int units) {
    if (event.product == 0 || units == 0) return;
    if (event.atMs <= LastSeen.newestMs(state, ClickEvent.PURCHASE)) return; // bought or given up already
    int line = findOrMake(state, event.product);
    int sum = state.intAt(line + UNITS) + units;
    state.putInt(line + UNITS, sum);
    if (sum == 0) {
      remove(state, line);
      return;
    }
    if (event.atMs < state.longAt(line + CHANGED_MS)) return;
    state.putLong(line + CHANGED_MS, event.atMs);
    if (event.unitPrice != ClickEvent.UNKNOWN) state.putLong(line + PRICE, event.unitPrice);
  }

  /** Forgets the lines that were changed last at a time or before. */
  private static void dropThrough(SubjectState state, long atMs) {
    for (int line = state.recentIdsAt() - LINE_BYTES; line >= state.cartAt(); line -= LINE_BYTES) {
      if (state.longAt(line + CHANGED_MS) <= atMs) remove(state, line);
    }
  }

  private static int findOrMake(SubjectState state, long product) {
    int end = state.recentIdsAt();
    for (int line = state.cartAt(); line < end; line += LINE_BYTES) {
      if (state.longAt(line) == product) return line;
    }
    if (lines(state) == LINES_MAX) {
      remove(state, longestUntouched(state));
      end -= LINE_BYTES;
    }
    state.open(end, LINE_BYTES);
    state.putLong(end, product);
    state.putLong(end + PRICE, ClickEvent.UNKNOWN);
    state.putShort(CART_LINES, lines(state) + 1);
    return end;
  }

  private static int longestUntouched(SubjectState state) {
    int found = state.cartAt();
    for (int line = found; line < state.recentIdsAt(); line += LINE_BYTES) {
      if (state.longAt(line + CHANGED_MS) < state.longAt(found + CHANGED_MS)) found = line;
    }
    return found;
  }

  private static void remove(SubjectState state, int line) {
    state.cut(line, LINE_BYTES);
    state.putShort(CART_LINES, lines(state) - 1);
  }

  static int lines(SubjectState state) {
    return state.unsignedShortAt(CART_LINES);
  }

  /** Units of a product in the cart; below 0 if a remove came before its add. */
  static int unitsOf(SubjectState state, long product) {
    int end = state.recentIdsAt();
    for (int line = state.cartAt(); line < end; line += LINE_BYTES) {
      if (state.longAt(line) == product) return state.intAt(line + UNITS);
    }
    return 0;
  }

  /** Units × price of all that is in the cart; unknown prices count nothing. */
  static long value(SubjectState state) {
    long value = 0;
    int end = state.recentIdsAt();
    for (int line = state.cartAt(); line < end; line += LINE_BYTES) {
      long price = state.longAt(line + PRICE);
      if (price != ClickEvent.UNKNOWN) value += price * Math.max(0, state.intAt(line + UNITS));
    }
    return value;
  }
}

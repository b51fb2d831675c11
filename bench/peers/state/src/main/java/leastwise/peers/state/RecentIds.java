package leastwise.peers.state;

import static leastwise.peers.state.SubjectState.RECENT_IDS;

/**
 * The event ids that a subject used lately, oldest first: the last 128, and all of the last 24 hours of received time,
 * up to 4,096. An id takes 12 bytes, its hash and the second in which it came.
 */
final class RecentIds {
  static final int ENTRY_BYTES = 12;

  private static final int KEPT_MIN = 128;
  private static final int KEPT_MAX = 4_096;
  private static final long SPAN_SECONDS = 24 * 3_600;

  private RecentIds() {}

  /** Remembers an id. Returns false if it was remembered already. */
  static boolean addIfNew(SubjectState state, long id, long receivedAtMs) {
    int at = state.recentIdsAt();
    int count = state.unsignedShortAt(RECENT_IDS);
    int end = at + count * ENTRY_BYTES;
    for (int entry = at; entry < end; entry += ENTRY_BYTES) {
      if (state.longAt(entry) == id) return false;
    }
    long seconds = receivedAtMs / 1_000;
    int dropped = tooMany(state, at, count, seconds);
    if (dropped > 0) state.cut(at, dropped * ENTRY_BYTES);
    int made = end - dropped * ENTRY_BYTES;
    state.open(made, ENTRY_BYTES);
    state.putLong(made, id);
    state.putInt(made + 8, (int) seconds); // unsigned: enough until 2106
    state.putShort(RECENT_IDS, count - dropped + 1);
    return true;
  }

  /** How many of the oldest have to go for one more. */
  private static int tooMany(SubjectState state, int at, int count, long seconds) {
    int dropped = 0;
    while (count + 1 - dropped > KEPT_MIN) {
      long oldest = Integer.toUnsignedLong(state.intAt(at + dropped * ENTRY_BYTES + 8));
      boolean isExpired = oldest < seconds - SPAN_SECONDS;
      if (!isExpired && count + 1 - dropped <= KEPT_MAX) break;
      dropped += 1;
    }
    return dropped;
  }
}

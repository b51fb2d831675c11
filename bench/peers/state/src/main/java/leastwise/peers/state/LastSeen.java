package leastwise.peers.state;

import static leastwise.peers.state.SubjectState.CHANNEL;
import static leastwise.peers.state.SubjectState.DEVICE;
import static leastwise.peers.state.SubjectState.HEADER_BYTES;
import static leastwise.peers.state.SubjectState.KINDS_SEEN;
import static leastwise.peers.state.SubjectState.PLACE;

/** When each kind of event came last, 8 bytes for each kind that ever came, and from where the newest event came. */
final class LastSeen {
  private LastSeen() {}

  static void note(SubjectState state, ClickEvent event, boolean isNewest) {
    noteKind(state, event.kind, event.atMs);
    if (!isNewest) return; // a late event moves nothing backwards
    if (event.channel != 0) state.putByte(CHANNEL, event.channel);
    if (event.device != 0) state.putByte(DEVICE, event.device);
    if (event.place != 0) state.putLong(PLACE, event.place);
  }

  private static void noteKind(SubjectState state, int kind, long atMs) {
    int seen = state.unsignedByteAt(KINDS_SEEN);
    int at = placeOf(seen, kind);
    if ((seen & 1 << kind) == 0) {
      state.open(at, 8);
      state.putByte(KINDS_SEEN, seen | 1 << kind);
    }
    if (atMs > state.longAt(at)) state.putLong(at, atMs);
  }

  /** Time of the newest event of a kind; 0 if there was none. */
  static long newestMs(SubjectState state, int kind) {
    int seen = state.unsignedByteAt(KINDS_SEEN);
    return (seen & 1 << kind) == 0 ? 0 : state.longAt(placeOf(seen, kind));
  }

  static int bytesOf(SubjectState state) {
    return 8 * Integer.bitCount(state.unsignedByteAt(KINDS_SEEN));
  }

  private static int placeOf(int seen, int kind) {
    return HEADER_BYTES + 8 * Integer.bitCount(seen & ((1 << kind) - 1));
  }
}

package leastwise.peers.state;

import java.util.Arrays;

/**
 * All that is kept of one subject, as bytes:
 *
 * <pre>
 * header | times of the kinds seen | lines of the cart | recent event ids | tiles, newest first
 * </pre>
 *
 * <p>The header has a fixed place for what every subject has; everything else is there only if it is not empty. A
 * subject with one event takes about a hundred bytes.
 */
public final class SubjectState extends FlatBytes {
  static final int NEWEST_MS = 0;
  static final int SESSION_START_MS = 8;
  static final int SESSION_LAST_MS = 16;
  static final int SESSION_EVENTS = 24;
  static final int SESSION_PAGE_VIEWS = 28;
  static final int SESSION_PRODUCT_VIEWS = 32;
  static final int PLACE = 36;
  static final int CHANNEL = 44;
  static final int DEVICE = 45;
  static final int KINDS_SEEN = 46;
  static final int TILES_MADE = 47;
  static final int CART_LINES = 48;
  static final int RECENT_IDS = 50;
  static final int HEADER_BYTES = 52;

  private static final int FIRST_EVENT_BYTES = 44;

  private SubjectState(byte[] bytes, int length) {
    super(bytes, length);
  }

  /** A subject of whom nothing is known. */
  public static SubjectState empty() {
    return new SubjectState(new byte[HEADER_BYTES + FIRST_EVENT_BYTES], HEADER_BYTES);
  }

  /** A state of its own from stored bytes, with room for one more event of the usual kind. */
  public static SubjectState copyOf(byte[] stored) {
    return new SubjectState(Arrays.copyOf(stored, stored.length + FIRST_EVENT_BYTES), stored.length);
  }

  /** A state that takes over an array which nobody else will use. */
  public static SubjectState wrap(byte[] owned) {
    return new SubjectState(owned, owned.length);
  }

  /** An equal state that shares nothing with this one. */
  public SubjectState copy() {
    return wrap(toBytes());
  }

  /** The bytes to store. */
  public byte[] toBytes() {
    return Arrays.copyOf(array(), length());
  }

  /** Takes an event in, unless it is a repeat or its clock is broken. */
  public Verdict apply(ClickEvent event) {
    if (event.kind == ClickEvent.NOT_COUNTED) return Verdict.NOT_COUNTED;
    if (event.atMs > event.receivedAtMs + Tiling.AHEAD_MAX_MS) return Verdict.AHEAD;
    if (event.eventId != 0 && !RecentIds.addIfNew(this, event.eventId, event.receivedAtMs)) return Verdict.DUPLICATE;
    boolean isNewest = event.atMs >= newestMs();
    if (isNewest) putLong(NEWEST_MS, event.atMs);
    if (!Tiles.add(this, event)) return Verdict.LATE;
    Session.add(this, event);
    LastSeen.note(this, event, isNewest);
    Cart.change(this, event);
    return Verdict.APPLIED;
  }

  /** Time of the newest event; 0 before the first. */
  public long newestMs() {
    return longAt(NEWEST_MS);
  }

  int cartAt() {
    return HEADER_BYTES + LastSeen.bytesOf(this);
  }

  int recentIdsAt() {
    return cartAt() + unsignedShortAt(CART_LINES) * Cart.LINE_BYTES;
  }

  int tilesAt() {
    return recentIdsAt() + unsignedShortAt(RECENT_IDS) * RecentIds.ENTRY_BYTES;
  }
}

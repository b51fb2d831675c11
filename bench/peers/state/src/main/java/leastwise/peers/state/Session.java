package leastwise.peers.state;

import static leastwise.peers.state.SubjectState.SESSION_EVENTS;
import static leastwise.peers.state.SubjectState.SESSION_LAST_MS;
import static leastwise.peers.state.SubjectState.SESSION_PAGE_VIEWS;
import static leastwise.peers.state.SubjectState.SESSION_PRODUCT_VIEWS;
import static leastwise.peers.state.SubjectState.SESSION_START_MS;

/** The newest session of a subject, which more than 30 minutes of silence end. It never grows backwards. */
final class Session {
  private static final long SILENCE_MAX_MS = 30 * 60_000L;

  private Session() {}

  static void add(SubjectState state, ClickEvent event) {
    boolean isFirst = state.intAt(SESSION_EVENTS) == 0;
    if (isFirst || event.atMs - state.longAt(SESSION_LAST_MS) > SILENCE_MAX_MS) begin(state, event.atMs);
    if (event.atMs < state.longAt(SESSION_START_MS)) return;
    state.putLong(SESSION_LAST_MS, Math.max(event.atMs, state.longAt(SESSION_LAST_MS)));
    increase(state, SESSION_EVENTS);
    if (event.kind == ClickEvent.PAGE_VIEW) increase(state, SESSION_PAGE_VIEWS);
    if (event.kind == ClickEvent.PRODUCT_VIEW) increase(state, SESSION_PRODUCT_VIEWS);
  }

  private static void begin(SubjectState state, long atMs) {
    state.putLong(SESSION_START_MS, atMs);
    state.putLong(SESSION_LAST_MS, atMs);
    state.putInt(SESSION_EVENTS, 0);
    state.putInt(SESSION_PAGE_VIEWS, 0);
    state.putInt(SESSION_PRODUCT_VIEWS, 0);
  }

  private static void increase(SubjectState state, int at) {
    state.putInt(at, state.intAt(at) + 1);
  }
}

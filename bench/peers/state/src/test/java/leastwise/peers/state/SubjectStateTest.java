package leastwise.peers.state;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Windows against going through all events, and each part of a state by itself. */
final class SubjectStateTest {
  private static final long START_MS = 1_767_225_600_000L;
  private static final long MINUTE_MS = 60_000;
  private static final long DAY_MS = 24 * 60 * MINUTE_MS;

  private final SubjectState state = SubjectState.empty();

  @Test
  void sumsWindowsAsGoingThroughAllEventsDoes() {
    for (int seed = 0; seed < 40; seed += 1) compareWithBruteForce(new Random(seed));
  }

  private static void compareWithBruteForce(Random random) {
    SubjectState state = SubjectState.empty();
    List<ClickEvent> applied = new ArrayList<>();
    long nowMs = START_MS;
    for (int number = 1; number <= 400; number += 1) {
      nowMs += (long) (Math.pow(random.nextDouble(), 8) * 3 * DAY_MS);
      ClickEvent event = randomEvent(random, nowMs, number);
      if (state.apply(event) == Verdict.APPLIED) applied.add(event);
      if (random.nextInt(50) == 0) state = SubjectState.copyOf(state.toBytes());
      if (random.nextInt(20) == 0) assertSameWindows(state, applied, state.newestMs() - random.nextInt(300_000));
    }
    assertSameWindows(state, applied, state.newestMs());
    Tiles.coarsen(state);
    assertSameWindows(state, applied, state.newestMs());
    assertTrue(state.length() < 20_000, () -> "400 events take far less than that");
  }

  /** One in ten is late, up to forty days. */
  private static ClickEvent randomEvent(Random random, long nowMs, int number) {
    long lateMs = random.nextInt(10) == 0 ? (long) (Math.pow(random.nextDouble(), 4) * 40 * DAY_MS) : 0;
    ClickEvent event = event(random.nextInt(ClickEvent.KINDS), nowMs - lateMs, number);
    event.product = random.nextInt(4) == 0 ? 0 : random.nextLong();
    if (event.kind == ClickEvent.PURCHASE) {
      event.lineProducts = new long[] {random.nextLong(), random.nextLong()};
      event.orderUnits = random.nextInt(5);
      event.revenue = random.nextInt(10) == 0 ? ClickEvent.UNKNOWN : random.nextLong(1L << 40);
      event.discount = random.nextInt(3);
    }
    return event;
  }

  private static void assertSameWindows(SubjectState state, List<ClickEvent> applied, long atMs) {
    for (int window = 0; window < Tiling.WINDOWS; window += 1) {
      long[] sums = new long[Tiles.COUNTERS];
      Set<Long> products = new HashSet<>();
      for (ClickEvent event : applied) if (isInWindow(event, window, atMs)) addTo(sums, products, event);
      for (int counter = 0; counter < Tiles.COUNTERS; counter += 1) {
        assertEquals(sums[counter], WindowReader.sum(state, window, counter, atMs), "counter " + counter);
      }
      assertEquals(products.size(), WindowReader.distinctProducts(state, window, atMs));
    }
  }

  private static boolean isInWindow(ClickEvent event, int window, long atMs) {
    int tile = Tiling.tileOf(window, event.atMs);
    return tile >= Tiling.oldestTileAt(window, atMs) && tile <= Tiling.tileOf(window, atMs);
  }

  private static void addTo(long[] sums, Set<Long> products, ClickEvent event) {
    sums[event.kind] += 1;
    if (event.product != 0) products.add(Tiles.markOf(event.product));
    for (long product : event.lineProducts) products.add(Tiles.markOf(product));
    if (event.kind != ClickEvent.PURCHASE) return;
    sums[Tiles.UNITS] += event.unitsBought();
    if (event.revenue == ClickEvent.UNKNOWN) return;
    sums[Tiles.REVENUE] += event.revenue;
    sums[Tiles.DISCOUNT] += event.discount;
  }

  @Test
  void countsDistinctProductsExactlyTo512AndThenEstimates() {
    Random random = new Random(1);
    for (int number = 1; number <= 20_000; number += 1) {
      ClickEvent event = event(ClickEvent.PRODUCT_VIEW, START_MS + number * 10_000L, number);
      event.product = random.nextLong();
      state.apply(event);
      if (number == 512) assertEquals(512, distinct());
    }
    assertEquals(20_000, distinct(), 20_000 * 0.15);
    assertEquals(20_000, WindowReader.sum(state, Tiling.LONGEST, ClickEvent.PRODUCT_VIEW, state.newestMs()));
  }

  private long distinct() {
    return WindowReader.distinctProducts(state, Tiling.LONGEST, state.newestMs());
  }

  @Test
  void countsARepeatOnce() {
    assertEquals(Verdict.APPLIED, state.apply(event(ClickEvent.PAGE_VIEW, START_MS, 1)));
    assertEquals(Verdict.DUPLICATE, state.apply(event(ClickEvent.PAGE_VIEW, START_MS + 1, 1)));
    assertEquals(1, WindowReader.eventsIn30Days(state));
  }

  @Test
  void remembersTheLast128IdsHoweverOld() {
    for (int id = 1; id <= 129; id += 1) state.apply(event(ClickEvent.PAGE_VIEW, START_MS + id * DAY_MS, id));
    assertEquals(Verdict.DUPLICATE, state.apply(event(ClickEvent.PAGE_VIEW, START_MS + 130 * DAY_MS, 2)));
    assertEquals(Verdict.APPLIED, state.apply(event(ClickEvent.PAGE_VIEW, START_MS + 130 * DAY_MS, 1)));
  }

  @Test
  void remembersTheIdsOfADayTo4096() {
    for (int id = 1; id <= 4_097; id += 1) state.apply(event(ClickEvent.PAGE_VIEW, START_MS + id * 1_000L, id));
    assertEquals(Verdict.DUPLICATE, state.apply(event(ClickEvent.PAGE_VIEW, START_MS + 5_000_000, 2)));
    assertEquals(Verdict.APPLIED, state.apply(event(ClickEvent.PAGE_VIEW, START_MS + 5_000_000, 1)));
  }

  @Test
  void saysWhatIsTooLateAndWhatIsAhead() {
    state.apply(event(ClickEvent.PAGE_VIEW, START_MS, 1));
    assertEquals(Verdict.LATE, state.apply(event(ClickEvent.PAGE_VIEW, START_MS - 31 * DAY_MS, 2)));
    ClickEvent ahead = event(ClickEvent.PAGE_VIEW, START_MS + 6 * MINUTE_MS, 3);
    ahead.receivedAtMs = START_MS;
    assertEquals(Verdict.AHEAD, state.apply(ahead));
  }

  @Test
  void endsASessionAfterMoreThanHalfAnHourOfSilence() {
    state.apply(event(ClickEvent.PAGE_VIEW, START_MS, 1));
    state.apply(event(ClickEvent.PRODUCT_VIEW, START_MS + 30 * MINUTE_MS, 2));
    assertEquals(2, state.intAt(SubjectState.SESSION_EVENTS));
    state.apply(event(ClickEvent.PRODUCT_VIEW, START_MS + 60 * MINUTE_MS + 1, 3));
    state.apply(event(ClickEvent.PAGE_VIEW, START_MS, 4));
    assertEquals(1, state.intAt(SubjectState.SESSION_EVENTS));
    assertEquals(1, state.intAt(SubjectState.SESSION_PRODUCT_VIEWS));
    assertEquals(START_MS + 60 * MINUTE_MS + 1, state.longAt(SubjectState.SESSION_START_MS));
  }

  @Test
  void netsTheCartAndClearsItWithAPurchase() {
    state.apply(cartEvent(ClickEvent.CART_ADD, 0, 1, 7, 3));
    state.apply(cartEvent(ClickEvent.CART_ADD, 1, 2, 8, 1));
    state.apply(cartEvent(ClickEvent.CART_REMOVE, 2, 3, 7, 1));
    assertEquals(2, Cart.unitsOf(state, 7));
    assertEquals(2 * 102 + 101, Cart.value(state));
    state.apply(cartEvent(ClickEvent.CART_ADD, 10, 4, 9, 1));
    state.apply(event(ClickEvent.PURCHASE, START_MS + 5, 5));
    state.apply(cartEvent(ClickEvent.CART_ADD, 4, 6, 7, 1));
    assertEquals(0, Cart.unitsOf(state, 7));
    assertEquals(1, Cart.unitsOf(state, 9));
    assertEquals(1, Cart.lines(state));
  }

  @Test
  void keepsTheThousandProductsOfACartThatWereTouchedLast() {
    for (int id = 1; id <= 1_001; id += 1) state.apply(cartEvent(ClickEvent.CART_ADD, id, id, id, 1));
    assertEquals(1_000, Cart.lines(state));
    assertEquals(0, Cart.unitsOf(state, 1));
    assertEquals(1, Cart.unitsOf(state, 1_001));
  }

  @Test
  void remembersTheNewestOfEachKindAndFromWhereItCame() {
    ClickEvent first = event(ClickEvent.PURCHASE, START_MS, 1);
    first.channel = 2;
    first.device = 3;
    first.place = 77;
    state.apply(first);
    ClickEvent late = event(ClickEvent.PAGE_VIEW, START_MS - 5, 2);
    late.channel = 1;
    state.apply(late);
    assertEquals(START_MS, LastSeen.newestMs(state, ClickEvent.PURCHASE));
    assertEquals(START_MS - 5, LastSeen.newestMs(state, ClickEvent.PAGE_VIEW));
    assertEquals(0, LastSeen.newestMs(state, ClickEvent.CART_ADD));
    assertEquals(2, state.unsignedByteAt(SubjectState.CHANNEL));
    assertEquals(3, state.unsignedByteAt(SubjectState.DEVICE));
    assertEquals(77, state.longAt(SubjectState.PLACE));
  }

  @Test
  void sharesNothingWithItsCopyAndIsSmall() {
    state.apply(cartEvent(ClickEvent.PRODUCT_VIEW, 0, 1, 7, 1));
    SubjectState copy = state.copy();
    byte[] before = copy.toBytes();
    state.apply(cartEvent(ClickEvent.CART_ADD, 1, 2, 7, 1));
    assertArrayEquals(before, copy.toBytes());
    assertTrue(before.length <= 96, () -> before.length + " bytes for one event");
  }

  private static ClickEvent event(int kind, long atMs, long id) {
    ClickEvent event = new ClickEvent();
    event.kind = kind;
    event.atMs = atMs;
    event.receivedAtMs = Math.max(atMs, START_MS);
    event.eventId = id;
    return event;
  }

  private static ClickEvent cartEvent(int kind, long afterMs, long id, long product, int units) {
    ClickEvent event = event(kind, START_MS + afterMs, id);
    event.product = product;
    event.units = units;
    event.unitPrice = 100 + afterMs;
    return event;
  }
}

package leastwise.peers.state;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

/** The bytes here were written by {@code encodeClickstreamRecord} of {@code libs/contracts}. */
final class ClickEventReaderTest {
  private static final long AT_MS = 1_767_225_600_000L;

  private static final String CART_ADD =
      "0a92010a2030303131323233333434353536363737383839396161626263636464656566661220303031313232333334"
          + "34353536363737383839396161626263636464656566661885d0eab6b7332204687474702a3f0a076576656e742d3110"
          + "041880d0eab6b733320176380240034a080a02444512024259521a0a0970726f647563742d37120163220808cf0f1203"
          + "5553442803";

  /** Two lines, one with a discount of 100, and 50 off the order. */
  private static final String PURCHASE =
      "0ab1010a2030303131323233333434353536363737383839396161626263636464656566661220303031313232333334"
          + "34353536363737383839396161626263636464656566661885d0eab6b7332204687474702a5e0a076576656e742d3210"
          + "071880d0eab6b7335a4a0a016f12200a0970726f647563742d3710031a0808cf0f120355534422070864120355534412"
          + "170a0970726f647563742d3810011a0808f40312035553442207083212035553442a0141";

  /** A line without a price, and a total. */
  private static final String PURCHASE_WITH_TOTAL =
      "0a83010a2030303131323233333434353536363737383839396161626263636464656566661220303031313232333334"
          + "34353536363737383839396161626263636464656566661885d0eab6b7332204687474702a300a076576656e742d3310"
          + "071880d0eab6b7335a1c0a016f120d0a0970726f647563742d3710021a0808bc051203555344";

  private static final String LINK =
      "12460a203030313132323333343435353636373738383939616162626363646465656666122030303131323233333434"
          + "353536363737383839396161626263636464656566662005";

  @Test
  void readsWhatTheWindowsNeed() {
    ClickEvent event = read(CART_ADD);
    assertEquals(ClickEvent.CART_ADD, event.kind);
    assertEquals(AT_MS, event.atMs);
    assertEquals(AT_MS + 5, event.receivedAtMs);
    assertEquals(hash("event-1"), event.eventId);
    assertEquals(hash("product-7"), event.product);
    assertEquals(3, event.units);
    assertEquals(1_999, event.unitPrice);
    assertEquals(2, event.channel);
    assertEquals(3, event.device);
    assertEquals((long) ('D' << 8 | 'E') << 24 | 'B' << 8 | 'Y', event.place);
    assertEquals(0, event.lineProducts.length);
  }

  @Test
  void addsUpAnOrder() {
    ClickEvent event = read(PURCHASE);
    assertEquals(ClickEvent.PURCHASE, event.kind);
    assertArrayEquals(new long[] {hash("product-7"), hash("product-8")}, event.lineProducts);
    assertEquals(4, event.unitsBought());
    assertEquals(150, event.discount);
    assertEquals(3 * 1_999 + 500 - 150, event.revenue);
  }

  @Test
  void takesTheTotalForTheRevenueWhereThereIsOne() {
    ClickEvent event = read(PURCHASE_WITH_TOTAL);
    assertEquals(700, event.revenue);
    assertEquals(2, event.unitsBought());
  }

  @Test
  void forgetsTheRecordBefore() {
    ClickEventReader reader = new ClickEventReader();
    reader.read(HexFormat.of().parseHex(PURCHASE));
    assertEquals(1, reader.read(HexFormat.of().parseHex(PURCHASE_WITH_TOTAL)).lineProducts.length);
  }

  @Test
  void countsNothingForALink() {
    ClickEvent event = read(LINK);
    assertEquals(ClickEvent.NOT_COUNTED, event.kind);
    assertEquals(Verdict.NOT_COUNTED, SubjectState.empty().apply(event));
  }

  @Test
  void refusesARecordThatIsCutOff() {
    byte[] bytes = HexFormat.of().parseHex(CART_ADD);
    byte[] cut = Arrays.copyOf(bytes, bytes.length - 1);
    assertThrows(IllegalArgumentException.class, () -> new ClickEventReader().read(cut));
  }

  private static ClickEvent read(String hex) {
    return new ClickEventReader().read(HexFormat.of().parseHex(hex));
  }

  private static long hash(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return Hash64.of(bytes, 0, bytes.length);
  }
}

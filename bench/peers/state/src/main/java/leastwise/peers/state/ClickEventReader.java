package leastwise.peers.state;

import java.util.Arrays;

/**
 * Reads {@code leastwise.v1.ClickstreamRecord}. It decodes by hand the fields that the windows need, which is less work
 * than generated classes would be; the numbers are those of {@code proto/leastwise/v1/events.proto}. Not for use by two
 * threads at a time.
 */
public final class ClickEventReader {
  private static final int PURCHASE_ON_WIRE = ClickEvent.PURCHASE + 1;

  private final WireReader in = new WireReader();
  private final OrderSum order = new OrderSum();

  /** The event of a record. One that windows do not count has the kind {@link ClickEvent#NOT_COUNTED}. */
  public ClickEvent read(byte[] bytes) {
    ClickEvent event = new ClickEvent();
    in.begin(bytes);
    for (int field = in.nextField(); field != 0; field = in.nextField()) {
      if (field == 1) readRecorded(event);
      else in.skip();
    }
    return event;
  }

  /** {@code ClickstreamEvent}: the key says whose it is already. */
  private void readRecorded(ClickEvent event) {
    int outer = in.enter();
    for (int field = in.nextField(); field != 0; field = in.nextField()) {
      switch (field) {
        case 3 -> event.receivedAtMs = in.varint();
        case 5 -> readEvent(event);
        default -> in.skip();
      }
    }
    in.leave(outer);
  }

  private void readEvent(ClickEvent event) {
    int outer = in.enter();
    int kind = 0;
    order.begin();
    for (int field = in.nextField(); field != 0; field = in.nextField()) {
      switch (field) {
        case 1 -> event.eventId = in.hash();
        case 2 -> kind = (int) in.varint();
        case 3 -> event.atMs = in.varint();
        case 7 -> event.channel = (int) in.varint();
        case 8 -> event.device = (int) in.varint();
        case 9 -> event.place = readPlace();
        case 10 -> readProduct(event);
        case 11 -> readOrder();
        default -> in.skip();
      }
    }
    in.leave(outer);
    event.kind = kind >= 1 && kind <= ClickEvent.KINDS ? kind - 1 : ClickEvent.NOT_COUNTED;
    if (kind == PURCHASE_ON_WIRE) order.into(event); // the order at the start of a checkout is a cart
  }

  private long readPlace() {
    int outer = in.enter();
    long country = 0;
    long region = 0;
    for (int field = in.nextField(); field != 0; field = in.nextField()) {
      switch (field) {
        case 1 -> country = in.ascii(2);
        case 2 -> region = in.ascii(3);
        default -> in.skip();
      }
    }
    in.leave(outer);
    return country << 24 | region;
  }

  private void readProduct(ClickEvent event) {
    int outer = in.enter();
    for (int field = in.nextField(); field != 0; field = in.nextField()) {
      switch (field) {
        case 1 -> event.product = in.hash();
        case 4 -> event.unitPrice = readMoney();
        case 5 -> event.units = (int) in.varint();
        default -> in.skip();
      }
    }
    in.leave(outer);
  }

  private void readOrder() {
    int outer = in.enter();
    for (int field = in.nextField(); field != 0; field = in.nextField()) {
      switch (field) {
        case 2 -> readLine();
        case 3 -> order.total = readMoney();
        case 4 -> order.discount += readMoney();
        default -> in.skip();
      }
    }
    in.leave(outer);
  }

  private void readLine() {
    int outer = in.enter();
    long product = 0;
    long units = 0;
    long unitPrice = ClickEvent.UNKNOWN;
    for (int field = in.nextField(); field != 0; field = in.nextField()) {
      switch (field) {
        case 1 -> product = in.hash();
        case 2 -> units = in.varint();
        case 3 -> unitPrice = readMoney();
        case 4 -> order.discount += readMoney();
        default -> in.skip();
      }
    }
    in.leave(outer);
    order.addLine(product, units, unitPrice);
  }

  private long readMoney() {
    int outer = in.enter();
    long minor = 0;
    for (int field = in.nextField(); field != 0; field = in.nextField()) {
      if (field == 1) minor = in.varint();
      else in.skip();
    }
    in.leave(outer);
    return minor;
  }

  /** Adds up the lines of an order while they are read. */
  private static final class OrderSum {
    private long[] products = new long[8];
    private int lines;
    private long units;
    private long gross;
    private boolean isGrossKnown;
    private long total;
    private long discount;

    void begin() {
      lines = 0;
      units = 0;
      gross = 0;
      isGrossKnown = true;
      total = ClickEvent.UNKNOWN;
      discount = 0;
    }

    void addLine(long product, long lineUnits, long unitPrice) {
      if (lines == products.length) products = Arrays.copyOf(products, lines * 2);
      products[lines] = product;
      lines += 1;
      units += lineUnits;
      if (unitPrice == ClickEvent.UNKNOWN) isGrossKnown = false;
      else gross += unitPrice * lineUnits;
    }

    void into(ClickEvent event) {
      if (lines > 0) event.lineProducts = Arrays.copyOf(products, lines);
      event.orderUnits = (int) Math.min(Integer.MAX_VALUE, units);
      event.discount = discount;
      if (total != ClickEvent.UNKNOWN) event.revenue = total;
      else if (lines > 0 && isGrossKnown) event.revenue = Math.max(0, gross - discount);
    }
  }
}

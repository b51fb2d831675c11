package leastwise.peers.state;

/**
 * An event of the clickstream as the windows need it. Texts that are only compared stand as 64-bit hashes, 0 for none.
 * Plain fields, since both peers fill one for each record.
 */
public final class ClickEvent {
  /** Kind of what windows do not count: returns, logins, and records that are no events. */
  public static final int NOT_COUNTED = -1;

  /** Kinds that windows count, numbered from 0 in the order of {@code leastwise.v1.EventKind}. */
  public static final int KINDS = 8;

  public static final int PAGE_VIEW = 0;
  public static final int PRODUCT_VIEW = 1;
  public static final int CART_ADD = 3;
  public static final int CART_REMOVE = 4;
  public static final int PURCHASE = 6;

  /** An amount that nobody told. */
  public static final long UNKNOWN = Long.MIN_VALUE;

  static final long[] NO_LINES = {};

  public int kind = NOT_COUNTED;
  public long atMs;
  public long receivedAtMs;
  public long eventId;
  public long product;
  /** Units of {@link #product}. */
  public int units;
  /** Price of one of them in minor units. */
  public long unitPrice = UNKNOWN;
  /** Products of the lines of an order; empty if this is no purchase. */
  public long[] lineProducts = NO_LINES;
  /** Units of all lines. */
  public int orderUnits;
  /** What the order brought, in minor units. */
  public long revenue = UNKNOWN;
  public long discount;
  /** As on the wire; 0 for unknown. */
  public int channel;
  /** As on the wire; 0 for unknown. */
  public int device;
  /** Country and region as up to eight ASCII characters; 0 for unknown. */
  public long place;

  /** Units of a purchase: of its lines, or of its product if it has no lines. */
  int unitsBought() {
    return lineProducts.length == 0 ? units : orderUnits;
  }
}

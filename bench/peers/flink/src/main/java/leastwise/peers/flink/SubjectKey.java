package leastwise.peers.flink;

/**
 * A subject: its 32 hex digits as two numbers.
 *
 * @param high the first sixteen digits
 * @param low the last sixteen digits
 */
public record SubjectKey(long high, long low) {
  /** Reads the hex digits of a record's key. */
  static SubjectKey of(byte[] hex) {
    if (hex.length != 32) throw new IllegalArgumentException("a subject has 32 hex digits, not " + hex.length);
    return new SubjectKey(half(hex, 0), half(hex, 16));
  }

  private static long half(byte[] hex, int from) {
    long value = 0;
    for (int at = from; at < from + 16; at += 1) value = value << 4 | digit(hex[at]);
    return value;
  }

  private static int digit(byte hex) {
    return hex <= '9' ? hex - '0' : hex - 'a' + 10;
  }

  /** A subject is a keyed hash, so any part of it is spread evenly. */
  @Override
  public int hashCode() {
    return (int) low;
  }
}

package leastwise.peers.state;

/**
 * Goes through protobuf's wire format in an array, without making an object of anything. Nested messages are read in
 * place: {@link #enter} narrows the reader to one, {@link #leave} goes on behind it.
 */
final class WireReader {
  private static final int VARINT = 0;
  private static final int FIXED64 = 1;
  private static final int LENGTH_DELIMITED = 2;
  private static final int FIXED32 = 5;

  private byte[] bytes = {};
  private int at;
  private int end;
  private int wireType;

  void begin(byte[] message) {
    bytes = message;
    at = 0;
    end = message.length;
  }

  /** Number of the next field of the message; 0 at its end. */
  int nextField() {
    if (at >= end) return 0;
    int tag = (int) varint();
    wireType = tag & 7;
    return tag >>> 3;
  }

  long varint() {
    long value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      byte next = bytes[at++];
      value |= (long) (next & 0x7f) << shift;
      if (next >= 0) return value;
    }
    throw new IllegalArgumentException("a varint of more than ten bytes");
  }

  /** Begins a nested message. Returns what {@link #leave} wants back. */
  int enter() {
    int length = length();
    int outerEnd = end;
    end = at + length;
    return outerEnd;
  }

  void leave(int outerEnd) {
    at = end;
    end = outerEnd;
  }

  /** Hash of a text; 0 if it is empty. */
  long hash() {
    int length = length();
    at += length;
    return length == 0 ? 0 : Hash64.of(bytes, at - length, length);
  }

  /** The first bytes of a text as a number, at most as many as given. */
  long ascii(int max) {
    int length = length();
    long text = 0;
    for (int index = 0; index < Math.min(length, max); index += 1) text = text << 8 | bytes[at + index] & 0xff;
    at += length;
    return text;
  }

  void skip() {
    switch (wireType) {
      case VARINT -> varint();
      case FIXED64 -> at += 8;
      case LENGTH_DELIMITED -> {
        int length = length(); // apart: a compound assignment would read `at` before the length moves it
        at += length;
      }
      case FIXED32 -> at += 4;
      default -> throw new IllegalArgumentException("wire type " + wireType);
    }
  }

  private int length() {
    int length = (int) varint();
    if (length < 0 || length > end - at) throw new IllegalArgumentException("a field longer than its message");
    return length;
  }
}

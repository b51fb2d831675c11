package leastwise.peers.state;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/** Numbers in one array of bytes, in the middle of which room can be made and given up. */
class FlatBytes {
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INTS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle SHORTS =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);

  private byte[] bytes;
  private int length;

  /** Takes the array over: it must belong to nobody else. */
  FlatBytes(byte[] bytes, int length) {
    this.bytes = bytes;
    this.length = length;
  }

  /** Bytes in use; the array may be longer. */
  public final int length() {
    return length;
  }

  /** The array itself, of which the first {@link #length} bytes count. */
  public final byte[] array() {
    return bytes;
  }

  /** Makes room for zeroes at an offset; all that stood there or behind moves on. */
  final void open(int at, int count) {
    if (length + count > bytes.length) {
      // An eighth more than needed: subjects that grow do so again and again, and most never grow.
      bytes = Arrays.copyOf(bytes, length + count + (length >> 3));
    }
    System.arraycopy(bytes, at, bytes, at + count, length - at);
    Arrays.fill(bytes, at, at + count, (byte) 0);
    length += count;
  }

  /** Takes bytes out; all that stood behind moves up. */
  final void cut(int at, int count) {
    System.arraycopy(bytes, at + count, bytes, at, length - at - count);
    length -= count;
  }

  final void truncate(int newLength) {
    length = newLength;
  }

  final long longAt(int at) {
    return (long) LONGS.get(bytes, at);
  }

  final void putLong(int at, long value) {
    LONGS.set(bytes, at, value);
  }

  final int intAt(int at) {
    return (int) INTS.get(bytes, at);
  }

  final void putInt(int at, int value) {
    INTS.set(bytes, at, value);
  }

  final int unsignedShortAt(int at) {
    return (short) SHORTS.get(bytes, at) & 0xffff;
  }

  final void putShort(int at, int value) {
    SHORTS.set(bytes, at, (short) value);
  }

  final int unsignedByteAt(int at) {
    return bytes[at] & 0xff;
  }

  final void putByte(int at, int value) {
    bytes[at] = (byte) value;
  }
}

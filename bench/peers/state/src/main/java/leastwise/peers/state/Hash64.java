package leastwise.peers.state;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** A 64-bit hash of bytes where they lie: eight at a time through the finalizer of MurmurHash3. */
final class Hash64 {
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private Hash64() {}

  /** Never 0, which stands for no text. */
  static long of(byte[] bytes, int from, int length) {
    long hash = mix(length);
    int at = from;
    int end = from + length;
    for (; end - at >= 8; at += 8) hash = mix(hash ^ (long) LONGS.get(bytes, at));
    long rest = 0;
    for (; at < end; at += 1) rest = rest << 8 | bytes[at] & 0xff;
    hash = mix(hash ^ rest);
    return hash == 0 ? 1 : hash;
  }

  private static long mix(long value) {
    long mixed = value + 0x9e3779b97f4a7c15L;
    mixed = (mixed ^ mixed >>> 33) * 0xff51afd7ed558ccdL;
    mixed = (mixed ^ mixed >>> 33) * 0xc4ceb9fe1a85ec53L;
    return mixed ^ mixed >>> 33;
  }
}

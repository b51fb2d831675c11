package leastwise.peers.run;

import java.lang.management.ManagementFactory;
import java.lang.management.MemoryUsage;
import java.util.Locale;

/** The line that a peer ends with. */
public final class Report {
  private Report() {}

  /** The heap in use after a collection. */
  public static MemoryUsage heap() {
    System.gc();
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage();
  }

  /** One JSON object on standard output. */
  public static void print(String peer, PeerArguments asked, Meter.Measured took, MemoryUsage heap, Inventory kept) {
    System.out.printf(
        Locale.ROOT,
        "{\"peer\":\"%s\",\"records\":%d,\"seconds\":%.4f,\"records_per_s\":%.1f,\"cpu_seconds\":%.4f,"
            + "\"heap_used_bytes\":%d,\"heap_max_bytes\":%d,\"subjects\":%d,\"digest_events\":%d,"
            + "\"warm_up_records\":%d,\"parallelism\":%d}%n",
        peer,
        took.records(),
        took.seconds(),
        took.timedRecords() / took.seconds(),
        took.cpuSeconds(),
        heap.getUsed(),
        heap.getMax(),
        kept.subjects(),
        kept.events(),
        asked.warmUp(),
        asked.parallelism());
  }
}

package leastwise.peers.run;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Times the processing of records from outside. The threads that process only count, each in a {@link Lane} of its own;
 * the main thread looks every millisecond and reads the clocks at the first look that finds the warm-up done, and at
 * the first that finds all records done. The rate is of the records between these two looks, so that it does not depend
 * on when they were.
 */
public final class Meter {
  private static final long STALLED_AFTER_NANOS = 120_000_000_000L;

  private final List<Lane> lanes = new CopyOnWriteArrayList<>();
  private final OperatingSystemMXBean system =
      (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

  private volatile Throwable failure;

  /** A counter for one thread. */
  public Lane lane() {
    Lane lane = new Lane();
    lanes.add(lane);
    return lane;
  }

  /** Tells the waiting main thread that the work has failed. */
  public void fail(Throwable cause) {
    failure = cause;
  }

  /** Waits until so many records were processed; fails with the work, or if nothing moves for two minutes. */
  public Measured await(long records, long warmUp) throws InterruptedException, TimeoutException, ExecutionException {
    Look start = lookWhen(Math.max(1, warmUp));
    Look end = lookWhen(records);
    double seconds = (end.nanos - start.nanos) / 1e9;
    double cpuSeconds = (end.cpuNanos - start.cpuNanos) / 1e9;
    return new Measured(end.records, end.records - start.records, seconds, cpuSeconds);
  }

  private Look lookWhen(long records) throws InterruptedException, TimeoutException, ExecutionException {
    long counted = -1;
    long movedNanos = System.nanoTime();
    while (true) {
      long now = counted();
      if (failure != null) throw new ExecutionException(failure);
      if (now >= records) return new Look(now, System.nanoTime(), system.getProcessCpuTime());
      if (now != counted) movedNanos = System.nanoTime();
      else if (System.nanoTime() - movedNanos > STALLED_AFTER_NANOS) {
        throw new TimeoutException("stalled after " + now + " of " + records + " records");
      }
      counted = now;
      Thread.sleep(1);
    }
  }

  private long counted() {
    long sum = 0;
    for (Lane lane : lanes) sum += lane.records.get();
    return sum;
  }

  /** Counts the records of one thread, which alone calls it. */
  public static final class Lane {
    private final AtomicLong records = new AtomicLong();

    private Lane() {}

    /** One more was processed. */
    public void count() {
      // One writer: an ordered write is enough, and needs no locked instruction.
      records.lazySet(records.getPlain() + 1);
    }
  }

  /**
   * What was measured.
   *
   * @param records processed in all
   * @param timedRecords of them those between the two looks at the clock
   * @param seconds between the looks
   * @param cpuSeconds of the whole process, its compiler and collector included, between the looks
   */
  public record Measured(long records, long timedRecords, double seconds, double cpuSeconds) {}

  private record Look(long records, long nanos, long cpuNanos) {}
}

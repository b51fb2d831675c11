package leastwise.peers.streams;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Collectors;
import leastwise.peers.run.Meter;
import leastwise.peers.state.SubjectState;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.streams.CloseOptions;
import org.apache.kafka.streams.CloseOptions.GroupMembershipOperation;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.LagInfo;
import org.apache.kafka.streams.StoreQueryParameters;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.InvalidStateStoreException;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.state.QueryableStoreTypes;
import org.apache.kafka.streams.state.ReadOnlyKeyValueStore;

/**
 * One of the processes that share an application. It reads the clickstream into windows until its standard input ends, and prints a JSON line
 * whenever something of it changes: its state, the partitions whose store answers for a key here, the partitions that it is the standby of, and how many records
 * of the changelog its stores lack.
 */
public final class TakeoverPeer {
  private static final long LOOK_EVERY_MS = 3;
  private static final long LAG_EVERY_MS = 500;
  private static final long COMMIT_EVERY_MS = 1_000;
  private static final long LAG_UNKNOWN = -1;

  private final List<byte[]> probes;
  private final KafkaStreams streams;
  private final CountDownLatch ended = new CountDownLatch(1);
  private volatile KafkaStreams.State state = KafkaStreams.State.CREATED;
  private volatile List<Integer> served = List.of();
  private volatile List<Integer> standbys = List.of();
  private volatile long lag = LAG_UNKNOWN;
  private String said = "";

  private TakeoverPeer(TakeoverArguments asked) {
    probes = asked.probes().stream().map(key -> key.getBytes(StandardCharsets.UTF_8)).toList();
    streams = new KafkaStreams(KafkaStreamsPeer.topology(asked.topic(), new Meter()), settings(asked));
    streams.setStateListener(
        (now, before) -> {
          state = now;
          say();
        });
    streams.setUncaughtExceptionHandler(
        failure -> {
          System.err.println("kafka-streams: " + failure);
          ended.countDown();
          return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
  }

  /** See {@link TakeoverArguments}. */
  public static void main(String[] args) throws InterruptedException {
    TakeoverPeer peer = new TakeoverPeer(TakeoverArguments.of(args));
    peer.run();
    System.exit(0);
  }

  private void run() throws InterruptedException {
    inBackground("input", this::awaitInputsEnd);
    streams.start();
    inBackground("looks", () -> again(LOOK_EVERY_MS, this::look));
    inBackground("lags", () -> again(LAG_EVERY_MS, this::lookAtLag));
    ended.await();
    streams.close(
        CloseOptions.groupMembershipOperation(GroupMembershipOperation.LEAVE_GROUP)
            .withTimeout(KafkaStreamsPeer.CLOSES_WITHIN));
  }

  private static void inBackground(String name, Runnable work) {
    Thread thread = new Thread(work, name);
    thread.setDaemon(true);
    thread.start();
  }

  /** Whoever started this process ends it with its input, or has ended. */
  private void awaitInputsEnd() {
    try {
      while (System.in.read() >= 0) continue;
    } catch (IOException closed) {
      System.err.println("kafka-streams: its input: " + closed.getMessage());
    }
    ended.countDown();
  }

  private void again(long everyMs, Runnable look) {
    try {
      while (ended.getCount() > 0) {
        look.run();
        Thread.sleep(everyMs);
      }
    } catch (InterruptedException over) {
      Thread.currentThread().interrupt();
    }
  }

  private void look() {
    List<Integer> answering = new ArrayList<>();
    for (int partition = 0; partition < probes.size(); partition += 1) {
      if (answers(partition)) answering.add(partition);
    }
    served = answering;
    standbys = standbysNow();
    say();
  }

  /** Whether a key of the partition is read from its store, which this process owns and has all of. */
  private boolean answers(int partition) {
    StoreQueryParameters<ReadOnlyKeyValueStore<byte[], SubjectState>> own =
        StoreQueryParameters.fromNameAndType(
                WindowsProcessor.STORE, QueryableStoreTypes.<byte[], SubjectState>keyValueStore())
            .withPartition(partition);
    try {
      return streams.store(own).get(probes.get(partition)) != null;
    } catch (InvalidStateStoreException notHere) {
      return false;
    }
  }

  private List<Integer> standbysNow() {
    TreeSet<Integer> found = new TreeSet<>();
    for (var thread : streams.metadataForLocalThreads()) {
      for (var task : thread.standbyTasks()) found.add(task.taskId().partition());
    }
    return List.copyOf(found);
  }

  private void lookAtLag() {
    if (state != KafkaStreams.State.RUNNING) return;
    long sum = 0;
    for (var partitions : streams.allLocalStorePartitionLags().values()) {
      for (LagInfo one : partitions.values()) sum += one.offsetLag();
    }
    lag = sum;
    say();
  }

  private synchronized void say() {
    String now =
        "\"state\":\"%s\",\"served\":[%s],\"standbys\":[%s],\"lag\":%d"
            .formatted(state, listed(served), listed(standbys), lag);
    if (now.equals(said)) return;
    said = now;
    System.out.println("{\"peer\":\"kafka-streams\",\"at_ms\":" + System.currentTimeMillis() + "," + now + "}");
  }

  private static String listed(List<Integer> numbers) {
    return numbers.stream().map(String::valueOf).collect(Collectors.joining(","));
  }

  private static Properties settings(TakeoverArguments asked) {
    Properties settings = new Properties();
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, asked.application());
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, asked.brokers());
    settings.put(StreamsConfig.STATE_DIR_CONFIG, asked.folder());
    settings.put(StreamsConfig.NUM_STANDBY_REPLICAS_CONFIG, asked.standbys());
    settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, COMMIT_EVERY_MS);
    settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, KafkaStreamsPeer.CACHE_BYTES);
    settings.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
    settings.put(StreamsConfig.BUFFERED_RECORDS_PER_PARTITION_CONFIG, KafkaStreamsPeer.POLL_RECORDS);
    // Whoever comes back gets its share at once, and not a few partitions every ten minutes. What one that is left alone gets is the same.
    settings.put(StreamsConfig.ACCEPTABLE_RECOVERY_LAG_CONFIG, Long.MAX_VALUE);
    settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
    settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), KafkaStreamsPeer.POLL_RECORDS);
    settings.put(StreamsConfig.mainConsumerPrefix(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG), asked.sessionTimeoutMs());
    settings.put(StreamsConfig.mainConsumerPrefix(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG), asked.heartbeatMs());
    return settings;
  }
}

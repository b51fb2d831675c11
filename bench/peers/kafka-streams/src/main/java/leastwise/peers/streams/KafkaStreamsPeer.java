package leastwise.peers.streams;

import java.io.IOException;
import java.lang.management.MemoryUsage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import leastwise.peers.run.Inventory;
import leastwise.peers.run.Meter;
import leastwise.peers.run.PeerArguments;
import leastwise.peers.run.Report;
import leastwise.peers.state.SubjectState;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Utils;
import org.apache.kafka.streams.CloseOptions;
import org.apache.kafka.streams.CloseOptions.GroupMembershipOperation;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StoreQueryParameters;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.QueryableStoreTypes;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/** Reads a clickstream into windows with Kafka Streams, and says how fast it was. */
public final class KafkaStreamsPeer {
  static final long CACHE_BYTES = 512L << 20;
  private static final Duration COMMIT_INTERVAL = Duration.ofSeconds(30);
  static final int POLL_RECORDS = 5_000;
  static final Duration CLOSES_WITHIN = Duration.ofSeconds(30);

  private KafkaStreamsPeer() {}

  /** See {@link PeerArguments}. */
  public static void main(String[] args) throws Exception {
    PeerArguments asked = PeerArguments.of(args);
    String application = "leastwise-peer-" + UUID.randomUUID();
    Path folder = Files.createTempDirectory("leastwise-kafka-streams-");
    int status = 1;
    try {
      run(asked, application, folder);
      status = 0;
    } catch (TimeoutException | ExecutionException failed) {
      System.err.println("kafka-streams: " + failed.getMessage());
    } finally {
      tidy(asked, application, folder);
    }
    System.exit(status);
  }

  private static void run(PeerArguments asked, String application, Path folder)
      throws InterruptedException, TimeoutException, ExecutionException {
    Meter meter = new Meter();
    Properties settings = settings(asked, application, folder);
    try (KafkaStreams streams = new KafkaStreams(topology(asked.topic(), meter), settings)) {
      streams.setUncaughtExceptionHandler(failure -> giveUp(failure, meter));
      streams.start();
      Meter.Measured took = meter.await(asked.records(), asked.warmUp());
      MemoryUsage heap = Report.heap();
      Inventory kept = inventory(streams);
      streams.close(
          CloseOptions.groupMembershipOperation(GroupMembershipOperation.LEAVE_GROUP).withTimeout(CLOSES_WITHIN));
      Report.print("kafka-streams", asked, took, heap, kept);
    }
  }

  private static StreamThreadExceptionResponse giveUp(Throwable failure, Meter meter) {
    meter.fail(failure);
    return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
  }

  static Topology topology(String topic, Meter meter) {
    StoreBuilder<KeyValueStore<byte[], SubjectState>> store =
        Stores.keyValueStoreBuilder(
                Stores.inMemoryKeyValueStore(WindowsProcessor.STORE), Serdes.ByteArray(), PeerSerdes.states())
            .withCachingEnabled()
            .withLoggingEnabled(Map.of());
    return new Topology()
        .addSource("clickstream", new ByteArrayDeserializer(), PeerSerdes.events(), topic)
        .addProcessor("windows", () -> new WindowsProcessor(meter.lane()), "clickstream")
        .addStateStore(store, "windows");
  }

  private static Properties settings(PeerArguments asked, String application, Path folder) {
    Properties settings = new Properties();
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, application);
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, asked.brokers());
    settings.put(StreamsConfig.STATE_DIR_CONFIG, folder.toString());
    settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, asked.parallelism());
    settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, COMMIT_INTERVAL.toMillis());
    settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, CACHE_BYTES);
    settings.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
    settings.put(StreamsConfig.BUFFERED_RECORDS_PER_PARTITION_CONFIG, POLL_RECORDS);
    settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
    settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), POLL_RECORDS);
    return settings;
  }

  private static Inventory inventory(KafkaStreams streams) {
    Inventory kept = new Inventory();
    var store =
        streams.store(
            StoreQueryParameters.fromNameAndType(
                WindowsProcessor.STORE, QueryableStoreTypes.<byte[], SubjectState>keyValueStore()));
    try (KeyValueIterator<byte[], SubjectState> all = store.all()) {
      for (KeyValue<byte[], SubjectState> entry : (Iterable<KeyValue<byte[], SubjectState>>) () -> all) {
        kept.add(entry.value);
      }
    }
    return kept;
  }

  /** Leaves nothing behind, on disk or in the brokers, which may not be the benchmark's own. */
  private static void tidy(PeerArguments asked, String application, Path folder) throws IOException {
    String changelog = application + "-" + WindowsProcessor.STORE + "-changelog";
    try (Admin admin = Admin.create(Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, asked.brokers()))) {
      admin.deleteTopics(List.of(changelog)).all().get();
      admin.deleteConsumerGroups(List.of(application)).all().get();
    } catch (ExecutionException | InterruptedException kept) {
      System.err.println("kafka-streams: could not remove " + changelog + ": " + kept.getMessage());
    } finally {
      Utils.delete(folder.toFile());
    }
  }
}

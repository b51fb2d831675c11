package leastwise.peers.flink;

import java.lang.management.MemoryUsage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import leastwise.peers.run.Inventory;
import leastwise.peers.run.Meter;
import leastwise.peers.run.PeerArguments;
import leastwise.peers.run.Report;
import org.apache.flink.api.common.JobExecutionResult;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.KafkaSourceOptions;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.util.FileUtils;

/** Reads a clickstream into windows with Flink, in a cluster within this process, and says how fast it was. */
public final class FlinkPeer {
  /** The cluster is in this process, so what its tasks count is reached through fields of a class. */
  static final Meter METER = new Meter();

  static final Inventory KEPT = new Inventory();

  private static final Duration CHECKPOINT_INTERVAL = Duration.ofSeconds(10);
  private static final long ENDS_WITHIN_SECONDS = 60;

  private FlinkPeer() {}

  /** See {@link PeerArguments}. */
  public static void main(String[] args) throws Exception {
    PeerArguments asked = PeerArguments.of(args);
    Path checkpoints = Files.createTempDirectory("leastwise-flink-");
    int status = 1;
    try {
      run(asked, checkpoints);
      status = 0;
    } catch (TimeoutException | ExecutionException failed) {
      System.err.println("flink: " + failed.getMessage());
    } finally {
      FileUtils.deleteDirectory(checkpoints.toFile());
    }
    System.exit(status);
  }

  private static void run(PeerArguments asked, Path checkpoints) throws Exception {
    StreamExecutionEnvironment job = StreamExecutionEnvironment.getExecutionEnvironment(settings(checkpoints));
    job.setParallelism(asked.parallelism());
    job.getConfig().enableObjectReuse();
    job.enableCheckpointing(CHECKPOINT_INTERVAL.toMillis());
    job.fromSource(source(asked), WatermarkStrategy.noWatermarks(), "clickstream")
        .keyBy(Click::subject, OwnType.SUBJECT)
        .transform("windows", Types.VOID, new WindowsOperator());
    JobClient running = job.executeAsync("windows");
    running.getJobExecutionResult().exceptionally(FlinkPeer::giveUp);
    Meter.Measured took = METER.await(asked.records(), asked.warmUp());
    MemoryUsage heap = Report.heap();
    end(running);
    Report.print("flink", asked, took, heap, KEPT);
  }

  private static Configuration settings(Path checkpoints) {
    return new Configuration()
        .set(StateBackendOptions.STATE_BACKEND, "hashmap")
        .set(CheckpointingOptions.CHECKPOINT_STORAGE, "filesystem")
        .set(CheckpointingOptions.CHECKPOINTS_DIRECTORY, checkpoints.toUri().toString())
        // A failure ends the run: a restart would go on in silence and spoil the figures.
        .set(RestartStrategyOptions.RESTART_STRATEGY, "none");
  }

  private static KafkaSource<Click> source(PeerArguments asked) {
    return KafkaSource.<Click>builder()
        .setBootstrapServers(asked.brokers())
        .setTopics(asked.topic())
        .setGroupId("leastwise-peer-" + UUID.randomUUID())
        .setStartingOffsets(OffsetsInitializer.earliest())
        .setDeserializer(new ClickSchema())
        // Checkpoints hold the offsets; a group on the brokers would only be left behind.
        .setProperty(KafkaSourceOptions.COMMIT_OFFSETS_ON_CHECKPOINT.key(), "false")
        .build();
  }

  private static JobExecutionResult giveUp(Throwable failure) {
    METER.fail(failure);
    return null;
  }

  /** Cancels the job and waits until its operators are closed. */
  private static void end(JobClient running) throws InterruptedException, TimeoutException, ExecutionException {
    running.cancel().get();
    try {
      running.getJobExecutionResult().get(ENDS_WITHIN_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException cancelled) {
      // as it should be
    }
  }
}

package leastwise.peers.streams;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What one process of an application is asked to be.
 *
 * @param brokers addresses of Kafka, host:port
 * @param topic the topic to read from its beginning
 * @param application the id that all processes of the application have
 * @param folder where this process keeps its state, its own
 * @param standbys copies of each partition's state beside that of its owner
 * @param sessionTimeoutMs how long a silent process keeps what it owns
 * @param heartbeatMs time between two heartbeats
 * @param probes a key of each partition, in the order of the partitions
 */
record TakeoverArguments(
    String brokers,
    String topic,
    String application,
    String folder,
    int standbys,
    int sessionTimeoutMs,
    int heartbeatMs,
    List<String> probes) {
  private static final Set<String> NAMES =
      Set.of(
          "--brokers",
          "--topic",
          "--application",
          "--folder",
          "--standbys",
          "--session-timeout-ms",
          "--heartbeat-ms",
          "--probes");
  private static final String USAGE =
      "usage: --brokers HOST:PORT --topic NAME --application ID --folder PATH --standbys N"
          + " --session-timeout-ms MS --heartbeat-ms MS --probes KEY,...";

  /** Reads the command line; wrong use ends the process with 2. */
  static TakeoverArguments of(String[] args) {
    try {
      return read(args);
    } catch (IllegalArgumentException problem) {
      System.err.println(problem.getMessage() + "\n" + USAGE);
      System.exit(2);
      throw problem;
    }
  }

  private static TakeoverArguments read(String[] args) {
    Map<String, String> given = new HashMap<>();
    for (int at = 0; at < args.length; at += 2) {
      if (!NAMES.contains(args[at])) throw new IllegalArgumentException("unknown option " + args[at]);
      if (at + 1 == args.length) throw new IllegalArgumentException(args[at] + ": expected a value");
      given.put(args[at], args[at + 1]);
    }
    return new TakeoverArguments(
        text(given, "--brokers"),
        text(given, "--topic"),
        text(given, "--application"),
        text(given, "--folder"),
        number(given, "--standbys", 0),
        number(given, "--session-timeout-ms", 1),
        number(given, "--heartbeat-ms", 1),
        List.of(text(given, "--probes").split(",")));
  }

  private static String text(Map<String, String> given, String name) {
    String value = given.get(name);
    if (value == null || value.isEmpty()) throw new IllegalArgumentException(name + ": expected a value");
    return value;
  }

  private static int number(Map<String, String> given, String name, int min) {
    String value = text(given, name);
    try {
      int number = Integer.parseInt(value);
      if (number >= min) return number;
    } catch (NumberFormatException notOne) {
      // said below
    }
    throw new IllegalArgumentException(name + ": expected a whole number of at least " + min + ", got " + value);
  }
}

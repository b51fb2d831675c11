package leastwise.peers.run;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * What a peer was asked to do.
 *
 * @param brokers addresses of Kafka, host:port
 * @param topic the topic to read from its beginning
 * @param records how many records to process
 * @param warmUp how many of them come before the clock starts
 * @param parallelism threads of Kafka Streams, parallel instances of Flink's operators
 */
public record PeerArguments(String brokers, String topic, long records, long warmUp, int parallelism) {
  private static final String USAGE =
      "usage: --brokers HOST:PORT --topic NAME --records N [--warm-up W] [--parallelism P]";
  private static final Set<String> NAMES =
      Set.of("--brokers", "--topic", "--records", "--warm-up", "--parallelism", "--threads");

  /** Reads the command line; wrong use ends the process with 2. */
  public static PeerArguments of(String[] args) {
    try {
      return read(args);
    } catch (IllegalArgumentException problem) {
      System.err.println(problem.getMessage() + "\n" + USAGE);
      System.exit(2);
      throw problem;
    }
  }

  private static PeerArguments read(String[] args) {
    Map<String, String> given = new HashMap<>();
    for (int at = 0; at < args.length; at += 2) {
      if (!NAMES.contains(args[at])) throw new IllegalArgumentException("unknown option " + args[at]);
      if (at + 1 == args.length) throw new IllegalArgumentException(args[at] + ": expected a value");
      given.put(args[at].equals("--threads") ? "--parallelism" : args[at], args[at + 1]);
    }
    long records = number(given, "--records", null, 1);
    long warmUp = number(given, "--warm-up", "0", 0);
    if (warmUp >= records) throw new IllegalArgumentException("--warm-up: expected less than --records");
    int parallelism = (int) number(given, "--parallelism", "1", 1);
    return new PeerArguments(text(given, "--brokers"), text(given, "--topic"), records, warmUp, parallelism);
  }

  private static String text(Map<String, String> given, String name) {
    String value = given.get(name);
    if (value == null || value.isEmpty()) throw new IllegalArgumentException(name + ": expected a value");
    return value;
  }

  private static long number(Map<String, String> given, String name, String otherwise, long min) {
    String value = given.getOrDefault(name, otherwise);
    try {
      long number = Long.parseLong(String.valueOf(value));
      if (number >= min) return number;
    } catch (NumberFormatException notOne) {
      // said below
    }
    throw new IllegalArgumentException(name + ": expected a whole number of at least " + min + ", got " + value);
  }
}

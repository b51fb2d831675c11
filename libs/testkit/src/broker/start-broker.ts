import { brokerFromDocker, dockerAnswers } from "./docker-broker.js";
import { missingForMaven } from "./kafka-jars.js";
import { brokerFromMaven } from "./maven-broker.js";

/** A Kafka broker that tests may use. */
export interface TestBroker {
  /** Bootstrap addresses, `host:port`. */
  readonly brokers: string[];
  /** Where it came from: named by `KAFKA_BROKERS`, a container, or a process on this machine. */
  readonly how: "env" | "docker" | "maven";
  /** Ends it, and removes what it stored. Idempotent. A broker named by `KAFKA_BROKERS` stays. */
  stop(): Promise<void>;
}

/**
 * A real broker: the one that `KAFKA_BROKERS` names (comma-separated `host:port`); else one in Docker, if an engine
 * answers; else Apache Kafka from Maven Central, on Java 17 or later. Rejects with an error that says all three ways if
 * none is open.
 *
 * @param environment where `KAFKA_BROKERS` and the `PATH` to look for commands stand
 * @param isMeasured whether it must come to its full speed, as in a benchmark, which costs a start seconds
 */
export async function startBroker({
  environment = process.env,
  isMeasured = false,
}: {
  readonly environment?: NodeJS.ProcessEnv;
  readonly isMeasured?: boolean;
} = {}): Promise<TestBroker> {
  const named = brokersFrom(environment["KAFKA_BROKERS"]);
  if (named !== undefined) return { brokers: named, how: "env", stop: () => Promise.resolve() };
  if (await dockerAnswers(environment)) return brokerFromDocker();
  const missing = await missingForMaven(environment);
  if (missing === undefined) return brokerFromMaven(isMeasured);
  throw new Error(
    "These tests need a Kafka broker, and there are three ways to one, none of which is open here: " +
      "set KAFKA_BROKERS=host:port[,host:port]; or start a Docker engine; " +
      `or install Java 17 or later and Maven (${missing}).`,
  );
}

/** The addresses in a list such as `a:9092, b:9092`; undefined if the list is absent or blank. */
export function brokersFrom(list: string | undefined): string[] | undefined {
  const brokers = (list ?? "")
    .split(",")
    .map((broker) => broker.trim())
    .filter((broker) => broker !== "");
  const malformed = brokers.find((broker) => !/^[^\s:]+:\d{1,5}$|^\[[0-9a-fA-F:]+\]:\d{1,5}$/.test(broker));
  if (malformed !== undefined)
    throw new Error(`KAFKA_BROKERS: expected host:port[,host:port], got ${JSON.stringify(malformed)}`);
  return brokers.length === 0 ? undefined : brokers;
}

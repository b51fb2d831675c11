import { runCommand } from "./run-command.js";
import type { TestBroker } from "./start-broker.js";

const IMAGE = "confluentinc/cp-kafka:7.9.1";
const ENGINE_ANSWERS_WITHIN_MS = 5_000;
const STARTS_WITHIN_MS = 180_000;

/** True if a Docker engine answers: a client alone is not enough. */
export async function dockerAnswers(environment: NodeJS.ProcessEnv): Promise<boolean> {
  const { succeeded, output } = await runCommand(
    "docker",
    ["version", "--format", "{{.Server.Version}}"],
    ENGINE_ANSWERS_WITHIN_MS,
    environment,
  );
  return succeeded && output.trim() !== "";
}

/** A broker in a container, which Docker removes when it stops. */
export async function brokerFromDocker(): Promise<TestBroker> {
  process.stderr.write(`kafka: starting ${IMAGE} in Docker (the first time, the image is fetched)\n`);
  // Only loaded where an engine answers: it is large.
  const { KafkaContainer } = await import("@testcontainers/kafka");
  const container = await new KafkaContainer(IMAGE).withKraft().withStartupTimeout(STARTS_WITHIN_MS).start();
  let stopping: Promise<unknown> | undefined;
  return {
    brokers: [`${container.getHost()}:${container.getMappedPort(9093)}`],
    how: "docker",
    stop: async () => {
      stopping ??= container.stop();
      await stopping;
    },
  };
}

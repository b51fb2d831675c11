import type { Config } from "@leastwise/config";
import { isInOrder, LogError, openClusterTopics, type ClusterTopics } from "@leastwise/eventlog";
import { kafkaOptions } from "../host/kafka-options.js";
import { wantedTopics } from "../topics/wanted-topics.js";
import { failing, fine, skipped, type Finding } from "./finding.js";

/** Whether the brokers answer, and have the topics as they must be. */
export async function checkCluster(config: Config): Promise<readonly Finding[]> {
  const { log } = config;
  if (log.adapter !== "kafka") return [skipped("brokers", "log.adapter is embedded: there are none")];
  let topics: ClusterTopics;
  try {
    topics = await openClusterTopics(await kafkaOptions(log));
  } catch (error) {
    return [failing("brokers", said(error), adviceFor(error))];
  }
  try {
    return [fine("brokers", `${log.brokers.join(", ")} answer`), await checkTopics(topics, config)];
  } finally {
    await topics.close();
  }
}

async function checkTopics(topics: ClusterTopics, config: Config): Promise<Finding> {
  const name = "topics";
  try {
    const changes = await topics.plan(wantedTopics(config));
    if (isInOrder(changes)) return fine(name, `all ${changes.length} are as they must be`);
    const wrong = changes.filter((change) => !isInOrder([change])).map(({ topic }) => topic.name);
    return failing(name, `not as they must be: ${wrong.join(", ")}`, "`leastwise topics plan` says what is to be done");
  } catch (error) {
    return failing(
      name,
      said(error),
      "allow this user to describe the topics: `leastwise topics acls` prints what it needs",
    );
  }
}

function said(error: unknown): string {
  if (!(error instanceof LogError)) throw error;
  return error.message;
}

function adviceFor(error: unknown): string {
  const isRefused = error instanceof LogError && error.hint === "terminal";
  return isRefused
    ? "see log.sasl_mechanism, log.sasl_user, log.sasl_password and log.tls_ca_file"
    : "see log.brokers and log.tls, the network between, and whether the brokers run";
}

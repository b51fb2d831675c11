import type { Config } from "@leastwise/config";
import {
  isInOrder,
  LogError,
  openClusterTopics,
  readLogIdentity,
  topicRights,
  type ClusterTopics,
  type LogIdentity,
} from "@leastwise/eventlog";
import { kafkaOptions } from "../host/kafka-options.js";
import type { AccessRole } from "../topics/access.js";
import { howToFinish } from "../topics/refusals.js";
import { planOf, wantedTopics } from "../topics/wanted-topics.js";
import { doubtful, failing, fine, skipped, type Finding } from "./finding.js";
import { topicsFinding } from "./topics.js";
import { askedTopics, checkRights, principalOf } from "./rights.js";

/** Whether the brokers answer, are the log's, have the topics as they must be, and let this user do what it must; of `role`, if one is named. */
export async function checkCluster(config: Config, role: AccessRole | undefined): Promise<readonly Finding[]> {
  const { log } = config;
  if (log.adapter !== "kafka") return [skipped("brokers", "log.adapter is embedded: there are none")];
  let topics: ClusterTopics;
  try {
    topics = await openClusterTopics(await kafkaOptions(log));
  } catch (error) {
    return [failing("brokers", said(error), adviceFor(error))];
  }
  try {
    const { finding, growing } = await checkIdentity(config);
    return [brokersFinding(log), finding, await checkTopics(topics, config, growing), await checkAcls(config, role)];
  } finally {
    await topics.close();
  }
}

/** Brokers from which on one may hang or die without anybody noticing, where each record stands on as many. */
const COPIES_WANTED = 3;

/** Several brokers of which each record stands on one alone serve until that one hangs. */
export function brokersFinding({ brokers, replication_factor: copies }: Config["log"]): Finding {
  const answer = `${brokers.join(", ")} answer`;
  if (brokers.length < COPIES_WANTED || copies > 1) return fine("brokers", answer);
  return doubtful(
    "brokers",
    `${answer}, and each record of a topic that is made stands on one of them alone`,
    `set log.replication_factor to ${COPIES_WANTED}, so that one of them may hang or die`,
  );
}

/** Whether it is the cluster that the log was begun in, and whether somebody would notice another log in its place. */
async function checkIdentity({ log }: Config): Promise<{ finding: Finding; growing: LogIdentity["growing"] }> {
  try {
    const pinned = log.incarnation === undefined ? {} : { incarnation: log.incarnation };
    const identity = await readLogIdentity({ ...(await kafkaOptions(log)), ...pinned });
    return { finding: identityFinding(identity, log.incarnation), growing: identity.growing };
  } catch (error) {
    const finding = failing("cluster", said(error), "see log.brokers, log.cluster_id and log.incarnation");
    return { finding, growing: undefined };
  }
}

function identityFinding({ clusterId, incarnation }: LogIdentity, pinned: string | undefined): Finding {
  const name = "cluster";
  if (incarnation === undefined)
    return fine(name, `${clusterId}, without a log yet, or with one that this user may not see`);
  const found = `${clusterId}, with the log ${incarnation}`;
  if (pinned !== undefined) return fine(name, found);
  return doubtful(
    name,
    `${found}, and any other would be taken for it`,
    `set log.incarnation to ${incarnation}, so that the wrong brokers are refused`,
  );
}

async function checkTopics(topics: ClusterTopics, config: Config, growing: LogIdentity["growing"]): Promise<Finding> {
  const name = "topics";
  if (growing !== undefined) {
    const { from, to } = growing;
    return failing(name, `a growth from ${from} to ${to} partitions is under way`, howToFinish(growing));
  }
  try {
    const changes = await topics.plan(wantedTopics(config));
    const names = changes.map(({ topic }) => topic.name);
    const rights = isInOrder(changes) ? undefined : await topicRights(await kafkaOptions(config.log), names);
    return topicsFinding(changes, rights);
  } catch (error) {
    return failing(
      name,
      said(error),
      "allow this user to describe the topics: `leastwise topics acls` prints what it needs",
    );
  }
}

async function checkAcls(config: Config, role: AccessRole | undefined): Promise<Finding> {
  const { log } = config;
  const plan = planOf(config);
  try {
    const rights = await topicRights(await kafkaOptions(log), askedTopics(plan));
    return checkRights({ role, rights, plan, brokers: log.brokers, principal: principalOf(log) });
  } catch (error) {
    return failing("acls", said(error), "`leastwise topics acls` prints what each service needs");
  }
}

function said(error: unknown): string {
  if (!(error instanceof LogError)) throw error;
  return error.message;
}

/** What to look at when the brokers cannot be spoken to. */
export function adviceFor(error: unknown): string {
  const isRefused = error instanceof LogError && error.hint === "terminal";
  return isRefused
    ? "see log.tls, log.tls_ca_file, log.sasl_mechanism, log.sasl_user and log.sasl_password"
    : "see log.brokers and log.tls, the network between, and whether the brokers run";
}

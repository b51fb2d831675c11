import { TOPICS, type TopicPlan } from "@leastwise/contracts";
import { LOG_TOPIC } from "@leastwise/eventlog";

/** A service that has a user of its own with the brokers. */
export const ROLES = ["collector", "scorer", "recorder"] as const;
export type AccessRole = (typeof ROLES)[number];

/** What a user may do with something of a Kafka cluster, as `kafka-acls.sh` and `AclOperation` name it. */
export interface Access {
  readonly resource: "topic" | "group" | "transactional-id";
  readonly name: string;
  /** `prefixed`: with everything that begins with the name. */
  readonly pattern: "literal" | "prefixed";
  readonly operations: readonly ("Read" | "Write" | "Describe" | "DescribeConfigs" | "Delete")[];
}

const { clickstream, clickstreamRaw, links, subjects, catalog, policy, models, decisions, offers, deadLetters } =
  TOPICS;
const { windowCheckpoints, windowManifests, owners } = TOPICS;

/** What each service reads and writes. All look at every topic when they start. */
const READS: Readonly<Record<AccessRole, readonly string[]>> = {
  collector: [links, subjects, catalog, policy, models, clickstreamRaw],
  scorer: [
    clickstream,
    links,
    subjects,
    catalog,
    policy,
    models,
    decisions,
    offers,
    windowCheckpoints,
    windowManifests,
    owners,
  ],
  recorder: [clickstream, decisions, offers, deadLetters, catalog],
};
const WRITES: Readonly<Record<AccessRole, readonly string[]>> = {
  collector: [clickstream, links, subjects, catalog, policy, models, deadLetters],
  scorer: [clickstream, decisions, offers, deadLetters, policy, windowCheckpoints, windowManifests, owners],
  recorder: [deadLetters],
};

/** Readers without a group of their own are in one for as long as they live, and take it away when they end. */
const BROADCASTS: Access = {
  resource: "group",
  name: "leastwise.broadcast.",
  pattern: "prefixed",
  operations: ["Read", "Delete"],
};

const GROUPS: Readonly<Record<AccessRole, readonly Access[]>> = {
  collector: [
    { resource: "group", name: "leastwise-raw", pattern: "literal", operations: ["Read"] },
    // A relay's transactions, a partition each.
    { resource: "transactional-id", name: "leastwise-raw.", pattern: "prefixed", operations: ["Write", "Describe"] },
  ],
  // The group that scorers share the partitions in.
  scorer: [{ resource: "group", name: "leastwise-scorers", pattern: "literal", operations: ["Read"] }],
  recorder: [{ resource: "group", name: "recorder-", pattern: "prefixed", operations: ["Read"] }],
};

/** The least that a service needs once `leastwise topics apply` has made the topics: none may make or change one. */
export function accessOf(role: AccessRole, plan: readonly TopicPlan[]): readonly Access[] {
  const topics = plan.map(({ name }) => topicAccess(name, READS[role].includes(name), WRITES[role].includes(name)));
  const own = GROUPS[role].filter(({ name }) => !name.startsWith("leastwise-raw") || takesRaw(plan));
  return [topicAccess(LOG_TOPIC.name, true, true), ...topics, BROADCASTS, ...own];
}

function takesRaw(plan: readonly TopicPlan[]): boolean {
  return plan.some(({ name }) => name === clickstreamRaw);
}

function topicAccess(name: string, isRead: boolean, isWritten: boolean): Access {
  const operations = [
    ...(isRead ? (["Read"] as const) : []),
    ...(isWritten ? (["Write"] as const) : []),
    ...(isRead || isWritten ? [] : (["Describe"] as const)),
    "DescribeConfigs" as const,
  ];
  return { resource: "topic", name, pattern: "literal", operations };
}

/** Commands that give a user these. */
export function aclCommands(access: readonly Access[], principal: string, brokers: readonly string[]): string {
  return access
    .map(({ resource, name, pattern, operations }) => {
      const words = operations.map((operation) => `--operation ${operation}`).join(" ");
      const kind = pattern === "prefixed" ? " --resource-pattern-type prefixed" : "";
      const to = `--allow-principal ${principal}`;
      return `kafka-acls.sh --bootstrap-server ${brokers.join(",")} --add ${to} ${words} --${resource} ${name}${kind}`;
    })
    .join("\n");
}

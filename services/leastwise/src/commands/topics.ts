import { loadConfig, sayProblems, type Config } from "@leastwise/config";
import {
  growPartitions,
  isInOrder,
  LogError,
  openClusterTopics,
  planGrowth,
  type Action,
  type ClusterTopics,
  type GrowthReport,
  type TopicChange,
} from "@leastwise/eventlog";
import { kafkaOptions } from "../host/kafka-options.js";
import { ServiceFailure, StartFailure } from "../host/start-failure.js";
import { growthPlan } from "../topics/growth-plan.js";
import { topicsTable } from "../topics/topics-table.js";
import { accessOf, aclCommands, ROLES, type AccessRole } from "../topics/access.js";
import { planOf, wantedTopics } from "../topics/wanted-topics.js";

/** What `leastwise topics` is asked for. */
export type TopicsQuestion = "plan" | "apply" | "check";

export interface TopicsOptions {
  readonly config: string | undefined;
  readonly json: boolean;
}

/** Compares the cluster's topics with what the configuration wants, and brings them there if asked to. */
export async function topicsCommand(question: TopicsQuestion, options: TopicsOptions): Promise<void> {
  const config = await configOf(options);
  const topics = await openTopics(config);
  try {
    const before = await topics.plan(wantedTopics(config));
    const refused = question === "apply" ? whyRefused(before) : undefined;
    if (question !== "apply" || refused !== undefined) {
      show(before, options);
      if (refused !== undefined) throw new ServiceFailure(refused);
      if (question === "check" && !isInOrder(before))
        throw new ServiceFailure("the topics are not as they must be: `leastwise topics plan` says what is to be done");
      return;
    }
    await topics.apply(before);
    const after = await topics.plan(wantedTopics(config));
    show(after, options);
    if (!isInOrder(after))
      throw new ServiceFailure("some topics are not as they must be yet: see what is to be done by hand");
  } catch (error) {
    if (error instanceof LogError) throw new ServiceFailure(error.message);
    throw error;
  } finally {
    await topics.close();
  }
}

async function configOf({ config: file }: TopicsOptions): Promise<Config> {
  const loaded = await loadConfig({ ...(file === undefined ? {} : { file }), env: process.env, overrides: {} });
  if (!loaded.ok) throw new StartFailure(sayProblems(loaded.error));
  if (loaded.value.log.adapter === "kafka") return loaded.value;
  throw new StartFailure(
    "log.adapter: expected kafka, got embedded, whose topics are made at start: there is nothing to plan",
  );
}

async function openTopics({ log }: Config): Promise<ClusterTopics> {
  try {
    return await openClusterTopics(await kafkaOptions(log));
  } catch (error) {
    if (error instanceof LogError) throw new StartFailure(error.message);
    throw error;
  }
}

/** Applying does all that it can or nothing: half of a plan is what nobody has looked at. */
function whyRefused(changes: readonly TopicChange[]): string | undefined {
  const names = changes.flatMap((change) => (has(change, "refuse") ? [change.topic.name] : []));
  if (names.length === 0) return undefined;
  return `nothing was changed, as the plan is refused for ${names.join(", ")}`;
}

function has(change: TopicChange, action: Action): boolean {
  return change.kind === "change" && change.changes.some((setting) => setting.action === action);
}

function show(changes: readonly TopicChange[], { json }: TopicsOptions): void {
  const text = json ? JSON.stringify({ inOrder: isInOrder(changes), topics: changes }) : topicsTable(changes);
  process.stdout.write(`${text}\n`);
}

export interface AclsOptions extends TopicsOptions {
  /** Absent: all of them. */
  readonly role: AccessRole | undefined;
  /** Begins the name of each service's user; the role follows. */
  readonly principal: string;
}

/** Prints what each service's user must be allowed to do, and no more. Asks no broker. */
export async function aclsCommand(options: AclsOptions): Promise<void> {
  const config = await configOf(options);
  const plan = planOf(config);
  const roles = options.role === undefined ? ROLES : [options.role];
  if (options.json) {
    const byRole = Object.fromEntries(roles.map((role) => [role, accessOf(role, plan)]));
    process.stdout.write(`${JSON.stringify(byRole)}\n`);
    return;
  }
  const commands = roles.map((role) =>
    aclCommands(accessOf(role, plan), `${options.principal}${role}`, config.log.brokers),
  );
  process.stdout.write(`${commands.join("\n")}\n`);
}

export interface GrowOptions extends TopicsOptions {
  readonly partitions: number;
  readonly dryRun: boolean;
  /** Copies once more, and leaves out what somebody wrote meanwhile. */
  readonly again: boolean;
}

/** Gives the topics that hold subjects more partitions, and takes every subject's records to where they belong then. */
export async function growCommand(options: GrowOptions): Promise<void> {
  const config = await configOf(options);
  const incarnation = config.log.incarnation === undefined ? {} : { incarnation: config.log.incarnation };
  const plan = {
    ...growthPlan(config, options.partitions),
    isBegunAnew: options.again,
    onStep: (step: string) => {
      if (!options.json) process.stderr.write(`${step}\n`);
    },
  };
  try {
    const replicationFactor = config.log.replication_factor;
    const brokers = { ...(await kafkaOptions(config.log)), replicationFactor, ...incarnation };
    const report = await (options.dryRun ? planGrowth(brokers, plan) : growPartitions(brokers, plan));
    process.stdout.write(`${options.json ? JSON.stringify(report) : sayGrowth(report, options)}\n`);
  } catch (error) {
    if (error instanceof LogError) throw new ServiceFailure(error.message);
    throw error;
  }
}

function sayGrowth({ from, to, records, foreign }: GrowthReport, { dryRun }: GrowOptions): string {
  const lines = Object.entries(records).map(([topic, count]) => {
    return dryRun
      ? `  ${topic}: ${count} records would be copied`
      : `  ${topic}: ${count} records copied, and compared`;
  });
  const foreignLines = Object.entries(foreign).map(([topic, { count }]) => {
    return `  ${topic}: ${count} of the records that were looked through ${count === 1 ? "is" : "are"} none of ours, and passed over as the services do`;
  });
  const head = dryRun
    ? `from ${from} to ${to} partitions; nothing stands in the way, and nothing was done:`
    : `from ${from} to ${to} partitions:`;
  const next = dryRun ? [] : [`Set log.partitions to ${to} before anything starts.`];
  return [head, ...lines, ...foreignLines, ...next].join("\n");
}

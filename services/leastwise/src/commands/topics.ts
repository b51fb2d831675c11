import { loadConfig, sayProblems, type Config } from "@leastwise/config";
import {
  growPartitions,
  isApplicable,
  isInOrder,
  LogError,
  openClusterTopics,
  planGrowth,
  readLogIdentity,
  type Action,
  type ClusterTopics,
  type GrowthReport,
  type TopicChange,
} from "@leastwise/eventlog";
import { kafkaOptions } from "../host/kafka-options.js";
import { ServiceFailure, StartFailure } from "../host/start-failure.js";
import { growthPlan } from "../topics/growth-plan.js";
import { appliedTable, topicsTable } from "../topics/topics-table.js";
import { adviceFor } from "../doctor/cluster.js";
import { sayGrowing, sayTooFewBrokers } from "../topics/refusals.js";
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
    await checkLog(config);
    const plan = await topics.plan(wantedTopics(config));
    const tooFew = sayTooFewBrokers(plan, config.log.replication_factor, await topics.brokers());
    if (question === "apply") await apply(topics, config, plan, tooFew, options);
    else say(question, plan, tooFew, options);
  } catch (error) {
    if (error instanceof LogError) throw new ServiceFailure(error.message);
    throw error;
  } finally {
    await topics.close();
  }
}

/** Whether it is the log that the configuration means, as a service that starts would: of another one nothing is said or changed, nor while it grows. */
async function checkLog(config: Config): Promise<void> {
  const { growing } = await readLogIdentity({ ...(await kafkaOptions(config.log)), ...pinnedIn(config) });
  const problem = sayGrowing(growing);
  if (problem !== undefined) throw new ServiceFailure(problem);
}

function pinnedIn({ log: { incarnation } }: Config): { readonly incarnation?: string } {
  return incarnation === undefined ? {} : { incarnation };
}

function say(
  question: Exclude<TopicsQuestion, "apply">,
  plan: readonly TopicChange[],
  tooFew: string | undefined,
  options: TopicsOptions,
): void {
  show(plan, options, { problem: tooFew });
  if (question === "plan") return;
  if (tooFew !== undefined) throw new ServiceFailure(tooFew);
  if (!isInOrder(plan))
    throw new ServiceFailure("the topics are not as they must be: `leastwise topics plan` says what is to be done");
}

async function apply(
  topics: ClusterTopics,
  config: Config,
  plan: readonly TopicChange[],
  tooFew: string | undefined,
  options: TopicsOptions,
): Promise<void> {
  const refused = whyRefused(plan) ?? (tooFew === undefined ? undefined : `nothing was changed: ${tooFew}`);
  if (refused !== undefined) {
    show(plan, options, { problem: tooFew });
    throw new ServiceFailure(refused);
  }
  await topics.apply(plan);
  if (!options.json) process.stdout.write(`${appliedTable(plan)}\n\n`);
  const after = await topics.planAfter(wantedTopics(config));
  show(after, options, { applied: plan.filter(isApplicable) });
  if (after.some(isApplicable))
    throw new ServiceFailure(
      "the brokers do not show all that was applied yet: ask `leastwise topics check` in a while",
    );
  if (!isInOrder(after))
    throw new ServiceFailure("some topics are not as they must be yet: see what is to be done by hand");
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
    if (error instanceof LogError) throw new StartFailure(`${error.message}: ${adviceFor(error)}`);
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

/** What is said beside the plan. */
interface Besides {
  /** What of the configuration the cluster cannot give. */
  readonly problem?: string | undefined;
  /** What was made and set. */
  readonly applied?: readonly TopicChange[];
}

function show(changes: readonly TopicChange[], { json }: TopicsOptions, { problem, applied }: Besides): void {
  const isFine = problem === undefined;
  const report = {
    inOrder: isInOrder(changes) && isFine,
    ...(isFine ? {} : { problem }),
    ...(applied === undefined ? {} : { applied }),
    topics: changes,
  };
  const text = json ? JSON.stringify(report) : [topicsTable(changes), ...(isFine ? [] : [problem])].join("\n");
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
  checkPrincipal(options.principal);
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

/** A kind and the beginning of a name, as Kafka writes who comes. */
const PRINCIPAL_PREFIX = /^[A-Za-z]\w*:[^\s*]*$/;

function checkPrincipal(prefix: string): void {
  if (PRINCIPAL_PREFIX.test(prefix)) return;
  const expected = "a kind of principal and the beginning of its name, such as User:leastwise-";
  throw new StartFailure(`--principal: expected ${expected}, got ${JSON.stringify(prefix)}`);
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
  const plan = {
    ...growthPlan(config, options.partitions),
    isBegunAnew: options.again,
    onStep: (step: string) => {
      if (!options.json) process.stderr.write(`${step}\n`);
    },
  };
  try {
    const { replication_factor: replicationFactor, session_timeout_ms: sessionTimeoutMs } = config.log;
    const brokers = { ...(await kafkaOptions(config.log)), replicationFactor, sessionTimeoutMs, ...pinnedIn(config) };
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

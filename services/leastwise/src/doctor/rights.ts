import type { Config } from "@leastwise/config";
import { LOG_TOPIC, type TopicRights } from "@leastwise/eventlog";
import type { TopicPlan } from "@leastwise/contracts";
import { accessOf, aclCommands, ROLES, type Access, type AccessRole } from "../topics/access.js";
import { failing, fine, skipped, type Finding } from "./finding.js";

/** What the fix is printed for. */
export interface RightsQuestion {
  /** Absent: whichever service this user is for. */
  readonly role: AccessRole | undefined;
  /** Undefined where the brokers are too old to say it. */
  readonly rights: TopicRights | undefined;
  readonly plan: readonly TopicPlan[];
  readonly brokers: readonly string[];
  /** As Kafka's ACLs name the user; undefined where only the brokers know: see {@link principalOf}. */
  readonly principal: string | undefined;
}

const NAME = "acls";
const WHOSE_NAME = "the name that the brokers take from the token or the client certificate";
const NOT_ASKED = "groups and transactional ids are not asked";

/** Topics whose rights are asked. */
export function askedTopics(plan: readonly TopicPlan[]): readonly string[] {
  return [LOG_TOPIC.name, ...plan.map(({ name }) => name)];
}

/**
 * Whom the brokers take a user for, as Kafka's ACLs name it; undefined where the name is not in the configuration, but in a client certificate, or in
 * the token that a client id is exchanged for.
 */
export function principalOf({
  sasl_mechanism: mechanism,
  sasl_user: user = "",
}: Pick<Config["log"], "sasl_mechanism" | "sasl_user">): string | undefined {
  return mechanism === "none" || mechanism === "oauthbearer" ? undefined : `User:${user}`;
}

/**
 * Whether this user may do with topics what a service does with them. Of a topic that is not there yet nothing can be learnt, which is said; that it is
 * missing is another finding's.
 */
export function checkRights(question: RightsQuestion): Finding {
  const { role, plan, rights } = question;
  if (rights === undefined) return skipped(NAME, "the brokers are of before Kafka 2.3, and do not say it");
  const topics = askedTopics(plan);
  const absent = topics.filter((topic) => rights.get(topic) === undefined).length;
  if (absent === topics.length)
    return skipped(NAME, "none of the topics is there yet, so that nothing can be learnt: ask again when they are");
  const asked = role === undefined ? ROLES : [role];
  const lacks = asked.map((one) => ({ role: one, missing: missingOf(accessOf(one, plan), rights) }));
  const able = lacks.filter(({ missing }) => missing.length === 0).map((one) => one.role);
  if (able.length > 0)
    return fine(NAME, `this user may do with topics what ${able.join(", ")} must; ${NOT_ASKED}${sayAbsent(absent)}`);
  const [nearest] = lacks.toSorted((one, other) => countOf(one.missing) - countOf(other.missing));
  return nearest === undefined ? fine(NAME, NOT_ASKED) : lackOf(nearest, absent, question);
}

function sayAbsent(absent: number): string {
  if (absent === 0) return "";
  return absent === 1 ? "; 1 topic is not there yet" : `; ${absent} topics are not there yet`;
}

interface Lack {
  readonly role: AccessRole;
  readonly missing: readonly Access[];
}

function lackOf(
  { role, missing }: Lack,
  absent: number,
  { principal, brokers, role: wanted }: RightsQuestion,
): Finding {
  const what = missing.map(({ name, operations }) => `${operations.join(" and ")} on ${name}`).join(", ");
  const which = wanted === undefined ? `the service that it is nearest to, ${role}` : role;
  const commands = aclCommands(missing, principal ?? "User:NAME", brokers).replaceAll("\n", "; ");
  return failing(
    NAME,
    `this user lacks for ${which}: ${what}${sayAbsent(absent)}`,
    principal === undefined ? `with ${WHOSE_NAME} for NAME: ${commands}` : commands,
  );
}

function missingOf(needed: readonly Access[], rights: TopicRights): readonly Access[] {
  return needed.flatMap((access) => {
    const has = access.resource === "topic" ? rights.get(access.name) : undefined;
    if (has === undefined) return [];
    const operations = access.operations.filter((operation) => !has.has(operation));
    return operations.length === 0 ? [] : [{ ...access, operations }];
  });
}

function countOf(missing: readonly Access[]): number {
  return missing.reduce((sum, { operations }) => sum + operations.length, 0);
}

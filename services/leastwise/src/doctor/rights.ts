import { LOG_TOPIC, type TopicRights } from "@leastwise/eventlog";
import type { TopicPlan } from "@leastwise/contracts";
import { accessOf, aclCommands, ROLES, type Access, type AccessRole } from "../topics/access.js";
import { failing, fine, type Finding } from "./finding.js";

/** What the fix is printed for. */
export interface RightsQuestion {
  /** Absent: whichever service this user is for. */
  readonly role: AccessRole | undefined;
  readonly rights: TopicRights;
  readonly plan: readonly TopicPlan[];
  readonly brokers: readonly string[];
  /** As Kafka's ACLs name the user; undefined where only the brokers know, as with a client certificate. */
  readonly principal: string | undefined;
}

const NAME = "acls";
const NOT_ASKED = "groups and transactional ids are not asked";

/** Topics whose rights are asked. */
export function askedTopics(plan: readonly TopicPlan[]): readonly string[] {
  return [LOG_TOPIC.name, ...plan.map(({ name }) => name)];
}

/** Whether this user may do with topics what a service does with them; a topic that is not there yet is another finding's. */
export function checkRights(question: RightsQuestion): Finding {
  const { role, plan } = question;
  const asked = role === undefined ? ROLES : [role];
  const lacks = asked.map((one) => ({ role: one, missing: missingOf(accessOf(one, plan), question.rights) }));
  const able = lacks.filter(({ missing }) => missing.length === 0).map((one) => one.role);
  if (able.length > 0) return fine(NAME, `this user may do with topics what ${able.join(", ")} must; ${NOT_ASKED}`);
  const [nearest] = lacks.toSorted((one, other) => countOf(one.missing) - countOf(other.missing));
  return nearest === undefined ? fine(NAME, NOT_ASKED) : lackOf(nearest, question);
}

interface Lack {
  readonly role: AccessRole;
  readonly missing: readonly Access[];
}

function lackOf({ role, missing }: Lack, { principal, brokers, role: wanted }: RightsQuestion): Finding {
  const what = missing.map(({ name, operations }) => `${operations.join(" and ")} on ${name}`).join(", ");
  const which = wanted === undefined ? `the service that it is nearest to, ${role}` : role;
  const user = principal ?? "User:NAME";
  return failing(
    NAME,
    `this user lacks for ${which}: ${what}`,
    aclCommands(missing, user, brokers).replaceAll("\n", "; "),
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

import { describe, expect, it } from "@jest/globals";
import { topicPlan } from "@leastwise/contracts";
import { accessOf, type AccessRole } from "../topics/access.js";
import { askedTopics, checkRights, principalOf } from "./rights.js";

const PLAN = topicPlan(4, undefined);
type Rights = NonNullable<Parameters<typeof checkRights>[0]["rights"]>;

/** What a role's least set allows, with changes by topic. */
function rightsOf(role: AccessRole, ...changes: readonly (readonly [string, string[] | undefined])[]): Rights {
  const nothing = askedTopics(PLAN).map((topic) => [topic, new Set()] as const);
  const allowed = accessOf(role, PLAN).flatMap(({ resource, name, operations }) =>
    resource === "topic" ? [[name, new Set(operations)] as const] : [],
  );
  const changed = changes.map(([topic, operations]) => [topic, operations && new Set(operations)] as const);
  return new Map([...nothing, ...allowed, ...changed]) as Rights;
}

const question = { role: undefined, plan: PLAN, brokers: ["kafka:9092"], principal: "User:me" };

describe("what the doctor says of a user's rights", () => {
  it("is for which services they are enough", () => {
    const finding = checkRights({ ...question, rights: rightsOf("scorer") });
    expect(finding).toMatchObject({ standing: "ok", fix: "" });
    expect(finding.found).toMatch(/what scorer must; groups and transactional ids are not asked/);
  });

  it("is what lacks for the service that it is nearest to, with the commands", () => {
    const rights = rightsOf("recorder", ["decisions", ["Describe", "DescribeConfigs"]]);
    expect(checkRights({ ...question, rights })).toMatchObject({
      standing: "fail",
      found: "this user lacks for the service that it is nearest to, recorder: Read on decisions",
      fix: "kafka-acls.sh --bootstrap-server kafka:9092 --add --allow-principal User:me --operation Read --topic decisions",
    });
  });

  it("is what lacks for the service that was named", () => {
    const finding = checkRights({ ...question, role: "collector", rights: rightsOf("scorer") });
    expect(finding.found).toMatch(/^this user lacks for collector: .*Write on links/);
    expect(finding.fix.split("; ").every((command) => command.startsWith("kafka-acls.sh "))).toBe(true);
  });

  it("is nothing of topics that are not there, and how many these are", () => {
    const rights = rightsOf("scorer", ["decisions", undefined]);
    const finding = checkRights({ ...question, role: "scorer", rights });
    expect(finding).toMatchObject({ standing: "ok", found: expect.stringMatching(/; 1 topic is not there yet$/) });
    const lacking = rightsOf("scorer", ["decisions", undefined], ["offers", undefined], ["links", []]);
    expect(checkRights({ ...question, role: "scorer", rights: lacking })).toMatchObject({
      standing: "fail",
      found: expect.stringMatching(/ on links; 2 topics are not there yet$/),
    });
  });

  it("is not known where no topic is there, or the brokers do not say it", () => {
    const none = new Map(askedTopics(PLAN).map((topic) => [topic, undefined]));
    expect(checkRights({ ...question, rights: none })).toMatchObject({
      standing: "skip",
      found: expect.stringContaining("none of the topics is there yet"),
    });
    expect(checkRights({ ...question, rights: undefined })).toMatchObject({
      standing: "skip",
      found: expect.stringContaining("before Kafka 2.3"),
    });
  });

  it("leaves the name open where only the brokers know it", () => {
    expect(principalOf({ sasl_mechanism: "plain", sasl_user: "me" })).toBe("User:me");
    expect(principalOf({ sasl_mechanism: "none", sasl_user: undefined })).toBeUndefined();
    const principal = principalOf({ sasl_mechanism: "oauthbearer", sasl_user: "a client's id" });
    const rights = rightsOf("recorder", ["decisions", ["Describe", "DescribeConfigs"]]);
    expect(checkRights({ ...question, principal, rights }).fix).toBe(
      "with the name that the brokers take from the token or the client certificate for NAME: " +
        "kafka-acls.sh --bootstrap-server kafka:9092 --add --allow-principal User:NAME --operation Read --topic decisions",
    );
  });
});

import { wire } from "@leastwise/contracts";
import { startSecuredBroker, type SecuredBroker } from "@leastwise/testkit";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import kafkajs from "kafkajs";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { newFolder, runToEnd, startProgram, type Program } from "./program.js";
import { CART, need, Shop } from "./shop.js";

// A cluster that asks who comes, and lets nobody do what it was not told of: each service has a user of its own, with what
// `leastwise topics acls` prints and nothing else.

const ROLES = ["collector", "scorer", "recorder"] as const;
type Role = (typeof ROLES)[number];

interface Access {
  readonly resource: "topic" | "group" | "transactional-id";
  readonly name: string;
  readonly pattern: "literal" | "prefixed";
  readonly operations: readonly string[];
}

const data = newFolder();
const caFile = path.join(data, "ca.pem");
let broker: SecuredBroker;
let granted: Readonly<Record<Role, readonly Access[]>>;
let shop: Shop;

const password = (role: Role): string => `${role}'s own`;

beforeAll(async () => {
  const users = Object.fromEntries(ROLES.map((role) => [`leastwise-${role}`, password(role)]));
  broker = await startSecuredBroker({ users, superUsers: ["User:nobody-else"] });
  writeFileSync(caFile, broker.ca);
  const operator = { LEASTWISE_LOG__BROKERS: broker.plaintext };
  const applied = await runToEnd({ args: ["topics", "apply"], env: { ...common(), ...operator } });
  expect(applied.exit.code).toBe(0);
  const said = await runToEnd({ args: ["topics", "acls", "--json"], env: { ...common(), ...operator } });
  granted = JSON.parse(said.stdout.join("\n")) as typeof granted;
  await grantAll();
}, 180_000);

afterAll(async () => {
  (shop as Shop | undefined)?.close();
  await (broker as SecuredBroker | undefined)?.stop();
}, 60_000);

function common(): Record<string, string> {
  return {
    LEASTWISE_LOG__ADAPTER: "kafka",
    LEASTWISE_SUBJECTS__KEY: "5e".repeat(32),
    LEASTWISE_CODES__KEY: "c0".repeat(32),
    LEASTWISE_COLLECTOR__FOLLOW_RAW: "true",
    LEASTWISE_SCORER__RECOVERY_OBJECTIVE_MS: "1",
  };
}

/** As the service's own user. */
function environmentOf(role: Role): Record<string, string> {
  return {
    ...common(),
    LEASTWISE_LOG__BROKERS: broker.sasl,
    LEASTWISE_LOG__TLS: "true",
    LEASTWISE_LOG__TLS_CA_FILE: caFile,
    LEASTWISE_LOG__SASL_MECHANISM: "scram-sha-512",
    LEASTWISE_LOG__SASL_USER: `leastwise-${role}`,
    LEASTWISE_LOG__SASL_PASSWORD: password(role),
    LEASTWISE_DATA_DIRECTORY: path.join(data, role),
  };
}

function start(role: Role): Promise<Program> {
  return startProgram({ args: [role], env: environmentOf(role) });
}

/** As `kafka-acls.sh` would. */
async function grantAll(): Promise<void> {
  const { AclResourceTypes, AclOperationTypes, AclPermissionTypes, ResourcePatternTypes } = kafkajs;
  const types = {
    topic: AclResourceTypes.TOPIC,
    group: AclResourceTypes.GROUP,
    "transactional-id": AclResourceTypes.TRANSACTIONAL_ID,
  };
  const operations: Readonly<Record<string, kafkajs.AclOperationTypes>> = {
    Read: AclOperationTypes.READ,
    Write: AclOperationTypes.WRITE,
    Describe: AclOperationTypes.DESCRIBE,
    DescribeConfigs: AclOperationTypes.DESCRIBE_CONFIGS,
    Delete: AclOperationTypes.DELETE,
  };
  const admin = new kafkajs.Kafka({ brokers: [broker.plaintext], logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  const acl = ROLES.flatMap((role) =>
    granted[role].flatMap(({ resource, name, pattern, operations: allowed }) =>
      allowed.map((operation) => ({
        resourceType: types[resource],
        resourceName: name,
        resourcePatternType: pattern === "prefixed" ? ResourcePatternTypes.PREFIXED : ResourcePatternTypes.LITERAL,
        principal: `User:leastwise-${role}`,
        host: "*",
        operation: operations[operation]!,
        permissionType: AclPermissionTypes.ALLOW,
      })),
    ),
  );
  await admin.createAcls({ acl });
  await admin.disconnect();
}

describe("services with the least that they need", () => {
  it("take events in, decide, record, and write checkpoints", async () => {
    const [collector, scorer, recorder] = await Promise.all([start("collector"), start("scorer"), start("recorder")]);
    const ports = {
      rpc: scorer.ports.rpc!,
      http: collector.ports.http!,
      ops: scorer.ports.ops,
      sql: recorder.ports.sql!,
    };
    shop = new Shop(ports, collector.ports.rpc);
    const user = "acls";
    need(await shop.putConsent(user, wire.Purpose.PURPOSE_PERSONALIZATION));
    const event = { kind: "search", occurred_at_ms: Date.now(), user_id: user, event_id: "one" };
    const { status, body } = await shop.post("/v1/events", { events: [event] });
    expect(status).toBe(200);
    const answer = need(
      await shop.decide({
        ...{ requestId: "acls", caller: "acls", subject: { userId: user }, cart: CART },
        ...{ after: body.position!, maxWaitMs: 1_000 },
      }),
    );
    expect([answer.freshness, answer.degradedReason]).toEqual([wire.Freshness.FRESHNESS_FRESH, ""]);
    await shop.sees(`count() FROM decisions WHERE request_id = 'acls'`, 1);
    await shop.sees(`count() FROM clickstream WHERE event_id = 'one'`, 1);
    for (const { lines } of [collector, scorer, recorder])
      expect(lines.filter((line) => /authoriz/i.test(line))).toEqual([]);
    expect((await scorer.stop()).code).toBe(0);
    expect(scorer.lines.some((line) => line.includes("a checkpoint was written"))).toBe(true);
  }, 120_000);
});

describe("the doctor, as a user with the least that its service needs", () => {
  async function aclsFor(user: Role, role: Role): Promise<string> {
    const { stdout } = await runToEnd({ args: ["doctor", "--role", role], env: environmentOf(user) });
    return stdout.join("\n");
  }

  it.each(ROLES)("finds that it is enough for the %s", async (role) => {
    expect(await aclsFor(role, role)).toMatch(
      new RegExp(`^ok +acls +this user may do with topics what ${role} must`, "m"),
    );
  });

  it("finds what lacks for another service, and prints the line that gives it", async () => {
    const said = await aclsFor("recorder", "collector");
    expect(said).toMatch(/^FAIL +acls +this user lacks for collector: .*Read and Write on links/m);
    expect(said).toMatch(
      /→ .*kafka-acls\.sh --bootstrap-server \S+ --add --allow-principal User:leastwise-recorder --operation Read --operation Write --topic links(;|$)/m,
    );
  });

  it("is what a service is told that starts as a user who may not", async () => {
    const env = { ...environmentOf("recorder"), LEASTWISE_DATA_DIRECTORY: newFolder() };
    const { exit, stderr } = await runToEnd({ args: ["scorer"], env }, 60_000);
    expect(exit.code).toBe(1);
    expect(stderr.at(-1)).toMatch(/`leastwise topics acls` prints what a service must be allowed.*\(not_allowed\)/);
  }, 90_000);
});

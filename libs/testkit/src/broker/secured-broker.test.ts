import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import kafkajs, { Kafka, type KafkaConfig, logLevel } from "kafkajs";
import { type SecuredBroker, startSecuredBroker, unsignedToken } from "./secured-broker.js";

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs;
const STARTS_WITHIN_MS = 600_000;
const RESOURCE = { resourceType: AclResourceTypes.TOPIC, resourcePatternType: ResourcePatternTypes.LITERAL };

let broker: SecuredBroker;

beforeAll(async () => {
  broker = await startSecuredBroker({ users: { alice: "alice-secret", root: "root-secret" }, superUsers: ["root"] });
}, STARTS_WITHIN_MS);

afterAll(async () => {
  await broker.stop();
}, 60_000);

function client(settings: Omit<KafkaConfig, "brokers">, address = broker.sasl): Kafka {
  return new Kafka({ brokers: [address], logLevel: logLevel.NOTHING, retry: { retries: 0 }, ...settings });
}

async function newTopic(): Promise<string> {
  const topic = `secured.${randomUUID()}`;
  const admin = client({}, broker.plaintext).admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true });
  await admin.disconnect();
  return topic;
}

async function allowWriting(principal: string, topic: string): Promise<void> {
  const admin = client({}, broker.plaintext).admin();
  await admin.connect();
  const rule = { operation: AclOperationTypes.WRITE, permissionType: AclPermissionTypes.ALLOW };
  await admin.createAcls({ acl: [{ ...RESOURCE, resourceName: topic, principal, host: "*", ...rule }] });
  await admin.disconnect();
}

async function write(kafka: Kafka, topic: string): Promise<void> {
  const producer = kafka.producer();
  await producer.connect();
  try {
    await producer.send({ topic, messages: [{ value: "x" }] });
  } finally {
    await producer.disconnect();
  }
}

/** Each way in, and the principal that it makes of who comes. */
const DOORS: readonly (readonly [string, string, () => Kafka])[] = [
  ...(["plain", "scram-sha-256", "scram-sha-512"] as const).map(
    (mechanism) =>
      [
        mechanism,
        "User:alice",
        () =>
          client({
            ssl: { ca: broker.ca },
            sasl: { mechanism: mechanism as "plain", username: "alice", password: "alice-secret" },
          }),
      ] as const,
  ),
  ["oauthbearer", "User:bob", () => bearer(unsignedToken("bob"))],
  ["a certificate", "User:client", () => client({ ssl: { ca: broker.ca, ...broker.client } }, broker.mutualTls)],
];

function bearer(token: string): Kafka {
  const oauthBearerProvider = () => Promise.resolve({ value: token });
  return client({ ssl: { ca: broker.ca }, sasl: { mechanism: "oauthbearer", oauthBearerProvider } });
}

describe("startSecuredBroker", () => {
  it.each(DOORS)("lets in by %s who is %s, and allows what an ACL allows", async (_, principal, door) => {
    const topic = await newTopic();
    await expect(write(door(), topic)).rejects.toThrow("Topic authorization failed");
    await allowWriting(principal, topic);
    await write(door(), topic);
  });

  it("allows a super user everything", async () => {
    const sasl = { mechanism: "plain", username: "root", password: "root-secret" } as const;
    await write(client({ ssl: { ca: broker.ca }, sasl }), await newTopic());
  });

  it.each<[string, () => Kafka, string]>([
    [
      "a wrong password",
      () =>
        client({
          ssl: { ca: broker.ca },
          sasl: { mechanism: "plain", username: "alice", password: "root-secret" },
        }),
      "Invalid username or password",
    ],
    // The client library does not read the broker's word against it, and is hung up on.
    ["a token that has ended", () => bearer(unsignedToken("bob", -3_600)), "No brokers in the broker pool"],
    ["no certificate", () => client({ ssl: { ca: broker.ca } }, broker.mutualTls), "certificate"],
    [
      "a certificate of another authority",
      () => client({ ssl: { ...broker.stranger, ca: broker.ca } }, broker.mutualTls),
      "certificate",
    ],
  ])("refuses who comes with %s", async (_, door, why) => {
    const admin = door().admin();
    await expect(admin.connect().then(() => admin.listTopics())).rejects.toThrow(why);
    await admin.disconnect();
  });
});

describe("startSecuredBroker, where Java is missing", () => {
  it("says what it needs", async () => {
    await expect(startSecuredBroker({ users: {} }, { PATH: "/nowhere" })).rejects.toThrow(
      /^A broker with secured listeners needs Java 17 or later, Maven and openssl \(java was not found\)/,
    );
  });
});

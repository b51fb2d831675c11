import { decodeDecisionRecord, readFrame } from "@leastwise/contracts";
import { RegistryStandIn } from "@leastwise/testkit";
import { afterAll, expect, it } from "@jest/globals";
import { randomUUID } from "node:crypto";
import { Kafka, logLevel } from "kafkajs";
import { kafkaRoad } from "./kafka-road.js";

// The other client library behind the port, and decisions written for a schema registry's deserializers: the road is the same.

let registry: RegistryStandIn;

async function settings(): Promise<Readonly<Record<string, string>>> {
  registry = await RegistryStandIn.start();
  return {
    LEASTWISE_LOG__CLIENT: "platformatic",
    LEASTWISE_LOG__DECISIONS_FRAMING: "confluent",
    LEASTWISE_LOG__SCHEMA_REGISTRY_URL: registry.url,
  };
}

afterAll(async () => {
  await registry.stop();
});

kafkaRoad("the services of docker-compose.yml, with the second client and a schema registry", {
  settings,
  more: (brokers) => {
    it("write each decision behind the id of its schema", async () => {
      const ids = [...registry.subjects.entries()].flatMap(([subject, versions]) =>
        subject.startsWith("decisions") ? versions.map(({ id }) => id) : [],
      );
      const kafka = new Kafka({ clientId: "reader", brokers: [...brokers()], logLevel: logLevel.NOTHING });
      const consumer = kafka.consumer({ groupId: `reader-${randomUUID()}` });
      await consumer.connect();
      await consumer.subscribe({ topics: ["decisions"], fromBeginning: true });
      const value = await new Promise<Uint8Array>((resolve, reject) => {
        const eachMessage = ({ message }: { message: { value: Buffer | null } }): Promise<void> => {
          resolve(message.value ?? Buffer.alloc(0));
          return Promise.resolve();
        };
        consumer.run({ eachMessage }).catch(reject);
      });
      await consumer.disconnect();
      const framed = readFrame(value);
      expect(ids).toContain(framed?.schemaId);
      expect(decodeDecisionRecord(value).ownerEpoch).toBeGreaterThan(0n);
    }, 60_000);
  },
});

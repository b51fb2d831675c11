import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { ScriptedBroker } from "./scan/given/scripted-broker.js";
import { topicRights } from "./topic-rights.js";

let broker: ScriptedBroker;
beforeEach(async () => (broker = await ScriptedBroker.start()));
afterEach(() => broker.stop());

describe("what a user may do with topics", () => {
  it("is not asked of brokers that are too old to say it", async () => {
    // As Kafka 2.1 has it.
    broker.metadataVersions = [0, 7];
    const { host, port } = broker.address;
    expect(await topicRights({ brokers: [`${host}:${port}`] }, ["clickstream"])).toBeUndefined();
  });
});

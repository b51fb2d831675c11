import { describe, expect, it } from "@jest/globals";
import { TopicCatalogue, type TopicAdmin } from "./topic-catalogue.js";

const SPEC = { name: "dead_letters", partitions: 1, compacted: false };

/** Brokers on which another process has just made the topic: their list has it from the given call on. */
function brokersThatListIt(fromCall: number): TopicAdmin {
  let calls = 0;
  const exists = Object.assign(new Error("exists"), { type: "TOPIC_ALREADY_EXISTS" });
  const partition = { partitionErrorCode: 0, partitionId: 0, leader: 1, replicas: [1], isr: [1] };
  const entries = [
    ["cleanup.policy", "delete"],
    ["retention.ms", "-1"],
  ] as const;
  const configEntries = entries.map(([configName, configValue]) => ({
    ...{ configName, configValue, isDefault: false, configSource: 1, isSensitive: false, readOnly: false },
    configSynonyms: [],
  }));
  return {
    listTopics: () => Promise.resolve(++calls >= fromCall ? [SPEC.name] : []),
    createTopics: () => Promise.reject(exists),
    fetchTopicMetadata: () => Promise.resolve({ topics: [{ name: SPEC.name, partitions: [partition] }] }),
    describeConfigs: () =>
      Promise.resolve({
        resources: [{ errorCode: 0, errorMessage: "", resourceType: 2, resourceName: SPEC.name, configEntries }],
        throttleTime: 0,
      }),
  };
}

describe("a topic that several processes make at the same moment", () => {
  it("is waited for by whoever came second, until the brokers list it", async () => {
    const catalogue = new TopicCatalogue(brokersThatListIt(4), -1);
    await catalogue.ensure([SPEC]);
    expect(await catalogue.get(SPEC.name)).toEqual(SPEC);
  });

  it("is not waited for by who only asks for it", async () => {
    const catalogue = new TopicCatalogue(brokersThatListIt(4), -1);
    await expect(catalogue.get(SPEC.name)).rejects.toMatchObject({ code: "unknown_topic" });
  });
});

import { loadConfig, type Config } from "@leastwise/config";
import { describe, expect, it } from "@jest/globals";
import { brokersFinding } from "./cluster.js";

async function logOf(log: Partial<Config["log"]>): Promise<Config["log"]> {
  const loaded = await loadConfig({ env: {}, defaults: { log: { adapter: "kafka", ...log } } });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
  return loaded.value.log;
}

describe("the doctor", () => {
  it("says that of several brokers one alone has each record, and what to set", async () => {
    const brokers = ["a:9092", "b:9092", "c:9092"];
    expect(brokersFinding(await logOf({ brokers }))).toMatchObject({
      standing: "warn",
      fix: "set log.replication_factor to 3, so that one of them may hang or die",
    });
    expect(brokersFinding(await logOf({ brokers, replication_factor: 3 }))).toMatchObject({ standing: "ok", fix: "" });
    expect(brokersFinding(await logOf({ brokers: ["a:9092"] }))).toMatchObject({ standing: "ok" });
  });
});

import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { startCluster, type TestCluster } from "@leastwise/testkit";
import type { Millis } from "@leastwise/vocabulary";
import { LogError, type EventLog } from "../port.js";
import { openKafkaLog } from "./kafka-log.js";

let cluster: TestCluster;
let log: EventLog;

beforeAll(async () => {
  cluster = await startCluster({ brokers: 3 });
  log = await openKafkaLog({ brokers: cluster.brokers, replicationFactor: 3, sessionTimeoutMs: 6_000 });
}, 600_000);

afterAll(async () => {
  await (log as EventLog | undefined)?.close();
  await (cluster as TestCluster | undefined)?.stop();
}, 60_000);

describe("a group whose coordinator dies while a batch is in hand", () => {
  it("has the batch's commit refused, joins anew and goes on", async () => {
    const topic = `moves.${randomUUID()}`;
    const group = `moves-${randomUUID()}`;
    await log.ensureTopics([{ name: topic, partitions: 1, compacted: false }]);
    const say = (value: string) =>
      log.append([{ topic, partition: 0, value: Buffer.from(value), timestampMs: 1_780_000_000_000 as Millis }]);
    const refused: string[] = [];
    let hasBegun: () => void = () => undefined;
    let isKilled: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => (hasBegun = resolve));
    const killed = new Promise<void>((resolve) => (isKilled = resolve));
    let committed: (offset: number) => void = () => undefined;
    const reached = new Promise<number>((resolve) => (committed = resolve));
    /** As the recorder does: again while that may help. */
    const commit = async (offset: number): Promise<void> => {
      for (;;) {
        try {
          await log.commit(group, topic, 0, { offset, note: "" });
          return;
        } catch (error) {
          if (!(error instanceof LogError)) throw error;
          refused.push(error.code);
          if (error.code === "partition_revoked") return;
        }
      }
    };
    const reader = await log.subscribe({
      topic,
      group,
      from: async () => (await log.committed(group, topic, 0))?.offset ?? 0,
      onBatch: async ({ records }) => {
        hasBegun();
        await killed;
        const offset = (records.at(-1)?.offset ?? -1) + 1;
        await commit(offset);
        if ((await log.committed(group, topic, 0))?.offset === offset) committed(offset);
      },
    });
    await say("first");
    await begun;
    await (await cluster.coordinatorOf(group)).kill();
    isKilled();
    expect(await reached).toBeGreaterThan(0);
    expect(refused).not.toContain("corrupt_record");
    await reader.stop();
  }, 120_000);
});

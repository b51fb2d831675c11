import { startBroker, type TestBroker } from "@leastwise/testkit";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import kafkajs from "kafkajs";
import { newFolder, startProgram, type Program } from "./program.js";
import { Shop } from "./shop.js";
import { until } from "./until.js";

// A topic whose records go before the scorer has them: it is told loudly, whether the scorer was down or has only fallen behind.

const METRIC = "leastwise_records_removed_unread_total";

let broker: TestBroker;
let admin: kafkajs.Admin;
let collector: Program;
let shop: Shop;

beforeAll(async () => {
  broker = await startBroker();
  admin = new kafkajs.Kafka({ brokers: [...broker.brokers], logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  collector = await start("collector");
}, 180_000);

afterAll(async () => {
  (shop as Shop | undefined)?.close();
  await (admin as kafkajs.Admin | undefined)?.disconnect();
  await (broker as TestBroker | undefined)?.stop();
}, 60_000);

function start(role: "collector" | "scorer"): Promise<Program> {
  return startProgram({
    args: [role],
    env: {
      ...{ LEASTWISE_LOG__ADAPTER: "kafka", LEASTWISE_LOG__BROKERS: broker.brokers.join(",") },
      LEASTWISE_LOG__PARTITIONS: "1",
      ...{ LEASTWISE_SUBJECTS__KEY: "5e".repeat(32), LEASTWISE_CODES__KEY: "c0".repeat(32) },
      LEASTWISE_DATA_DIRECTORY: newFolder(),
      // So soon that a few events are enough for a checkpoint.
      LEASTWISE_SCORER__RECOVERY_OBJECTIVE_MS: "1",
    },
  });
}

/** The doors of the collector, and of a scorer. */
function shopOf(scorer: Program): Shop {
  return new Shop({ rpc: scorer.ports.rpc!, http: collector.ports.http!, ops: scorer.ports.ops }, collector.ports.rpc);
}

async function browse(times: number): Promise<void> {
  const event = { kind: "search", occurred_at_ms: Date.now(), user_id: "ada" };
  const events = Array.from({ length: times }, () => ({ ...event, event_id: crypto.randomUUID() }));
  expect((await shop.post("/v1/events", { events })).status).toBe(200);
}

async function endOfClickstream(): Promise<number> {
  const [only] = await admin.fetchTopicOffsets("clickstream");
  return Number(only!.high);
}

/** As retention would, only sooner. */
async function removeBelow(offset: number): Promise<void> {
  await admin.deleteTopicRecords({ topic: "clickstream", partitions: [{ partition: 0, offset: String(offset) }] });
}

/** What a scorer says of records that are lost. */
async function saidBy(scorer: Program, what: string): Promise<Readonly<Record<string, unknown>>> {
  const line = await until(
    () => Promise.resolve(scorer.lines.find((one) => one.includes(what))),
    "what is said of lost records",
  );
  return JSON.parse(line) as Readonly<Record<string, unknown>>;
}

async function checkpointed(scorer: Program): Promise<void> {
  const isWritten = () => scorer.lines.some((line) => line.includes("a checkpoint was written"));
  for (; !isWritten();) {
    await browse(5);
    await until(() => Promise.resolve(isWritten() || undefined), "a checkpoint", 500).catch(() => undefined);
  }
}

describe("records that are removed before the scorer has them", () => {
  it("are told of at the start of one that was down for too long, and counted", async () => {
    const first = await start("scorer");
    shop = shopOf(first);
    await checkpointed(first);
    await first.stop();
    const behind = await endOfClickstream();
    await browse(8);
    const oldest = (await endOfClickstream()) - 2;
    await removeBelow(oldest);

    const second = await start("scorer");
    shop = shopOf(second);
    const said = await saidBy(second, "retention has removed what follows the checkpoint");
    expect(said).toMatchObject({ level: "error", topic: "clickstream", partition: 0, oldest_offset: oldest });
    const lost = Number(said["records_lost"]);
    expect(lost).toBe(oldest - Number(said["first_lost_offset"]));
    // What came since it was stopped, and what its newest checkpoint did not hold.
    expect(lost).toBeGreaterThanOrEqual(oldest - behind);
    expect(said["to_do"]).toMatch(/retention\.ms of the topic clickstream \(log\.retention_days/);
    expect(await shop.metric(METRIC, { consumer: "scorer-windows", topic: "clickstream" })).toBe(lost);
    await second.stop();
  }, 120_000);

  it("are told of by one that runs and is overtaken, and counted", async () => {
    const scorer = await start("scorer");
    shop = shopOf(scorer);
    process.kill(scorer.pid, "SIGSTOP");
    // The first may be on its way to it: a fetch is always asked for.
    await browse(1);
    const from = await endOfClickstream();
    await browse(6);
    await removeBelow(from + 6);
    process.kill(scorer.pid, "SIGCONT");
    const said = await saidBy(scorer, "retention has removed records before the windows");
    expect(said).toMatchObject({ level: "error", partition: 0, oldest_offset: from + 6 });
    expect(Number(said["records_lost"])).toBeGreaterThanOrEqual(6);
    // A scorer that has written no checkpoint since tells of the loss before it once more.
    expect(await shop.metric(METRIC, { topic: "clickstream" })).toBeGreaterThanOrEqual(Number(said["records_lost"]));
    // It goes on with what comes.
    await browse(1);
    expect((await scorer.stop()).code).toBe(0);
  }, 120_000);
});

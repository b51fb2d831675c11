import { LOG_TOPIC, openKafkaLog } from "@leastwise/eventlog";
import { startBroker, type TestBroker } from "@leastwise/testkit";
import type { Millis } from "@leastwise/vocabulary";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { newFolder, runToEnd, serve, startProgram, type Program } from "./program.js";

// What an operator asks before anything serves, of a real Kafka, and of ClickHouse's own interface as the SQL door speaks it.

const data = newFolder();
let broker: TestBroker;
let program: Program;

beforeAll(async () => {
  [broker, program] = await Promise.all([startBroker(), serve(newFolder())]);
}, 180_000);

afterAll(async () => {
  await (broker as TestBroker | undefined)?.stop();
}, 60_000);

function environment(): Record<string, string> {
  return {
    LEASTWISE_LOG__ADAPTER: "kafka",
    LEASTWISE_LOG__BROKERS: broker.brokers.join(","),
    LEASTWISE_WAREHOUSE__ADAPTER: "http",
    LEASTWISE_WAREHOUSE__URL: `http://127.0.0.1:${program.ports.sql!}`,
    LEASTWISE_WAREHOUSE__DATABASE: "default",
    LEASTWISE_SUBJECTS__KEY: "5e".repeat(32),
    LEASTWISE_CODES__KEY: "c0".repeat(32),
    LEASTWISE_DATA_DIRECTORY: data,
  };
}

async function ask(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { exit, stdout, stderr } = await runToEnd({ args, env: { ...environment(), ...env } });
  return { code: exit.code, said: stdout.join("\n"), complained: stderr.join("\n") };
}

describe("topics of a cluster, from the command line", () => {
  it("are neither planned nor made in another cluster than the configuration names", async () => {
    const other = { LEASTWISE_LOG__CLUSTER_ID: "the-other-one" };
    for (const question of [["plan"], ["check"], ["apply"], ["grow", "--partitions", "8"]]) {
      const { code, said, complained } = await ask(["topics", ...question], other);
      expect([question, code, said]).toEqual([question, 1, ""]);
      expect(complained).toMatch(/the brokers are of the cluster \S+, but log\.cluster_id is the-other-one/);
    }
    const { said } = await ask(["topics", "plan", "--json"]);
    const { topics } = JSON.parse(said) as { topics: { kind: string }[] };
    expect(topics.every(({ kind }) => kind === "create")).toBe(true);
  }, 60_000);

  it("are not grown where there is no log, and none is begun for that", async () => {
    const { code, complained } = await ask(["topics", "grow", "--partitions", "8", "--dry-run"]);
    expect([code, complained]).toEqual([1, expect.stringContaining("there is nothing to grow")]);
    expect((await ask(["topics", "plan"])).said).toMatch(/^\+ leastwise\.log +to be made/m);
  }, 60_000);

  it("cannot have more replicas than there are brokers, and it is said which setting is why", async () => {
    const three = { LEASTWISE_LOG__REPLICATION_FACTOR: "3" };
    const why = "log.replication_factor is 3, and there is 1 broker: ";
    const plan = await ask(["topics", "plan"], three);
    expect([plan.code, plan.said]).toEqual([0, expect.stringContaining(why)]);
    for (const question of ["apply", "check"]) {
      const { code, complained } = await ask(["topics", question, "--json"], three);
      expect([code, complained]).toEqual([1, expect.stringContaining(why)]);
    }
    expect((await ask(["topics", "plan"])).said).toMatch(/^\+ clickstream +to be made/m);
  }, 60_000);

  it("cannot be looked at where no broker answers, and it is said which setting that is", async () => {
    const { code, complained } = await ask(["topics", "check"], { LEASTWISE_LOG__BROKERS: "127.0.0.1:1" });
    expect([code, complained]).toEqual([1, expect.stringMatching(/127\.0\.0\.1:1.*see log\.brokers/)]);
  }, 60_000);

  it("are given to principals of a kind only", async () => {
    const { code, complained } = await ask(["topics", "acls", "--principal", "foo"]);
    const expected =
      '--principal: expected a kind of principal and the beginning of its name, such as User:leastwise-, got "foo"';
    expect([code, complained]).toEqual([1, expect.stringContaining(expected)]);
    expect((await ask(["topics", "acls", "--principal", "User:"])).said).toContain("--allow-principal User:recorder ");
  }, 60_000);

  it("are planned, applied, and then as they must be", async () => {
    const lacking = await ask(["topics", "check"]);
    expect(lacking).toMatchObject({ code: 1, complained: expect.stringContaining("leastwise topics plan") });
    const plan = await ask(["topics", "plan"]);
    expect(plan.code).toBe(0);
    expect(plan.said).toMatch(/^\+ clickstream +to be made: 4 partitions, 1 replica \(1 in sync\), kept 35 days$/m);
    expect(plan.said).toMatch(/^\+ links +to be made: 1 partition, 1 replica \(1 in sync\), compacted$/m);
    const applied = await ask(["topics", "apply"]);
    expect(applied.code).toBe(0);
    expect(applied.said).toMatch(/^\+ clickstream +made: 4 partitions, 1 replica \(1 in sync\), kept 35 days$/m);
    expect(applied.said).toMatch(/^ {2}clickstream +as it should be$/m);
    const checked = await ask(["topics", "check", "--json"]);
    expect(checked.code).toBe(0);
    expect(JSON.parse(checked.said)).toMatchObject({ inOrder: true });
  }, 60_000);

  it("are not touched where some would move subjects, and it is said which and why", async () => {
    const more = { LEASTWISE_LOG__PARTITIONS: "8", LEASTWISE_LOG__RETENTION_DAYS: "40" };
    const { code, said, complained } = await ask(["topics", "apply"], more);
    expect(code).toBe(1);
    expect(said).toMatch(/partitions is 4, wanted 8: REFUSED: subjects would move .*Set log\.partitions to 4\./);
    expect(said).toContain("retention.ms is 35 days, wanted 40 days: to be set");
    expect(complained).toMatch(/nothing was changed, as the plan is refused for clickstream, decisions, offers/);
    expect((await ask(["topics", "check"])).code).toBe(0);
  }, 60_000);

  it("are set as asked, and it is said what was otherwise before, each time at once", async () => {
    for (const [before, days] of [
      [35, 40],
      [40, 41],
    ]) {
      const longer = { LEASTWISE_LOG__RETENTION_DAYS: String(days) };
      const { code, said, complained } = await ask(["topics", "apply"], longer);
      expect([code, complained]).toEqual([0, ""]);
      expect(said).toMatch(new RegExp(`^~ clickstream +set: retention\\.ms was ${before} days, is ${days} days$`, "m"));
    }
    const again = await ask(["topics", "apply", "--json"], { LEASTWISE_LOG__RETENTION_DAYS: "41" });
    expect(JSON.parse(again.said)).toMatchObject({ inOrder: true, applied: [] });
  }, 60_000);

  it("have nothing to be planned where the log is embedded", async () => {
    const { code, complained } = await ask(["topics", "plan"], { LEASTWISE_LOG__ADAPTER: "embedded" });
    expect(code).toBe(1);
    expect(complained).toContain("log.adapter: expected kafka, got embedded");
  });
});

/** As a growth tells of itself beside the log's first record. */
async function tellGrowth(stage: "copying" | "finished"): Promise<void> {
  const log = await openKafkaLog({ brokers: broker.brokers, isForGrowth: true });
  const value = Buffer.from(JSON.stringify({ stage, from: 4, to: 8, topics: {} }));
  await log.append([{ topic: LOG_TOPIC.name, partition: 0, key: "growth", value, timestampMs: Date.now() as Millis }]);
  await log.close();
}

describe("the doctor", () => {
  it("finds all well where it is", async () => {
    const { code, said } = await ask(["doctor"]);
    expect(said).not.toContain("FAIL");
    expect(code).toBe(0);
    for (const look of ["brokers", "cluster", "topics", "acls", "warehouse", "clock", "disk"])
      expect(said).toMatch(new RegExp(`^(ok  |warn)  ${look} `, "m"));
  }, 60_000);

  it("does not begin a log, and says which one there is once there is one", async () => {
    expect((await ask(["doctor"])).said).toMatch(
      /^ok +cluster +\S+, without a log yet, or with one that this user may not see$/m,
    );
    const collector = await startProgram({ args: ["collector"], env: environment() });
    await collector.stop();
    const { said } = await ask(["doctor"]);
    const [, cluster, incarnation] = /^warn +cluster +(\S+), with the log (\S+),/m.exec(said)!;
    expect(said).toMatch(new RegExp(`→ set log\\.incarnation to ${incarnation!}`));
    const pinned = { LEASTWISE_LOG__INCARNATION: incarnation!, LEASTWISE_LOG__CLUSTER_ID: cluster! };
    expect((await ask(["doctor"], pinned)).said).toMatch(/^ok +cluster /m);
  }, 60_000);

  it("and whoever asks about topics refuse another log than is pinned", async () => {
    const other = { LEASTWISE_LOG__INCARNATION: "the-other-one" };
    for (const question of [["plan"], ["check"], ["apply"], ["grow", "--partitions", "8"]]) {
      const { code, said, complained } = await ask(["topics", ...question], other);
      expect([question, code, said]).toEqual([question, 1, ""]);
      expect(complained).toContain("but the-other-one is pinned");
    }
  }, 60_000);

  it("and whoever asks about topics say what finishes a growth that was interrupted", async () => {
    await tellGrowth("copying");
    for (const question of ["plan", "check", "apply"]) {
      const { code, complained } = await ask(["topics", question]);
      expect([question, code]).toEqual([question, 1]);
      expect(complained).toContain("a growth from 4 to 8 partitions is under way");
      expect(complained).toContain("`leastwise topics grow --partitions 8` again finishes it");
    }
    expect((await ask(["doctor"])).said).toMatch(/^FAIL +topics +a growth from 4 to 8 .*\n +→ `leastwise topics grow/m);
    await tellGrowth("finished");
    expect((await ask(["topics", "check"])).code).toBe(0);
  }, 60_000);

  it("and a service that starts refuse brokers of another cluster than is expected, with both ids", async () => {
    const other = { LEASTWISE_LOG__CLUSTER_ID: "the-other-one" };
    const { code, said } = await ask(["doctor"], other);
    expect(code).toBe(1);
    expect(said).toMatch(/^FAIL +cluster +.*brokers are of the cluster \S+, but log\.cluster_id is the-other-one/m);
    const { exit, stderr } = await runToEnd({ args: ["collector"], env: { ...environment(), ...other } });
    expect(exit.code).toBe(1);
    expect(stderr.at(-1)).toMatch(
      /but log\.cluster_id is the-other-one: point log\.brokers .*\(incarnation_mismatch\)/,
    );
  }, 60_000);

  it("names each thing that is not, with what to do, and fails", async () => {
    const { code, said, complained } = await ask(["doctor", "--json"], {
      LEASTWISE_LOG__PARTITIONS: "8",
      LEASTWISE_WAREHOUSE__URL: "http://127.0.0.1:1",
      LEASTWISE_SUBJECTS__KEY: "",
    });
    const { findings } = JSON.parse(said) as { findings: { name: string; standing: string; fix: string }[] };
    const failed = findings.filter(({ standing }) => standing === "fail");
    expect(failed.map(({ name }) => name)).toEqual(["key of subjects", "topics", "warehouse"]);
    expect(failed.every(({ fix }) => fix !== "")).toBe(true);
    expect([code, complained]).toEqual([1, expect.stringContaining("not fit to serve")]);
  }, 60_000);
});

describe("a service whose brokers are not there", () => {
  it("says what it waits for and until when, and then why it gives up", async () => {
    const { exit, stderr } = await runToEnd({
      args: ["collector"],
      env: {
        LEASTWISE_LOG__ADAPTER: "kafka",
        LEASTWISE_LOG__BROKERS: "127.0.0.1:1",
        LEASTWISE_LOG__START_WAIT_MS: "6000",
        LEASTWISE_DATA_DIRECTORY: newFolder(),
        // A key that is not there is said at once, before anybody waits.
        LEASTWISE_SUBJECTS__KEY: "11".repeat(32),
      },
    });
    const waits = stderr.filter((line) => line.includes("the log cannot be opened yet"));
    expect(waits.length).toBeGreaterThan(0);
    expect(waits[0]).toMatch(/127\.0\.0\.1:1.*"until":"\d{4}-\d\d-\d\dT/);
    expect([exit.code, stderr.at(-1)]).toEqual([1, expect.stringMatching(/opening the log at 127\.0\.0\.1:1/)]);
  }, 60_000);
});

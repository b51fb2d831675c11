import { kafkaJars, startBroker, type TestBroker } from "@leastwise/testkit";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { ROOT } from "../journey/built-program.js";
import { newFolder, startProgram, type Program } from "../journey/program.js";
import { until } from "../journey/until.js";

// What docs/kafka.md tells people to type is typed here, as it is printed there, against a real broker.

const run = promisify(execFile);
const CALL_MAX_MS = 60_000;
const BLOCKS = [...readFileSync(path.join(ROOT, "docs", "kafka.md"), "utf8").matchAll(/^ *```sh\n(.*?)^ *```$/gms)].map(
  ([, block]) => block!.trim(),
);

const data = newFolder();
const bin = path.join(data, "bin");
let broker: TestBroker;
let env: Record<string, string>;

const hasKcat = await run("kcat", ["-V"]).then(
  () => true,
  () => false,
);
if (!hasKcat) {
  if (process.env["CI"] === "true") throw new Error("CI tries the page's kcat calls, and kcat is not there");
  process.stderr.write("left out: the Kafka page's kcat calls, as kcat is not installed\n");
}

/** Kafka's own commands, which a distribution has as scripts around these classes. */
const SCRIPTS = {
  "kafka-console-producer.sh": "org.apache.kafka.tools.ConsoleProducer",
  "kafka-console-consumer.sh": "org.apache.kafka.tools.consumer.ConsoleConsumer",
};

beforeAll(async () => {
  broker = await startBroker();
  mkdirSync(bin);
  for (const [name, main] of Object.entries(SCRIPTS)) {
    const file = path.join(bin, name);
    writeFileSync(file, `#!/bin/sh\nexec java -cp '${await kafkaJars()}/*' ${main} "$@"\n`);
    chmodSync(file, 0o755);
  }
  const inherited = Object.entries(process.env).filter(([name]) => !/^(LEASTWISE_|NODE_OPTIONS|JEST_)/.test(name));
  env = {
    ...(Object.fromEntries(inherited) as Record<string, string>),
    PATH: `${bin}:${process.env["PATH"] ?? ""}`,
    BROKERS: broker.brokers.join(","),
    LEASTWISE_SUBJECTS__KEY: "5e".repeat(32),
    LEASTWISE_CODES__KEY: "c0".repeat(32),
    LEASTWISE_COLLECTOR__FOLLOW_RAW: "true",
    LEASTWISE_DATA_DIRECTORY: path.join(data, "data"),
  };
}, 180_000);

afterAll(async () => {
  await (broker as TestBroker | undefined)?.stop();
}, 60_000);

/** The one block that has this in it. */
function block(part: string): string {
  const found = BLOCKS.filter((text) => text.includes(part));
  if (found.length !== 1) throw new Error(`${found.length} blocks have ${part}`);
  return found[0]!;
}

/** What a block prints, in a shell that has done the first one. */
async function printed(part: string): Promise<string> {
  const script = `${block("export ")}\n${block(part)}`;
  const { stdout } = await run("bash", ["-c", script], { cwd: ROOT, env, timeout: CALL_MAX_MS });
  return stdout;
}

function startCollector(): Promise<Program> {
  return startProgram({
    args: ["collector"],
    env: {
      ...env,
      LEASTWISE_LOG__ADAPTER: "kafka",
      LEASTWISE_LOG__BROKERS: env["BROKERS"]!,
      LEASTWISE_LOG__PARTITIONS: "8",
    },
  });
}

describe("the Kafka page", () => {
  it("makes the topics, and finds them as they must be", async () => {
    expect(await printed("topics plan")).toMatch(/^\+ clickstream\.raw +to be made/m);
    expect(await printed("topics apply")).not.toContain("to be made");
    await printed("topics check");
    expect(await printed("topics acls")).toMatch(/--allow-principal User:leastwise-scorer .*--topic clickstream$/m);
    // A log is begun by the first that starts; nothing is grown where there is none.
    await (await startCollector()).stop();
    expect(await printed("topics grow")).toContain("from 8 to 12 partitions; nothing stands in the way");
    expect(await printed("doctor")).not.toContain("FAIL");
  }, 240_000);

  it("takes in what console producer and kcat write, and shows it", async () => {
    const collector = await startCollector();
    await printed("kafka-console-producer.sh");
    if (hasKcat) {
      await printed("kcat -P");
      const subjects = await until(
        async () => {
          const lines = (await printed("subject %k")).trim().split("\n");
          return lines.length === 2 ? lines : undefined;
        },
        "two events stand on clickstream",
        CALL_MAX_MS,
      );
      // One shopper, so one subject in one partition; and no raw id anywhere.
      expect(new Set(subjects.map((line) => line.replace(/offset \d+/, ""))).size).toBe(1);
      expect(subjects[0]).toMatch(/^partition \d offset 0 subject [0-9a-f]{32}$/);
    }
    await until(
      async () => (/^[0-9a-f]{32}$/m.test(await printed("kafka-console-consumer.sh")) ? true : undefined),
      "the console consumer shows a subject",
      CALL_MAX_MS,
    );
    if (hasKcat) {
      // Its key, then the headers that CloudEvents' binding for Kafka has.
      const link =
        /^key [0-9a-f]{32} headers ce_specversion=1\.0,ce_id=[0-9a-f]{32},ce_source=\/leastwise\/links,ce_type=leastwise\.v1\.SubjectLink,.*content-type=application\/protobuf/m;
      await until(
        async () => (link.test(await printed("headers %h")) ? true : undefined),
        "kcat shows a link with its headers",
        CALL_MAX_MS,
      );
    }
    await collector.stop();
  }, 180_000);
});

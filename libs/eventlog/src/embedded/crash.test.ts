import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { LogRecord } from "../port.js";
import { openEmbeddedLog } from "./embedded-log.js";

/**
 * What can only be shown with a process of its own: being killed, a disk that fills up, a directory held by another.
 * The log is bundled for it, so that the sources are tested, not what was built last.
 */
const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const BUNDLE = join(ROOT, ".cache", "log-children", `${process.pid}.mjs`);
const TOPIC = "crash";

/** Appends until told otherwise, and says each record that was acknowledged. */
const APPEND_FOR_EVER = `
  const log = await openEmbeddedLog({ directory });
  await log.ensureTopics([{ name: "${TOPIC}", partitions: 2, compacted: false }]);
  console.log("pid " + process.pid);
  const writer = async (name) => {
    for (let n = 0; ; n++) {
      const records = [0, 1, 2].map((i) => record(n % 2, run + "." + name + "." + n + "." + i));
      for (const [i, { partition, offset }] of (await log.append(records)).entries()) {
        console.log(JSON.stringify([partition, offset, run + "." + name + "." + n + "." + i]));
      }
    }
  };
  await Promise.all(["a", "b", "c", "d"].map(writer));`;

/** Appends until the disk is full, waits for a line, appends again, and says what then is in the log. */
const APPEND_UNTIL_FULL = `
  const log = await openEmbeddedLog({ directory });
  await log.ensureTopics([{ name: "${TOPIC}", partitions: 1, compacted: false }]);
  console.log("ready");
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  await lines.next();
  const acknowledged = [], refused = [];
  const append = async (value) => {
    try { const [{ offset }] = await log.append([record(0, value)]); acknowledged.push([offset, value.slice(0, 8)]); }
    catch (error) { refused.push(error.code + " " + error.hint); }
  };
  for (let n = 0; refused.length < 3; n++) await append(String(n).padStart(8, "0") + "x".repeat(20_000));
  console.log("full");
  await lines.next();
  rmSync(join(directory, "..", "ballast"), { force: true });
  for (let n = 0; n < 5; n++) await append("again" + n + "  ");
  await log.close();
  const anew = await openEmbeddedLog({ directory });
  const read = [];
  const { end } = await anew.offsets("${TOPIC}", 0);
  await new Promise((resolve) => anew.subscribe({ topic: "${TOPIC}", from: async () => 0, onBatch: async ({ records }) => {
    for (const { offset, value } of records) read.push([offset, Buffer.from(value).toString("utf8", 0, 8)]);
    if (read.length === end) resolve();
  } }));
  await anew.close();
  console.log(JSON.stringify({ acknowledged, refused, read }));
  process.exit(0);`;

function program(body: string, directory: string, run: string): string {
  return `
    import { rmSync } from "node:fs"; import { join } from "node:path"; import { createInterface } from "node:readline";
    import { openEmbeddedLog } from ${JSON.stringify(BUNDLE)};
    const directory = ${JSON.stringify(directory)}, run = ${JSON.stringify(run)};
    const record = (partition, value) => ({ topic: "${TOPIC}", partition, value: Buffer.from(value), timestampMs: 1 });
    ${body}`;
}

const children = new Set<ChildProcess>();

function start(command: string, args: readonly string[]): { child: ChildProcess; line: () => Promise<string> } {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "ignore"] });
  children.add(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return { child, line: async () => String((await lines.next()).value ?? "") };
}

beforeAll(() => {
  const entry = fileURLToPath(new URL("./embedded-log.ts", import.meta.url));
  const vocabulary = join(ROOT, "libs", "vocabulary", "src", "index.ts");
  mkdirSync(join(BUNDLE, ".."), { recursive: true });
  execFileSync(join(ROOT, "node_modules", ".bin", "esbuild"), [
    entry,
    "--bundle",
    "--platform=node",
    "--format=esm",
    "--external:lmdb",
    `--alias:@leastwise/vocabulary=${vocabulary}`,
    `--outfile=${BUNDLE}`,
    "--log-level=error",
  ]);
});

afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(BUNDLE, { force: true });
});

describe("a log whose process is killed", () => {
  it("has every acknowledged record at its offset and none twice, and is not held by the dead", async () => {
    const directory = mkdtempSync(join(tmpdir(), "leastwise-log-"));
    const acknowledged = new Map<string, string>();
    for (let run = 0; run < 6; run++) {
      const { child, line } = start(process.execPath, [
        "--input-type=module",
        "-e",
        program(APPEND_FOR_EVER, directory, String(run)),
      ]);
      expect(await line()).toBe(`pid ${String(child.pid)}`);
      const inUse = { code: "directory_in_use", message: expect.stringContaining(`process ${String(child.pid)}`) };
      if (run === 0) await expect(openEmbeddedLog({ directory })).rejects.toMatchObject(inUse);
      for (let heard = 0; heard < 150 * (run + 1); heard++) note(acknowledged, await line());
      child.kill("SIGKILL");
      for (let rest = await line(); rest.endsWith("]"); rest = await line()) note(acknowledged, rest);
    }
    const log = await openEmbeddedLog({ directory });
    const found = [...(await readAll(log, 0)), ...(await readAll(log, 1))];
    await log.close();
    const values = found.map(({ value }) => Buffer.from(value).toString());
    const byPlace = new Map(found.map(({ partition, offset }, index) => [`${partition}/${offset}`, values[index]]));
    expect(acknowledged.size).toBeGreaterThan(3_000);
    for (const [place, value] of acknowledged)
      expect(`${place} ${String(byPlace.get(place))}`).toBe(`${place} ${value}`);
    expect(new Set(values).size).toBe(values.length);
    rmSync(directory, { recursive: true });
  }, 60_000);
});

/** Ways to a full disk that this machine has: a limit on the size of files always, a small file system if it may be mounted. */
const mayMount = spawnSync("unshare", ["--map-root-user", "--mount", "true"]).status === 0;
const fullDisks = mayMount
  ? ["a limit on the size of files", "a file system of 4 MB"]
  : ["a limit on the size of files"];

describe("a log whose disk is full", () => {
  it.each(fullDisks)("refuses, loses nothing acknowledged, and goes on when there is room: %s", async (way) => {
    const folder = mkdtempSync(join(tmpdir(), "leastwise-full-"));
    const directory = join(folder, "log");
    const limited = way.startsWith("a limit");
    const node = [process.execPath, "--input-type=module", "-e", program(APPEND_UNTIL_FULL, directory, "0")];
    const mount = `mount -t tmpfs -o size=4m tmpfs ${folder} && head -c 1000000 /dev/zero > ${folder}/ballast && exec "$@"`;
    const { child, line } = limited
      ? start(node[0]!, node.slice(1))
      : start("unshare", ["--map-root-user", "--mount", "sh", "-c", mount, "sh", ...node]);
    expect(await line()).toBe("ready");
    if (limited) limitFileSize(child, String(statSync(join(directory, "data.mdb")).size + 2_000_000));
    child.stdin!.write("fill\n");
    expect(await line()).toBe("full");
    if (limited) limitFileSize(child, "unlimited");
    child.stdin!.write("go on\n");
    const { acknowledged, refused, read } = JSON.parse(await line()) as Record<string, [number, string][]>;
    expect(refused).toEqual(["disk_full retry", "disk_full retry", "disk_full retry"]);
    expect(acknowledged!.length).toBeGreaterThan(20);
    expect(acknowledged!.slice(-5).map(([, value]) => value)).toEqual([0, 1, 2, 3, 4].map((n) => `again${n}  `));
    expect(read).toEqual(acknowledged);
    rmSync(folder, { recursive: true });
  });
});

function limitFileSize(child: ChildProcess, bytes: string): void {
  execFileSync("prlimit", ["--pid", String(child.pid), `--fsize=${bytes}:unlimited`]);
}

function note(acknowledged: Map<string, string>, line: string): void {
  const [partition, offset, value] = JSON.parse(line) as [number, number, string];
  expect(acknowledged.has(`${partition}/${offset}`)).toBe(false);
  acknowledged.set(`${partition}/${offset}`, value);
}

async function readAll(log: Awaited<ReturnType<typeof openEmbeddedLog>>, partition: number): Promise<LogRecord[]> {
  const { end } = await log.offsets(TOPIC, partition);
  const read: LogRecord[] = [];
  await new Promise<void>((resolve) => {
    void log.subscribe({
      topic: TOPIC,
      from: (asked) => log.offsets(TOPIC, asked).then((bounds) => (asked === partition ? 0 : bounds.end)),
      onBatch: ({ records }) => {
        read.push(...records);
        if (read.length === end) resolve();
        return Promise.resolve();
      },
    });
  });
  return read;
}

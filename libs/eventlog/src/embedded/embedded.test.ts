import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { DAY_MS, type Millis } from "@leastwise/vocabulary";
import type { LogRecord, NewRecord } from "../port.js";
import { type EmbeddedLog, type EmbeddedLogOptions, openEmbeddedLog } from "./embedded-log.js";

let directory: string;
let log: EmbeddedLog | undefined;
let nowMs: number;

const START_MS = 1_780_000_000_000;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "leastwise-log-"));
  nowMs = START_MS;
});

afterEach(async () => {
  await log?.close();
  log = undefined;
  rmSync(directory, { recursive: true });
});

async function open(options: Partial<EmbeddedLogOptions> = {}): Promise<EmbeddedLog> {
  await log?.close();
  log = await openEmbeddedLog({ directory, nowMs: () => nowMs, ...options });
  return log;
}

function record(topic: string, value: string, key?: string, timestampMs = nowMs): NewRecord {
  const bytes = { topic, partition: 0, value: Buffer.from(value), timestampMs: timestampMs as Millis };
  return key === undefined ? bytes : { ...bytes, key };
}

/** All records of a topic's only partition, in the batches in which they came. */
async function batches(from: EmbeddedLog, topic: string, last: number): Promise<LogRecord[][]> {
  const read: LogRecord[][] = [];
  await new Promise<void>((resolve, reject) => {
    const onBatch = ({ records }: { records: readonly LogRecord[] }): Promise<void> => {
      read.push([...records]);
      if (records.at(-1)?.offset === last) resolve();
      return Promise.resolve();
    };
    const started = from.subscribe({ topic, from: () => Promise.resolve(0), onBatch });
    started.then((reader) => reader.finished).catch(reject);
  });
  return read;
}

describe("openEmbeddedLog", () => {
  it("refuses a directory that this process has open, until it is closed", async () => {
    const first = await open();
    await expect(openEmbeddedLog({ directory })).rejects.toMatchObject({
      code: "directory_in_use",
      hint: "terminal",
      message: `data directory ${directory} is in use by this process: stop that, or choose another directory`,
    });
    await first.append([]);
    await first.close();
    await open();
  });

  it("refuses what is no log's directory, and leaves it as it was", async () => {
    const refused = { code: "directory_unusable", hint: "terminal" };
    const foreign = join(directory, "foreign");
    mkdirSync(foreign);
    writeFileSync(join(foreign, "letter.txt"), "dear");
    await expect(openEmbeddedLog({ directory: foreign })).rejects.toMatchObject(refused);
    expect(readFileSync(join(foreign, "letter.txt"), "utf8")).toBe("dear");
    await expect(openEmbeddedLog({ directory: join(foreign, "letter.txt") })).rejects.toMatchObject(refused);
    const garbage = join(directory, "garbage");
    mkdirSync(garbage);
    writeFileSync(join(garbage, "data.mdb"), Buffer.alloc(20_000, 7));
    await expect(openEmbeddedLog({ directory: garbage })).rejects.toMatchObject(refused);
    await expect(openEmbeddedLog({ directory: garbage })).rejects.toMatchObject(refused);
    writeFileSync(join(garbage, "data.mdb"), "");
    await expect(openEmbeddedLog({ directory: garbage })).rejects.toMatchObject(refused);
  });

  it("refuses a data file that was cut short", async () => {
    const whole = await open();
    await whole.ensureTopics([{ name: "t", partitions: 1, compacted: false }]);
    for (let n = 0; n < 20; n++) await whole.append([record("t", "x".repeat(10_000))]);
    await whole.close();
    truncateSync(join(directory, "data.mdb"), 16_384);
    await expect(openEmbeddedLog({ directory })).rejects.toMatchObject({
      code: "directory_unusable",
      message: expect.stringContaining("it was cut short"),
    });
  });

  it("says where bytes are not what was written", async () => {
    const before = await open();
    await before.ensureTopics([{ name: "t", partitions: 1, compacted: false }]);
    await before.append([record("t", "a value to be found")]);
    await before.close();
    const file = join(directory, "data.mdb");
    const bytes = readFileSync(file);
    for (let at = bytes.indexOf("a value to be"); at >= 0; at = bytes.indexOf("a value to be", at + 1))
      bytes[at] = 0x41;
    writeFileSync(file, bytes);
    await expect(batches(await open(), "t", 0)).rejects.toMatchObject({ code: "corrupt_record" });
  });
});

describe("batches", () => {
  it("are bounded in records and in bytes, and hold one larger record alone", async () => {
    const bounded = await open({ batchRecordsMax: 7, batchBytesMax: 100 });
    await bounded.ensureTopics([{ name: "t", partitions: 1, compacted: false }]);
    const sizes = [...Array.from({ length: 20 }, () => 1), 250, ...Array.from({ length: 10 }, () => 30)];
    await bounded.append(sizes.map((size) => record("t", "x".repeat(size))));
    const read = await batches(bounded, "t", sizes.length - 1);
    expect(read.flat().map(({ offset, value }) => [offset, value.length])).toEqual(sizes.map((size, n) => [n, size]));
    for (const batch of read) {
      expect(batch.length).toBeLessThanOrEqual(7);
      const bytes = batch.reduce((sum, { value }) => sum + value.length, 0);
      if (batch.length > 1) expect(bytes).toBeLessThanOrEqual(100);
    }
    expect(read.find(([first]) => first?.value.length === 250)).toHaveLength(1);
  });
});

describe("retention", () => {
  it("removes what is older than the topic says, moves the begin, and never reuses an offset", async () => {
    let aged = await open();
    await aged.ensureTopics([
      { name: "days", partitions: 1, compacted: false, retentionMs: DAY_MS },
      { name: "ever", partitions: 1, compacted: false },
    ]);
    const append = async (value: string): Promise<void> => {
      await aged.append([record("days", value), record("ever", value)]);
    };
    for (const value of ["a", "b", "c"]) {
      await append(value);
      nowMs += DAY_MS / 2;
    }
    await aged.maintain();
    expect(await aged.offsets("days", 0)).toEqual({ begin: 1, end: 3 });
    nowMs += 10 * DAY_MS;
    aged = await open();
    expect(await aged.offsets("days", 0)).toEqual({ begin: 3, end: 3 });
    expect(await aged.offsets("ever", 0)).toEqual({ begin: 0, end: 3 });
    aged = await open();
    await append("d");
    expect((await batches(aged, "days", 3)).flat().map(({ offset }) => offset)).toEqual([3]);
    expect((await batches(aged, "ever", 3)).flat()).toHaveLength(4);
  });

  it("removes more chunks than one transaction takes", async () => {
    const aged = await open();
    await aged.ensureTopics([{ name: "t", partitions: 1, compacted: false, retentionMs: DAY_MS }]);
    await Promise.all(Array.from({ length: 700 }, (_, n) => aged.append([record("t", String(n))])));
    nowMs += 2 * DAY_MS;
    await aged.append([record("t", "new")]);
    await aged.maintain();
    expect(await aged.offsets("t", 0)).toEqual({ begin: 700, end: 701 });
  });
});

describe("compaction", () => {
  const compacted = [{ name: "t", partitions: 1, compacted: true, retentionMs: 1 }];

  it("keeps the newest of each key at its offset, and old records of any age", async () => {
    let log = await open();
    await log.ensureTopics(compacted);
    const rounds = 40;
    for (let round = 0; round < rounds; round++) {
      await log.append(
        Array.from({ length: 100 }, (_, key) => record("t", `${key} in ${round} ${"x".repeat(200)}`, `key ${key}`)),
      );
    }
    nowMs += 400 * DAY_MS;
    await log.maintain();
    const end = rounds * 100;
    const newest = Array.from({ length: 100 }, (_, key) => [end - 100 + key, `key ${key}`]);
    const keysOf = async (): Promise<unknown[]> =>
      (await batches(log, "t", end - 1)).flat().map(({ offset, key }) => [offset, key]);
    expect(await keysOf()).toEqual(newest);
    log = await open();
    expect(await keysOf()).toEqual(newest);
    expect((await log.offsets("t", 0)).end).toBe(end);
    await log.append([record("t", "after", "key 0")]);
    expect((await batches(log, "t", end)).flat()).toHaveLength(101);
  });

  it("goes on while records are appended, and keeps those too", async () => {
    const busy = await open();
    await busy.ensureTopics(compacted);
    const many = (round: string): NewRecord[] =>
      Array.from({ length: 2_000 }, (_, key) => record("t", round, `key ${key}`));
    await busy.append(many("first"));
    await busy.append(many("second"));
    const [, positions] = await Promise.all([busy.maintain(), busy.append([record("t", "meanwhile", "key 0")])]);
    expect(positions[0]?.offset).toBe(4_000);
    const read = (await batches(busy, "t", 4_000)).flat();
    expect(read.map(({ offset }) => offset)).toEqual(Array.from({ length: 2_001 }, (_, n) => 2_000 + n));
  });

  it("keeps a tombstone for a day, then drops it with its key", async () => {
    const tombstones = await open();
    await tombstones.ensureTopics(compacted);
    const filler = (round: number): NewRecord[] =>
      Array.from({ length: 1_500 }, (_, n) => record("t", String(round), `filler ${n % 10}`));
    await tombstones.append([record("t", "value", "gone"), record("t", "", "gone"), ...filler(0)]);
    await tombstones.maintain();
    expect((await batches(tombstones, "t", 1_501)).flat().filter(({ key }) => key === "gone")).toMatchObject([
      { offset: 1 },
    ]);
    nowMs += DAY_MS;
    await tombstones.append(filler(1));
    await tombstones.maintain();
    const left = (await batches(tombstones, "t", 3_001)).flat();
    expect(left.map(({ offset }) => offset)).toEqual(Array.from({ length: 10 }, (_, n) => 2_992 + n));
  });
});

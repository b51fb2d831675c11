import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { DAY_MS, type Millis } from "@leastwise/vocabulary";
import type { LogRecord, NewRecord, PoisonedBatch, RunningSubscription } from "../port.js";
import { type EmbeddedLog, type EmbeddedLogOptions, openEmbeddedLog } from "./embedded-log.js";
import { Store } from "./store.js";

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

interface Scanned {
  /** Offset and value of each record. */
  readonly records: [number, string][];
  readonly poisoned: PoisonedBatch[];
}

/** What a scan of a topic's only partition hands over up to an offset. */
async function scanned(from: EmbeddedLog, topic: string, endOffset: number, startOffset = 0): Promise<Scanned> {
  const records: [number, string][] = [];
  const poisoned: PoisonedBatch[] = [];
  let scanning: RunningSubscription | undefined;
  await new Promise<void>((resolve, reject) => {
    const reached = (nextOffset: number): void => {
      if (nextOffset >= endOffset) resolve();
    };
    const started = from.scan({
      topic,
      from: () => Promise.resolve(startOffset),
      onSpans: ({ count, bytes, offsets, valueFrom, valueTo, nextOffset }) => {
        for (let index = 0; index < count; index++)
          records.push([offsets[index]!, bytes.toString("utf8", valueFrom[index], valueTo[index])]);
        reached(nextOffset);
      },
      onPoisoned: (batch) => {
        poisoned.push(batch);
        reached(batch.nextOffset);
      },
    });
    started.then((running) => (scanning = running).finished).catch(reject);
  });
  await scanning?.stop();
  return { records, poisoned };
}

/** Changes what the data file says, wherever it says it, while no log has it open. */
function overwrite(said: string, with_: string): void {
  const file = join(directory, "data.mdb");
  const bytes = readFileSync(file);
  for (let at = bytes.indexOf(said); at >= 0; at = bytes.indexOf(said, at + 1)) bytes.write(with_, at);
  writeFileSync(file, bytes);
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
    overwrite("a value to be found", "AAAAAAAAAAAAA");
    await expect(batches(await open(), "t", 0)).rejects.toMatchObject({ code: "corrupt_record" });
  });
});

describe("a log that is opened as it is found", () => {
  it("is not made, and neither is its directory", async () => {
    const nowhere = join(directory, "nowhere");
    for (const empty of [nowhere, directory]) {
      const opening = openEmbeddedLog({ directory: empty, isAsFound: true });
      await expect(opening).rejects.toMatchObject({ code: "directory_unusable", message: /holds no log/ });
    }
    expect(existsSync(nowhere)).toBe(false);
  });

  it("is not begun where the store is empty, and nothing is written", async () => {
    const store = await Store.open(directory);
    await store.close();
    const bytes = () => readFileSync(join(directory, "data.mdb"));
    const before = bytes();
    const opening = openEmbeddedLog({ directory, isAsFound: true });
    await expect(opening).rejects.toMatchObject({ code: "directory_unusable", message: /holds no log/ });
    expect(bytes().equals(before)).toBe(true);
    // Nobody holds it, and whoever may begin the log still can.
    expect((await open()).incarnation).not.toBe("");
  });

  it("keeps what has expired", async () => {
    const topic = { name: "t", partitions: 1, compacted: false, retentionMs: DAY_MS };
    await (await open()).ensureTopics([topic]);
    await log?.append([record("t", "old")]);
    nowMs += 3 * DAY_MS;
    const found = await open({ isAsFound: true });
    expect(await batches(found, "t", 0)).toMatchObject([[{ offset: 0 }]]);
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

describe("a scan", () => {
  const topic = [{ name: "t", partitions: 1, compacted: false }];

  it("passes over a damaged chunk, keeps its bytes, and goes on with the next, from any offset", async () => {
    const before = await open();
    await before.ensureTopics(topic);
    for (const value of ["first", "second damaged", "third", "last damaged"])
      await before.append([record("t", value), record("t", `${value} too`)]);
    await before.close();
    overwrite("damaged", "DAMAGED");
    const after = await open();
    const { records, poisoned } = await scanned(after, "t", 8);
    expect(records).toEqual([
      [0, "first"],
      [1, "first too"],
      [4, "third"],
      [5, "third too"],
    ]);
    const bounds = poisoned.map(({ firstOffset, nextOffset, reason }) => [firstOffset, nextOffset, reason]);
    expect(bounds).toEqual([
      [2, 4, "checksum_mismatch"],
      [6, 8, "checksum_mismatch"],
    ]);
    expect(poisoned[0]!.bytes.toString("latin1")).toContain("second DAMAGED");
    expect(poisoned[0]!.bytesTotal).toBe(poisoned[0]!.bytes.length);
    const fromInside = await scanned(after, "t", 5, 3);
    expect(fromInside.poisoned).toMatchObject([{ firstOffset: 3, nextOffset: 4 }]);
  });

  it("keeps 64 KiB of a damaged chunk, and tells its size", async () => {
    const before = await open();
    await before.ensureTopics(topic);
    await before.append([record("t", `damaged ${"x".repeat(100_000)}`)]);
    await before.close();
    overwrite("damaged", "DAMAGED");
    const { poisoned } = await scanned(await open(), "t", 1);
    expect(poisoned[0]!.bytes).toHaveLength(65_536);
    expect(poisoned[0]!.bytesTotal).toBeGreaterThan(100_000);
  });

  it("ends with its owner's error when that cannot take a damaged chunk", async () => {
    const before = await open();
    await before.ensureTopics(topic);
    await before.append([record("t", "damaged")]);
    await before.close();
    overwrite("damaged", "DAMAGED");
    const refusal = new Error("no place for it");
    const scanning = await (
      await open()
    ).scan({
      topic: "t",
      from: () => Promise.resolve(0),
      onSpans: () => undefined,
      onPoisoned: () => Promise.reject(refusal),
    });
    await expect(scanning.finished).rejects.toBe(refusal);
  });

  it("goes through the gaps that compaction and retention leave, to the end", async () => {
    const gaps = await open();
    await gaps.ensureTopics([
      { name: "keyed", partitions: 1, compacted: true },
      { name: "days", partitions: 1, compacted: false, retentionMs: DAY_MS },
    ]);
    const many = (round: number): NewRecord[] =>
      Array.from({ length: 2_000 }, (_, key) => record("keyed", `${round}`, `key ${key === 7 && round > 0 ? 8 : key}`));
    await gaps.append(many(0));
    await gaps.append(many(1));
    await gaps.append([record("days", "old"), record("days", "old too")]);
    nowMs += 2 * DAY_MS;
    await gaps.append([record("days", "new")]);
    await gaps.maintain();
    const { records } = await scanned(gaps, "keyed", 4_000);
    const expected = (await batches(gaps, "keyed", 3_999)).flat();
    expect(records).toEqual(expected.map(({ offset, value }) => [offset, Buffer.from(value).toString()]));
    expect(records[0]).toEqual([7, "0"]);
    expect((await scanned(gaps, "keyed", 4_000, 100)).records).toEqual(records.slice(1));
    expect((await scanned(gaps, "days", 3)).records).toEqual([[2, "new"]]);
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

  it("tells readers and scans of a gap up to the end, which a dropped tombstone leaves", async () => {
    const tombstones = await open();
    await tombstones.ensureTopics(compacted);
    const filler = Array.from({ length: 1_500 }, (_, n) => record("t", String(n), `filler ${n % 10}`));
    await tombstones.append([...filler, record("t", "value", "gone"), record("t", "", "gone")]);
    nowMs += DAY_MS;
    await tombstones.maintain();
    expect((await scanned(tombstones, "t", 1_502)).records.at(-1)).toEqual([1_499, "1499"]);
    let last = -1;
    const gap = await new Promise((resolve, reject) => {
      const started = tombstones.subscribe({
        topic: "t",
        from: () => Promise.resolve(0),
        onBatch: ({ records }) => {
          last = records.at(-1)?.offset ?? last;
          return Promise.resolve();
        },
        onGap: (_partition, nextOffset) => {
          resolve([last, nextOffset]);
          return Promise.resolve();
        },
      });
      started.then((reader) => reader.finished).catch(reject);
    });
    expect(gap).toEqual([1_499, 1_502]);
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

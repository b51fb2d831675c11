import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { TOPICS, wire } from "@leastwise/contracts";
import { LogError, type NewRecord, type RunningSubscription, type ScanSubscription } from "@leastwise/eventlog";
import { FragileLog } from "@leastwise/testkit";
import type { Telemetry } from "@leastwise/telemetry";
import { MINUTE_MS, type Millis, type SubjectId } from "@leastwise/vocabulary";
import { featureValue } from "@leastwise/windows";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openCheckpointFiles } from "../checkpoint/checkpoint-files.js";
import type { CheckpointStore } from "../checkpoint/store.js";
import { nearThread } from "../given/near-thread.js";
import { did, EUR, loggedIn, NOON, partitionOf } from "../given/records.js";
import { counted, givenLog, quietTelemetry, standing, type GivenLog } from "../given/shop.js";
import { WindowsFeed } from "../windows-feed.js";
import { Ingest } from "./ingest.js";
import { IngestThreads, type ThreadOptions } from "./ingest-threads.js";

/** One in each of the four partitions. */
const SUBJECTS = ["00", "55", "aa", "ff"].map((byte) => byte.repeat(16) as SubjectId);
const [BROWSER, SECOND, THIRD, ADA] = SUBJECTS as [SubjectId, SubjectId, SubjectId, SubjectId];
const LONG_MS = 3_600_000;
const AT = (NOON + MINUTE_MS) as Millis;

/** A log that a test keeps from saying what it has, and from being read on. */
class ReluctantLog extends FragileLog {
  /** Partitions whose bounds were asked. */
  readonly asked: number[] = [];
  saysBounds: () => Promise<void> = () => Promise.resolve();
  /** Told to whoever scans the clickstream. */
  refusal: Error | undefined;
  /** Records that it says it has, and has not. */
  missing = 0;

  override async offsets(topic: string, partition: number) {
    if (topic !== TOPICS.clickstream) return super.offsets(topic, partition);
    this.asked.push(partition);
    await this.saysBounds();
    const { begin, end } = await super.offsets(topic, partition);
    return { begin, end: end + this.missing };
  }

  override scan(subscription: ScanSubscription): Promise<RunningSubscription> {
    if (this.refusal !== undefined && subscription.topic === TOPICS.clickstream) return Promise.reject(this.refusal);
    return super.scan(subscription);
  }

  /** It belongs to the test: a thread that closes it has one of its own in earnest. */
  override close(): Promise<void> {
    return Promise.resolve();
  }
}

type Way = "in this thread" | "by threads that are handed the records" | "by threads that follow the log themselves";

let given: GivenLog;
let log: ReluctantLog;
let store: CheckpointStore;
let directory: string;
let telemetry: Telemetry;
let ids: number;
const feeds: WindowsFeed[] = [];

beforeEach(async () => {
  given = await givenLog();
  log = new ReluctantLog(given.log);
  directory = await mkdtemp(join(tmpdir(), "leastwise-hold-"));
  store = openCheckpointFiles(directory);
  telemetry = quietTelemetry();
  ids = 0;
});
afterEach(async () => {
  for (const feed of feeds.splice(0)) await feed.close();
  telemetry.close();
  await given.end();
  await rm(directory, { recursive: true });
});

function near(followsItself: boolean): ThreadOptions {
  const opening = followsItself ? { log, checkpoints: store } : { checkpoints: store };
  return { count: 3, followsItself, start: (data) => nearThread(data, opening) };
}

async function open(way: Way, partitions?: readonly number[]): Promise<WindowsFeed> {
  const newId = () => (ids += 1).toString(16).padStart(32, "0");
  const how = {
    "in this thread": { checkpoints: { store, epoch: 1, objectiveMs: LONG_MS, newId } },
    "by threads that are handed the records": { thread: near(false) },
    "by threads that follow the log themselves": { thread: near(true) },
  }[way];
  const which = partitions === undefined ? {} : { partitions };
  const options = { log, telemetry, clock: { nowMs: () => NOON }, currency: EUR, onOrder: () => undefined };
  const feed = await WindowsFeed.open({ ...options, ...how, ...which });
  feeds.push(feed);
  return feed;
}

async function write(feed: WindowsFeed | undefined, ...records: readonly NewRecord[]): Promise<void> {
  for (const { partition, offset } of await log.append(records)) await feed?.waitFor(partition, offset, LONG_MS);
}

const views = (feed: WindowsFeed) => SUBJECTS.map((subject) => featureValue(feed.read(subject, AT), "page_views_1h"));
const viewed = SUBJECTS.map((subject) => did(subject));
const read = () => counted(telemetry, "leastwise_consumer_records_total", 'outcome="ok"');
const held = (feed: WindowsFeed) => feed.progress().map(({ partition }) => partition);
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A step that waits until it is let go. */
function gate() {
  let openIt: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (openIt = resolve));
  return { opened, open: openIt };
}

describe.each<Way>([
  "in this thread",
  "by threads that are handed the records",
  "by threads that follow the log themselves",
])("partitions that are taken in %s", (way) => {
  it("are those that are held, and of the others nothing is known", async () => {
    await write(undefined, ...viewed);
    const feed = await open(way, [3, 0]);
    expect(views(feed)).toEqual([1, undefined, undefined, 1]);
    expect(SUBJECTS.map((subject) => feed.holds(subject))).toEqual([true, false, false, true]);
    expect(feed.read(SECOND, AT)).toMatchObject({ known: false, atMs: AT, asOfOffset: -1 });
    expect([feed.assignmentKeyOf(SECOND), feed.assignmentKeyOf(ADA)]).toEqual([undefined, ADA]);
    expect(await Promise.all([feed.waitFor(1, 0, LONG_MS), feed.waitForMoves(SECOND, LONG_MS)])).toEqual([
      false,
      false,
    ]);
    expect([feed.hasSeen(1, 0), feed.partitionOf(SECOND), feed.subjectCount, held(feed)]).toEqual([
      false,
      1,
      2,
      [0, 3],
    ]);
  });

  it("may be none at all", async () => {
    const feed = await open(way, []);
    expect([views(feed), held(feed), feed.bytesInUse]).toEqual([SUBJECTS.map(() => undefined), [], 0]);
    await write(undefined, ...viewed);
    await feed.hold([2]);
    expect(views(feed)).toEqual([undefined, undefined, 1, undefined]);
    await write(feed, did(THIRD));
    expect(views(feed)[2]).toBe(2);
  });

  it("are filled from what another wrote checkpoints of, and from the log", async () => {
    const first = await open(way);
    await write(first, ...viewed, ...viewed);
    await first.checkpoint();
    await write(first, did(SECOND));
    await first.close();
    const before = await read();
    const feed = await open(way, [0]);
    await feed.hold([0, 1, 2]);
    expect(views(feed)).toEqual([2, 3, 2, undefined]);
    expect((await read()) - before).toBe(1);
  });

  it("go on where they are when others come and go: nothing is read twice", async () => {
    const feed = await open(way, [0, 1]);
    await write(undefined, ...viewed, ...viewed);
    for (const partitions of [[0, 1, 2], [0, 2], [0], [3, 0], [0, 3]]) {
      await feed.hold(partitions);
      await write(feed, did(BROWSER));
    }
    expect(views(feed)).toEqual([7, undefined, undefined, 2]);
    // Two of each partition that was held at any time, and what the first one got besides.
    expect(await read()).toBe(8 + 5);
    expect(feed.counted("applied")).toBe(8 + 5);
  });

  it("leave nothing behind when they are let go, and nobody waiting", async () => {
    const feed = await open(way);
    await write(feed, ...viewed);
    const waiting = feed.waitFor(1, 100, LONG_MS);
    await feed.hold([0]);
    expect(await waiting).toBe(false);
    await write(undefined, did(SECOND));
    await write(feed, did(BROWSER));
    expect([views(feed), feed.subjectCount, await read()]).toEqual([[2, undefined, undefined, undefined], 1, 5]);
    expect(feed.bytesInUse).toBeLessThan(2 ** 19);
  });

  it("that are let go while a state is waited for leave nobody waiting", async () => {
    const feed = await open(way);
    const release = log.hold(({ key }) => key === ADA);
    await write(feed, did(BROWSER), loggedIn(BROWSER, ADA));
    const waiting = feed.waitForMoves(ADA, LONG_MS);
    await feed.hold([0]);
    expect(await waiting).toBe(false);
    release();
  });

  it("that are let go while a checkpoint of one is under way keep the older one, and what it has not moved", async () => {
    const feed = await open(way);
    await write(feed, did(BROWSER), did(BROWSER));
    await feed.checkpoint();
    log.refuse(({ key }) => key === ADA);
    await write(feed, loggedIn(BROWSER, ADA));
    expect(await feed.waitForMoves(ADA, LONG_MS)).toBe(false);
    const written = feed.checkpoint();
    await feed.hold([1, 2]);
    await written;
    expect(await store.newest(0)).toMatchObject({ ok: true, value: { offset: 2 } });

    log.recover();
    await feed.hold([0, 3]);
    expect(await feed.waitFor(3, 0, LONG_MS)).toBe(true);
    expect([views(feed)[0], views(feed)[3]]).toEqual([0, 2]);
  });

  it("send states on to those that are held elsewhere, and are done when the log has them", async () => {
    const feed = await open(way, [0]);
    await write(feed, did(BROWSER), loggedIn(BROWSER, ADA));
    await feed.checkpoint();
    expect(await store.newest(0)).toMatchObject({ ok: true, value: { offset: 2 } });
    const other = await open(way, [3]);
    expect(views(other)[3]).toBe(1);
  });

  it("count towards freshness only once they are caught up", async () => {
    const feed = await open(way, [0]);
    await write(undefined, ...viewed);
    await write(feed, did(BROWSER));
    const observed = async () => /leastwise_freshness_seconds_count\S* (\d+)/.exec(await telemetry.render())?.[1];
    const before = await observed();
    expect(before).toBeDefined();
    await feed.hold([0, 1, 2, 3]);
    expect(await observed()).toBe(before);
    await write(feed, did(SECOND));
    expect(await observed()).toBe(String(Number(before) + 1));
  });

  it("leave their memory to those that come next, with nothing in it", async () => {
    const restore = jest.spyOn((way === "in this thread" ? Ingest : IngestThreads).prototype, "restore");
    await write(undefined, ...viewed);
    const feed = await open(way, [0, 1]);
    for (let handover = 0; handover < 200; handover += 1) {
      const partitions = [handover % 4, (handover + 1) % 4];
      await feed.hold(partitions);
      if (handover % 50 === 0) expect(views(feed).filter((count) => count !== undefined)).toEqual([1, 1]);
    }
    await feed.hold([]);
    const given = restore.mock.calls.flatMap(([added]) => added.map(({ memory }) => memory.blocks));
    restore.mockRestore();
    expect(given.length).toBeGreaterThan(150);
    const reserved = [...new Set(given)];
    expect(reserved).toHaveLength(2);
    for (const blocks of reserved) expect(Buffer.from(blocks).equals(Buffer.alloc(blocks.byteLength))).toBe(true);
  }, 60_000);

  it("stay as they are when the log does not say what it has of new ones", async () => {
    const feed = await open(way, [0, 1]);
    log.saysBounds = () => Promise.reject(new LogError("log_unavailable", "away", "retry"));
    await expect(feed.hold([1, 2])).rejects.toThrow("away");
    await write(feed, ...viewed);
    expect([held(feed), views(feed)]).toEqual([
      [0, 1],
      [1, 1, undefined, undefined],
    ]);
    log.saysBounds = () => Promise.resolve();
    await feed.hold([1, 2]);
    expect(views(feed)).toEqual([undefined, 1, 1, undefined]);
  });

  it("end with the feed when they cannot be read on", async () => {
    const feed = await open(way, [0, 1]);
    log.refusal = new LogError("log_unavailable", "not read on", "retry");
    await expect(feed.hold([0, 3])).rejects.toThrow("not read on");
    await expect(feed.finished).rejects.toThrow("not read on");
    log.refusal = undefined;
    await expect(feed.hold([0])).rejects.toThrow("not read on");
  });

  it("that are never caught up do not keep the feed from its end", async () => {
    const feed = await open(way, [0]);
    log.missing = 1;
    const holding = feed.hold([0, 1]);
    const closed = turn().then(() => feed.close());
    await expect(holding).rejects.toThrow();
    await closed;
    await feed.finished;
    await expect(feed.hold([0])).rejects.toThrow("closed");
  });

  it("that there are not are refused", async () => {
    const feed = await open(way, [0]);
    for (const partition of [4, -1, 0.5]) await expect(feed.hold([0, partition])).rejects.toThrow(RangeError);
    await expect(open(way, [4])).rejects.toThrow("partitions: expected 0 to 3, got 4");
    expect(held(feed)).toEqual([0]);
  });
});

describe("a checkpoint", () => {
  it("of partitions that are let go before its turn has come is none", async () => {
    const feed = await open("in this thread");
    await write(feed, ...viewed);
    log.refuse(({ key }) => key === ADA);
    await write(feed, loggedIn(BROWSER, ADA));
    const written = feed.checkpoint();
    await feed.hold([0, 1, 3]);
    log.recover();
    await feed.hold([1, 3]);
    await written;
    const manifests = await Promise.all([0, 1, 2, 3].map((partition) => store.newest(partition)));
    expect(manifests.map((newest) => newest.ok && newest.value?.offset)).toEqual([undefined, 1, undefined, 1]);
  });
});

describe("holding while other partitions are being taken up", () => {
  it("comes in its turn, and is left out when a later call overtakes it", async () => {
    const feed = await open("in this thread", []);
    const { opened, open: goOn } = gate();
    log.saysBounds = () => opened;
    const first = feed.hold([0]);
    await turn();
    const later = [[1], [2, 0]].map((partitions) => feed.hold(partitions));
    await turn();
    goOn();
    await Promise.all([first, ...later]);
    expect([held(feed), log.asked]).toEqual([
      [0, 2],
      [0, 2],
    ]);
  });
});

describe("states that an earlier reader did not get to send", () => {
  it("leave when their links' partition is caught up, whoever reads where they go", async () => {
    const first = await open("in this thread");
    log.refuse(({ key }) => key === ADA);
    await write(first, did(BROWSER), loggedIn(BROWSER, ADA));
    await first.close();
    log.recover();
    const other = await open("in this thread", [3]);
    const feed = await open("in this thread", [1]);
    await feed.hold([0, 1]);
    expect(await other.waitFor(3, 0, LONG_MS)).toBe(true);
    expect(views(other)[3]).toBe(1);
    const moved = (await standing(given.log, TOPICS.clickstream)).filter(
      ({ value }) => wire.ClickstreamRecord.decode(value).body?.$case === "stateMoved",
    );
    expect(moved.map(({ partition }) => partition)).toEqual([partitionOf(ADA)]);
  });
});

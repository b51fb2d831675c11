import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { TOPICS, wire } from "@leastwise/contracts";
import type { NewRecord } from "@leastwise/eventlog";
import { FragileLog } from "@leastwise/testkit";
import type { Telemetry } from "@leastwise/telemetry";
import { MINUTE_MS, type Millis, type SubjectId } from "@leastwise/vocabulary";
import { featureValue } from "@leastwise/windows";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { openCheckpointFiles } from "../checkpoint/checkpoint-files.js";
import { nearThread } from "../given/near-thread.js";
import { did, EUR, loggedIn, NOON, partitionOf } from "../given/records.js";
import { counted, givenLog, quietTelemetry, type GivenLog } from "../given/shop.js";
import { WindowsFeed } from "../windows-feed.js";
import type { ThreadOptions } from "./ingest-threads.js";
import type { ToThread } from "./thread-messages.js";

/** One in each of the four partitions. */
const SUBJECTS = ["00", "55", "aa", "ff"].map((byte) => byte.repeat(16) as SubjectId);
const [BROWSER, SECOND, , ADA] = SUBJECTS as [SubjectId, SubjectId, SubjectId, SubjectId];
const LONG_MS = 3_600_000;
const AT = (NOON + MINUTE_MS) as Millis;

let given: GivenLog;
let telemetry: Telemetry;
let directory: string;
/** The partitions whose memory each thread was given, by the threads' numbers. */
let dealt: number[][];
let orders: string[];
const feeds: WindowsFeed[] = [];

beforeEach(async () => {
  given = await givenLog();
  telemetry = quietTelemetry();
  directory = await mkdtemp(join(tmpdir(), "leastwise-threads-"));
  dealt = [];
  orders = [];
});
afterEach(async () => {
  for (const feed of feeds.splice(0)) await feed.close();
  telemetry.close();
  await given.end();
  await rm(directory, { recursive: true });
});

/** Threads that are near, with checkpoints in files. */
function near(count: number, followsItself: boolean): ThreadOptions {
  const checkpoints = openCheckpointFiles(directory);
  return {
    ...{ count, followsItself },
    start: (data) => {
      const opening = followsItself ? { log: new OwnLog(given.log), checkpoints } : { checkpoints };
      return noteDealt(data.thread, nearThread(data, opening));
    },
  };
}

/** Notes which partitions' memory the thread is given. */
function noteDealt(thread: number, worker: Worker): Worker {
  const post = worker.postMessage.bind(worker);
  worker.postMessage = (message: ToThread, transfer?: readonly ArrayBuffer[]) => {
    if (message.kind === "restore") dealt[thread] = message.added.map(({ partition }) => partition);
    post(message, transfer);
  };
  return worker;
}

/** The log as a thread has it that opened it itself. */
class OwnLog extends FragileLog {
  override close(): Promise<void> {
    return Promise.resolve();
  }
}

function noteOrder(subject: SubjectId, atMs: Millis): void {
  orders.push(`${subject.slice(0, 2)} at ${atMs - NOON}`);
}

async function open(
  thread?: ThreadOptions,
  onOrder = noteOrder,
  partitions: readonly number[] = [0, 1, 2, 3],
): Promise<WindowsFeed> {
  const clock = { nowMs: () => NOON };
  const options = { log: given.log, telemetry, clock, currency: EUR, onOrder, partitions };
  const feed = await WindowsFeed.open(thread === undefined ? options : { ...options, thread });
  feeds.push(feed);
  return feed;
}

async function write(feed: WindowsFeed | undefined, ...records: readonly NewRecord[]): Promise<void> {
  for (const { partition, offset } of await given.log.append(records)) await feed?.waitFor(partition, offset, LONG_MS);
}

const known = (feed: WindowsFeed) =>
  SUBJECTS.map((subject) => ({ ...feed.read(subject, AT), key: feed.assignmentKeyOf(subject) }));
const views = (feed: WindowsFeed) =>
  SUBJECTS.map((subject) => featureValue(feed.read(subject, AT), "page_views_1h") ?? 0);

const bought = (subject: SubjectId) =>
  did(subject, { kind: wire.EventKind.EVENT_KIND_PURCHASE, order: { orderId: subject } });

describe.each([
  ["follow the log themselves", true],
  ["are handed what is read here", false],
])("several threads that %s", (_, followsItself) => {
  it("know together what one knows: what stood on the log, what comes later, and logins from one to another", async () => {
    await write(undefined, ...SUBJECTS.flatMap((one) => [did(one), did(one)]), bought(ADA));
    const feed = await open(near(3, followsItself));
    await write(feed, did(SECOND), bought(BROWSER), loggedIn(BROWSER, ADA));
    await feed.waitForMoves(ADA, LONG_MS);
    expect(views(feed)).toEqual([0, 3, 2, 4]);
    expect([...orders].sort()).toEqual(["00 at 0", "ff at 0"]);

    const alone = await open();
    expect(known(feed)).toEqual(known(alone));
    expect(feed.progress()).toEqual(alone.progress());
    expect([feed.subjectCount, feed.counted("applied")]).toEqual([alone.subjectCount, alone.counted("applied")]);
  });

  it("have the memories of their own partitions only", async () => {
    await open(near(3, followsItself));
    expect(dealt).toEqual([[0, 3], [1], [2]]);
  });

  it("are never more than partitions", async () => {
    await open(near(64, followsItself));
    expect(dealt).toEqual([[0], [1], [2], [3]]);
  });

  it("write checkpoints that any other number of them begins with", async () => {
    const first = await open(near(2, followsItself));
    await write(first, ...SUBJECTS.map((one) => did(one)), bought(ADA));
    await first.checkpoint();
    await first.close();
    const before = await counted(telemetry, "leastwise_consumer_records_total", 'outcome="ok"');
    const second = await open(near(3, followsItself));
    expect(views(second)).toEqual([1, 1, 1, 1]);
    expect(await counted(telemetry, "leastwise_consumer_records_total", 'outcome="ok"')).toBe(before);
    expect(orders).toEqual(["ff at 0", "ff at 0"]);
  });
});

describe.each([
  ["followed by a thread", true],
  ["handed to a thread", false],
])("effects of records %s that cannot be seen to", (_, followsItself) => {
  it("end the feed, and no checkpoint is written any more", async () => {
    const feed = await open(near(1, followsItself), () => {
      throw new Error("not seen to");
    });
    await write(undefined, bought(ADA));
    await expect(feed.finished).rejects.toThrow("not seen to");
    await expect(feed.checkpoint()).rejects.toThrow("not seen to");
    expect(await openCheckpointFiles(directory).newest(partitionOf(ADA))).toEqual({ ok: true, value: undefined });
  });
});

describe("threads that follow the log themselves", () => {
  it("read their own partitions alone", async () => {
    const scan = jest.spyOn(given.log, "scan");
    await open(near(2, true));
    const scanned = scan.mock.calls.filter(([{ topic }]) => topic === TOPICS.clickstream);
    expect(scanned.map(([{ partitions }]) => partitions)).toEqual([
      [0, 2],
      [1, 3],
    ]);
  });
});

describe("threads whose partitions come and go", () => {
  it("go on with what they read when others' partitions do", async () => {
    const scan = jest.spyOn(given.log, "scan");
    const scanned = () =>
      scan.mock.calls.flatMap(([{ topic, partitions }]) => (topic === TOPICS.clickstream ? [partitions] : []));
    const feed = await open(near(3, true));
    expect(scanned().sort()).toEqual([[0, 3], [1], [2]]);
    await feed.hold([0, 2]);
    expect(scanned().slice(3)).toEqual([[0]]);
    await feed.hold([0, 1, 2, 3]);
    expect(scanned().slice(4).sort()).toEqual([[0, 3], [1]]);
  });
});

describe("a thread that dies while it takes partitions up", () => {
  const SCRIPT = `
    const { parentPort } = require("node:worker_threads");
    parentPort.on("message", ({ kind, id, added }) => {
      if (added?.length > 0) process.exit(3);
      parentPort.postMessage(kind === "restore" ? { kind: "restored", id, restored: [] } : { kind: "done", id });
    });`;

  it("fails the feed, and whoever holds what", async () => {
    const start: ThreadOptions["start"] = (data) =>
      data.thread === 1 ? new Worker(SCRIPT, { eval: true }) : nearThread(data, {});
    const feed = await open({ count: 2, followsItself: false, start }, noteOrder, [0]);
    const calls = [feed.hold([0, 1]), Promise.resolve().then(() => feed.hold([0]))];
    for (const call of calls) await expect(call).rejects.toThrow("the ingest thread ended with 3");
    await expect(feed.finished).rejects.toThrow("the ingest thread ended with 3");
  });
});

describe("a thread among several that dies", () => {
  /** The thread of the second partition dies of the first records that it is handed; the one of the others is whole. */
  const SCRIPT = `
    const { parentPort } = require("node:worker_threads");
    parentPort.on("message", ({ kind, id }) => {
      if (kind === "spans") process.exit(3);
      parentPort.postMessage(kind === "restore" ? { kind: "restored", id, restored: [] } : { kind: "done", id });
    });`;
  const oneDies = (): ThreadOptions => ({
    ...{ count: 2, followsItself: false },
    start: (data) => (data.thread === 1 ? new Worker(SCRIPT, { eval: true }) : nearThread(data, {})),
  });

  it("fails the feed, which leaves nobody waiting", async () => {
    const feed = await open(oneDies());
    await write(feed, did(BROWSER));
    const [there] = await given.log.append([did(SECOND)]);
    await expect(feed.finished).rejects.toThrow("the ingest thread ended with 3");
    await expect(feed.checkpoint()).rejects.toThrow("the ingest thread ended with 3");
    const waiting = feed.waitFor(partitionOf(SECOND), there!.offset, LONG_MS);
    await feed.close();
    expect(await waiting).toBe(false);
  });

  it("while the feed opens keeps it from opening", async () => {
    await write(undefined, ...SUBJECTS.map((one) => did(one)));
    await expect(open(oneDies())).rejects.toThrow("the ingest thread ended with 3");
  });
});

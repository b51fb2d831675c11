import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { TOPICS, wire } from "@leastwise/contracts";
import { LogError, type EventLog, type RunningSubscription, type ScanSubscription } from "@leastwise/eventlog";
import { FragileLog, on } from "@leastwise/testkit";
import { MINUTE_MS, type Millis, type SubjectId } from "@leastwise/vocabulary";
import { featureValue } from "@leastwise/windows";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openCheckpointFiles } from "../checkpoint/checkpoint-files.js";
import type { CheckpointStore } from "../checkpoint/store.js";
import { nearThread } from "../given/near-thread.js";
import { did, EUR, NOON, onClickstream, partitionOf } from "../given/records.js";
import { counted, givenLog, quietTelemetry, standing, type GivenLog } from "../given/shop.js";
import { WindowsFeed } from "../windows-feed.js";
import type { ThreadOptions } from "./ingest-threads.js";

const ADA = "ff".repeat(16) as SubjectId;
const LONG_MS = 3_600_000;
/** What stands for bytes that do not agree with their checksum. */
const DAMAGED = Buffer.from("damaged");

/** A log that cannot read what is damaged. */
class DamagedLog extends FragileLog {
  override scan(subscription: ScanSubscription): Promise<RunningSubscription> {
    return super.scan({
      ...subscription,
      onSpans: (spans) => {
        const { topic, partition, count, nextOffset } = spans;
        const bytes = Buffer.from(spans.bytes.subarray(spans.valueFrom[0] ?? 0, spans.valueTo[0] ?? 0));
        if (count !== 1 || !bytes.equals(DAMAGED)) return subscription.onSpans(spans);
        const stretch = { topic, partition, firstOffset: spans.offsets[0] ?? 0, nextOffset, bytes };
        return subscription.onPoisoned({ ...stretch, bytesTotal: bytes.length, reason: "checksum_mismatch" });
      },
    });
  }

  /** It belongs to the test: a thread that closes it has one of its own in earnest. */
  override close(): Promise<void> {
    return Promise.resolve();
  }
}

let given: GivenLog;
let log: DamagedLog;
let store: CheckpointStore;
let directory: string;
const telemetry = quietTelemetry();
const feeds: WindowsFeed[] = [];

beforeEach(async () => {
  given = await givenLog();
  log = new DamagedLog(given.log);
  directory = await mkdtemp(join(tmpdir(), "leastwise-poison-"));
  store = openCheckpointFiles(directory);
});
afterEach(async () => {
  for (const feed of feeds.splice(0)) await feed.close();
  await given.end();
  await rm(directory, { recursive: true });
});

type Way = "in this thread" | "by a thread that is handed its records" | "by a thread that follows the log itself";

function near(opened: EventLog | undefined): ThreadOptions {
  return {
    ...{ count: 2, followsItself: opened !== undefined },
    start: (data) => nearThread(data, { log: opened, checkpoints: store }),
  };
}

async function open(way: Way): Promise<WindowsFeed> {
  const newId = () => "a".repeat(32);
  const how = {
    "in this thread": { checkpoints: { store, epoch: 1, objectiveMs: LONG_MS, newId } },
    "by a thread that is handed its records": { thread: near(undefined) },
    "by a thread that follows the log itself": { thread: near(log) },
  }[way];
  const clock = { nowMs: () => NOON };
  const feed = await WindowsFeed.open({ log, telemetry, clock, currency: EUR, onOrder: () => undefined, ...how });
  feeds.push(feed);
  return feed;
}

const views = (feed: WindowsFeed) => featureValue(feed.read(ADA, (NOON + MINUTE_MS) as Millis), "page_views_1h");

/** The places of the stretches that stand among the dead letters. */
async function causes(): Promise<readonly string[]> {
  return (await standing(given.log, TOPICS.deadLetters)).map(({ value }) => wire.DeadLetter.decode(value).cause);
}

async function writeDamaged(): Promise<number> {
  await log.append([did(ADA)]);
  const [damaged] = await log.append([onClickstream(ADA, DAMAGED)]);
  await log.append([did(ADA)]);
  return damaged!.offset;
}

describe.each<Way>([
  "in this thread",
  "by a thread that is handed its records",
  "by a thread that follows the log itself",
])("a stretch that cannot be read, met %s", (way) => {
  it("is a dead letter, and what stands behind it is taken in", async () => {
    const feed = await open(way);
    const offset = await writeDamaged();
    expect(await feed.waitFor(partitionOf(ADA), offset + 1, LONG_MS)).toBe(true);
    expect(views(feed)).toBe(2);
    expect(await causes()).toEqual([`${log.incarnation}/${TOPICS.clickstream}/${partitionOf(ADA)}/${offset}`]);
  });

  it("holds its partition, and what checkpoints have, until its dead letter stands on the log", async () => {
    const feed = await open(way);
    const asked = new Promise<() => void>((resolve) => {
      const release = log.hold((record) => {
        const isLetter = on(TOPICS.deadLetters)(record);
        if (isLetter) resolve(release);
        return isLetter;
      });
    });
    const offset = await writeDamaged();
    const release = await asked;
    await feed.checkpoint();
    expect(await store.newest(partitionOf(ADA))).toMatchObject({ ok: true, value: { offset } });
    expect([feed.hasSeen(partitionOf(ADA), offset), views(feed)]).toEqual([false, 1]);

    release();
    expect(await feed.waitFor(partitionOf(ADA), offset + 1, LONG_MS)).toBe(true);
    expect(views(feed)).toBe(2);
  });

  it("that the log refuses for a while is a dead letter all the same", async () => {
    const feed = await open(way);
    let refused = 0;
    log.refuse((record) => on(TOPICS.deadLetters)(record) && (refused += 1) <= 2);
    const offset = await writeDamaged();
    expect(await feed.waitFor(partitionOf(ADA), offset + 1, LONG_MS)).toBe(true);
    expect([await causes(), refused]).toMatchObject([{ length: 1 }, 3]);
  });

  it("that the log never takes ends the feed with the log's error, and is met again by the next", async () => {
    const feed = await open(way);
    log.refuse(on(TOPICS.deadLetters));
    const offset = await writeDamaged();
    const ended = await feed.finished.catch((error: unknown) => error);
    expect(ended).toBeInstanceOf(LogError);
    expect(ended).toMatchObject({ code: "log_unavailable" });
    expect([feed.hasSeen(partitionOf(ADA), offset), views(feed)]).toEqual([false, 1]);
    await feed.close();

    log.recover();
    const next = await open(way);
    expect([views(next), (await causes()).length]).toEqual([2, 1]);
  });

  it("whose dead letter is under way when the feed is closed holds nothing up", async () => {
    const feed = await open(way);
    log.refuse(on(TOPICS.deadLetters));
    await writeDamaged();
    const labels = [`topic="${TOPICS.deadLetters}"`];
    const before = await counted(telemetry, "leastwise_log_append_failures_total", ...labels);
    while ((await counted(telemetry, "leastwise_log_append_failures_total", ...labels)) === before) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    await feed.close();
    expect(await causes()).toEqual([]);
  });
});

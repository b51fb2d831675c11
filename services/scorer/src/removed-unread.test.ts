import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { CLICKSTREAM_RETENTION_MIN_MS, topicPlan, TOPICS, wire } from "@leastwise/contracts";
import {
  openEmbeddedLog,
  type EventLog,
  type RecordSpans,
  type RunningSubscription,
  type ScanSubscription,
} from "@leastwise/eventlog";
import { FragileLog } from "@leastwise/testkit";
import type { Millis, SubjectId } from "@leastwise/vocabulary";
import { featureValue } from "@leastwise/windows";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openCheckpointFiles } from "./checkpoint/checkpoint-files.js";
import { decodeManifest, encodeManifest } from "./checkpoint/chunk.js";
import { did, EUR, NOON, PARTITIONS, partitionOf } from "./given/records.js";
import { counted, quietTelemetry } from "./given/shop.js";
import { WindowsFeed } from "./windows-feed.js";

const ADA = "ff".repeat(16) as SubjectId;
/** In another partition. */
const BEN = "00".repeat(16) as SubjectId;
const PARTITION = partitionOf(ADA);
const LONG_MS = 3_600_000;

/** A log that says that what is below an offset of Ada's partition is gone, and tells readers that they go on behind it, or behind nothing. */
class ShorteningLog extends FragileLog {
  oldest = 0;
  /** How often it was asked what Ada's partition has. */
  asked = 0;
  #tellGap: (nextOffset: number, removedFrom?: number) => Promise<void> = () => Promise.resolve();

  override async holdsAll(topic: string): Promise<boolean> {
    return (await super.holdsAll(topic)) && (topic !== TOPICS.clickstream || this.oldest === 0);
  }

  override async offsets(topic: string, partition: number) {
    const { begin, end } = await super.offsets(topic, partition);
    if (topic !== TOPICS.clickstream || partition !== PARTITION) return { begin, end };
    this.asked += 1;
    return { begin: Math.max(begin, this.oldest), end: Math.max(end, this.oldest) };
  }

  override scan(subscription: ScanSubscription): Promise<RunningSubscription> {
    this.#tellGap = async (nextOffset, removedFrom) => {
      await subscription.onSpans(gap(nextOffset, removedFrom));
    };
    return super.scan(subscription);
  }

  /** A running reader hears that it goes on at the offset, though no record led there; where it is so, that what stood from the other one on was removed. */
  tellGap(nextOffset: number, removedFrom?: number): Promise<void> {
    return this.#tellGap(nextOffset, removedFrom);
  }
}

function gap(nextOffset: number, removedFrom?: number): RecordSpans {
  const none = { bytes: Buffer.alloc(0), offsets: new Float64Array(0), timestampsMs: new Float64Array(0) };
  const places = { valueFrom: new Int32Array(0), valueTo: new Int32Array(0) };
  return {
    topic: TOPICS.clickstream,
    partition: PARTITION,
    count: 0,
    ...none,
    ...places,
    endOffset: nextOffset,
    nextOffset,
    removedFrom,
  };
}

let directory: string;
let log: ShorteningLog;
const feeds: WindowsFeed[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "leastwise-removed-"));
  const embedded: EventLog = await openEmbeddedLog({ directory: join(directory, "log"), mapSizeBytes: 2 ** 26 });
  log = new ShorteningLog(embedded);
  await log.ensureTopics(topicPlan(PARTITIONS, CLICKSTREAM_RETENTION_MIN_MS));
});
afterEach(async () => {
  for (const feed of feeds.splice(0)) await feed.close();
  await log.close();
  await rm(directory, { recursive: true });
});

async function open() {
  const telemetry = quietTelemetry();
  const lines: { readonly level: string; readonly fields: unknown }[] = [];
  const noting = (level: string) => (fields: unknown) => void lines.push({ level, fields });
  const logger = { info: () => undefined, warn: noting("warn"), error: noting("error") } as unknown;
  const feed = await WindowsFeed.open({
    ...{ log, clock: { nowMs: () => NOON }, currency: EUR, onOrder: () => undefined },
    telemetry: { ...telemetry, metrics: telemetry.metrics, logger: logger as typeof telemetry.logger },
    checkpoints: {
      store: openCheckpointFiles(join(directory, "checkpoints")),
      ...{ epoch: 1, objectiveMs: LONG_MS, newId: () => "a".repeat(32) },
    },
  });
  feeds.push(feed);
  const lost = () => counted(telemetry, "leastwise_records_removed_unread_total", 'topic="clickstream"');
  return { feed, lines, lost };
}

/** So many views of Ada's, and waits until they are in her windows. */
async function browse(feed: WindowsFeed, times: number): Promise<void> {
  const places = await log.append(Array.from({ length: times }, () => did(ADA)));
  for (const { partition, offset } of places) await feed.waitFor(partition, offset, LONG_MS);
}

/** How many orders the feed knows of Ada, and of somebody whose partition lost nothing. */
function ordersOf(feed: WindowsFeed): (number | undefined)[] {
  return [ADA, BEN].map((subject) => featureValue(feed.read(subject, (NOON + 1_000) as Millis), "purchases_all"));
}

describe("orders of all time", () => {
  const ordered = () => log.append([ADA, BEN].map((one) => did(one, { kind: wire.EventKind.EVENT_KIND_PURCHASE })));

  it("are known where the log has its first record, also from a checkpoint after that is gone", async () => {
    await ordered();
    const { feed } = await open();
    expect(ordersOf(feed)).toEqual([1, 1]);
    await browse(feed, 2);
    await feed.checkpoint();
    log.oldest = 2;
    expect(ordersOf((await open()).feed)).toEqual([1, 1]);
  });

  it("are unknown where the beginning of any partition is gone before it was read, and after a checkpoint of that", async () => {
    await ordered();
    log.oldest = 1;
    const { feed } = await open();
    expect(ordersOf(feed)).toEqual([undefined, undefined]);
    await browse(feed, 1);
    await ordered();
    await browse(feed, 1);
    expect(ordersOf(feed)).toEqual([undefined, undefined]);
    await feed.checkpoint();
    expect(ordersOf((await open()).feed)).toEqual([undefined, undefined]);
  });

  it("are unknown from a checkpoint of a version that did not say where it began, if that is gone", async () => {
    await ordered();
    const { feed } = await open();
    await browse(feed, 2);
    await feed.checkpoint();
    const file = join(directory, "checkpoints", String(PARTITION), "manifest");
    const decoded = decodeManifest(await readFile(file));
    if (!decoded.ok) throw new Error(decoded.error.reason);
    const { historyCutS, ...manifest } = decoded.value;
    expect(historyCutS).toBe(0);
    await writeFile(file, encodeManifest({ ...manifest, format: 3 }));
    expect(ordersOf((await open()).feed)).toEqual([1, 1]);
    log.oldest = 2;
    expect(ordersOf((await open()).feed)).toEqual([undefined, 1]);
  });

  it("are unknown of the partition's shoppers once a reader was told that records are missing", async () => {
    await ordered();
    const { feed } = await open();
    await log.tellGap(9, 1);
    expect(ordersOf(feed)).toEqual([undefined, 1]);
  });
});

const ERROR = {
  level: "error",
  fields: expect.objectContaining({
    topic: "clickstream",
    partition: PARTITION,
    to_do: expect.stringContaining("retention.ms"),
  }),
};
const loss = (first: number, oldest: number) =>
  expect.objectContaining({ first_lost_offset: first, oldest_offset: oldest, records_lost: oldest - first });

describe("records that retention removed before the windows had them", () => {
  it("are told and counted when the log begins behind the checkpoint", async () => {
    const first = await open();
    await browse(first.feed, 3);
    await first.feed.checkpoint();
    await first.feed.close();
    await log.append(Array.from({ length: 4 }, () => did(ADA)));
    log.oldest = 5;
    const { lines, lost } = await open();
    expect(lines).toContainEqual(ERROR);
    expect(lines).toContainEqual({ level: "error", fields: loss(3, 5) });
    expect(await lost()).toBe(2);
  });

  it("are told and counted when a running feed is overtaken", async () => {
    const { feed, lines, lost } = await open();
    await browse(feed, 2);
    await log.tellGap(7, 2);
    expect(lines).toEqual([ERROR]);
    expect(lines).toEqual([{ level: "error", fields: loss(2, 7) }]);
    expect(await lost()).toBe(5);
  });

  it("are none where a gap is of transactions, however many there are, and the log is not asked", async () => {
    const { feed, lines, lost } = await open();
    await browse(feed, 2);
    const { asked } = log;
    log.oldest = 3;
    for (let nextOffset = 3; nextOffset < 1_000; nextOffset += 1) await log.tellGap(nextOffset);
    expect(await feed.waitFor(PARTITION, 998, LONG_MS)).toBe(true);
    expect([lines, await lost(), log.asked]).toEqual([[], 0, asked]);
  });

  it("are none where all is rebuilt from the oldest that is left", async () => {
    await log.append(Array.from({ length: 4 }, () => did(ADA)));
    log.oldest = 2;
    const { feed, lines, lost } = await open();
    await feed.waitFor(PARTITION, 3, LONG_MS);
    expect([lines, await lost()]).toEqual([[], 0]);
  });
});

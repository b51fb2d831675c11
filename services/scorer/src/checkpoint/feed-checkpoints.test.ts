import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { wire } from "@leastwise/contracts";
import { MINUTE_MS, type Millis, type SubjectId } from "@leastwise/vocabulary";
import { featureValue } from "@leastwise/windows";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { did, EUR, loggedIn, NOON, partitionOf } from "../given/records.js";
import { counted, givenLog, quietTelemetry, type GivenLog } from "../given/shop.js";
import { WindowsFeed } from "../windows-feed.js";
import { openCheckpointFiles } from "./checkpoint-files.js";
import { decodeManifest, encodeManifest } from "./chunk.js";
import type { CheckpointStore } from "./store.js";

/** One in each of the four partitions. */
const SUBJECTS = ["00", "55", "aa", "ff"].map((byte) => byte.repeat(16) as SubjectId);
const [BROWSER, , , ADA] = SUBJECTS as [SubjectId, SubjectId, SubjectId, SubjectId];
const LONG_MS = 3_600_000;

let given: GivenLog;
let directory: string;
let ids: number;
/** Orders that the ledger was told of, by the feeds that were opened. */
let told: string[][];
const feeds: WindowsFeed[] = [];

beforeEach(async () => {
  given = await givenLog();
  directory = await mkdtemp(join(tmpdir(), "leastwise-feed-"));
  ids = 0;
  told = [];
});
afterEach(async () => {
  for (const feed of feeds.splice(0)) await feed.close();
  await given.end();
  await rm(directory, { recursive: true });
});

async function open(store?: CheckpointStore, objectiveMs = LONG_MS) {
  const telemetry = quietTelemetry();
  const newId = () => (ids += 1).toString(16).padStart(32, "0");
  const checkpoints = store === undefined ? {} : { checkpoints: { store, epoch: 1, objectiveMs, newId } };
  const clock = { nowMs: () => NOON };
  const orders: string[] = [];
  told.push(orders);
  const onOrder = (subject: SubjectId, atMs: Millis) => void orders.push(`${subject.slice(0, 2)} at ${atMs - NOON}`);
  const options = { log: given.log, telemetry, clock, currency: EUR, onOrder, ...checkpoints };
  const feed = await WindowsFeed.open(options);
  feeds.push(feed);
  return { feed, telemetry };
}

async function write(feed: WindowsFeed, ...records: Parameters<GivenLog["log"]["append"]>[0]): Promise<void> {
  for (const { partition, offset } of await given.log.append(records)) await feed.waitFor(partition, offset, LONG_MS);
}

function views(feed: WindowsFeed): (number | undefined)[] {
  const at = (NOON + MINUTE_MS) as Millis;
  return SUBJECTS.map((subject) => featureValue(feed.read(subject, at), "page_views_1h"));
}

/** Records that a feed has read since it was opened. */
const records = (telemetry: ReturnType<typeof quietTelemetry>): Promise<number> =>
  counted(telemetry, "leastwise_consumer_records_total", 'outcome="ok"');

describe("a feed with checkpoints", () => {
  it("begins with the newest, reads only what came later, and knows the same as one that read everything", async () => {
    const store = openCheckpointFiles(directory);
    const first = await open(store);
    await write(first.feed, ...SUBJECTS.map((one) => did(one)), ...SUBJECTS.map((one) => did(one)));
    await first.feed.checkpoint();
    await write(first.feed, did(ADA), did(BROWSER));
    await first.feed.close();

    const second = await open(store);
    expect(views(second.feed)).toEqual([3, 2, 2, 3]);
    expect(await records(second.telemetry)).toBe(2);
    const fromTheLog = await open();
    expect(views(fromTheLog.feed)).toEqual(views(second.feed));
    expect(second.feed.progress()).toEqual(
      fromTheLog.feed.progress().map((one) => expect.objectContaining({ nextOffset: one.nextOffset })),
    );
  });

  it("writes one of what it has only from another", async () => {
    const store = openCheckpointFiles(directory);
    const first = await open(store);
    await write(first.feed, ...SUBJECTS.map((one) => did(one)));
    await first.feed.checkpoint();
    const second = await open(store);
    await second.feed.checkpoint();
    const third = await open(store);
    expect([views(third.feed), await records(third.telemetry)]).toEqual([[1, 1, 1, 1], 0]);
  });

  it("loses no state that a login moved, and adds none twice", async () => {
    const store = openCheckpointFiles(directory);
    const first = await open(store);
    await write(first.feed, did(BROWSER), did(ADA), did(BROWSER));
    await write(first.feed, loggedIn(BROWSER, ADA));
    await first.feed.waitFor(partitionOf(ADA), 1, LONG_MS);
    await first.feed.checkpoint();
    await write(first.feed, did(BROWSER));
    const second = await open(store);
    const fromTheLog = await open();
    for (const { feed } of [first, second, fromTheLog]) expect(views(feed)).toEqual([1, 0, 0, 3]);
    expect(second.feed.assignmentKeyOf(ADA)).toBe(ADA);
  });

  it("tells each order once, also those that only the checkpoint knows, and those that came while it was written", async () => {
    const bought = (subject: SubjectId, minutes: number) =>
      did(subject, {
        kind: wire.EventKind.EVENT_KIND_PURCHASE,
        order: { orderId: `o${minutes}` },
        occurredAtMs: BigInt(NOON - minutes * MINUTE_MS),
      });
    const files = openCheckpointFiles(directory);
    let meanwhile: () => Promise<void> = () => Promise.resolve();
    const slow: CheckpointStore = {
      newest: (partition) => files.newest(partition),
      read: (manifest, onPayload) => files.read(manifest, onPayload),
      begin: async (identity) => {
        const writing = await files.begin(identity);
        await meanwhile();
        meanwhile = () => Promise.resolve();
        return writing;
      },
    };
    const first = await open(slow);
    await write(first.feed, bought(BROWSER, 9), bought(ADA, 8));
    meanwhile = () => write(first.feed, bought(BROWSER, 7), bought(ADA, 6));
    await first.feed.checkpoint();
    await write(first.feed, bought(ADA, 5));
    await open(slow);
    await open();
    const [live, restarted, rebuilt] = told.map((orders) => [...orders].sort());
    expect(live).toHaveLength(5);
    expect([restarted, rebuilt]).toEqual([live, live]);
  });

  it("writes one by itself when reading the tail again would take longer than the objective", async () => {
    const store = openCheckpointFiles(directory);
    const { feed, telemetry } = await open(store, 0);
    await write(feed, did(ADA));
    while ((await counted(telemetry, "leastwise_checkpoints_total", 'outcome="ok"')) < 1) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await store.newest(partitionOf(ADA))).toMatchObject({ ok: true, value: { offset: 1, subjects: 1 } });
  });

  it.each<[string, (bytes: Buffer) => Buffer]>([
    ["a flipped bit", (bytes) => (bytes.writeUInt8(bytes.readUInt8(bytes.length - 9) ^ 4, bytes.length - 9), bytes)],
    ["a torn end", (bytes) => bytes.subarray(0, bytes.length - 5)],
  ])("rebuilds a partition from the log when its checkpoint has %s", async (_, damage) => {
    const store = openCheckpointFiles(directory);
    const first = await open(store);
    await write(first.feed, ...SUBJECTS.map((one) => did(one)), did(ADA));
    await first.feed.checkpoint();
    const folder = join(directory, String(partitionOf(ADA)));
    const file = join(
      folder,
      (await readdir(folder)).find((name) => name.endsWith(".chunks"))!,
    );
    await writeFile(file, damage(await readFile(file)));
    const second = await open(store);
    expect(views(second.feed)).toEqual([1, 1, 1, 2]);
    // Ada's two records, and nobody else's.
    expect(await records(second.telemetry)).toBe(2);
  });

  it("takes up a checkpoint of the format before, whose blocks had no purchase history", async () => {
    const store = openCheckpointFiles(directory);
    const first = await open(store);
    await write(first.feed, did(ADA));
    await first.feed.checkpoint();
    const path = join(directory, String(partitionOf(ADA)), "manifest");
    const manifest = decodeManifest(await readFile(path));
    if (manifest.ok) await writeFile(path, encodeManifest({ ...manifest.value, format: 3 }));
    const second = await open(store);
    expect(views(second.feed)[3]).toBe(1);
    expect(await records(second.telemetry)).toBe(0);
  });

  it.each([
    { format: 99 },
    { incarnation: "another log" },
    { offset: 1_000 },
    // What a subject of it has, the log has not.
    { endOffset: 1_000 },
    { currency: "USD" },
  ])("rebuilds from the log rather than trust a checkpoint of %o", async (fields) => {
    const store = openCheckpointFiles(directory);
    const first = await open(store);
    await write(first.feed, did(ADA));
    await first.feed.checkpoint();
    const path = join(directory, String(partitionOf(ADA)), "manifest");
    const manifest = decodeManifest(await readFile(path));
    if (manifest.ok) await writeFile(path, encodeManifest({ ...manifest.value, ...fields }));
    const second = await open(store);
    expect(views(second.feed)[3]).toBe(1);
    expect(await records(second.telemetry)).toBe(1);
  });
});

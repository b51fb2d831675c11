import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { TOPICS, wire } from "@leastwise/contracts";
import type { NewRecord } from "@leastwise/eventlog";
import { FragileLog } from "@leastwise/testkit";
import type { Telemetry } from "@leastwise/telemetry";
import type { SubjectId } from "@leastwise/vocabulary";
import { createWindowStore, featureValue, type SegmentMemory } from "@leastwise/windows";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AT, feedOptions, isMove, knownIn, LONG_MS, orderOf, type Way } from "../given/feeds.js";
import { nearThread } from "../given/near-thread.js";
import { did, loggedIn, PARTITIONS } from "../given/records.js";
import { counted, givenLog, quietTelemetry, standing, type GivenLog } from "../given/shop.js";
import type { Holding } from "../holding.js";
import { WindowsFold } from "../ingest/windows-fold.js";
import { MoveBook } from "../moves.js";
import { WindowsFeed, type WindowsFeedOptions } from "../windows-feed.js";
import { openCheckpointFiles } from "./checkpoint-files.js";
import { openCheckpointTopics } from "./checkpoint-topics.js";
import type { CheckpointStore } from "./store.js";

/** One in each of the four partitions. */
const SUBJECTS = ["00", "55", "aa", "ff"].map((byte) => byte.repeat(16) as SubjectId);
const [BROWSER, SECOND, , ADA] = SUBJECTS as [SubjectId, SubjectId, SubjectId, SubjectId];
const ALL = [0, 1, 2, 3];
const viewed = SUBJECTS.map((subject) => did(subject));
const bought = (subject: SubjectId) =>
  did(subject, { kind: wire.EventKind.EVENT_KIND_PURCHASE, order: { orderId: subject } });

/** A log that keeps back what it has of a partition, when a test says so. */
class ReluctantLog extends FragileLog {
  saysBounds: (partition: number) => Promise<void> = () => Promise.resolve();

  override async offsets(topic: string, partition: number) {
    const bounds = await super.offsets(topic, partition);
    if (topic === TOPICS.clickstream) await this.saysBounds(partition);
    return bounds;
  }

  /** It belongs to the test: a thread that closes it has one of its own in earnest. */
  override close(): Promise<void> {
    return Promise.resolve();
  }
}

interface Opened {
  readonly feed: WindowsFeed;
  readonly telemetry: Telemetry;
  readonly orders: string[];
  /** Of each partition that it has taken up, the latest. */
  readonly memories: Map<number, SegmentMemory>;
}

let given: GivenLog;
let log: ReluctantLog;
let directory: string;
let files: CheckpointStore;
let ids: number;
const opened: Opened[] = [];

beforeEach(async () => {
  given = await givenLog();
  log = new ReluctantLog(given.log);
  directory = await mkdtemp(join(tmpdir(), "leastwise-standby-"));
  files = openCheckpointFiles(directory);
  ids = 0;
});
afterEach(async () => {
  jest.restoreAllMocks();
  for (const one of [...opened]) await close(one);
  await given.end();
  await rm(directory, { recursive: true });
});

function owning(epoch: number, partitions: readonly number[] = ALL, standby: readonly number[] = []): Holding {
  return { owned: new Map(partitions.map((partition) => [partition, epoch])), standby };
}

function warm(standby: readonly number[] = ALL): Holding {
  return { owned: new Map(), standby };
}

async function open(
  way: Way,
  partitions: Holding | readonly number[],
  store = files,
  objectiveMs = LONG_MS,
): Promise<Opened> {
  const telemetry = quietTelemetry();
  const orders: string[] = [];
  const memories = new Map<number, SegmentMemory>();
  const spy = jest.spyOn(WindowsFold.prototype, "hold");
  const options = feedOptions(log, (who, atMs) => void orders.push(orderOf(who, atMs)));
  const feed = await WindowsFeed.open({ ...options, telemetry, partitions, ...how(way, store, objectiveMs) });
  for (const [partition, memory] of spy.mock.calls) memories.set(partition, memory);
  spy.mockRestore();
  const one = { feed, telemetry, orders, memories };
  opened.push(one);
  return one;
}

async function close(one: Opened): Promise<void> {
  opened.splice(opened.indexOf(one), 1);
  await one.feed.close();
  one.telemetry.close();
}

function how(
  way: Way,
  store: CheckpointStore,
  objectiveMs: number,
): Pick<WindowsFeedOptions, "checkpoints" | "thread"> {
  const newId = () => (ids += 1).toString(16).padStart(32, "0");
  if (way === "in their own thread") return { checkpoints: { store, epoch: 1, objectiveMs, newId } };
  const followsItself = way === "by threads that follow the log themselves";
  const opening = followsItself ? { log, checkpoints: store } : { checkpoints: store };
  return { thread: { count: 2, followsItself, start: (data) => nearThread(data, opening, objectiveMs) } };
}

async function write(...records: readonly NewRecord[]): Promise<void> {
  await given.log.append(records);
  await settle();
}

/** All that is on the log is in the windows of all that hold it. */
async function settle(): Promise<void> {
  for (const partition of ALL) {
    const { end } = await given.log.offsets(TOPICS.clickstream, partition);
    for (const { feed } of opened)
      if (feed.roleOf(partition) !== undefined) await feed.waitFor(partition, end - 1, LONG_MS);
  }
}

/** Waits until so many states stand on the log, and all that is on it is read. */
async function untilMoved(count: number): Promise<void> {
  while ((await moves()) < count) await turn();
  await settle();
}

const moves = async () => (await standing(given.log, TOPICS.clickstream)).filter(({ value }) => isMove(value)).length;
const refuseMoves = () => {
  log.refuse(({ topic, value }) => topic === TOPICS.clickstream && isMove(value));
};
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const known = ({ feed }: Opened) => SUBJECTS.map((subject) => knownIn(feed, subject));
const views = ({ feed }: Opened) => SUBJECTS.map((subject) => featureValue(feed.read(subject, AT), "page_views_1h"));
const read = ({ telemetry }: Opened) => counted(telemetry, "leastwise_consumer_records_total", 'outcome="ok"');
const checkpoints = ({ telemetry }: Opened, outcome: string) =>
  counted(telemetry, "leastwise_checkpoints_total", `outcome="${outcome}"`);
const roles = ({ feed }: Opened) => [...ALL, PARTITIONS].map((partition) => feed.roleOf(partition));
const digests = ({ memories }: Opened) => ALL.map((partition) => digestOf(memories.get(partition)!));
const digestOf = (memory: SegmentMemory) => createWindowStore({ memory }).digest();

async function manifests(store = files) {
  const newest = await Promise.all(ALL.map((partition) => store.newest(partition)));
  return newest.map((one) => (one.ok ? one.value : one.error));
}

async function epochs(store = files) {
  return (await manifests(store)).map((one) => one !== undefined && "epoch" in one && one.epoch);
}

describe.each<Way>([
  "in their own thread",
  "by threads that are handed the records",
  "by threads that follow the log themselves",
])("standby partitions whose clickstream is taken in %s", (way) => {
  it("know what their owner knows, tell the orders, write no checkpoint, and send nothing", async () => {
    await write(...viewed, bought(SECOND));
    const owner = await open(way, owning(7));
    await owner.feed.checkpoint();
    await write(...viewed, bought(ADA));
    const standby = await open(way, warm());
    await write(did(BROWSER), loggedIn(BROWSER, ADA));
    await untilMoved(1);
    await standby.feed.checkpoint();

    expect(views(owner)).toEqual([0, 2, 2, 5]);
    expect([known(standby), digests(standby)]).toEqual([known(owner), digests(owner)]);
    expect(standby.orders.sort()).toEqual(owner.orders.sort());
    expect(standby.orders).toHaveLength(2);
    expect([await epochs(), await moves(), await checkpoints(standby, "ok")]).toEqual([[7, 7, 7, 7], 1, 0]);
    expect([roles(owner), roles(standby)]).toEqual([
      ["owned", "owned", "owned", "owned", undefined],
      ["standby", "standby", "standby", "standby", undefined],
    ]);
    expect(SUBJECTS.every((subject) => standby.feed.holds(subject))).toBe(true);
  });

  it("that are owned from now on go on without a gap, finish what the owner before did not get to, and write", async () => {
    const owner = await open(way, owning(7));
    const standby = await open(way, warm());
    await write(...viewed);
    refuseMoves();
    await write(loggedIn(BROWSER, ADA));
    await close(owner);
    log.recover();
    expect([await moves(), views(standby)[3]]).toEqual([0, 1]);

    await standby.feed.hold(owning(8));
    await untilMoved(1);
    await write(did(BROWSER));
    await standby.feed.checkpoint();
    expect([views(standby), await moves(), await read(standby)]).toEqual([[1, 1, 1, 2], 1, 7]);
    expect(await epochs()).toEqual([8, 8, 8, 8]);
    expect(await standby.feed.waitForMoves(ADA, LONG_MS)).toBe(true);
    expect(known(await open(way, warm(), openCheckpointFiles(join(directory, "none"))))).toEqual(known(standby));
  });

  it("that were owned until now write nothing more, not even what is under way, and are read on", async () => {
    const owner = await open(way, owning(7));
    await write(...viewed);
    refuseMoves();
    await write(loggedIn(BROWSER, ADA));
    const written = owner.feed.checkpoint();
    await owner.feed.hold(warm());
    await written;
    expect([await manifests(), await checkpoints(owner, "failed")]).toEqual([ALL.map(() => undefined), 0]);
    log.recover();
    await write(did(SECOND), did(BROWSER), loggedIn(BROWSER, SECOND));
    expect([views(owner), await moves()]).toEqual([[0, 2, 1, 1], 0]);

    await owner.feed.hold(owning(9));
    await untilMoved(2);
    await owner.feed.checkpoint();
    expect([views(owner), await epochs()]).toEqual([
      [0, 3, 1, 2],
      [9, 9, 9, 9],
    ]);
  });

  it("change their roles at once, whatever is being taken up meanwhile", async () => {
    const one = await open(way, owning(7, [1], [0, 3]));
    await write(...viewed, loggedIn(BROWSER, ADA));
    let goOn: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (goOn = resolve));
    log.saysBounds = (partition) => (partition === 2 ? gate : Promise.resolve());
    const taking = one.feed.hold(owning(7, [1, 2], [0, 3]));
    const promoting = one.feed.hold(owning(8, [0, 3, 2], [1]));
    expect(roles(one).slice(0, 4)).toEqual(["owned", "standby", undefined, "owned"]);
    await untilMoved(1);
    await one.feed.checkpoint();
    expect(await epochs()).toEqual([8, false, false, 8]);
    goOn();
    await Promise.all([taking, promoting]);
    expect([roles(one).slice(0, 4), views(one)]).toEqual([
      ["owned", "standby", "owned", "owned"],
      [0, 1, 1, 2],
    ]);
  });

  it.each(["files", "topics"])(
    "whose new owner has a checkpoint in %s keep it, whatever the old one is at",
    async (kind) => {
      const store = kind === "files" ? files : openCheckpointTopics(given.log, () => AT);
      const old = await open(way, owning(7), store);
      await write(...viewed);
      await old.feed.checkpoint();
      const next = await open(way, warm(), store);
      await next.feed.hold(owning(8));
      await next.feed.checkpoint();
      const newest = await manifests(store);
      await write(...viewed);
      await old.feed.checkpoint();
      await old.feed.checkpoint();
      expect(await manifests(store)).toEqual(newest);
      expect([await epochs(store), await checkpoints(old, "failed")]).toEqual([[8, 8, 8, 8], 4]);
      const third = await open(way, warm(), store);
      expect([views(third), await read(third)]).toEqual([[2, 2, 2, 2], 4]);

      await old.feed.hold(owning(9));
      await old.feed.checkpoint();
      expect(await epochs(store)).toEqual([9, 9, 9, 9]);
    },
  );

  it("come from the checkpoint that their owner wrote last, when it put that in the place of the one being read", async () => {
    const owner = await open(way, owning(7));
    await write(...viewed);
    await owner.feed.checkpoint();
    let isFirst = true;
    const overtaken: CheckpointStore = {
      newest: (partition) => files.newest(partition),
      begin: (identity) => files.begin(identity),
      read: async (manifest, onPayload) => {
        if (manifest.partition === 3 && isFirst) {
          isFirst = false;
          await write(did(ADA));
          await owner.feed.checkpoint();
        }
        return files.read(manifest, onPayload);
      },
    };
    const standby = await open(way, warm([3]), overtaken);
    expect([views(standby)[3], await read(standby), await checkpoints(standby, "refused")]).toEqual([2, 0, 0]);
  });

  it("come from a checkpoint that is of a later end than the log had when it was asked", async () => {
    const owner = await open(way, owning(7));
    await write(...viewed);
    log.saysBounds = async (partition) => {
      if (partition !== 3) return;
      log.saysBounds = () => Promise.resolve();
      await write(did(ADA));
      await owner.feed.checkpoint();
    };
    const standby = await open(way, warm([3]));
    expect([views(standby)[3], await read(standby), await checkpoints(standby, "refused")]).toEqual([2, 0, 0]);
  });

  it("keep no state that their owner's checkpoint says is on the log", async () => {
    const owner = await open(way, owning(7));
    const standby = await open(way, warm([0]), files, 0);
    await write(did(BROWSER), loggedIn(BROWSER, ADA));
    await untilMoved(1);
    await owner.feed.checkpoint();
    const noted = jest.spyOn(MoveBook.prototype, "noteDurable");
    while (noted.mock.calls.length === 0) {
      await write(did(BROWSER));
      await turn();
    }
    await close(owner);
    await standby.feed.hold(owning(8, [0]));
    await standby.feed.checkpoint();
    expect([await moves(), (await epochs())[0]]).toEqual([1, 8]);
  });
});

describe("what is to be held", () => {
  it.each<[Holding, string]>([
    [owning(7, [4]), "partitions: expected 0 to 3, got 4"],
    [warm([0.5]), "partitions: expected 0 to 3, got 0.5"],
    [owning(7, [0, 1], [1]), "standby: expected partitions that are not owned as well, got 1"],
    [owning(-1, [2]), "owned, epoch of partition 2: expected a whole number from 0 on, got -1"],
    [owning(0.5, [2]), "owned, epoch of partition 2: expected a whole number from 0 on, got 0.5"],
  ])("is refused, and nothing changes, when it cannot be: %o", async (holding, message) => {
    const one = await open("in their own thread", owning(7, [0], [1]));
    await expect(one.feed.hold(holding)).rejects.toThrow(new RangeError(message));
    expect(roles(one).slice(0, 4)).toEqual(["owned", "standby", undefined, undefined]);
  });

  it("takes up owned ones before standbys, and leaves standbys to a later call that comes meanwhile", async () => {
    const order: number[] = [];
    const later: Promise<void>[] = [];
    const store: CheckpointStore = {
      begin: (identity) => files.begin(identity),
      read: (manifest, onPayload) => files.read(manifest, onPayload),
      newest: (partition) => {
        order.push(partition);
        if (partition === 0) later.push(one.feed.hold(owning(8, [2, 3], [0])));
        return files.newest(partition);
      },
    };
    const one = await open("in their own thread", [], store);
    await one.feed.hold(owning(7, [2], [0, 1]));
    await Promise.all(later);
    expect([order, roles(one).slice(0, 4)]).toEqual([
      [2, 0, 3],
      ["standby", undefined, "owned", "owned"],
    ]);
  });
});

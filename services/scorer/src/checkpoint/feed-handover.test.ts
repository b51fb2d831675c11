import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { TOPICS, wire } from "@leastwise/contracts";
import { FragileLog } from "@leastwise/testkit";
import { MINUTE_MS, type Millis, type SubjectId } from "@leastwise/vocabulary";
import { featureValue } from "@leastwise/windows";
import fc from "fast-check";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nearThread } from "../given/near-thread.js";
import { did, EUR, loggedIn, NOON, PARTITIONS, partitionOf } from "../given/records.js";
import { givenLog, quietTelemetry, type GivenLog } from "../given/shop.js";
import { WindowsFeed, type WindowsFeedOptions } from "../windows-feed.js";
import { openCheckpointFiles } from "./checkpoint-files.js";
import type { CheckpointStore } from "./store.js";

/** Browsers and people, one of each in each of the four partitions. */
const BROWSERS = ["00", "55", "aa", "ff"].map((byte) => byte.repeat(16) as SubjectId);
const PEOPLE = ["02", "56", "ac", "fd"].map((byte) => byte.repeat(16) as SubjectId);
const SUBJECTS = [...BROWSERS, ...PEOPLE];
const LONG_MS = 30_000;
/** A checkpoint that has not touched its store for so long waits for something, ms. */
const IDLE_MS = 15;
const AT = (NOON + MINUTE_MS) as Millis;

type Way =
  "in their own thread" | "by threads that are handed the records" | "by threads that follow the log themselves";

/** Which of the two scorers has each partition. */
type Owners = readonly number[];

type Step =
  | { readonly kind: "view" | "order"; readonly subject: SubjectId }
  | { readonly kind: "login" | "strandedLogin"; readonly browser: SubjectId; readonly person: SubjectId }
  | { readonly kind: "pass"; readonly owners: Owners }
  | { readonly kind: "movesRefused" | "recovered" }
  | { readonly kind: "checkpoint" | "tornCheckpoint" | "crash"; readonly scorer: number };

const one = fc.constantFrom(0, 1);
const owners: fc.Arbitrary<Owners> = fc.array(one, { minLength: PARTITIONS, maxLength: PARTITIONS });
const subject = fc.constantFrom(...SUBJECTS);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ kind: fc.constant("view" as const), subject }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("order" as const), subject }) },
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constantFrom("login" as const, "strandedLogin" as const),
        browser: fc.constantFrom(...BROWSERS),
        person: fc.constantFrom(...PEOPLE),
      }),
    },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("pass" as const), owners }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("movesRefused" as const, "recovered" as const) }) },
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constantFrom("checkpoint", "tornCheckpoint", "crash"), scorer: one }),
    },
  ),
  { minLength: 10, maxLength: 60 },
);

let given: GivenLog;
let directory: string;
/** Checkpoints begun so far. */
let ids: number;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "leastwise-handover-"));
  ids = 0;
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

/** The log as a thread has it that opened it itself. */
class OwnLog extends FragileLog {
  override close(): Promise<void> {
    return Promise.resolve();
  }
}

/** One of the scorers: its windows, and the orders of each partition that it told of since it took the partition up. */
class Scorer {
  feed!: WindowsFeed;
  readonly orders = new Map<number, string[]>();
  readonly #way: Way;
  readonly #store: CheckpointStore;
  #held: readonly number[];
  #isTorn = false;
  #touchedMs = 0;

  constructor(way: Way, store: CheckpointStore, held: readonly number[]) {
    this.#way = way;
    this.#store = this.#fragile(store);
    this.#held = held;
  }

  async open(): Promise<void> {
    this.#beginOrders(this.#held);
    const onOrder = (who: SubjectId, atMs: Millis) => this.orders.get(partitionOf(who))?.push(orderOf(who, atMs));
    this.feed = await WindowsFeed.open({ ...feedOptions(onOrder), ...this.#how(), partitions: this.#held });
  }

  async hold(partitions: readonly number[]): Promise<void> {
    this.#beginOrders(partitions.filter((partition) => !this.#held.includes(partition)));
    this.#held = partitions;
    await this.feed.hold(partitions);
  }

  /** Keeps those that it goes on with. */
  async letGo(partitions: readonly number[]): Promise<void> {
    await this.hold(this.#held.filter((partition) => !partitions.includes(partition)));
  }

  /** Nothing more leaves the process; what it was at is left as it is. */
  async crash(): Promise<void> {
    given.log.refuse(() => true);
    this.#isTorn = true;
    await this.feed.close();
    given.log.recover();
    this.#isTorn = false;
    await this.open();
  }

  /** Writes checkpoints, until it is done or waits for states that the log refused: what comes next comes meanwhile then. */
  async checkpoint(isTorn: boolean): Promise<void> {
    this.#isTorn = isTorn;
    const writing = { isOver: false };
    const over = () => (writing.isOver = true);
    // A crash ends it with whatever it waits for.
    void this.feed.checkpoint().then(over, over);
    this.#touchedMs = performance.now();
    while (!writing.isOver && performance.now() - this.#touchedMs < IDLE_MS) await turn();
    this.#isTorn = false;
  }

  #beginOrders(partitions: readonly number[]): void {
    for (const partition of partitions) this.orders.set(partition, []);
  }

  #how(): Pick<WindowsFeedOptions, "checkpoints" | "thread"> {
    const newId = () => (ids += 1).toString(16).padStart(32, "0");
    const checkpoints = this.#store;
    if (this.#way === "in their own thread")
      return { checkpoints: { store: checkpoints, epoch: 1, objectiveMs: LONG_MS, newId } };
    const followsItself = this.#way === "by threads that follow the log themselves";
    const opening = () => (followsItself ? { log: new OwnLog(given.log), checkpoints } : { checkpoints });
    return { thread: { count: 3, followsItself, start: (data) => nearThread(data, opening()) } };
  }

  #fragile(store: CheckpointStore): CheckpointStore {
    return {
      newest: (partition) => store.newest(partition),
      read: (manifest, onPayload) => store.read(manifest, onPayload),
      begin: async (identity) => {
        const writing = await store.begin(identity);
        const touch = () => (this.#touchedMs = performance.now());
        touch();
        return {
          chunk: (payload) => (touch(), writing.chunk(payload)),
          finish: (manifest) => (touch(), this.#isTorn ? Promise.reject(new Error("torn")) : writing.finish(manifest)),
          abandon: () => Promise.resolve(),
        };
      },
    };
  }
}

/** Two scorers on one log and one store of checkpoints. No partition is held by both at once. */
class Shop {
  views = 0;
  readonly scorers: readonly Scorer[];
  #owners: Owners = [0, 1, 0, 1];

  constructor(way: Way, store: CheckpointStore) {
    this.scorers = [0, 1].map((number) => new Scorer(way, store, of(this.#owners, number)));
  }

  async open(): Promise<void> {
    for (const scorer of this.scorers) await scorer.open();
  }

  async take(step: Step): Promise<void> {
    switch (step.kind) {
      case "view":
        this.views += 1;
        return this.#write(did(step.subject));
      case "order":
        return this.#write(did(step.subject, { kind: wire.EventKind.EVENT_KIND_PURCHASE, order: { orderId: "o" } }));
      case "login":
        return this.#write(loggedIn(step.browser, step.person));
      case "strandedLogin":
        return this.#strand(step.browser, step.person);
      case "pass":
        return this.pass(step.owners);
      case "movesRefused":
        given.log.refuse(({ topic, value }) => topic === TOPICS.clickstream && isMove(value));
        return;
      case "recovered":
        given.log.recover();
        return;
      case "checkpoint":
        return this.scorers[step.scorer]!.checkpoint(false);
      case "tornCheckpoint":
        return this.scorers[step.scorer]!.checkpoint(true);
      case "crash":
        return this.scorers[step.scorer]!.crash();
    }
  }

  async pass(to: Owners): Promise<void> {
    const before = this.#owners;
    this.#owners = to;
    await Promise.all(
      this.scorers.map((scorer, number) => scorer.letGo(of(before, number).filter((one) => to[one] !== number))),
    );
    await Promise.all(this.scorers.map((scorer, number) => scorer.hold(of(to, number))));
  }

  /** Each takes up what the other had: what one of them did not get to is the other's to do. */
  async swap(): Promise<void> {
    given.log.recover();
    await this.pass(this.#owners.map((owner) => 1 - owner));
  }

  /** All that is on the log is in the windows. */
  async settle(): Promise<void> {
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      const { end } = await given.log.offsets(TOPICS.clickstream, partition);
      expect(await this.#feedOf(partition).waitFor(partition, end - 1, LONG_MS)).toBe(true);
    }
  }

  known() {
    return SUBJECTS.map((one) => knownIn(this.#feedOf(partitionOf(one)), one));
  }

  viewsCounted(): number {
    const each = SUBJECTS.map((one) => {
      const views = this.scorers.map(({ feed }) => featureValue(feed.read(one, AT), "page_views_30d"));
      // The other one has nothing of it, and says so.
      expect(views.filter((count) => count !== undefined)).toHaveLength(1);
      return views.reduce<number>((sum, count) => sum + (count ?? 0), 0);
    });
    return each.reduce((sum, views) => sum + views, 0);
  }

  orders(): readonly string[] {
    return this.#owners.flatMap((owner, partition) => this.scorers[owner]!.orders.get(partition) ?? []);
  }

  #feedOf(partition: number): WindowsFeed {
    return this.scorers[this.#owners[partition]!]!.feed;
  }

  /** A login whose state does not get onto the log, and a checkpoint that waits for it. */
  async #strand(browser: SubjectId, person: SubjectId): Promise<void> {
    await this.take({ kind: "view", subject: browser });
    await this.take({ kind: "movesRefused" });
    await this.#write(loggedIn(browser, person));
    await this.take({ kind: "checkpoint", scorer: this.#owners[partitionOf(browser)]! });
  }

  async #write(record: ReturnType<typeof did>): Promise<void> {
    const [position] = await given.log.append([record]);
    await this.#feedOf(position!.partition).waitFor(position!.partition, position!.offset, LONG_MS);
  }
}

function of(all: Owners, number: number): readonly number[] {
  return [...all.keys()].filter((partition) => all[partition] === number);
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function feedOptions(onOrder: (subject: SubjectId, atMs: Millis) => void) {
  return { log: given.log, telemetry: quietTelemetry(), clock: { nowMs: () => NOON }, currency: EUR, onOrder };
}

function orderOf(who: SubjectId, atMs: Millis): string {
  return `${who.slice(0, 4)} ${atMs - NOON}`;
}

function isMove(value: Uint8Array | null): boolean {
  return value !== null && wire.ClickstreamRecord.decode(value).body?.$case === "stateMoved";
}

function knownIn(feed: WindowsFeed, who: SubjectId) {
  return { ...feed.read(who, AT), key: feed.assignmentKeyOf(who) };
}

describe.each<[Way, number]>([
  ["in their own thread", 60],
  ["by threads that are handed the records", 20],
  ["by threads that follow the log themselves", 20],
])("two scorers that take the clickstream in %s and pass partitions to and fro", (way, numRuns) => {
  it("count every view once and tell the log's orders, whatever crashes, tears and is refused meanwhile", async () => {
    let round = 0;
    await fc.assert(
      fc.asyncProperty(steps, fc.boolean(), async (taken, endsInSwap) => {
        round += 1;
        given = await givenLog();
        const shop = new Shop(way, openCheckpointFiles(join(directory, String(round))));
        try {
          await shop.open();
          for (const step of taken) await shop.take(step);
          if (endsInSwap) await shop.swap();
          else for (const scorer of shop.scorers) await scorer.crash();
          await shop.settle();
          // Before another feed reads the links: it would send what is missing.
          expect(shop.viewsCounted()).toBe(shop.views);
          const orders: string[] = [];
          const rebuilt = await WindowsFeed.open(feedOptions((who, atMs) => void orders.push(orderOf(who, atMs))));
          expect(shop.known()).toEqual(SUBJECTS.map((who) => knownIn(rebuilt, who)));
          expect([...shop.orders()].sort()).toEqual(orders.sort());
          await rebuilt.close();
        } finally {
          for (const { feed } of shop.scorers) await feed.close();
          await given.end();
        }
      }),
      { numRuns },
    );
  }, 240_000);
});

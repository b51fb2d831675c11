import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { TOPICS, wire } from "@leastwise/contracts";
import type { Millis, SubjectId } from "@leastwise/vocabulary";
import { featureValue } from "@leastwise/windows";
import fc from "fast-check";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AT, feedOptions, isMove, knownIn, LONG_MS, orderOf, OwnLog, TearingStore, type Way } from "../given/feeds.js";
import { nearThread } from "../given/near-thread.js";
import { did, loggedIn, PARTITIONS, partitionOf } from "../given/records.js";
import { givenLog, type GivenLog } from "../given/shop.js";
import type { Holding } from "../holding.js";
import { WindowsFeed, type WindowsFeedOptions } from "../windows-feed.js";
import { openCheckpointFiles } from "./checkpoint-files.js";
import type { CheckpointStore } from "./store.js";

/** `npm run test:long` runs all of it, `npm test` a part. */
const IS_CAMPAIGN = process.env["LEASTWISE_LONG"] === "true";

/** Browsers and people, one of each in each of the four partitions. */
const BROWSERS = ["00", "55", "aa", "ff"].map((byte) => byte.repeat(16) as SubjectId);
const PEOPLE = ["02", "56", "ac", "fd"].map((byte) => byte.repeat(16) as SubjectId);
const SUBJECTS = [...BROWSERS, ...PEOPLE];
/** A checkpoint that has not touched its store for so long waits for something, ms. */
const IDLE_MS = 15;

/** Which of the two scorers owns each partition, and whether the other one keeps it warm. */
type Owners = readonly { readonly owner: number; readonly isWarm: boolean }[];

/** When the owners of before give partitions up, and those of from now on take them over. */
type Order = "before" | "at once" | "after";

type Step =
  | { readonly kind: "view" | "order"; readonly subject: SubjectId }
  | { readonly kind: "login" | "strandedLogin"; readonly browser: SubjectId; readonly person: SubjectId }
  | { readonly kind: "pass"; readonly owners: Owners; readonly letsGo: Order }
  | { readonly kind: "movesRefused" | "recovered" }
  | { readonly kind: "checkpoint" | "tornCheckpoint" | "crash"; readonly scorer: number };

const one = fc.constantFrom(0, 1);
const owners: fc.Arbitrary<Owners> = fc.array(fc.record({ owner: one, isWarm: fc.boolean() }), {
  minLength: PARTITIONS,
  maxLength: PARTITIONS,
});
const letsGo = fc.constantFrom<Order>("before", "at once", "after");
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
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("pass" as const), owners, letsGo }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("movesRefused" as const, "recovered" as const) }) },
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constantFrom("checkpoint", "tornCheckpoint", "crash"), scorer: one }),
    },
  ),
  { minLength: 10, maxLength: 60 },
);

/** None is written unless it is asked for; or one after the other is, and whoever keeps a partition warm looks for them all the time. */
const objectives = fc.constantFrom(LONG_MS, 0);

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

/** One of the scorers: its windows, and the orders of each partition that it told of since it took the partition up. */
class Scorer {
  feed!: WindowsFeed;
  readonly orders = new Map<number, string[]>();
  readonly #way: Way;
  readonly #store: TearingStore;
  readonly #objectiveMs: number;
  #holding: Holding;

  constructor(way: Way, store: CheckpointStore, objectiveMs: number, holding: Holding) {
    this.#way = way;
    this.#objectiveMs = objectiveMs;
    this.#store = new TearingStore(store);
    this.#holding = holding;
  }

  async open(): Promise<void> {
    this.#beginOrders(partitionsOf(this.#holding));
    const onOrder = (who: SubjectId, atMs: Millis) => this.orders.get(partitionOf(who))?.push(orderOf(who, atMs));
    const options = feedOptions(given.log, onOrder);
    this.feed = await WindowsFeed.open({ ...options, ...this.#how(), partitions: this.#holding });
  }

  async hold(holding: Holding): Promise<void> {
    const before = partitionsOf(this.#holding);
    this.#beginOrders(partitionsOf(holding).filter((partition) => !before.includes(partition)));
    this.#holding = holding;
    await this.feed.hold(holding);
  }

  /** Goes on with what it owns by then, too, and keeps warm what it keeps from before of the rest. */
  async giveUp(later: Holding): Promise<void> {
    const { owned, standby } = this.#holding;
    const staying = new Map([...owned].filter(([partition]) => later.owned.has(partition)));
    const demoted = [...owned.keys()].filter((partition) => later.standby.includes(partition));
    await this.hold({ owned: staying, standby: [...standby, ...demoted] });
  }

  /** Nothing more leaves the process; what it was at is left as it is. */
  async crash(): Promise<void> {
    given.log.refuse(() => true);
    this.#store.isTorn = true;
    await this.feed.close();
    given.log.recover();
    this.#store.isTorn = false;
    await this.open();
  }

  /** Writes checkpoints, until it is done or waits for states that the log refused: what comes next comes meanwhile then. */
  async checkpoint(isTorn: boolean): Promise<void> {
    this.#store.isTorn = isTorn;
    const writing = { isOver: false };
    const over = () => (writing.isOver = true);
    // A crash ends it with whatever it waits for.
    void this.feed.checkpoint().then(over, over);
    this.#store.touch();
    while (!writing.isOver && performance.now() - this.#store.touchedMs < IDLE_MS) await turn();
    this.#store.isTorn = false;
  }

  #beginOrders(partitions: readonly number[]): void {
    for (const partition of partitions) this.orders.set(partition, []);
  }

  #how(): Pick<WindowsFeedOptions, "checkpoints" | "thread"> {
    const newId = () => (ids += 1).toString(16).padStart(32, "0");
    const checkpoints = this.#store;
    if (this.#way === "in their own thread")
      return { checkpoints: { store: checkpoints, epoch: 1, objectiveMs: this.#objectiveMs, newId } };
    const followsItself = this.#way === "by threads that follow the log themselves";
    const opening = () => (followsItself ? { log: new OwnLog(given.log), checkpoints } : { checkpoints });
    return { thread: { count: 3, followsItself, start: (data) => nearThread(data, opening(), this.#objectiveMs) } };
  }
}

/** Two scorers on one log and one store of checkpoints. What one owns, the other may keep warm, or think that it owns it still. */
class Shop {
  views = 0;
  readonly scorers: readonly Scorer[];
  #owners: Owners = [0, 1, 0, 1].map((owner, partition) => ({ owner, isWarm: partition > 1 }));
  /** Of each partition's owner. */
  #epochs: readonly number[] = this.#owners.map(() => 1);

  constructor(way: Way, store: CheckpointStore, objectiveMs: number) {
    this.scorers = [0, 1].map((number) => new Scorer(way, store, objectiveMs, this.#holdingOf(number)));
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
        return this.pass(step.owners, step.letsGo);
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

  async pass(to: Owners, letsGo: Order): Promise<void> {
    const isNew = (partition: number) => to[partition]!.owner !== this.#owners[partition]!.owner;
    this.#epochs = this.#epochs.map((epoch, partition) => (isNew(partition) ? epoch + 1 : epoch));
    this.#owners = to;
    const [zero, first] = this.scorers as [Scorer, Scorer];
    const [last, one] = letsGo === "after" ? [zero, first] : [first, zero];
    if (letsGo === "before")
      await Promise.all(this.scorers.map((scorer, number) => scorer.giveUp(this.#holdingOf(number))));
    const held = last.hold(this.#holdingOf(this.scorers.indexOf(last)));
    if (letsGo === "after") await held;
    await Promise.all([held, one.hold(this.#holdingOf(this.scorers.indexOf(one)))]);
  }

  /** Each takes up what the other had: what one of them did not get to is the other's to do. */
  async swap(): Promise<void> {
    given.log.recover();
    await this.pass(
      this.#owners.map(({ owner, isWarm }) => ({ owner: 1 - owner, isWarm })),
      "at once",
    );
    // A checkpoint waits for what is to be sent.
    for (const { feed } of this.scorers) await feed.checkpoint();
  }

  #holdingOf(number: number): Holding {
    const all = [...this.#owners.entries()];
    const owned = all.filter(([, { owner }]) => owner === number).map(([partition]) => partition);
    const standby = all.filter(([, { owner, isWarm }]) => owner !== number && isWarm).map(([partition]) => partition);
    return { owned: new Map(owned.map((partition) => [partition, this.#epochs[partition]!])), standby };
  }

  /** All that is on the log is in the windows. */
  async settle(): Promise<void> {
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      const { end } = await given.log.offsets(TOPICS.clickstream, partition);
      for (const { feed } of this.scorers)
        if (feed.roleOf(partition) !== undefined) expect(await feed.waitFor(partition, end - 1, LONG_MS)).toBe(true);
    }
  }

  known() {
    return SUBJECTS.map((one) => knownIn(this.#feedOf(partitionOf(one)), one));
  }

  /** What those know who keep a subject warm, and who owns it; nothing of one that nobody keeps warm. */
  knownWarm() {
    const warm = SUBJECTS.filter((one) => this.#owners[partitionOf(one)]!.isWarm);
    return {
      standby: warm.map((one) => knownIn(this.#standbyOf(partitionOf(one)), one)),
      owner: warm.map((one) => knownIn(this.#feedOf(partitionOf(one)), one)),
    };
  }

  viewsCounted(): number {
    const each = SUBJECTS.map((one) => {
      const partition = partitionOf(one);
      // Who has nothing of it says so.
      const elsewhere = featureValue(this.#standbyOf(partition).read(one, AT), "page_views_30d");
      expect(elsewhere === undefined).toBe(!this.#owners[partition]!.isWarm);
      return featureValue(this.#feedOf(partition).read(one, AT), "page_views_30d") ?? 0;
    });
    return each.reduce((sum, views) => sum + views, 0);
  }

  orders(): readonly string[] {
    return this.#owners.flatMap(({ owner }, partition) => this.scorers[owner]!.orders.get(partition) ?? []);
  }

  /** Of those that are kept warm; the same twice. */
  ordersWarm() {
    const all = [...this.#owners.entries()].filter(([, { isWarm }]) => isWarm);
    const of = (number: number, partition: number) => [...(this.scorers[number]!.orders.get(partition) ?? [])].sort();
    return {
      standby: all.map(([partition, { owner }]) => of(1 - owner, partition)),
      owner: all.map(([partition, { owner }]) => of(owner, partition)),
    };
  }

  #feedOf(partition: number): WindowsFeed {
    return this.scorers[this.#owners[partition]!.owner]!.feed;
  }

  #standbyOf(partition: number): WindowsFeed {
    return this.scorers[1 - this.#owners[partition]!.owner]!.feed;
  }

  /** A login whose state does not get onto the log, and a checkpoint that waits for it. */
  async #strand(browser: SubjectId, person: SubjectId): Promise<void> {
    await this.take({ kind: "view", subject: browser });
    await this.take({ kind: "movesRefused" });
    await this.#write(loggedIn(browser, person));
    await this.take({ kind: "checkpoint", scorer: this.#owners[partitionOf(browser)]!.owner });
  }

  async #write(record: ReturnType<typeof did>): Promise<void> {
    const [position] = await given.log.append([record]);
    await this.#feedOf(position!.partition).waitFor(position!.partition, position!.offset, LONG_MS);
  }
}

function partitionsOf({ owned, standby }: Holding): readonly number[] {
  return [...owned.keys(), ...standby];
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe.each<[Way, number]>([
  ["in their own thread", 40],
  ["by threads that are handed the records", 20],
  ["by threads that follow the log themselves", 20],
])("two scorers that take the clickstream in %s and pass partitions to and fro", (way, numRuns) => {
  it("count every view once and tell the log's orders, whatever crashes, tears and is refused meanwhile", async () => {
    let round = 0;
    await fc.assert(
      fc.asyncProperty(steps, fc.boolean(), objectives, async (taken, endsInSwap, objectiveMs) => {
        round += 1;
        given = await givenLog();
        const shop = new Shop(way, openCheckpointFiles(join(directory, String(round))), objectiveMs);
        try {
          await shop.open();
          for (const step of taken) await shop.take(step);
          if (endsInSwap) await shop.swap();
          else for (const scorer of shop.scorers) await scorer.crash();
          await shop.settle();
          // Before another feed reads the links: it would send what is missing.
          expect(shop.viewsCounted()).toBe(shop.views);
          const [known, orders] = [shop.knownWarm(), shop.ordersWarm()];
          expect([known.standby, orders.standby]).toEqual([known.owner, orders.owner]);
          const told: string[] = [];
          const rebuilt = await WindowsFeed.open(
            feedOptions(given.log, (who, atMs) => void told.push(orderOf(who, atMs))),
          );
          expect(shop.known()).toEqual(SUBJECTS.map((who) => knownIn(rebuilt, who)));
          expect([...shop.orders()].sort()).toEqual(told.sort());
          await rebuilt.close();
        } finally {
          for (const { feed } of shop.scorers) await feed.close();
          await given.end();
        }
      }),
      { numRuns: IS_CAMPAIGN ? numRuns : numRuns / 5 },
    );
  }, 240_000);
});

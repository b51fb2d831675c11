import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { TOPICS, wire } from "@leastwise/contracts";
import type { Millis, SubjectId } from "@leastwise/vocabulary";
import { featureValue } from "@leastwise/windows";
import fc from "fast-check";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AT, feedOptions, isMove, knownIn, LONG_MS, orderOf, TearingStore } from "../given/feeds.js";
import { did, loggedIn } from "../given/records.js";
import { givenLog, type GivenLog } from "../given/shop.js";
import { WindowsFeed } from "../windows-feed.js";
import { openCheckpointFiles } from "./checkpoint-files.js";
import type { CheckpointStore } from "./store.js";

/** `npm run test:long` runs all of it, `npm test` a part. */
const IS_CAMPAIGN = process.env["LEASTWISE_LONG"] === "true";

/** Browsers and people, two of each in each of two partitions. */
const BROWSERS = ["00", "01", "aa", "ab"].map((byte) => byte.repeat(16) as SubjectId);
const PEOPLE = ["02", "03", "ac", "ad"].map((byte) => byte.repeat(16) as SubjectId);
const SUBJECTS = [...BROWSERS, ...PEOPLE];
/** A checkpoint that has not touched its store for so long waits for something, ms. */
const IDLE_MS = 25;

type Step =
  | { readonly kind: "view" | "order"; readonly subject: SubjectId }
  | { readonly kind: "login"; readonly browser: SubjectId; readonly person: SubjectId }
  | { readonly kind: "movesRefused" | "recovered" | "checkpoint" | "tornCheckpoint" | "crash" };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ kind: fc.constant("view" as const), subject: fc.constantFrom(...SUBJECTS) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("order" as const), subject: fc.constantFrom(...SUBJECTS) }) },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant("login" as const),
        browser: fc.constantFrom(...BROWSERS),
        person: fc.constantFrom(...PEOPLE),
      }),
    },
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constantFrom("movesRefused", "recovered", "checkpoint", "tornCheckpoint", "crash"),
      }),
    },
  ),
  { minLength: 10, maxLength: 60 },
);

let given: GivenLog;
let directory: string;
beforeEach(async () => {
  given = await givenLog();
  directory = await mkdtemp(join(tmpdir(), "leastwise-faults-"));
});
afterEach(async () => {
  await given.end();
  await rm(directory, { recursive: true });
});

/** A scorer's windows that are killed and begun again, on a log and a checkpoint store that fail when told to. */
class Scorer {
  feed!: WindowsFeed;
  /** Orders that its last life told of. */
  orders: string[] = [];
  views = 0;
  readonly #store: TearingStore;
  #written = 0;

  constructor(store: CheckpointStore) {
    this.#store = new TearingStore(store);
  }

  async open(): Promise<void> {
    this.orders = [];
    const newId = () => (this.#written += 1).toString(16).padStart(32, "0");
    const checkpoints = { store: this.#store, epoch: 1, objectiveMs: LONG_MS, newId };
    this.feed = await WindowsFeed.open({ ...feedOptions(given.log, noting(this.orders)), checkpoints });
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
      case "movesRefused":
        given.log.refuse(({ topic, value }) => topic === TOPICS.clickstream && isMove(value));
        return;
      case "recovered":
        given.log.recover();
        return;
      case "checkpoint":
        return this.#checkpoint();
      case "tornCheckpoint":
        this.#store.isTorn = true;
        await this.#checkpoint();
        this.#store.isTorn = false;
        return;
      case "crash":
        return this.crash();
    }
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

  async #write(record: ReturnType<typeof did>): Promise<void> {
    const [position] = await given.log.append([record]);
    await this.feed.waitFor(position!.partition, position!.offset, LONG_MS);
  }

  /** A checkpoint waits for states that the log refused. It is given time to come that far; what comes next comes meanwhile. */
  async #checkpoint(): Promise<void> {
    const arrived = await Promise.all(SUBJECTS.map((subject) => this.feed.waitForMoves(subject, LONG_MS)));
    const written = this.feed.checkpoint();
    if (arrived.every((isThere) => isThere)) await written;
    this.#store.touch();
    while (performance.now() - this.#store.touchedMs < IDLE_MS) await new Promise((resolve) => setImmediate(resolve));
  }
}

function noting(orders: string[]) {
  return (who: SubjectId, atMs: Millis) => void orders.push(orderOf(who, atMs));
}

function known(feed: WindowsFeed) {
  return SUBJECTS.map((subject) => knownIn(feed, subject));
}

function viewsIn(feed: WindowsFeed): number {
  const each = SUBJECTS.map((subject) => featureValue(feed.read(subject, AT), "page_views_30d") ?? 0);
  return each.reduce((sum, views) => sum + views, 0);
}

it("after any crashes, torn checkpoints and refused moves, every view is counted once and orders are those of the log", async () => {
  let round = 0;
  await fc.assert(
    fc.asyncProperty(steps, async (taken) => {
      round += 1;
      const scorer = new Scorer(openCheckpointFiles(join(directory, String(round))));
      const log = given;
      given = await givenLog();
      try {
        await scorer.open();
        for (const step of taken) await scorer.take(step);
        await scorer.crash();
        for (const subject of SUBJECTS) expect(await scorer.feed.waitForMoves(subject, LONG_MS)).toBe(true);
        // Before another feed reads the links: it would send what is missing.
        expect(viewsIn(scorer.feed)).toBe(scorer.views);
        const orders: string[] = [];
        const rebuilt = await WindowsFeed.open(feedOptions(given.log, noting(orders)));
        expect(known(scorer.feed)).toEqual(known(rebuilt));
        expect([...scorer.orders].sort()).toEqual(orders.sort());
        await rebuilt.close();
      } finally {
        await scorer.feed.close();
        await given.end();
        given = log;
      }
    }),
    { numRuns: IS_CAMPAIGN ? 60 : 15 },
  );
}, 120_000);

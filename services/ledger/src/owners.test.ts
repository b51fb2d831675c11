import { TOPICS, wire } from "@leastwise/contracts";
import { contentDigest, type OfferRedeemed } from "@leastwise/offers";
import { follow } from "@leastwise/references";
import { on, type FragileLog } from "@leastwise/testkit";
import { bucketOf, HOUR_MS, partitionOfBucket, type Millis } from "@leastwise/vocabulary";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { Book } from "./book.js";
import { givenLog, openLedger, type GivenLedger } from "./given/open-ledger.js";
import { codeOf, EUR, givenBudget, granted, none, NOON, subjectOf } from "./given/records.js";
import { readDecision, readOfferEvent } from "./recorded.js";

const ADA = subjectOf(1);
const PARTITION = partitionOfBucket(bucketOf(ADA), 4);
const BUDGETS = [givenBudget(1_000_000)];

let log: FragileLog;
let end: () => Promise<void>;
const opened: GivenLedger[] = [];
beforeEach(async () => ({ log, end } = await givenLog()));
afterEach(async () => {
  await Promise.all(opened.splice(0).map(({ ledger }) => ledger.close()));
  await end();
});

/** A process that thinks it owns what it has begun, whoever began since. */
class Owner {
  readonly epochs = new Map<number, number>();
  readonly given: GivenLedger;

  private constructor(given: GivenLedger, epochs: Map<number, number>) {
    this.given = given;
    this.epochs = epochs;
  }

  static async open(): Promise<Owner> {
    const epochs = new Map<number, number>();
    const given = await openLedger(log, NOON, { tenure: { epochOf: (partition) => epochs.get(partition) } });
    opened.push(given);
    return new Owner(given, epochs);
  }

  get ledger() {
    return this.given.ledger;
  }

  async begin(epoch: number): Promise<boolean> {
    const begun = await this.ledger.begin(new Map([[PARTITION, epoch]]));
    if (begun.has(PARTITION)) this.epochs.set(PARTITION, epoch);
    return begun.has(PARTITION);
  }

  async grant(id: string): Promise<boolean> {
    return (await this.ledger.record(granted({ id, subject: ADA, heldMinor: 1_000 }))).ok;
  }

  knows(id: string): boolean {
    return this.ledger.offerOfCode(codeOf({ id, subject: ADA })) !== undefined;
  }

  remaining() {
    return this.ledger.books(BUDGETS, []).budgets["marketing"]?.remainingMinor;
  }
}

function redemption(id: string): OfferRedeemed {
  const cart = { currency: EUR, lines: [{ productId: "shoe", quantity: 1, unitPriceMinor: 9_000 }], shippingMinor: 0 };
  const named = { known: ADA, anonymous: undefined };
  return {
    kind: "redeemed",
    offerId: `offer-${id}`,
    atMs: NOON,
    act: { idempotencyKey: "key", contentDigest: contentDigest({ named, orderId: "order", cart }) },
    orderId: "order",
    redemption: {
      discountMinor: 900,
      costMinor: 900,
      shares: [{ line: 0, productId: "shoe", quantity: 1, discountMinor: 900 }],
    },
  };
}

describe("a ledger among several", () => {
  it("begins with all that counts of what its predecessors granted", async () => {
    const [first, second] = [await Owner.open(), await Owner.open()];
    expect(await first.begin(1)).toBe(true);
    expect(await first.grant("d1")).toBe(true);
    expect(await second.begin(2)).toBe(true);
    expect(second.knows("d1")).toBe(true);
    expect(second.remaining()).toBe(999_000);
  });

  it("does not say that it granted what it wrote behind its successor's beginning, and nobody counts it", async () => {
    const [first, second] = [await Owner.open(), await Owner.open()];
    await first.begin(1);
    await second.begin(2);
    expect(await first.grant("d1")).toBe(false);
    expect(await second.grant("d2")).toBe(true);
    const third = await Owner.open();
    for (const owner of [first, second, third]) {
      expect([owner.knows("d1"), owner.knows("d2"), owner.remaining()]).toEqual([
        false,
        // The first one follows the topic, and may not have come to it.
        owner === first ? expect.any(Boolean) : true,
        owner === first ? expect.any(Number) : 999_000,
      ]);
    }
    expect(third.ledger.stateOf(ADA).open).toHaveLength(1);
  });

  it("does not take as ended what it ended too late, and hears what became of it", async () => {
    const [first, second] = [await Owner.open(), await Owner.open()];
    await first.begin(1);
    await first.grant("d1");
    await second.begin(2);
    first.given.time.nowMs = (NOON + HOUR_MS) as Millis;
    first.remaining(); // it thinks that it owns the shopper, and ends the offer
    expect(await second.ledger.redeemed(redemption("d1"))).toMatchObject({ ok: true });
    await first.ledger.close();
    for (const { ledger } of [first, second, await Owner.open()]) expect(ledger.offerOnOrder("order")).toBe("offer-d1");
  });

  it("stays in doubt where an earlier try may stand, whatever becomes of a later one", async () => {
    const owner = await Owner.open();
    await owner.begin(1);
    await owner.grant("d1");
    log.refuse(on(TOPICS.offers));
    expect(await owner.ledger.redeemed(redemption("d1"))).toEqual({ ok: false, error: "log_unavailable" });
    log.recover();
    owner.epochs.clear();
    expect(await owner.ledger.redeemed(redemption("d1"))).toEqual({ ok: false, error: "log_unavailable" });
    expect(owner.ledger.mayBeRedeemed("offer-d1")).toBe(true);
  });

  it("hears of a redemption before it hears of the grant, and counts both", async () => {
    const owner = await Owner.open();
    await owner.begin(1);
    await owner.grant("d1");
    await owner.ledger.redeemed(redemption("d1"));
    await owner.ledger.close();
    const book = new Book();
    const records: [string, Uint8Array][] = [];
    for (const topic of [TOPICS.offers, TOPICS.decisions])
      await (await follow(log, topic, ({ value }) => records.push([topic, value]))).stop();
    for (const [topic, value] of records) {
      if (topic === TOPICS.decisions) {
        const record = wire.DecisionRecord.decode(value);
        if (record.decisionId !== "") book.decided(readDecision(record));
      } else {
        const event = readOfferEvent(wire.OfferEvent.decode(value));
        if (event !== undefined) book.happened(event);
      }
    }
    expect([book.offer("offer-d1")?.state.status, book.offerOnOrder("order")]).toEqual(["redeemed", "offer-d1"]);
  });

  it("takes back what it decided against and wrote too late", async () => {
    const [first, second] = [await Owner.open(), await Owner.open()];
    await first.begin(1);
    await second.begin(2);
    const before = first.ledger.stateOf(ADA);
    await first.ledger.record(none({ id: "d1", subject: ADA }));
    await first.ledger.close();
    expect(first.ledger.stateOf(ADA)).toEqual(before);
    expect(first.ledger.books(BUDGETS, []).decisionsPerRung).toEqual({});
  });

  it("does not begin where a later owner has begun meanwhile", async () => {
    const [first, second] = [await Owner.open(), await Owner.open()];
    expect(await second.begin(2)).toBe(true);
    expect(await first.begin(1)).toBe(false);
    expect(await first.grant("d1")).toBe(false);
  });

  it("uses no offer behind its successor's beginning, and the same call to the successor does", async () => {
    const [first, second] = [await Owner.open(), await Owner.open()];
    await first.begin(1);
    await first.grant("d1");
    await second.begin(2);
    expect(await first.ledger.redeemed(redemption("d1"))).toEqual({ ok: false, error: "owner_changing" });
    expect(first.ledger.mayBeRedeemed("offer-d1")).toBe(false);
    expect(await second.ledger.redeemed(redemption("d1"))).toMatchObject({ ok: true });
  });

  it("writes nothing for partitions that it does not own", async () => {
    const owner = await Owner.open();
    expect(await owner.ledger.record(granted({ id: "d1", subject: ADA }))).toMatchObject({
      ok: false,
      error: { code: "partition_revoked", hint: "retry" },
    });
    expect(owner.knows("d1")).toBe(false);
    expect(await log.offsets(TOPICS.decisions, PARTITION)).toEqual({ begin: 0, end: 0 });
  });

  it("leaves the end of an offer to the shopper's owner", async () => {
    const [first, second] = [await Owner.open(), await Owner.open()];
    await first.begin(1);
    await first.grant("d1");
    await second.begin(2);
    first.epochs.clear();
    const ended: string[] = [];
    const following = await follow(log, TOPICS.offers, ({ value }) => {
      const { offerId, kind } = wire.OfferEvent.decode(value);
      if (offerId !== "") ended.push(`${offerId} ${String(kind?.$case)}`);
    });
    for (const { given } of [first, second]) given.time.nowMs = (NOON + HOUR_MS) as Millis;
    expect(first.remaining()).toBe(999_000);
    // The end is the owner's when its record has come back.
    expect(second.remaining()).toBe(999_000);
    await second.ledger.close();
    expect([first, second].map((owner) => owner.remaining())).toEqual([expect.any(Number), 1_000_000]);
    await following.stop();
    expect(ended).toEqual(["offer-d1 expired"]);
  });

  it("grants what it said it granted, and nothing else, however owners follow each other (property)", async () => {
    const acts = fc.array(fc.record({ who: fc.nat(1), what: fc.constantFrom("begin", "grant", "grant", "none") }), {
      minLength: 4,
      maxLength: 14,
    });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(acts, async (schedule) => {
        run += 1;
        const owners = [await Owner.open(), await Owner.open()];
        const told = new Map<string, Promise<boolean>>();
        const waiting: Promise<unknown>[] = [];
        const base = (run + 1) * 1_000;
        for (const [at, { who, what }] of schedule.entries()) {
          const id = `r${run}-${at}`;
          const owner = owners[who];
          if (owner === undefined) throw new Error("there are two");
          // A beginning is waited for, as an owner does; grants go on side by side.
          if (what === "begin") await owner.begin(base + at);
          else if (what === "grant") told.set(id, owner.grant(id));
          else waiting.push(owner.ledger.record(none({ id, subject: ADA })));
        }
        await Promise.all([...waiting, ...told.values()]);
        const last = await Owner.open();
        for (const [id, wasTold] of told) expect([id, last.knows(id)]).toEqual([id, await wasTold]);
        await Promise.all(opened.splice(0).map(({ ledger }) => ledger.close()));
      }),
      { numRuns: 25 },
    );
  }, 60_000);
});

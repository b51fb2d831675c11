import { DAY_MS, HOUR_MS, bucketOf, partitionOfBucket, type Millis, type SubjectId } from "@leastwise/vocabulary";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { FragileLog } from "@leastwise/testkit";
import fc from "fast-check";
import { givenLog, openLedger, type GivenLedger } from "./given/open-ledger.js";
import { granted, NOON, subjectOf } from "./given/records.js";
import { sliceOf } from "./offer-counts.js";
import type { LedgerOptions } from "./ledger.js";

const PARTITIONS = 4;
const partitionOf = (subject: SubjectId) => partitionOfBucket(bucketOf(subject), PARTITIONS);
/** Of all partitions. */
const SHOPPERS = Array.from({ length: 60 }, (_, n) => (4 * n).toString(16).padStart(2, "0").repeat(16) as SubjectId);
const ADA = subjectOf(1);

let log: FragileLog;
let end: () => Promise<void>;
const opened: GivenLedger[] = [];
beforeEach(async () => ({ log, end } = await givenLog()));
afterEach(async () => {
  await Promise.all(opened.splice(0).map(({ ledger }) => ledger.close()));
  await end();
});

async function open(more: Partial<LedgerOptions> = {}): Promise<GivenLedger> {
  const given = await openLedger(log, NOON, more);
  opened.push(given);
  return given;
}

const left = ({ ledger }: GivenLedger, offersMax: number, subject: SubjectId = ADA) =>
  ledger.offersLeft([{ campaignId: "autumn", offersMax }], subject)["autumn"]!;

/** Issues an offer if one is left, as a decision does: nothing lies between the look and the issue. */
async function asks(given: GivenLedger, subject: SubjectId, offersMax: number): Promise<boolean> {
  if (left(given, offersMax, subject) < 1) return false;
  return (await given.ledger.record(granted({ id: `of ${subject}`, subject }))).ok;
}

const counted = (answers: readonly boolean[]) => answers.filter(Boolean).length;

describe("a quantity", () => {
  it("is never passed, however many shoppers ask at the same moment, and is what it was after a start", async () => {
    const given = await open();
    expect(counted(await Promise.all(SHOPPERS.map((subject) => asks(given, subject, 10))))).toBe(10);
    expect([left(given, 10), left(await open(), 10)]).toEqual([0, 0]);
  });

  it("is never passed by owners of different partitions who issue at the same moment, and is given out whole", async () => {
    const owner = async (...partitions: number[]) => {
      const epochs = new Map<number, number>();
      const given = await open({ tenure: { epochOf: (partition) => epochs.get(partition) } });
      const begun = await given.ledger.begin(new Map(partitions.map((partition) => [partition, 1])));
      for (const partition of begun) epochs.set(partition, 1);
      return given;
    };
    const [one, other] = [await owner(0, 1), await owner(2, 3)];
    const answers = SHOPPERS.map((subject) => asks(partitionOf(subject) < 2 ? one : other, subject, 10));
    expect(counted(await Promise.all(answers))).toBe(10);
  });

  it("has slices that are all of it together", () => {
    const law = fc.property(fc.nat(1_000_000), fc.integer({ min: 1, max: 256 }), (offersMax, count) => {
      const slices = Array.from({ length: count }, (_, partition) => sliceOf(offersMax, partition, count));
      expect(slices.reduce((sum, slice) => sum + slice, 0)).toBe(offersMax);
      expect(Math.max(...slices) - Math.min(...slices)).toBeLessThanOrEqual(1);
    });
    fc.assert(law, { seed: 20_261_130, numRuns: 200 });
  });

  it("gets back what runs out unused, and not what was used", async () => {
    const given = await open();
    const [used, unused] = [granted({ id: "d1", subject: ADA }), granted({ id: "d2", subject: subjectOf(2) })];
    for (const record of [used, unused]) await given.ledger.record(record);
    await given.ledger.redeemed({
      ...{ kind: "redeemed", offerId: used.offer!.offerId, atMs: NOON, orderId: "o-1" },
      act: { idempotencyKey: "k", contentDigest: "d" },
      redemption: { discountMinor: 1, costMinor: 1, shares: [] },
    });
    expect(left(given, 3)).toBe(1);
    given.time.nowMs = (NOON + HOUR_MS + DAY_MS) as Millis;
    given.ledger.books([], []);
    expect(left(given, 3)).toBe(2);
  });

  it("counts what was issued before it was set, and leaves nothing where that is more", async () => {
    const given = await open();
    for (const subject of SHOPPERS.slice(0, 5)) await given.ledger.record(granted({ id: `of ${subject}`, subject }));
    expect([left(given, 7), left(given, 5), left(given, 4)]).toEqual([2, 0, 0]);
  });
});

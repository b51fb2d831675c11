import { TOPICS } from "@leastwise/contracts";
import type { LogError } from "@leastwise/eventlog";
import type { Millis, SubjectId } from "@leastwise/vocabulary";
import { causeOfPart } from "@leastwise/windows";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { setImmediate as turn } from "node:timers/promises";
import { givenLog, type GivenLog } from "./given/shop.js";
import { MoveBook } from "./moves.js";

/** Longer than any test lasts: a wait that ends before was ended by somebody. */
const LONG_MS = 3_600_000;
const ADA = "ff".repeat(16) as SubjectId;
const BOB = "00".repeat(16) as SubjectId;

let given: GivenLog;
let failures: LogError[];
let failed: () => void;
let book: MoveBook;

beforeEach(async () => {
  given = await givenLog();
  failures = [];
  failed = () => undefined;
  const onFailure = (error: LogError) => {
    failures.push(error);
    failed();
  };
  book = new MoveBook(given.log, { nowMs: () => 0 as Millis }, 4, onFailure);
});
afterEach(() => given.end());

/** Goes on when a partition has so many records: Ada's is 3, Bob's 0. */
async function untilOnLog(partition: number, count: number): Promise<void> {
  while ((await given.log.offsets(TOPICS.clickstream, partition)).end < count) await turn();
}
const nextFailure = () => new Promise<void>((resolve) => (failed = resolve));
const move = (to: SubjectId, cause: string) => ({ to, cause, value: Uint8Array.of(1), isNeeded: () => true });
const sentTo =
  (subject: SubjectId) =>
  ({ key }: { readonly key?: string }) =>
    key === subject;

describe("a state on its way", () => {
  it("is waited for until all of the subject's have arrived, and nobody else's", async () => {
    book.send(move(ADA, "one"), true);
    book.send(move(ADA, "two"), true);
    book.send(move(BOB, "bob's"), true);
    const waiting = book.untilArrived(ADA, LONG_MS);
    book.arrived("one");
    expect(await book.untilArrived(ADA, 0)).toBe(false);
    book.arrived("two");
    expect(await waiting).toBe(true);
    expect(await book.untilArrived(BOB, 0)).toBe(false);
  });

  it("that the log does not take is not waited for, by nobody who waits already either", async () => {
    given.log.refuse(sentTo(ADA));
    book.send(move(ADA, "one"), true);
    expect(await book.untilArrived(ADA, LONG_MS)).toBe(false);
    expect(await book.untilArrived(ADA, LONG_MS)).toBe(false);
    expect(failures).toHaveLength(1);
    // It may have got there all the same.
    book.arrived("one");
    expect(await book.untilArrived(ADA, 0)).toBe(true);
  });

  it("that the log did not take is sent again after one that it takes, five times at the most", async () => {
    given.log.refuse(sentTo(ADA));
    const first = nextFailure();
    book.send(move(ADA, "one"), true);
    await first;
    for (let sends = 2; sends <= 5; sends += 1) {
      const again = nextFailure();
      book.send(move(BOB, `bob's ${sends}`), true);
      await again;
    }
    for (const cause of ["bob's 6", "bob's 7"]) book.send(move(BOB, cause), true);
    await untilOnLog(0, 6);
    expect(failures).toHaveLength(5);
    expect(await book.untilArrived(ADA, LONG_MS)).toBe(false);
  });

  it("is waited for again once it was sent again", async () => {
    given.log.refuse(sentTo(ADA));
    const first = nextFailure();
    book.send(move(ADA, "one"), true);
    await first;
    given.log.recover();
    book.send(move(BOB, "bob's"), true);
    await untilOnLog(3, 1);
    const waiting = book.untilArrived(ADA, LONG_MS);
    book.arrived("one");
    expect(await waiting).toBe(true);
  });

  it("that comes in parts is waited for until each of them has arrived, and no checkpoint is finished before", async () => {
    const causes = [1, 2, 3].map((number) => causeOfPart("log-1/clickstream/2/41", { number, of: 3 }));
    for (const cause of causes) book.send(move(ADA, cause), true);
    const waiting = book.untilArrived(ADA, LONG_MS);
    const durable = book.areDurable(2, 42, LONG_MS);
    for (const cause of causes.slice(1)) book.arrived(cause);
    expect(await Promise.all([book.untilArrived(ADA, 0), book.areDurable(2, 42, 0)])).toEqual([false, false]);
    // One that ends at the link has nothing to do with it, nor one of another partition.
    expect(await Promise.all([book.areDurable(2, 41, 0), book.areDurable(41, 42, 0)])).toEqual([true, true]);
    book.arrived(causes[0]!);
    expect(await Promise.all([waiting, durable])).toEqual([true, true]);
  });

  it("that do not arrive hold nobody up once the process ends", async () => {
    book.send(move(ADA, "log-1/clickstream/2/41"), false);
    const durable = book.areDurable(2, 42, LONG_MS);
    book.stop();
    expect([await durable, await book.areDurable(2, 42, LONG_MS)]).toEqual([false, false]);
  });
});

describe("a state whose link or whose subject is read elsewhere", () => {
  /** Links of partition 2; Ada's partition is 3, Bob's 0. */
  const LINK = "log-1/clickstream/2/41";
  const LATER = "log-1/clickstream/2/43";

  it("is over when the log has it, where nobody here reads the subject", async () => {
    book.letGo(3);
    book.send(move(ADA, LINK), true);
    expect(await book.areDurable(2, 42, LONG_MS)).toBe(true);
    expect(await book.untilArrived(ADA, 0)).toBe(true);
  });

  it("is over when its subject is let go after the log had it, and waited for no longer when it was not there yet", async () => {
    const release = given.log.hold(({ key }) => key === BOB);
    book.send(move(ADA, LINK), true);
    book.send(move(BOB, LATER), true);
    await untilOnLog(3, 1);
    const waiting = [book.untilArrived(ADA, LONG_MS), book.untilArrived(BOB, LONG_MS)];
    for (const partition of [3, 0]) book.letGo(partition);
    expect(await Promise.all(waiting)).toEqual([true, false]);
    expect(await Promise.all([book.areDurable(2, 42, 0), book.areDurable(2, 44, 0)])).toEqual([true, false]);
    release();
    expect(await book.areDurable(2, 44, LONG_MS)).toBe(true);
  });

  it("is over when the log had it before its subject was taken up again, and is waited for otherwise", async () => {
    book.takeUp(3, 1);
    book.send(move(ADA, LINK), true);
    expect(await book.areDurable(2, 42, LONG_MS)).toBe(true);
    book.send(move(ADA, LATER), true);
    await untilOnLog(3, 2);
    expect(await book.untilArrived(ADA, 0)).toBe(false);
    book.arrived(LATER);
    expect(await book.untilArrived(ADA, 0)).toBe(true);
  });

  it("never becomes durable here once the link is let go, though nothing is known of it any more", async () => {
    given.log.refuse(sentTo(ADA));
    book.send(move(ADA, LINK), true);
    const durable = book.areDurable(2, 42, LONG_MS);
    book.letGo(2);
    expect([await durable, await book.areDurable(2, 0, LONG_MS)]).toEqual([false, false]);
    book.forgetLinksOf(2);
    expect([await book.untilArrived(ADA, 0), await book.areDurable(2, 42, LONG_MS)]).toEqual([true, false]);
    book.takeUp(2, 42);
    expect(await book.areDurable(2, 42, LONG_MS)).toBe(true);
  });

  it("leaves with those of the link's own partition when that is caught up", async () => {
    book.send(move(ADA, LINK), false);
    book.send(move(BOB, "log-1/clickstream/1/7"), false);
    await book.finishEarlier(2);
    await untilOnLog(3, 1);
    expect((await given.log.offsets(TOPICS.clickstream, 0)).end).toBe(0);
  });
});

describe("a state whose link is in a partition that another owns", () => {
  const LINK = "log-1/clickstream/2/41";
  const LATER = "log-1/clickstream/2/43";
  const sent = async () => (await given.log.offsets(TOPICS.clickstream, 3)).end;

  beforeEach(() => {
    book.takeUp(2, 40);
    book.takeUp(3, 0);
    book.standBy(2);
  });

  it("is the owner's to send, and nobody waits for it here", async () => {
    book.send(move(ADA, LINK), true);
    expect(await book.untilArrived(ADA, LONG_MS)).toBe(true);
    await book.finishEarlier(2);
    expect(await sent()).toBe(0);
  });

  it("is sent, and waited for, by who owns the partition next, if it has not arrived by then", async () => {
    book.send(move(ADA, LINK), true);
    book.send(move(ADA, LATER), true);
    book.arrived(LINK);
    book.own(2);
    await book.finishEarlier(2);
    expect([await sent(), await book.untilArrived(ADA, 0), await book.areDurable(2, 43, 0)]).toEqual([1, false, true]);
    book.arrived(LATER);
    expect([await book.untilArrived(ADA, 0), await book.areDurable(2, 44, 0)]).toEqual([true, true]);
  });

  it("needs nothing when it was read before its link, which the owner read first", async () => {
    book.arrived(LINK);
    book.arrived(LATER);
    book.send(move(ADA, LINK), true);
    book.readTo(2, 44);
    // The later link told of no state this time: that it arrived is not kept for ever.
    book.send(move(ADA, LATER), true);
    book.own(2);
    expect([await book.areDurable(2, 42, 0), await book.areDurable(2, 44, 0)]).toEqual([true, false]);
  });

  it("is over when the owner's checkpoint says so, whether the link was read by then or not", async () => {
    book.send(move(ADA, LINK), true);
    book.noteDurable(2, 43);
    book.send(move(ADA, "log-1/clickstream/2/42"), true);
    book.send(move(ADA, LATER), true);
    book.own(2);
    await book.finishEarlier(2);
    expect([await sent(), await book.areDurable(2, 43, 0), await book.areDurable(2, 44, 0)]).toEqual([1, true, false]);
  });

  it("that was not sent before it became another's is not sent again here, and no checkpoint waits for it", async () => {
    book.own(2);
    given.log.refuse(sentTo(ADA));
    const failure = nextFailure();
    book.send(move(ADA, LINK), true);
    await failure;
    const durable = book.areDurable(2, 42, LONG_MS);
    book.standBy(2);
    expect(await durable).toBe(false);
    given.log.recover();
    book.send(move(BOB, "log-1/clickstream/1/7"), true);
    await untilOnLog(0, 1);
    await book.finishEarlier(1);
    expect(await sent()).toBe(0);
  });
});

describe("links that are read again", () => {
  it("send nothing that a checkpoint says is on the log", async () => {
    book.takeUp(2, 40, 42);
    book.send(move(ADA, "log-1/clickstream/2/41"), true);
    book.send(move(ADA, "log-1/clickstream/2/42"), true);
    await untilOnLog(3, 1);
    expect(await book.areDurable(2, 42, 0)).toBe(true);
    expect((await given.log.offsets(TOPICS.clickstream, 3)).end).toBe(1);
  });
});

describe("whoever waits for a state", () => {
  it("is told that it has not arrived when its link's partition is let go before", async () => {
    const release = given.log.hold(sentTo(ADA));
    book.send(move(ADA, "log-1/clickstream/2/41"), true);
    const waiting = book.untilArrived(ADA, LONG_MS);
    book.letGo(2);
    book.forgetLinksOf(2);
    expect(await waiting).toBe(false);
    release();
  });
});

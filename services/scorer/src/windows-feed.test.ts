import { decodeClickstreamRecord, encodeClickstreamRecord, TOPICS, wire } from "@leastwise/contracts";
import type { NewRecord } from "@leastwise/eventlog";
import type { Telemetry } from "@leastwise/telemetry";
import { MINUTE_MS, type Millis, type SubjectId } from "@leastwise/vocabulary";
import { featureValue, type FeatureName } from "@leastwise/windows";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { did, EUR, euros, loggedIn, NOON, onClickstream, partitionOf } from "./given/records.js";
import { counted, givenLog, quietTelemetry, standing, type GivenLog } from "./given/shop.js";
import { WindowsFeed } from "./windows-feed.js";

/** In the first partition, the second, and the last. */
const BROWSER = "00".repeat(16) as SubjectId;
const STRANGER = "55".repeat(16) as SubjectId;
const ADA = "ff".repeat(16) as SubjectId;

/** Assignment keys. */
const FIRST = "1".repeat(32);
const SECOND = "2".repeat(32);

const { EventKind } = wire;
/** Longer than any test lasts. */
const LONG_MS = 3_600_000;

let given: GivenLog;
let telemetry: Telemetry;
let orders: string[];
const feeds: WindowsFeed[] = [];

beforeEach(async () => {
  given = await givenLog();
  telemetry = quietTelemetry();
  orders = [];
});

afterEach(async () => {
  for (const feed of feeds.splice(0)) await feed.close();
  telemetry.close();
  await given.end();
});

async function open(): Promise<WindowsFeed> {
  const onOrder = (subject: SubjectId, atMs: Millis) => orders.push(`${subject.slice(0, 2)} at ${atMs - NOON}`);
  const feed = await WindowsFeed.open({
    log: given.log,
    telemetry,
    clock: { nowMs: () => NOON },
    currency: EUR,
    onOrder,
  });
  feeds.push(feed);
  return feed;
}

/** Appends the records; where the last of them stands. */
async function write(...records: readonly NewRecord[]): Promise<{ partition: number; offset: number }> {
  const position = (await given.log.append(records)).at(-1);
  if (position === undefined) throw new Error("nothing was appended");
  return position;
}

/** Appends the records, and goes on when the feed has them. */
async function writeTo(feed: WindowsFeed, ...records: readonly NewRecord[]): Promise<void> {
  for (const record of records) {
    const { partition, offset } = await write(record);
    await feed.waitFor(partition, offset, LONG_MS);
  }
}

function seen(feed: WindowsFeed, subject: SubjectId, name: FeatureName): number | undefined {
  return featureValue(feed.read(subject, (NOON + MINUTE_MS) as Millis), name);
}

const views = (feed: WindowsFeed, subject: SubjectId) => seen(feed, subject, "page_views_1h");

async function moves(): Promise<readonly (NewRecord & { readonly move: wire.StateMoved })[]> {
  return (await standing(given.log, TOPICS.clickstream)).flatMap((record) => {
    const body = decodeClickstreamRecord(record.value);
    return body.ok && body.value.$case === "stateMoved" ? [{ ...record, move: body.value.value }] : [];
  });
}

describe("the windows", () => {
  it("have what stood on the log when they open, and what comes later", async () => {
    await write(did(ADA), did(ADA), did(STRANGER));
    const feed = await open();
    expect([views(feed, ADA), views(feed, STRANGER), feed.subjectCount]).toEqual([2, 1, 2]);

    await writeTo(feed, did(ADA), did(BROWSER));
    expect([views(feed, ADA), views(feed, BROWSER), feed.subjectCount]).toEqual([3, 1, 3]);
  });

  it("are the same after a restart, and tell orders again", async () => {
    const lines = [{ productId: "shoe", quantity: 1n, unitPrice: euros(8_000) }];
    const history = [
      did(ADA, { eventId: "1", kind: EventKind.EVENT_KIND_PRODUCT_VIEW, product: { productId: "shoe" } }),
      did(ADA, { eventId: "2", kind: EventKind.EVENT_KIND_PURCHASE, order: { orderId: "o", lines } }),
      did(ADA, { eventId: "2", kind: EventKind.EVENT_KIND_PURCHASE, order: { orderId: "o", lines } }),
      did(BROWSER, { channel: wire.Channel.CHANNEL_APP, place: { country: "DE" } }),
    ];
    const first = await open();
    await writeTo(first, ...history);
    const second = await open();
    const at = (NOON + 1) as Millis;
    for (const subject of [ADA, BROWSER]) expect(second.read(subject, at)).toEqual(first.read(subject, at));
    // The repeated event is one order, in either run.
    expect(orders).toEqual(["ff at 0", "ff at 0"]);
    expect(seen(second, ADA, "revenue_minor_24h")).toBe(8_000);
  });

  it("tell an order of a browser whose clock is ahead when it was received", async () => {
    const occurredAtMs = BigInt(NOON + 2 * MINUTE_MS);
    const feed = await open();
    await writeTo(feed, did(ADA, { kind: EventKind.EVENT_KIND_PURCHASE, order: { orderId: "o" }, occurredAtMs }));
    expect(orders).toEqual(["ff at 0"]);
  });

  it("tell no order that is ahead of its time, which leaves no trace, and each late one", async () => {
    const LONG_AGO_MINUTES = 400 * 24 * 60;
    const purchase = (eventId: string, minutes: number) => {
      const occurredAtMs = BigInt(NOON + minutes * MINUTE_MS);
      return did(ADA, { eventId, kind: EventKind.EVENT_KIND_PURCHASE, order: { orderId: eventId }, occurredAtMs });
    };
    const feed = await open();
    await writeTo(feed, purchase("ahead", 60), purchase("now", 0), purchase("late", -LONG_AGO_MINUTES));
    expect(orders).toEqual(["ff at 0", `ff at ${-LONG_AGO_MINUTES * MINUTE_MS}`]);
    for (const verdict of ["ahead", "applied", "late"])
      expect(await counted(telemetry, "leastwise_window_verdicts_total", `verdict="${verdict}"`)).toBe(1);
  });

  it("pass over a record that cannot be read, and count it", async () => {
    await write(did(ADA), onClickstream(ADA, Uint8Array.of(255, 255)), did(ADA));
    const feed = await open();
    expect(views(feed, ADA)).toBe(2);
    expect(await counted(telemetry, "leastwise_consumer_records_total", 'outcome="dead_letter"')).toBe(1);
    expect(await counted(telemetry, "leastwise_consumer_records_total", 'outcome="ok"')).toBe(2);
  });

  it("keep the first assignment key of a subject", async () => {
    await write(did(ADA, {}, FIRST), did(ADA, {}, SECOND));
    const feed = await open();
    expect(feed.assignmentKeyOf(ADA)).toBe(FIRST);
    expect(feed.assignmentKeyOf(STRANGER)).toBeUndefined();
  });

  it("leave out what is of no window, and still know who it was", async () => {
    await write(did(ADA, { kind: EventKind.EVENT_KIND_LOGIN }));
    const feed = await open();
    expect([feed.subjectCount, feed.assignmentKeyOf(ADA)]).toEqual([1, ADA]);
  });
});

describe("whoever waits for an event", () => {
  it("goes on at once when it was seen, later when it comes, and with false when the time is over or there is no such partition", async () => {
    const there = await write(did(ADA));
    const feed = await open();
    expect(feed.hasSeen(there.partition, there.offset)).toBe(true);
    expect(await feed.waitFor(there.partition, there.offset, 0)).toBe(true);

    const next = feed.waitFor(there.partition, there.offset + 1, LONG_MS);
    await write(did(ADA));
    expect(await next).toBe(true);

    expect(await feed.waitFor(there.partition, there.offset + 2, 0)).toBe(false);
    expect(await feed.waitFor(99, 0, 0)).toBe(false);
    expect(await feed.waitFor(4, 0, LONG_MS)).toBe(false);
  });

  it("waits no longer than the feed reads", async () => {
    const feed = await open();
    const waiting = feed.waitFor(0, 0, LONG_MS);
    await feed.close();
    expect(await waiting).toBe(false);
  });
});

describe("a login", () => {
  const login = loggedIn(BROWSER, ADA);

  it("moves what the browser did to the known shopper's partition, once, with its assignment key", async () => {
    const feed = await open();
    await writeTo(feed, did(BROWSER), did(BROWSER), login);
    await feed.waitFor(partitionOf(ADA), 0, LONG_MS);

    expect([views(feed, BROWSER), views(feed, ADA)]).toEqual([0, 2]);
    expect(feed.assignmentKeyOf(ADA)).toBe(BROWSER);
    const cause = `${given.log.incarnation}/clickstream/${partitionOf(BROWSER)}/2`;
    expect(await moves()).toMatchObject([
      { partition: partitionOf(ADA), key: ADA, move: { fromSubject: BROWSER, toSubject: ADA, cause } },
    ]);
  });

  it("adds to what the known shopper did, whose own key stays", async () => {
    const feed = await open();
    await writeTo(feed, did(ADA, {}, FIRST), did(BROWSER), login);
    await feed.waitFor(partitionOf(ADA), 1, LONG_MS);
    expect([views(feed, ADA), feed.assignmentKeyOf(ADA)]).toEqual([2, FIRST]);
  });

  it("of a browser that did nothing tells the known shopper's partition its key alone, once", async () => {
    const feed = await open();
    await writeTo(feed, login);
    await feed.waitFor(partitionOf(ADA), 0, LONG_MS);
    await writeTo(feed, login);
    const again = await open();
    expect([feed.assignmentKeyOf(ADA), again.assignmentKeyOf(ADA)]).toEqual([BROWSER, BROWSER]);
    expect((await moves()).map(({ move }) => move.windows.length)).toEqual([0]);
    expect([feed.subjectCount, again.subjectCount]).toEqual([1, 1]);
  });

  it("of a browser that did nothing tells nothing to a partition that knows the shopper, at no start either", async () => {
    const first = await open();
    await writeTo(first, did(ADA), login);
    await open();
    expect(await moves()).toEqual([]);
  });

  it("leaves the key alone that the shopper was seen with before, in whatever order partitions are read", async () => {
    const known = [ADA, STRANGER, BROWSER];
    const browsers = ["01", "56", "fe"].map((byte) => byte.repeat(16) as SubjectId);
    await write(...known.map((subject) => did(subject)));
    await write(...browsers.map((browser) => did(browser)));
    await write(...browsers.flatMap((browser) => known.map((subject) => loggedIn(browser, subject))));
    const first = await open();
    const second = await open();
    for (const feed of [first, second]) expect(known.map((one) => feed.assignmentKeyOf(one))).toEqual(known);
  });

  it("whose state is too large for a record moves all but its oldest event ids", async () => {
    const feed = await open();
    const ids = Array.from({ length: 4_096 }, (_, n) => `${n}`.padStart(256, "x"));
    await write(...ids.map((eventId) => did(BROWSER, { eventId })));
    await writeTo(feed, login);
    await feed.waitFor(partitionOf(ADA), 0, LONG_MS);
    expect(views(feed, ADA)).toBe(4_096);
    await writeTo(feed, did(ADA, { eventId: ids.at(-1)! }));
    expect(views(feed, ADA)).toBe(4_096);
  });

  it("whose move the log does not take holds no other back at the next start", async () => {
    const others = ["11", "22", "33"].map((byte) => byte.repeat(16) as SubjectId);
    await write(...others.flatMap((other) => [did(other), loggedIn(other, other === others[1] ? ADA : STRANGER)]));
    given.log.refuse(({ key }) => key === ADA);
    const feed = await open();
    await feed.waitFor(partitionOf(STRANGER), 1, LONG_MS);
    expect([views(feed, STRANGER), views(feed, ADA)]).toEqual([2, 0]);
    expect(await counted(telemetry, "leastwise_log_append_failures_total", 'topic="clickstream"')).toBe(1);
  });

  it("leaves nothing behind for whoever comes next to the same browser", async () => {
    const feed = await open();
    await writeTo(feed, did(BROWSER), login);
    await feed.waitFor(partitionOf(ADA), 0, LONG_MS);
    await writeTo(feed, did(BROWSER), loggedIn(BROWSER, STRANGER));
    await feed.waitFor(partitionOf(STRANGER), 0, LONG_MS);
    expect([views(feed, ADA), views(feed, STRANGER), views(feed, BROWSER)]).toEqual([1, 1, 0]);
  });

  // Partitions are read side by side: the move may be met before the link that caused it, or after.
  it.each([
    ["upward", BROWSER, ADA],
    ["downward", ADA, BROWSER],
    ["within its partition", STRANGER, "5a".repeat(16) as SubjectId],
  ])("that moves a state %s comes out the same after a restart, and is not sent again", async (_, from, to) => {
    const first = await open();
    await writeTo(first, did(from), loggedIn(from, to));
    await first.waitFor(partitionOf(to), partitionOf(from) === partitionOf(to) ? 2 : 0, LONG_MS);
    const second = await open();
    expect([views(second, from), views(second, to)]).toEqual([0, 1]);
    expect(second.read(to, NOON)).toEqual(first.read(to, NOON));
    expect(await moves()).toHaveLength(1);
  });

  it("whose move did not get onto the log is finished by the next start, and counts once", async () => {
    const first = await open();
    given.log.refuse(({ key }) => key === ADA);
    await writeTo(first, did(BROWSER), login);
    expect([views(first, BROWSER), views(first, ADA), (await moves()).length]).toEqual([0, 0, 0]);
    expect(await counted(telemetry, "leastwise_log_append_failures_total", 'topic="clickstream"')).toBe(1);

    given.log.recover();
    const second = await open();
    await second.waitFor(partitionOf(ADA), 0, LONG_MS);
    const third = await open();
    expect([views(second, ADA), views(third, ADA), (await moves()).length]).toEqual([1, 1, 1]);
  });

  it("whose move fails at the next start too does not keep the feed from opening", async () => {
    await write(did(BROWSER), login);
    given.log.refuse(({ key }) => key === ADA);
    const feed = await open();
    expect([views(feed, BROWSER), views(feed, ADA)]).toEqual([0, 0]);
  });

  it("whose move stands on the log twice counts once", async () => {
    const feed = await open();
    await writeTo(feed, did(BROWSER), login);
    await feed.waitFor(partitionOf(ADA), 0, LONG_MS);
    await writeTo(feed, ...(await moves()).map(({ value }) => onClickstream(ADA, value)));
    expect(views(feed, ADA)).toBe(1);
    expect(views(await open(), ADA)).toBe(1);
  });

  it("whose moved state cannot be read leaves the windows as they were", async () => {
    const torn = {
      fromSubject: BROWSER,
      toSubject: ADA,
      cause: "torn",
      windows: Buffer.from("none"),
      assignmentKey: "k",
    };
    const feed = await open();
    const move = onClickstream(
      ADA,
      encodeClickstreamRecord({ $case: "stateMoved", value: wire.StateMoved.fromPartial(torn) }),
    );
    await writeTo(feed, did(ADA), move, did(ADA));
    expect(views(feed, ADA)).toBe(2);
  });
});

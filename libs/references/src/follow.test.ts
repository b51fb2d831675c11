import { TOPICS } from "@leastwise/contracts";
import { LogError, type EventLog, type LogRecord, type Subscription } from "@leastwise/eventlog";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { follow, type Following } from "./follow.js";
import { givenLog, NOON, put, type GivenLog } from "./given/log.js";

let given: GivenLog;
const followings: Following[] = [];

beforeEach(async () => {
  given = await givenLog();
});

afterEach(async () => {
  for (const following of followings.splice(0)) await following.stop();
  await given.end();
});

const text = (record: LogRecord) => Buffer.from(record.value).toString();
const said = (key: string, words: string) => put(TOPICS.catalog, key, Buffer.from(words));

/** Follows a topic; what has been taken, and until it has been so many. */
async function start(topic: string) {
  const taken: string[] = [];
  const awaited: { readonly count: number; readonly resolve: () => void }[] = [];
  const following = await follow(given.log, topic, (record) => {
    taken.push(text(record));
    for (const { count, resolve } of awaited) if (taken.length >= count) resolve();
  });
  followings.push(following);
  const until = (count: number) =>
    new Promise<void>((resolve) => {
      awaited.push({ count, resolve });
      if (taken.length >= count) resolve();
    });
  return { taken, until, following };
}

/** The real log, save that it lets nobody read. */
function unreadable(log: EventLog, refused: LogError): EventLog {
  return {
    incarnation: log.incarnation,
    ensureTopics: (topics) => log.ensureTopics(topics),
    partitions: (topic) => log.partitions(topic),
    append: (records) => log.append(records),
    offsets: (topic, partition) => log.offsets(topic, partition),
    holdsAll: (topic) => log.holdsAll(topic),
    ends: (topic) => log.ends(topic),
    subscribe: () => Promise.reject(refused),
    scan: () => Promise.reject(refused),
    commit: (group, topic, partition, commit) => log.commit(group, topic, partition, commit),
    committed: (group, topic, partition) => log.committed(group, topic, partition),
    relay: (place) => log.relay(place),
    own: (options) => log.own(options),
    membersOf: (group) => log.membersOf(group),
    close: () => log.close(),
  };
}

describe("following a topic", () => {
  it("has taken all that stood there when it resolves, in order, and takes what comes later", async () => {
    await given.log.append([said("a", "one"), said("b", "two")]);
    const { taken, until } = await start(TOPICS.catalog);
    expect(taken).toEqual(["one", "two"]);
    await given.log.append([said("a", "three")]);
    await until(3);
    expect(taken).toEqual(["one", "two", "three"]);
  });

  it("has taken all of every partition", async () => {
    const record = (partition: number, words: string) => ({ ...said("k", words), topic: TOPICS.decisions, partition });
    await given.log.append([record(0, "left"), record(1, "right")]);
    const { taken } = await start(TOPICS.decisions);
    expect([...taken].sort()).toEqual(["left", "right"]);
  });

  it("does not wait for a partition on which nothing stands", async () => {
    await given.log.append([{ ...said("k", "right"), topic: TOPICS.decisions, partition: 1 }]);
    expect((await start(TOPICS.decisions)).taken).toEqual(["right"]);
  });

  it("does not wait for records that were removed since it asked where the topic ends", async () => {
    await given.log.append([said("a", "one"), said("b", "two")]);
    const emptied: EventLog = {
      ...unreadable(given.log, new LogError("log_closed", "nobody reads", "terminal")),
      subscribe: async (subscription) => {
        await subscription.onGap?.(0, 2);
        return { stop: () => Promise.resolve(), finished: new Promise(() => undefined) };
      },
    };
    const taken: string[] = [];
    await follow(emptied, TOPICS.catalog, (record) => taken.push(text(record)));
    expect(taken).toEqual([]);
  });

  it("waits for the records behind a gap", async () => {
    await given.log.append(["one", "two", "three"].map((words) => said(words, words)));
    let deliver: () => Promise<unknown> = () => Promise.resolve();
    const begunLater: EventLog = {
      ...unreadable(given.log, new LogError("log_closed", "nobody reads", "terminal")),
      subscribe: async (subscription) => {
        const { topic } = subscription;
        await subscription.onGap?.(0, 2);
        const last = { ...said("three", "three"), offset: 2 };
        deliver = () => subscription.onBatch({ topic, partition: 0, records: [last], endOffset: 3 });
        return { stop: () => Promise.resolve(), finished: new Promise(() => undefined) };
      },
    };
    const taken: string[] = [];
    const following = follow(begunLater, TOPICS.catalog, (record) => taken.push(text(record))).then(() => [...taken]);
    const isThere = await Promise.race([
      following.then(() => true),
      new Promise((resolve) => setImmediate(resolve, false)),
    ]);
    expect(isThere).toBe(false);
    await deliver();
    expect(await following).toEqual(["three"]);
  });

  it("resolves at once on an empty topic", async () => {
    const { taken, until } = await start(TOPICS.catalog);
    expect(taken).toEqual([]);
    await given.log.append([said("a", "one")]);
    await until(1);
  });

  it("gets by the gaps that compaction leaves, up to the last record", async () => {
    const rewritten = Array.from({ length: 1_500 }, (_, index) => said(`key-${index % 3}`, `${index}`));
    await given.log.append([said("stays", "first"), ...rewritten]);
    await given.log.maintain();
    const { taken } = await start(TOPICS.catalog);
    expect(taken).toEqual(["first", "1497", "1498", "1499"]);
  });

  it("takes every record in each of several who follow", async () => {
    await given.log.append([said("a", "one")]);
    const [one, other] = await Promise.all([start(TOPICS.catalog), start(TOPICS.catalog)]);
    expect([one.taken, other.taken]).toEqual([["one"], ["one"]]);
  });

  it("resolves its end when it is stopped, and takes nothing more", async () => {
    const { taken, following } = await start(TOPICS.catalog);
    await following.stop();
    await following.finished;
    await given.log.append([said("a", "one")]);
    expect(taken).toEqual([]);
  });
});

describe("a reader that is given its partitions again", () => {
  it("goes on where it was, and takes nothing twice", async () => {
    await given.log.append([said("a", "one"), said("b", "two")]);
    let subscription: Subscription | undefined;
    const log: EventLog = {
      ...unreadable(given.log, new LogError("log_unavailable", "", "retry")),
      subscribe: (asked) => given.log.subscribe((subscription = asked)),
    };
    followings.push(await follow(log, TOPICS.catalog, () => undefined));
    expect(await subscription?.from(0)).toBe(2);
  });
});

describe("whether all of a topic is here", () => {
  const unheard = new AbortController().signal;

  /** Follows a log whose records come when a test hands them over. */
  async function scripted() {
    let subscription: Subscription | undefined;
    let end: () => void = () => undefined;
    const finished = new Promise<void>((resolve) => (end = resolve));
    const log: EventLog = {
      ...unreadable(given.log, new LogError("log_closed", "", "terminal")),
      subscribe: (asked) => {
        subscription = asked;
        return Promise.resolve({ stop: () => Promise.resolve(), finished });
      },
    };
    const following = await follow(log, TOPICS.catalog, () => undefined);
    const handOver = (offset: number, endOffset: number) =>
      subscription!.onBatch({
        topic: TOPICS.catalog,
        partition: 0,
        records: [{ ...said("k", "words"), offset }],
        endOffset,
      });
    return { following, handOver, passOver: (offset: number) => subscription!.onGap?.(0, offset), end };
  }

  /** What it has resolved with by now. */
  const byNow = (asked: Promise<boolean>): Promise<boolean | undefined> =>
    Promise.race([asked, new Promise<undefined>((resolve) => setImmediate(resolve, undefined))]);

  it("is so once all that stood there at the question has been taken, and not a record before", async () => {
    const { following, handOver } = await scripted();
    expect(await following.reachesEnd(unheard)).toBe(true);
    await given.log.append([said("a", "one"), said("b", "two")]);
    const asked = following.reachesEnd(unheard);
    // What the reader took for the end when it fetched this is not where the topic ends by now.
    await handOver(0, 1);
    expect(await byNow(asked)).toBeUndefined();
    await given.log.append([said("c", "three")]);
    await handOver(1, 2);
    expect(await asked).toBe(true);
    expect(await byNow(following.reachesEnd(unheard))).toBeUndefined();
  });

  it("is so where what stood there is a gap by now", async () => {
    const { following, passOver } = await scripted();
    await given.log.append([said("a", "one")]);
    const asked = following.reachesEnd(unheard);
    await passOver(1);
    expect(await asked).toBe(true);
  });

  it("is so on the log itself, for each that is asked, also behind a gap at the topic's end", async () => {
    const { following } = await start(TOPICS.catalog);
    for (const words of ["one", "two", "three"]) {
      await given.log.append([said("a", words)]);
      expect(await following.reachesEnd(unheard)).toBe(true);
    }
    const emptied: EventLog = {
      ...unreadable(given.log, new LogError("log_closed", "", "terminal")),
      subscribe: async (subscription) => {
        // A reader that knows by its batch that nothing more is to come: the last record was compacted away.
        const records = [{ ...said("a", "two"), offset: 1 }];
        await subscription.onBatch({ topic: TOPICS.catalog, partition: 0, records, endOffset: 2 });
        return { stop: () => Promise.resolve(), finished: new Promise(() => undefined) };
      },
    };
    const behind = await follow(emptied, TOPICS.catalog, () => undefined);
    expect(await behind.reachesEnd(unheard)).toBe(true);
  });

  it("is not so where following ends before, or the signal says that nobody waits any more", async () => {
    const { following, handOver, end } = await scripted();
    await given.log.append([said("a", "one")]);
    const leaving = new AbortController();
    const givenUp = following.reachesEnd(leaving.signal);
    const waiting = following.reachesEnd(unheard);
    expect(await byNow(waiting)).toBeUndefined();
    leaving.abort();
    expect([await givenUp, await byNow(waiting)]).toEqual([false, undefined]);
    expect(await following.reachesEnd(leaving.signal)).toBe(false);
    end();
    expect(await waiting).toBe(false);
    expect(await following.reachesEnd(unheard)).toBe(false);
    await handOver(0, 1);
    expect(await following.reachesEnd(unheard)).toBe(true);
  });

  it("is not known where the log does not say", async () => {
    const refused = new LogError("log_unavailable", "no broker answers", "retry");
    const log: EventLog = {
      ...unreadable(given.log, refused),
      subscribe: (subscription) => given.log.subscribe(subscription),
      ends: () => Promise.reject(refused),
    };
    const following = await follow(log, TOPICS.catalog, () => undefined);
    followings.push(following);
    await expect(following.reachesEnd(unheard)).rejects.toBe(refused);
  });
});

describe("following that fails", () => {
  it("rejects where there is no such topic", async () => {
    await expect(follow(given.log, "no_such_topic", () => undefined)).rejects.toMatchObject({ code: "unknown_topic" });
  });

  it("rejects when the subscription is refused", async () => {
    await given.log.append([said("a", "one")]);
    const refused = new LogError("log_unavailable", "nobody may read", "retry");
    await expect(follow(unreadable(given.log, refused), TOPICS.catalog, () => undefined)).rejects.toBe(refused);
  });

  it("rejects when a record that stood there cannot be taken", async () => {
    await given.log.append([said("a", "one")]);
    const broken = follow(given.log, TOPICS.catalog, () => {
      throw new Error("cannot be taken");
    });
    await expect(broken).rejects.toThrow("cannot be taken");
  });

  it("rejects its end when a record that comes later cannot be taken", async () => {
    const following = await follow(given.log, TOPICS.catalog, () => {
      throw new Error("cannot be taken");
    });
    await given.log.append([{ ...said("a", "one"), timestampMs: NOON }]);
    await expect(following.finished).rejects.toThrow("cannot be taken");
  });
});

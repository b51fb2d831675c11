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

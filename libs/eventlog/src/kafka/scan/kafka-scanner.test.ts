import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import type { Admin } from "kafkajs";
import { connect } from "node:net";
import type { PoisonedBatch, ScanSubscription } from "../../port.js";
import type { KafkaClientOptions } from "../client.js";
import { batchBytes, type GivenBatch, marker, plain } from "./given/batch-bytes.js";
import { type AskedPlace, type GivenPartition, ScriptedBroker } from "./given/scripted-broker.js";
import { KafkaScanner, type ScanOptions } from "./kafka-scanner.js";
import { batchEnd, RecordBatch } from "./record-batch.js";

const TOPIC = "t";
const NOT_LEADER = 6;
const NOT_ALLOWED = 29;
const OFFSET_OUT_OF_RANGE = 1;

let one: ScriptedBroker;
let other: ScriptedBroker;
/** Which broker the cluster says leads each partition. */
let leaders: ScriptedBroker[];
let bounds: { begin: number; end: number };
let started: KafkaScanner[] = [];

beforeEach(async () => {
  [one, other] = await Promise.all([ScriptedBroker.start(), ScriptedBroker.start()]);
  leaders = [one];
  bounds = { begin: 0, end: 1_000 };
});

afterEach(async () => {
  await Promise.all(started.map((scanner) => scanner.stop()));
  started = [];
  await Promise.all([one.stop(), other.stop()]);
});

/** What the cluster says of itself. */
const admin = {
  fetchTopicMetadata: () =>
    Promise.resolve({
      topics: [
        {
          name: TOPIC,
          partitions: leaders.map((leader, partitionId) => ({ partitionId, leader: leader === one ? 1 : 2 })),
        },
      ],
    }),
  describeCluster: () =>
    Promise.resolve({
      brokers: [
        { nodeId: 1, ...one.address },
        { nodeId: 2, ...other.address },
      ],
    }),
  fetchTopicOffsets: () =>
    Promise.resolve(leaders.map((_, partition) => ({ partition, low: `${bounds.begin}`, high: `${bounds.end}` }))),
} as unknown as Admin;

/** What a scan handed over. */
class Heard {
  readonly values: string[] = [];
  readonly poisoned: PoisonedBatch[] = [];
  /** How many records came each time, and where reading goes on behind them. */
  readonly told: [count: number, nextOffset: number][] = [];
  /** What was removed before it was read: first offset, and where reading goes on. */
  readonly removed: [from: number, nextOffset: number][] = [];
  readonly #awaited: { readonly isIt: () => boolean; readonly resolve: () => void }[] = [];

  of(from = 0): ScanSubscription {
    return {
      topic: TOPIC,
      from: () => Promise.resolve(from),
      onSpans: ({ bytes, count, valueFrom, valueTo, partition, nextOffset, removedFrom }) => {
        this.told.push([count, nextOffset]);
        if (removedFrom !== undefined) this.removed.push([removedFrom, nextOffset]);
        for (let index = 0; index < count; index++)
          this.values.push(`${partition}:${bytes.toString("utf8", valueFrom[index], valueTo[index])}`);
        for (const { isIt, resolve } of this.#awaited) if (isIt()) resolve();
      },
      onPoisoned: (batch) => void this.poisoned.push(batch),
    };
  }

  until(count: number): Promise<void> {
    return this.#until(() => this.values.length >= count);
  }

  untilNext(offset: number): Promise<void> {
    return this.#until(() => this.told.some(([, nextOffset]) => nextOffset >= offset));
  }

  #until(isIt: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#awaited.push({ isIt, resolve });
      if (isIt()) resolve();
    });
  }
}

async function scan(
  subscription: ScanSubscription,
  client: Partial<KafkaClientOptions> = {},
  options: Partial<ScanOptions> = {},
): Promise<KafkaScanner> {
  const scanner = new KafkaScanner(admin, subscription, {
    partitions: leaders.map((_, partition) => partition),
    client: { brokers: [], ...client },
    batchBytesMax: 1_000,
    givesUpAfterMs: 60_000,
    gapAfterMs: Number.POSITIVE_INFINITY,
    leadersGoodForMs: Number.POSITIVE_INFINITY,
    onEnded: () => undefined,
    ...options,
  });
  started.push(scanner);
  await scanner.start();
  return scanner;
}

/** Serves a log of one partition as brokers do: from the batch that holds the offset; later when there is none yet. */
function serving(
  log: Buffer,
  endOffset: number,
): (places: readonly AskedPlace[]) => Promise<GivenPartition[] | undefined> {
  return ([place]) => {
    const offset = place?.offset ?? 0;
    if (offset >= endOffset) return Promise.resolve(undefined);
    let at = 0;
    while (new RecordBatch(log, at).lastOffset < offset) at = batchEnd(log, at);
    return Promise.resolve([{ partition: place?.partition ?? 0, endOffset, bytes: log.subarray(at) }]);
  };
}

const logOf = (...batches: GivenBatch[]): Buffer => Buffer.concat(batches.map(batchBytes));

describe("a scan", () => {
  it("puts answers together from pieces of any size", async () => {
    for (const pieceBytes of [1, 3, 7, 64]) {
      one.pieceBytes = pieceBytes;
      one.onFetch = serving(logOf(plain(0, "a"), plain(1, "b", "c")), 3);
      const heard = new Heard();
      const scanner = await scan(heard.of(1));
      await heard.until(2);
      expect(heard.values).toEqual(["0:b", "0:c"]);
      await scanner.stop();
    }
  });

  it("asks ahead while a batch is in hand, and hands over in order", async () => {
    const log = logOf(...Array.from({ length: 50 }, (_, n) => plain(n, `${n}`)));
    const whole = serving(log, 50);
    const askedFor = Array.from({ length: 51 }, () => {
      let resolve: () => void = () => undefined;
      const promise = new Promise<void>((settle) => (resolve = settle));
      return { promise, resolve };
    });
    one.onFetch = async (places) => {
      askedFor[places[0]!.offset]!.resolve();
      const [given] = (await whole(places)) ?? [];
      // One batch an answer.
      return given?.bytes === undefined
        ? undefined
        : [{ ...given, bytes: given.bytes.subarray(0, batchEnd(given.bytes, 0)) }];
    };
    const heard = new Heard();
    const hearing = heard.of();
    await scan({
      ...hearing,
      onSpans: async (spans) => {
        await askedFor[spans.nextOffset]!.promise;
        await hearing.onSpans(spans);
      },
    });
    await heard.until(50);
    expect(heard.values).toEqual(Array.from({ length: 50 }, (_, n) => `0:${n}`));
  });

  it("passes over a damaged batch after reading it twice, drops what was asked ahead by a wrong guess, and goes on", async () => {
    const log = logOf(plain(0, "a"), plain(1, "b"), plain(2, "c"));
    log[log.length - 80]! ^= 1;
    one.onFetch = serving(log, 3);
    const heard = new Heard();
    await scan(heard.of());
    await heard.until(2);
    expect(heard.values).toEqual(["0:a", "0:c"]);
    expect(heard.poisoned).toMatchObject([
      { topic: TOPIC, firstOffset: 1, nextOffset: 2, reason: "checksum_mismatch" },
    ]);
  });

  it("follows a partition to its new leader, and leaves the others where they are", async () => {
    leaders = [one, one];
    const moved = [one, other];
    one.onFetch = (places) => {
      leaders = moved;
      const fresh = places.filter(({ partition, offset }) => partition === 1 || offset === 0);
      return Promise.resolve(
        fresh.length === 0
          ? undefined
          : fresh.map(({ partition }) =>
              partition === 1
                ? { partition, errorCode: NOT_LEADER }
                : { partition, endOffset: 1, bytes: logOf(plain(0, "stays")) },
            ),
      );
    };
    other.onFetch = serving(logOf(plain(0, "moved")), 1);
    const heard = new Heard();
    await scan(heard.of());
    await heard.until(2);
    expect(heard.values.sort()).toEqual(["0:stays", "1:moved"]);
  });

  it("comes back from a connection that was cut, where it was", async () => {
    let cuts = 0;
    const all = serving(logOf(plain(0, "a"), plain(1, "b")), 2);
    const first = serving(logOf(plain(0, "a")), 1);
    one.onFetch = ([place]) => {
      if (cuts === 0 && place?.offset === 1) {
        cuts += 1;
        one.cut();
      }
      return cuts === 0 ? first([place!]) : all([place!]);
    };
    const heard = new Heard();
    await scan(heard.of());
    await heard.until(2);
    expect(heard.values).toEqual(["0:a", "0:b"]);
  });

  it("asks from time to time who leads, as a broker that is cut off from the others may not know that it no longer does", async () => {
    one.onFetch = () => {
      leaders = [other];
      return Promise.resolve(undefined);
    };
    other.onFetch = serving(logOf(plain(0, "elsewhere")), 1);
    const heard = new Heard();
    await scan(heard.of(), {}, { leadersGoodForMs: 0 });
    await heard.until(1);
    expect(heard.values).toEqual(["0:elsewhere"]);
  });

  it("gives up, in words, after failing for so long", async () => {
    one.onFetch = ([place]) => Promise.resolve([{ partition: place!.partition, errorCode: NOT_LEADER }]);
    const scanner = await scan(new Heard().of(), {}, { givesUpAfterMs: 0 });
    const words = { code: "log_unavailable", message: expect.stringContaining("does not lead it") };
    await expect(scanner.finished).rejects.toMatchObject(words);
  });

  it("gives up, in words, on a broker that takes connections and does not answer", async () => {
    one.isSilent = true;
    const scanner = await scan(new Heard().of(), { requestTimeoutMs: 20 }, { givesUpAfterMs: 0 });
    const words = { code: "log_unavailable", hint: "retry", message: expect.stringContaining("no answer within") };
    await expect(scanner.finished).rejects.toMatchObject(words);
  });

  it("ends at once at what no trying again would mend", async () => {
    one.onFetch = ([place]) => Promise.resolve([{ partition: place!.partition, errorCode: NOT_ALLOWED }]);
    const refused = { code: "not_allowed", hint: "terminal", message: expect.stringContaining("not allowed") };
    await expect((await scan(new Heard().of())).finished).rejects.toMatchObject(refused);
    one.fetchVersions = [12, 20];
    const foreign = {
      code: "log_unavailable",
      hint: "terminal",
      message: expect.stringContaining("versions 12 to 20"),
    };
    await expect((await scan(new Heard().of())).finished).rejects.toMatchObject(foreign);
  });

  it("goes on at the log's start when what it asks for has expired, and ends when the log is another", async () => {
    const log = serving(logOf(plain(7, "kept")), 8);
    one.onFetch = (places) =>
      places[0]!.offset < 7 ? Promise.resolve([{ partition: 0, errorCode: OFFSET_OUT_OF_RANGE }]) : log(places);
    const heard = new Heard();
    await scan({
      ...heard.of(),
      from: () => Promise.resolve(bounds.begin).finally(() => (bounds = { begin: 7, end: 8 })),
    });
    await heard.until(1);
    expect(heard.values).toEqual(["0:kept"]);
    expect(heard.told).toEqual([
      [0, 7],
      [1, 8],
    ]);
    expect(heard.removed).toEqual([[0, 7]]);
    bounds = { begin: 0, end: 8 };
    const ahead = await scan({
      ...heard.of(),
      from: () => Promise.resolve(6).finally(() => (bounds = { begin: 0, end: 3 })),
    });
    await expect(ahead.finished).rejects.toMatchObject({ code: "offset_out_of_range", hint: "terminal" });
  });

  it("goes on behind the marks of transactions, of which nothing was removed", async () => {
    one.onFetch = serving(logOf(marker(0, 1, "commit"), marker(1, 1, "abort")), 2);
    const heard = new Heard();
    await scan(heard.of());
    await heard.untilNext(2);
    expect(heard.told).toEqual([[0, 2]]);
    expect(heard.removed).toEqual([]);
  });

  it("passes over a gap up to the end of what is decided, where compaction leaves one, and only there", async () => {
    const log = logOf(plain(0, "a"));
    const given = serving(log, 1);
    let asked = 0;
    const gap = (places: readonly AskedPlace[]): Promise<GivenPartition[] | undefined> => {
      const [place] = places;
      asked += 1;
      if (place?.offset === 0) return given(places);
      return Promise.resolve(
        place?.offset === 1 ? [{ partition: 0, endOffset: 9, stableOffset: 8, bytes: Buffer.alloc(0) }] : undefined,
      );
    };
    one.onFetch = gap;
    const heard = new Heard();
    await scan(heard.of(), {}, { gapAfterMs: 0 });
    await heard.untilNext(8);
    expect(heard.told).toEqual([
      [1, 1],
      [0, 8],
    ]);
    expect(heard.removed).toEqual([]);
    asked = 0;
    const manyTimes = new Promise<void>((resolve) => {
      one.onFetch = (places) => {
        if (asked > 20) resolve();
        return gap(places);
      };
    });
    const kept = new Heard();
    await scan(kept.of());
    await manyTimes;
    expect(kept.told).toEqual([[1, 1]]);
  });

  it("does not believe a broker that has just begun to lead that nothing is left, whatever the one before it said", async () => {
    let [nowMs, asked] = [0, 0];
    const clock = jest.spyOn(performance, "now").mockImplementation(() => nowMs);
    const nothing = [{ partition: 0, endOffset: 1, bytes: Buffer.alloc(0) }];
    one.onFetch = () => {
      asked += 1;
      if (asked < 3) return Promise.resolve(nothing);
      leaders = [other];
      nowMs = 10_000;
      return Promise.resolve([{ partition: 0, errorCode: NOT_LEADER }]);
    };
    const given = serving(logOf(plain(0, "kept")), 1);
    other.onFetch = (places) => {
      asked += 1;
      return asked < 6 ? Promise.resolve(nothing) : given(places);
    };
    const heard = new Heard();
    await scan(heard.of(), {}, { gapAfterMs: 5_000 });
    await heard.untilNext(1);
    clock.mockRestore();
    expect(heard.values).toEqual(["0:kept"]);
  });

  it("does not take for a gap what did not come because another partition's records filled the answer", async () => {
    leaders = [one, one];
    let isCrowded = true;
    one.onFetch = (places) => {
      const [first] = places;
      const full = {
        partition: 0,
        endOffset: 1_000,
        bytes: logOf(plain(places.find(({ partition }) => partition === 0)!.offset, "x")),
      };
      const kept = { partition: 1, endOffset: 1, bytes: isCrowded ? Buffer.alloc(0) : logOf(plain(0, "kept")) };
      if (first?.partition === 1) isCrowded = false;
      return Promise.resolve(isCrowded ? [full, kept] : [{ ...kept, bytes: logOf(plain(0, "kept")) }]);
    };
    const heard = new Heard();
    await scan(heard.of(), {}, { gapAfterMs: 0 });
    await heard.until(2);
    expect(heard.values).toContain("1:kept");
    expect(heard.told.every(([count]) => count > 0)).toBe(true);
  });

  it("waits before it asks again where the log begins while brokers disagree, and gives up in words", async () => {
    let asked = 0;
    one.onFetch = () => {
      asked += 1;
      return Promise.resolve([{ partition: 0, errorCode: OFFSET_OUT_OF_RANGE }]);
    };
    const scanner = await scan(new Heard().of(), {}, { givesUpAfterMs: 0 });
    const words = { code: "log_unavailable", hint: "retry", message: expect.stringContaining("disagree") };
    await expect(scanner.finished).rejects.toMatchObject(words);
    expect(asked).toBe(1);
  });

  it("asks nothing more of its owner when it is stopped while it begins", async () => {
    leaders = [one, one];
    const asked: number[] = [];
    const scanner = await scan({
      ...new Heard().of(),
      from: (partition) => {
        asked.push(partition);
        void started.at(-1)!.stop();
        return Promise.resolve(0);
      },
    });
    await scanner.finished;
    expect(asked).toEqual([0]);
  });

  it("stops while it is asking, waiting to ask again, or still looking for brokers", async () => {
    const asking = await scan(new Heard().of());
    await asking.stop();
    await asking.finished;
    other.isSilent = true;
    leaders = [other];
    let connected: () => void = () => undefined;
    const isConnected = new Promise<void>((resolve) => (connected = resolve));
    const unanswered = await scan(new Heard().of(), {
      socketFactory: ({ host, port, onConnect }) => connect({ host, port }, onConnect).once("connect", connected),
    });
    await isConnected;
    await unanswered.stop();
    await unanswered.finished;
    leaders = [one];
    one.onFetch = ([place]) => Promise.resolve([{ partition: place!.partition, errorCode: NOT_LEADER }]);
    const failing = await scan(new Heard().of());
    await failing.stop();
    await failing.finished;
    const lost = await scan(new Heard().of(), {
      socketFactory: ({ onConnect }) => {
        throw new Error(`no way there ${typeof onConnect}`);
      },
    });
    await lost.stop();
    await lost.finished;
  });
});

describe("signing in", () => {
  const USER = { username: "user", password: "pencil" };

  it("comes before the first fetch", async () => {
    one.mechanisms = ["PLAIN"];
    const said: string[] = [];
    one.onSasl = (message) => Buffer.alloc(said.push(message.toString()) * 0);
    one.onFetch = serving(logOf(plain(0, "a")), 1);
    const heard = new Heard();
    await scan(heard.of(), { sasl: { mechanism: "plain", ...USER } });
    await heard.until(1);
    expect(said).toEqual(["\0user\0pencil"]);
  });

  it("says why it was refused: the mechanism, or the password", async () => {
    one.mechanisms = ["PLAIN"];
    one.onSasl = () => "wrong password";
    const scram = await scan(new Heard().of(), { sasl: { mechanism: "scram-sha-256", ...USER } });
    await expect(scram.finished).rejects.toMatchObject({
      hint: "terminal",
      message: expect.stringContaining("does not take SCRAM-SHA-256, but PLAIN"),
    });
    const plainly = await scan(new Heard().of(), { sasl: { mechanism: "plain", ...USER } });
    await expect(plainly.finished).rejects.toMatchObject({
      hint: "terminal",
      message: expect.stringContaining("wrong password"),
    });
  });
});

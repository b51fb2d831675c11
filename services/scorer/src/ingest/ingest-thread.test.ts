import { afterEach, describe, expect, it, jest } from "@jest/globals";
import type { RecordSpans } from "@leastwise/eventlog";
import { Worker } from "node:worker_threads";
import { EUR } from "../given/records.js";
import { STANDBY } from "../holding.js";
import { IngestThread, type ThreadListener } from "./ingest-thread.js";
import { IngestThreads } from "./ingest-threads.js";
import { STOP_WAIT_MS } from "./stop-wait.js";

/** A thread of its own that answers everything, until it is told what it dies of. Then it ends, or throws, without an answer. */
const SCRIPT = `
  const { parentPort, workerData } = require("node:worker_threads");
  parentPort.on("message", ({ kind, id, spans }) => {
    if (kind === workerData.diesOf && workerData.how === "throws") throw new Error("in the middle");
    if (kind === workerData.diesOf) process.exit(3);
    if (kind === workerData.asksAt) parentPort.postMessage(workerData.question);
    else if (kind === "restore") parentPort.postMessage({ kind: "restored", id, restored: [] });
    else if (kind === "spans") parentPort.postMessage({ kind: "effects", id, effects: { removedFrom: spans.removedFrom } });
    else if (id !== undefined) parentPort.postMessage({ kind: "done", id });
  });`;

type Behaviour = Readonly<Record<string, unknown>>;

const SPANS: RecordSpans = {
  ...{ topic: "clickstream", partition: 0, count: 0, bytes: Buffer.alloc(8), endOffset: 0, nextOffset: 0 },
  ...{ offsets: new Float64Array(0), timestampsMs: new Float64Array(0) },
  ...{ valueFrom: new Int32Array(0), valueTo: new Int32Array(0) },
};

const threads: IngestThread[] = [];
afterEach(async () => {
  for (const thread of threads.splice(0)) await thread.stop();
});

const QUIET: ThreadListener = {
  onCheckpoint: () => undefined,
  onCheckpointFailed: () => undefined,
  onPoisoned: () => Promise.resolve(),
  areMovesDurable: () => Promise.resolve(true),
  onMovesDurable: () => undefined,
  reaches: () => Promise.resolve(true),
};

function begin(behaviour: Behaviour, listener: Partial<ThreadListener> = {}): IngestThread {
  const worker = new Worker(SCRIPT, { eval: true, workerData: behaviour });
  const thread = new IngestThread(worker, { ...QUIET, ...listener });
  threads.push(thread);
  return thread;
}

/** What can be asked of a thread, by the message that asks it. */
const QUESTIONS: readonly (readonly [kind: string, ask: (thread: IngestThread | IngestThreads) => Promise<unknown>])[] =
  [
    ["restore", (thread) => thread.restore([])],
    ["spans", (thread) => thread.take(SPANS, () => undefined)],
    ["follow", (thread) => thread.follow(() => undefined)],
    ["assume", (thread) => thread.assume([[0, STANDBY]])],
    ["release", (thread) => thread.release([0])],
    ["checkpoint", (thread) => thread.checkpoint()],
  ];

describe.each([
  ["ends", "the ingest thread ended with 3"],
  ["throws", "in the middle"],
])("a thread that %s in the middle", (how, message) => {
  it.each(QUESTIONS)("of %s leaves nobody waiting, now or later", async (diesOf, ask) => {
    const thread = begin({ diesOf, how });
    await expect(ask(thread)).rejects.toThrow(message);
    await expect(thread.finished).rejects.toThrow(message);
    for (const [, later] of QUESTIONS) await expect(later(thread)).rejects.toThrow(message);
    await thread.stop();
  });

  it("of its end has ended", async () => {
    const thread = begin({ diesOf: "stop", how });
    await thread.stop();
    await thread.finished;
  });

  it.each(QUESTIONS)("of %s fails those beside it, which end when they are stopped", async (diesOf, ask) => {
    const [dying, other] = [begin({ diesOf, how }), begin({})];
    const both = new IngestThreads([dying, other]);
    await expect(ask(both)).rejects.toThrow(message);
    await expect(both.finished).rejects.toThrow(message);
    await other.checkpoint();
    await both.stop();
    await other.finished;
  });
});

describe("a thread that asks what cannot be answered", () => {
  const batch = { partition: 0, firstOffset: 1, nextOffset: 2, reason: "checksum_mismatch", bytes: new Uint8Array(1) };
  const fails = () => Promise.reject(new Error("no answer"));

  it.each<[string, Behaviour, Partial<ThreadListener>]>([
    [
      "whether moves are durable",
      { kind: "areMovesDurable", id: 1, partition: 0, offset: 1 },
      { areMovesDurable: fails },
    ],
    ["how far the log goes", { kind: "reaches", id: 1, partition: 0, offset: 1 }, { reaches: fails }],
    ["to put a stretch aside", { kind: "poisoned", id: 1, batch }, { onPoisoned: fails }],
  ])("%s has failed", async (_, question, listener) => {
    const thread = begin({ asksAt: "checkpoint", question }, listener);
    await expect(thread.checkpoint()).rejects.toThrow("no answer");
    await expect(thread.finished).rejects.toThrow("no answer");
  });

  it("to do what throws has failed", async () => {
    const thread = begin({ asksAt: "checkpoint", question: { kind: "followed", effects: {} } });
    await thread.follow(() => {
      throw new Error("no answer");
    });
    await expect(thread.checkpoint()).rejects.toThrow("no answer");
    await expect(thread.finished).rejects.toThrow("no answer");
  });
});

describe("records that are handed to a thread", () => {
  it("are told with what was removed before them", async () => {
    const heard: unknown[] = [];
    await begin({}).take({ ...SPANS, removedFrom: 3 }, ({ removedFrom }) => heard.push(removedFrom));
    expect(heard).toEqual([3]);
  });

  it("and that it cannot take in end it: no checkpoint may have what they moved", async () => {
    const question = { kind: "failed", id: 1, message: "no room", code: "" };
    const thread = begin({ asksAt: "spans", question });
    await expect(thread.take(SPANS, () => undefined)).rejects.toThrow("no room");
    await expect(thread.finished).rejects.toThrow("no room");
  });

  it("and whose effects cannot be seen to here end it", async () => {
    const thread = begin({});
    const taken = thread.take(SPANS, () => {
      throw new Error("not seen to");
    });
    await expect(taken).rejects.toThrow("not seen to");
    await expect(thread.finished).rejects.toThrow("not seen to");
    await expect(thread.checkpoint()).rejects.toThrow("not seen to");
  });
});

describe("stopping a thread", () => {
  it("that does not answer waits for so long, and ends it", async () => {
    const thread = begin({ asksAt: "stop", question: { kind: "checkpointFailed", partition: 0, message: "busy" } });
    await thread.restore([]);
    jest.useFakeTimers();
    try {
      const stopped = thread.stop();
      jest.advanceTimersByTime(STOP_WAIT_MS);
      await stopped;
      await thread.finished;
    } finally {
      jest.useRealTimers();
    }
  });

  it("twice ends when it has ended", async () => {
    const thread = begin({});
    let hasEnded = false;
    void thread.finished.then(() => (hasEnded = true));
    void thread.stop();
    await thread.stop();
    expect(hasEnded).toBe(true);
  });
});

describe("threads of which one cannot be started", () => {
  it("leave none running", async () => {
    const first = new Worker(SCRIPT, { eval: true, workerData: {} });
    const ended = new Promise((resolve) => first.once("exit", resolve));
    const start = ({ thread }: { readonly thread: number }): Worker => {
      if (thread === 0) return first;
      throw new Error("no more threads");
    };
    const what = { partitions: 2, currency: EUR, incarnation: "log-1" };
    expect(() => IngestThreads.start(what, { count: 2, start }, QUIET)).toThrow("no more threads");
    await ended;
  });
});

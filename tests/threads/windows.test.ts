import { describe, expect, it } from "@jest/globals";
import { keyedHash, type Millis, type SubjectId } from "@leastwise/vocabulary";
import {
  createWindowStore,
  emptySnapshot,
  featureValue,
  reserveSegment,
  WindowReader,
  type SegmentMemory,
} from "@leastwise/windows";
import { Worker } from "node:worker_threads";

const START_MS = Date.UTC(2026, 2, 10, 12);
const STEP_MS = 700;
const ROUNDS = 40_000;

function subjectOf(number: number): SubjectId {
  const words = [0n, 1n].flatMap((k0) => {
    const { high, low } = keyedHash({ k0, k1: 5n }, String(number));
    return [high, low];
  });
  return words.map((word) => word.toString(16).padStart(8, "0")).join("") as SubjectId;
}

const WATCHED = Array.from({ length: 24 }, (_, index) => subjectOf(index));
const PASSING = Array.from({ length: 6_000 }, (_, index) => subjectOf(1_000 + index));

interface Report {
  readonly digest: string;
  readonly applied: number;
  readonly evicted: number;
}

/** A thread that writes until it reports. */
class Writer {
  report: Report | undefined;
  readonly ended: Promise<void>;

  constructor(memory: SegmentMemory, passing: readonly SubjectId[]) {
    const workerData = {
      ...{ memory, watched: WATCHED, passing },
      ...{ rounds: ROUNDS, startMs: START_MS, stepMs: STEP_MS },
    };
    const worker = new Worker(new URL("windows-writer.mjs", import.meta.url), { workerData });
    worker.on("message", (report: Report) => (this.report = report));
    this.ended = new Promise((resolve, reject) => {
      worker.on("error", reject);
      worker.on("exit", () => {
        resolve();
      });
    });
  }
}

describe("windows that one thread writes and another reads", () => {
  it("are never seen in the middle of an update, however blocks move and the index grows", async () => {
    const memory = reserveSegment(2 ** 28);
    const writer = new Writer(memory, PASSING);
    const reader = new WindowReader(memory);
    const snapshot = emptySnapshot();
    const known = new Set<SubjectId>();
    let reads = 0;
    let changes = 0;
    let lastOffset = -1;
    while (writer.report === undefined) {
      for (let turn = 0; turn < 2_000; turn += 1, reads += 1) {
        const index = reads % WATCHED.length;
        const subject = WATCHED[index]!;
        const endMs = (START_MS + ROUNDS * STEP_MS) as Millis;
        if (!reader.read(subject, endMs, snapshot)) throw new Error("the writer is taken for dead");
        if (!snapshot.known) {
          if (known.has(subject)) throw new Error(`${subject} was there and is not found`);
          continue;
        }
        known.add(subject);
        // All that one event changes has changed, or nothing has.
        const round = (snapshot.asOfOffset - index) / WATCHED.length;
        const atMs = START_MS + round * STEP_MS;
        const seen = [
          featureValue(snapshot, "page_views_30d"),
          featureValue(snapshot, "session_events"),
          featureValue(snapshot, "since_event_ms"),
          featureValue(snapshot, "since_page_view_ms"),
        ];
        const isCurrent = endMs - atMs <= 30 * 60_000;
        const expected = [round + 1, isCurrent ? round + 1 : 0, endMs - atMs, endMs - atMs];
        if (!Number.isInteger(round) || seen.some((value, at) => value !== expected[at])) {
          expect({ index, round, seen }).toEqual({ index, round, seen: expected });
        }
        if (index === 0 && snapshot.asOfOffset !== lastOffset) {
          changes += 1;
          lastOffset = snapshot.asOfOffset;
        }
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    await writer.ended;
    expect(known.size).toBe(WATCHED.length);
    // It was read while it was written, not before or after.
    expect(changes).toBeGreaterThan(20);
    expect(reads).toBeGreaterThan(10_000);
    expect(createWindowStore({ memory }).digest()).toBe(writer.report.digest);
  }, 120_000);

  it("are whole or gone while memory is used up, and pages become other blocks' under the reader's eyes", async () => {
    const memory = reserveSegment(2 ** 21);
    // More come than there is room for, so that blocks of one size make place for those of another all the time.
    const passing = Array.from({ length: 30_000 }, (_, index) => subjectOf(9_000 + index));
    const writer = new Writer(memory, passing);
    const reader = new WindowReader(memory);
    const snapshot = emptySnapshot();
    const endMs = (START_MS + ROUNDS * STEP_MS) as Millis;
    let reads = 0;
    while (writer.report === undefined) {
      for (let turn = 0; turn < 2_000; turn += 1) {
        const index = turn % WATCHED.length;
        if (!reader.read(WATCHED[index]!, endMs, snapshot)) throw new Error("the writer is taken for dead");
        if (!snapshot.known) continue;
        reads += 1;
        const round = (snapshot.asOfOffset - index) / WATCHED.length;
        const sinceMs = endMs - (START_MS + round * STEP_MS);
        // A session that goes on: all that was seen of the shopper since it was last forgotten is in it.
        const views = featureValue(snapshot, "page_views_30d");
        const seen = [featureValue(snapshot, "since_event_ms"), featureValue(snapshot, "since_page_view_ms")];
        const session = sinceMs > 30 * 60_000 ? views : featureValue(snapshot, "session_page_views");
        if (!Number.isInteger(round) || session !== views || seen.some((value) => value !== sinceMs)) {
          expect({ index, round, seen, session }).toEqual({ index, round, seen: [sinceMs, sinceMs], session: views });
        }
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    await writer.ended;
    expect(writer.report.evicted).toBeGreaterThan(30_000);
    expect(reads).toBeGreaterThan(10_000);
  }, 120_000);
});

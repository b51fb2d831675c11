import { describe, expect, it } from "@jest/globals";
import { keyedHash, type Millis, type SubjectId } from "@leastwise/vocabulary";
import { createWindowStore, emptySnapshot, featureValue, reserveSegment, WindowReader } from "@leastwise/windows";
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

describe("windows that one thread writes and another reads", () => {
  it("are never seen in the middle of an update, however blocks move and the index grows", async () => {
    const memory = reserveSegment(2 ** 28);
    const workerData = {
      ...{ memory, watched: WATCHED, passing: PASSING },
      ...{ rounds: ROUNDS, startMs: START_MS, stepMs: STEP_MS },
    };
    const worker = new Worker(new URL("windows-writer.mjs", import.meta.url), { workerData });
    let report: { digest: string; applied: number } | undefined;
    worker.on("message", (message: { digest: string; applied: number }) => (report = message));
    const ended = new Promise<void>((resolve, reject) => {
      worker.on("error", reject);
      worker.on("exit", () => {
        resolve();
      });
    });
    const reader = new WindowReader(memory);
    const snapshot = emptySnapshot();
    const known = new Set<SubjectId>();
    let reads = 0;
    let changes = 0;
    let lastOffset = -1;
    while (report === undefined) {
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
    await ended;
    expect(known.size).toBe(WATCHED.length);
    // It was read while it was written, not before or after.
    expect(changes).toBeGreaterThan(20);
    expect(reads).toBeGreaterThan(10_000);
    expect(createWindowStore({ memory }).digest()).toBe(report.digest);
  }, 120_000);
});

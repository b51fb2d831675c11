import { LogError } from "@leastwise/eventlog";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { TopicSight } from "./topic-sight.js";

const HEARTBEAT_MS = 250;
const UNSEEN_MS = 1_000;
/** Longer than any test lasts. */
const LONG_MS = 3_600_000;

/** A question that the log was asked, to be answered by the test. */
interface Asked {
  readonly signal: AbortSignal;
  readonly answer: (isTaken: boolean) => void;
  readonly fail: (error: Error) => void;
}

let nowMs: number;
let asked: Asked[];
let ages: number[];
let failures: unknown[];
let sight: TopicSight;

beforeEach(() => {
  jest.useFakeTimers();
  nowMs = 5_000;
  asked = [];
  ages = [];
  failures = [];
  sight = new TopicSight({
    topic: {
      reachesEnd: (signal) => new Promise((answer, fail) => void asked.push({ signal, answer, fail })),
    },
    nowMs: () => nowMs,
    heartbeatMs: HEARTBEAT_MS,
    unseenMs: UNSEEN_MS,
    onAge: (ageMs) => ages.push(ageMs),
    onFailed: (error) => failures.push(error),
  });
});

afterEach(() => {
  sight.close();
  jest.useRealTimers();
});

const last = () => asked.at(-1)!;

/** Lets time go by, beat by beat. */
async function beats(count: number): Promise<void> {
  for (let beat = 0; beat < count; beat += 1) {
    nowMs += HEARTBEAT_MS;
    await jest.advanceTimersByTimeAsync(HEARTBEAT_MS);
  }
}

/** Has the newest question answered. */
async function answer(isTaken = true): Promise<void> {
  last().answer(isTaken);
  await jest.advanceTimersByTimeAsync(0);
}

/** The process stands still: time goes by, and no timer comes. */
function stall(ms: number): void {
  nowMs += ms;
}

const away = new LogError("log_unavailable", "no broker answers", "retry");

async function fail(error: Error = away): Promise<void> {
  last().fail(error);
  await jest.advanceTimersByTimeAsync(0);
}

describe("the sight of the policy", () => {
  it("is there once the first question is answered, and not before", async () => {
    expect([asked.length, sight.isSeen]).toEqual([1, false]);
    await answer();
    expect(sight.isSeen).toBe(true);
  });

  it("is kept by a question at each beat", async () => {
    for (let beat = 0; beat < 20; beat += 1) {
      await answer();
      await beats(1);
      expect(sight.isSeen).toBe(true);
    }
    expect(asked).toHaveLength(21);
    expect(ages).toEqual(Array(20).fill(HEARTBEAT_MS));
  });

  it("is as old as the question, not as its answer", async () => {
    await beats(3);
    await answer();
    expect(sight.isSeen).toBe(true);
    stall(UNSEEN_MS - 3 * HEARTBEAT_MS);
    expect(sight.isSeen).toBe(true);
    stall(1);
    expect(sight.isSeen).toBe(false);
  });

  it("is lost a second after the last question that was answered, and its age grows", async () => {
    await answer();
    await beats(4);
    expect(sight.isSeen).toBe(true);
    await beats(1);
    expect(sight.isSeen).toBe(false);
    expect(ages).toEqual([250, 500, 750, 1_000, 1_250]);
  });

  it("is no better for questions that fail, which are asked again at the next beat and told of", async () => {
    await answer();
    for (let beat = 0; beat < 5; beat += 1) {
      await beats(1);
      await fail();
    }
    expect(sight.isSeen).toBe(false);
    expect(failures).toEqual(Array(5).fill(away));
    await beats(1);
    await answer();
    expect(sight.isSeen).toBe(true);
  });

  it("is no better where nothing is taken any more, and asks no faster for that", async () => {
    const seen = sight.look(LONG_MS);
    await answer(false);
    await answer(false);
    expect(await seen).toBe(false);
    expect(asked).toHaveLength(2);
    await beats(1);
    expect(asked).toHaveLength(3);
  });

  it("asks one question at a time, and waits no longer for the topic's end than the answer is of use", async () => {
    await beats(3);
    expect([asked.length, last().signal.aborted]).toEqual([1, false]);
    await beats(1);
    expect([asked.length, last().signal.aborted]).toEqual([1, true]);
    await beats(40);
    expect(asked).toHaveLength(1);
    await answer(false);
    await beats(1);
    expect(asked).toHaveLength(2);
    await answer();
    expect(sight.isSeen).toBe(true);
  });
});

describe("who looks", () => {
  it("has the answer at once while the policy is seen, and asks nothing", async () => {
    await answer();
    expect(await sight.look(LONG_MS)).toBe(true);
    expect(asked).toHaveLength(1);
  });

  it("asks once for all who wait, after a process stood still", async () => {
    await answer();
    stall(60_000);
    const looking = Array.from({ length: 100 }, () => sight.look(LONG_MS));
    expect(asked).toHaveLength(2);
    await answer();
    expect(new Set(await Promise.all(looking))).toEqual(new Set([true]));
    expect(asked).toHaveLength(2);
  });

  it("asks anew where the question under way was asked before the process stood still", async () => {
    await answer();
    await beats(1);
    stall(60_000);
    const looking = [sight.look(LONG_MS), sight.look(LONG_MS)];
    expect(asked).toHaveLength(2);
    await answer();
    expect(asked).toHaveLength(3);
    await answer();
    expect(await Promise.all(looking)).toEqual([true, true]);
  });

  it("waits for its own time only", async () => {
    const looking = sight.look(40);
    await jest.advanceTimersByTimeAsync(40);
    expect(await looking).toBe(false);
    expect(await sight.look(0)).toBe(false);
    expect(asked).toHaveLength(1);
  });

  it("does not wait for a question that hangs: beats have found it unanswered for too long", async () => {
    await beats(4);
    expect(await sight.look(LONG_MS)).toBe(false);
    await answer(false);
    await beats(1);
    await answer();
    expect(await sight.look(LONG_MS)).toBe(true);
  });

  it("is told as soon as its question fails, and does not have the log asked again before the next beat", async () => {
    await answer();
    stall(60_000);
    const looking = sight.look(LONG_MS);
    await fail();
    expect(await looking).toBe(false);
    expect(await sight.look(LONG_MS)).toBe(false);
    expect(asked).toHaveLength(2);
    await beats(1);
    const again = sight.look(LONG_MS);
    await answer();
    expect(await again).toBe(true);
    expect(asked).toHaveLength(3);
  });

  it("has one question of its own where the one that was under way fails", async () => {
    const looking = [sight.look(LONG_MS), sight.look(LONG_MS)];
    await fail();
    expect(asked).toHaveLength(2);
    await answer();
    expect(await Promise.all(looking)).toEqual([true, true]);
    stall(60_000);
    await beats(1);
    const inVain = sight.look(LONG_MS);
    await fail();
    await fail();
    expect(await inVain).toBe(false);
    expect([asked.length, failures.length]).toEqual([4, 3]);
  });
});

describe("closing", () => {
  it("ends the beats, lets go of who waits and of the question under way, and hears no more of it", async () => {
    const looking = sight.look(LONG_MS);
    sight.close();
    sight.close();
    expect(await looking).toBe(false);
    expect(last().signal.aborted).toBe(true);
    await fail();
    expect(failures).toEqual([]);
    await beats(10);
    expect([asked.length, ages.length, jest.getTimerCount()]).toEqual([1, 0, 0]);
    expect(await sight.look(LONG_MS)).toBe(false);
    expect(asked).toHaveLength(1);
  });
});

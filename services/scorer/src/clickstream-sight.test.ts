import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { ClickstreamSight } from "./clickstream-sight.js";

const HEARTBEAT_MS = 250;

let nowMs: number;
let nextOffsets: Map<number, number>;
let ends: Map<number, number>;
let asked: number;
let failure: Error | undefined;
let failures: unknown[];
let sight: ClickstreamSight;

beforeEach(async () => {
  jest.useFakeTimers();
  nowMs = 5_000;
  nextOffsets = new Map([[0, 10]]);
  ends = new Map([
    [0, 10],
    [1, 4],
  ]);
  asked = 0;
  failure = undefined;
  failures = [];
  sight = new ClickstreamSight({
    log: {
      ends: () => {
        asked += 1;
        return failure === undefined ? Promise.resolve(new Map(ends)) : Promise.reject(failure);
      },
    },
    feed: { nextOffsetOf: (partition) => nextOffsets.get(partition) },
    nowMs: () => nowMs,
    heartbeatMs: HEARTBEAT_MS,
    onFailed: (error) => failures.push(error),
  });
  await jest.advanceTimersByTimeAsync(0);
});

afterEach(() => {
  sight.close();
  jest.useRealTimers();
});

async function beats(count: number, each: () => void = () => undefined): Promise<void> {
  for (let beat = 0; beat < count; beat += 1) {
    nowMs += HEARTBEAT_MS;
    each();
    await jest.advanceTimersByTimeAsync(HEARTBEAT_MS);
  }
}

const append = (count = 1) => ends.set(0, (ends.get(0) ?? 0) + count);

describe("the clickstream's sight", () => {
  it("knows that windows had all of it at a question a moment ago, though the log grows", async () => {
    await beats(40, () => {
      nextOffsets.set(0, ends.get(0) ?? 0);
      append(100);
    });
    expect(sight.lagMs(0)).toBe(HEARTBEAT_MS);
  });

  it("tells since when windows have lacked something, and that they have it again", async () => {
    await beats(1, append);
    await beats(7);
    expect(sight.lagMs(0)).toBe(8 * HEARTBEAT_MS);
    nextOffsets.set(0, 11);
    expect(sight.lagMs(0)).toBe(0);
  });

  it("does not take windows for whole that are always a little behind, and knows by how long", async () => {
    // Each beat brings a record, and the windows have those of six beats ago.
    await beats(40, () => {
      append();
      nextOffsets.set(0, (ends.get(0) ?? 0) - 6);
    });
    expect(sight.lagMs(0)).toBe(6 * HEARTBEAT_MS);
  });

  it("counts from the newest moment of which something is known, where the log says nothing", async () => {
    failure = new Error("no broker");
    await beats(8);
    expect(sight.lagMs(0)).toBe(8 * HEARTBEAT_MS);
    expect(failures).toHaveLength(8);
    failure = undefined;
    await beats(1);
    expect(sight.lagMs(0)).toBe(0);
  });

  it("knows of a partition that is taken up later as soon as it is caught up", async () => {
    await beats(400, () => ends.set(1, (ends.get(1) ?? 0) + 1));
    nextOffsets.set(1, ends.get(1) ?? 0);
    expect(sight.lagMs(1)).toBe(0);
  });

  it("keeps no more than so many ends of a partition that stands still, and tells its lag all the same", async () => {
    await beats(2_000, append);
    expect(sight.lagMs(0)).toBe(2_000 * HEARTBEAT_MS);
    nextOffsets.set(0, ends.get(0) ?? 0);
    expect(sight.lagMs(0)).toBe(0);
  });

  it("asks no more once it is closed", async () => {
    sight.close();
    const before = asked;
    await beats(4);
    expect(asked).toBe(before);
  });
});

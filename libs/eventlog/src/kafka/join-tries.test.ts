import { describe, expect, it } from "@jest/globals";
import { JoinTries } from "./join-tries.js";

describe("tries to join a group", () => {
  it("go on for ten minutes, ever less often, however fast each of them fails", async () => {
    let nowMs = 5;
    const pauses: number[] = [];
    const sleep = (ms: number): Promise<void> => {
      pauses.push(ms);
      nowMs += ms;
      return Promise.resolve();
    };
    const tries = new JoinTries({ nowMs: () => nowMs, sleep });
    while (await tries.another());
    expect(pauses.slice(0, 6)).toEqual([100, 200, 400, 800, 1_000, 1_000]);
    expect(pauses.reduce((sum, ms) => sum + ms)).toBeGreaterThanOrEqual(600_000);
    expect(pauses.length).toBeLessThan(610);
    expect(await tries.another()).toBe(false);
    tries.joined();
    expect(await tries.another()).toBe(true);
    expect(pauses.at(-1)).toBe(100);
  });
});

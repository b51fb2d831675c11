import { describe, expect, it } from "@jest/globals";
import { Waiters } from "./waiters.js";

/** Longer than any test lasts: a wait that ends before was ended by somebody. */
const LONG_MS = 3_600_000;

describe("waiters", () => {
  it("end with true when the partition is read as far as they asked, and not before", async () => {
    const waiters = new Waiters();
    const settled: string[] = [];
    const wait = async (name: string, offset: number) => {
      const isThere = await waiters.wait(0, offset, LONG_MS);
      settled.push(`${name} ${isThere}`);
    };
    const near = wait("near", 3);
    const far = wait("far", 7);

    waiters.release(0, 2);
    waiters.release(0, 3);
    await near;
    expect(settled).toEqual(["near true"]);

    waiters.release(0, 9);
    await far;
    expect(settled).toEqual(["near true", "far true"]);
  });

  it("are not ended by another partition", async () => {
    const waiters = new Waiters();
    const wait = waiters.wait(1, 0, LONG_MS);
    waiters.release(0, 100);
    waiters.releaseAll();
    expect(await wait).toBe(false);
  });

  it("end with false when their own time is over", async () => {
    const waiters = new Waiters();
    const patient = waiters.wait(0, 5, LONG_MS);
    expect(await waiters.wait(0, 5, 0)).toBe(false);
    waiters.release(0, 5);
    expect(await patient).toBe(true);
  });

  it("all end with false when nobody reads on", async () => {
    const waiters = new Waiters();
    const all = Promise.all([waiters.wait(0, 1, LONG_MS), waiters.wait(0, 2, LONG_MS), waiters.wait(3, 1, LONG_MS)]);
    waiters.releaseAll();
    expect(await all).toEqual([false, false, false]);
  });

  it("of a partition that nobody reads on end with false, and no others", async () => {
    const waiters = new Waiters();
    const given = [waiters.wait(0, 1, LONG_MS), waiters.wait(0, 2, LONG_MS)];
    const other = waiters.wait(1, 1, LONG_MS);
    waiters.giveUp(0);
    expect([await Promise.all(given), waiters.partitionCount]).toEqual([[false, false], 1]);
    waiters.release(1, 1);
    expect(await other).toBe(true);
  });

  it("leave nothing behind", async () => {
    const waiters = new Waiters();
    const patient = waiters.wait(0, 5, LONG_MS);
    await Promise.all([waiters.wait(0, 5, 0), waiters.wait(7, 5, 0)]);
    expect(waiters.partitionCount).toBe(1);
    waiters.release(0, 5);
    expect([await patient, waiters.partitionCount]).toEqual([true, 0]);
  });

  it("take a release that nobody waits for", () => {
    const waiters = new Waiters();
    expect(() => {
      waiters.release(0, 1);
      waiters.releaseAll();
    }).not.toThrow();
  });
});

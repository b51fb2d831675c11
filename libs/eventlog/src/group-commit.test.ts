import { describe, expect, it } from "@jest/globals";
import { GroupCommit } from "./group-commit.js";

const LIMITS = { groupBytesMax: 10, waitingBytesMax: 100 };

describe("GroupCommit", () => {
  it("commits what is submitted together together, in order, and what comes meanwhile next", async () => {
    const groups: (readonly string[])[] = [];
    const later: Promise<void>[] = [];
    const group = new GroupCommit<string>(LIMITS, (jobs) => {
      groups.push(jobs);
      if (groups.length === 1) later.push(group.submit("c", 1), group.submit("d", 1));
      return Promise.resolve();
    });
    await Promise.all([group.submit("a", 1), group.submit("b", 1)]);
    await Promise.all(later);
    await group.idle();
    expect(groups).toEqual([
      ["a", "b"],
      ["c", "d"],
    ]);
  });

  it("keeps a commit within its bytes, except for one job that is larger", async () => {
    const groups: (readonly number[])[] = [];
    const group = new GroupCommit<number>(LIMITS, (jobs) => {
      groups.push(jobs);
      return Promise.resolve();
    });
    await Promise.all([4, 6, 1, 50, 2].map((bytes) => group.submit(bytes, bytes)));
    expect(groups).toEqual([[4, 6], [1], [50], [2]]);
  });

  it("tells all of a failed group, and goes on", async () => {
    let fails = true;
    const group = new GroupCommit<number>(LIMITS, () => (fails ? Promise.reject(new Error("no")) : Promise.resolve()));
    const results = await Promise.allSettled([group.submit(1, 1), group.submit(2, 1)]);
    expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    fails = false;
    await group.submit(3, 1);
  });

  it("refuses more than may wait", async () => {
    const group = new GroupCommit<number>(LIMITS, () => Promise.resolve());
    const results = await Promise.allSettled([group.submit(1, 90), group.submit(2, 20), group.submit(3, 10)]);
    expect(results[1]).toMatchObject({ reason: { code: "log_unavailable", hint: "retry" } });
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  });
});

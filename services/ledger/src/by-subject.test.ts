import { describe, expect, it } from "@jest/globals";
import { BySubject } from "./by-subject.js";
import { subjectOf } from "./given/records.js";

const [ADA, BOB] = [subjectOf(1), subjectOf(2)];

/** A promise with its ends in hand. */
function pending() {
  let end: () => void = () => undefined;
  const promise = new Promise<void>((resolve) => (end = resolve));
  return { promise, end };
}

describe("BySubject", () => {
  it("runs the acts of one subject one after the other, and different subjects side by side", async () => {
    const acts = new BySubject();
    const said: string[] = [];
    const first = pending();
    const running = [
      acts.run(ADA, async () => {
        await first.promise;
        said.push("ada's first");
      }),
      acts.run(ADA, () => Promise.resolve(said.push("ada's second"))),
      acts.run(BOB, () => Promise.resolve(said.push("bob's"))),
    ];
    await running[2];
    first.end();
    await Promise.all(running);
    expect(said).toEqual(["bob's", "ada's first", "ada's second"]);
  });

  it("gives an act's value at once, and keeps the next one waiting for what the act held the subject for", async () => {
    const acts = new BySubject();
    const said: string[] = [];
    const write = pending();
    const answer = await acts.run(ADA, (hold) => {
      hold(write.promise.then(() => said.push("written")));
      return Promise.resolve("answered");
    });
    const next = acts.run(ADA, () => Promise.resolve(said.push("next")));
    expect([answer, said]).toEqual(["answered", []]);
    write.end();
    await next;
    expect(said).toEqual(["written", "next"]);
  });

  it("goes on after an act, or what it held the subject for, has failed", async () => {
    const acts = new BySubject();
    const failed = acts.run(ADA, (hold) => {
      hold(Promise.reject(new Error("not written")));
      return Promise.reject(new Error("a bug"));
    });
    await expect(failed).rejects.toThrow("a bug");
    expect(await acts.run(ADA, () => Promise.resolve("next"))).toBe("next");
  });
});

import { describe, expect, it } from "@jest/globals";
import { OneAtATime } from "./one-at-a-time.js";

describe("one at a time", () => {
  it("begins nothing before what was asked for earlier has ended, be it in failure", async () => {
    const said: string[] = [];
    const turns = new OneAtATime();
    const work = (name: string, ends: () => Promise<void>) => () => {
      said.push(`${name} begins`);
      return ends().finally(() => said.push(`${name} ends`));
    };
    const first = turns.run(work("first", () => Promise.reject(new Error("the test has it fail"))));
    const second = turns.run(work("second", () => new Promise(setImmediate)));
    const third = turns.run(work("third", () => Promise.resolve()));
    await expect(first).rejects.toThrow("the test has it fail");
    await Promise.all([second, third]);
    expect(said).toEqual(["first", "second", "third"].flatMap((name) => [`${name} begins`, `${name} ends`]));
  });
});

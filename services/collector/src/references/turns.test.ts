import { describe, expect, it } from "@jest/globals";
import { Turns } from "./turns.js";

/** Work that waits until it is told to end. */
function work(name: string, told: string[]) {
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const run = async () => {
    told.push(`${name} begins`);
    await ended;
    told.push(`${name} ends`);
  };
  return { run, end };
}

describe("turns", () => {
  it("follow one another under one name, and go on side by side under two", async () => {
    const turns = new Turns();
    const told: string[] = [];
    const [first, second, other] = ["first", "second", "other"].map((name) => work(name, told));
    const all = [turns.take("ada", first!.run), turns.take("ada", second!.run), turns.take("bob", other!.run)];
    second!.end();
    other!.end();
    await all[2];
    expect(told).toEqual(["first begins", "other begins", "other ends"]);
    first!.end();
    await Promise.all(all);
    expect(told.slice(3)).toEqual(["first ends", "second begins", "second ends"]);
  });

  it("go on after one that failed, which fails for its own caller alone", async () => {
    const turns = new Turns();
    const failed = turns.take("ada", () => Promise.reject(new Error("the first")));
    const next = turns.take("ada", () => Promise.resolve("the second"));
    await expect(failed).rejects.toThrow("the first");
    expect(await next).toBe("the second");
  });
});

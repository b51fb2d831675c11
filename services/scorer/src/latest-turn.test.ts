import { describe, expect, it } from "@jest/globals";
import { LatestTurn } from "./latest-turn.js";

/** Changes that end when they are told to. */
function stepped() {
  const begun: string[] = [];
  const ends: ((error?: Error) => void)[] = [];
  const turns = new LatestTurn<string>((wanted) => {
    begun.push(wanted);
    return new Promise((resolve, reject) => {
      ends.push((error) => {
        if (error === undefined) resolve();
        else reject(error);
      });
    });
  });
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
  const end = async (error?: Error) => {
    ends.shift()?.(error);
    await turn();
  };
  return { begun, turns, turn, end };
}

describe("changes in turn", () => {
  it("begin when the one before has ended, the newest alone of those that wait", async () => {
    const { begun, turns, turn, end } = stepped();
    const first = turns.take("first");
    await turn();
    const [second, third] = [turns.take("second"), turns.take("third")];
    await turn();
    expect(begun).toEqual(["first"]);
    await end();
    await first;
    expect(begun).toEqual(["first", "third"]);
    await end();
    await Promise.all([second, third]);
  });

  it("that fail do not keep the next from its turn, and fail those that they stand for", async () => {
    const { begun, turns, turn, end } = stepped();
    const first = expect(turns.take("first")).rejects.toThrow("first failed");
    await turn();
    const overtaken = expect(turns.take("second")).rejects.toThrow("third failed");
    const third = expect(turns.take("third")).rejects.toThrow("third failed");
    await end(new Error("first failed"));
    await end(new Error("third failed"));
    await Promise.all([first, overtaken, third]);
    const last = turns.take("last");
    await turn();
    await end();
    await last;
    expect(begun).toEqual(["first", "third", "last"]);
  });
});

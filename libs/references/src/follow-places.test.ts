import { TOPICS } from "@leastwise/contracts";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { followPlaces } from "./follow-places.js";
import { givenLog, NOON, put, type GivenLog } from "./given/log.js";

let given: GivenLog;

beforeEach(async () => {
  given = await givenLog();
});

afterEach(() => given.end());

const onDecisions = (partition: number, words: string) => ({
  ...{ topic: TOPICS.decisions, partition, value: Buffer.from(words), timestampMs: NOON },
});

describe("a topic that is followed by places", () => {
  it("is taken from its beginning, and as it comes, each record with where it stands", async () => {
    await given.log.append([onDecisions(0, "a"), onDecisions(1, "b"), onDecisions(0, "c")]);
    const taken: string[] = [];
    let hasCome: () => void = () => undefined;
    const come = new Promise<void>((resolve) => (hasCome = resolve));
    const following = await followPlaces(given.log, TOPICS.decisions, ({ partition, offset, value }) => {
      taken.push(`${partition}/${offset} ${value.toString()}`);
      if (taken.length === 4) hasCome();
    });
    expect([...taken].sort()).toEqual(["0/0 a", "0/1 c", "1/0 b"]);
    await given.log.append([onDecisions(1, "d")]);
    await come;
    expect(taken.at(-1)).toBe("1/1 d");
    await following.stop();
    await following.finished;
  });

  it("that is empty is there at once, also where what it had was removed", async () => {
    const following = await followPlaces(given.log, TOPICS.decisions, () => {
      throw new Error("nothing is there");
    });
    await following.stop();
    await (await followPlaces(given.log, TOPICS.catalog, () => undefined)).stop();
  });

  it("ends with what its taker cannot take", async () => {
    await given.log.append([put(TOPICS.decisions, "k", Buffer.from("a"))]);
    const refused = followPlaces(given.log, TOPICS.decisions, () => {
      throw new RangeError("not this one");
    });
    await expect(refused).rejects.toThrow("not this one");
  });
});

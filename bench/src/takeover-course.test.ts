import { describe, expect, it } from "@jest/globals";
import { peerStandingOf, peerTakeoverOf, Recovery, type PeerStanding } from "./takeover-course.js";

const LINE =
  '{"peer":"kafka-streams","at_ms":1700000000123,"state":"RUNNING","served":[0,2],"standbys":[1,3],"lag":-1}';

describe("Recovery", () => {
  it("has ended when the last partition is answered for", () => {
    const recovery = new Recovery([3, 5]);
    recovery.answered(3, false, 10);
    recovery.answered(5, true, 20);
    expect(recovery.endedAtMs).toBeUndefined();
    recovery.answered(3, true, 30);
    recovery.answered(5, true, 40);
    expect(recovery.endedAtMs).toBe(30);
  });

  it("counts no answer that was followed by one that is not good", () => {
    const recovery = new Recovery([1]);
    recovery.answered(1, true, 10);
    recovery.answered(1, false, 20);
    expect(recovery.endedAtMs).toBeUndefined();
    recovery.answered(1, true, 30);
    expect(recovery.endedAtMs).toBe(30);
  });
});

describe("peerStandingOf", () => {
  it("reads a line", () => {
    expect(peerStandingOf(LINE)).toEqual({
      atMs: 1_700_000_000_123,
      state: "RUNNING",
      served: [0, 2],
      standbys: [1, 3],
      lag: -1,
    });
  });

  it.each(["", "null", "hello", LINE.replace('"lag":-1', '"lag":"none"'), LINE.replace("[0,2]", '["0"]')])(
    "says what it got in a line's place: %s",
    (line) => {
      expect(() => peerStandingOf(line)).toThrow(`kafka-streams: expected at_ms, state, served, standbys and lag, got`);
    },
  );
});

describe("peerTakeoverOf", () => {
  const standing = (atMs: number, state: string, served: number[]): PeerStanding => ({
    ...{ atMs, state, served },
    ...{ standbys: [], lag: 0 },
  });
  const before = [standing(1, "REBALANCING", []), standing(2, "RUNNING", [0, 1])];

  it("lasts from learning of it to an answer of each store, running", () => {
    const said = [
      ...before,
      standing(110, "RUNNING", [0]),
      standing(120, "REBALANCING", [0]),
      standing(130, "REBALANCING", [0, 1]),
      standing(140, "RUNNING", [0, 1]),
      standing(150, "RUNNING", [0]),
    ];
    expect(peerTakeoverOf(said, 100, 2)).toEqual({
      killedAtMs: 100,
      detectedAtMs: 120,
      agreedAtMs: undefined,
      endedAtMs: 140,
    });
  });

  it("is none before, whatever it was before the kill", () => {
    expect(peerTakeoverOf(before, 100, 2)).toBeUndefined();
    expect(peerTakeoverOf([...before, standing(110, "RUNNING", [0, 1])], 100, 2)).toBeUndefined();
    expect(peerTakeoverOf([...before, standing(120, "REBALANCING", [0])], 100, 2)).toBeUndefined();
  });
});

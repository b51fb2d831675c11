import type { Fault } from "./fault.js";

/** A rolling restart: each scorer is asked to stop, and is started again when it has, one after the other. */
export const restartScorers: Fault = {
  kind: "restart-scorers",
  takes: "scorer",
  lastsMs: [0, 0],
  async strike({ scorers }, draw) {
    const first = Math.floor(draw * scorers.length);
    const inTurn = [...scorers.slice(first), ...scorers.slice(0, first)];
    for (const scorer of inTurn) {
      await scorer.stop();
      await scorer.start();
    }
    return { on: inTurn.map(({ name }) => name).join(", "), heal: () => Promise.resolve() };
  },
};

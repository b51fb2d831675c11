import { chosen, type Fault } from "./fault.js";

/** A scorer loses its power, and comes back at the same address, with the same disk. */
export const killScorer: Fault = {
  kind: "kill-scorer",
  takes: "scorer",
  lastsMs: [8_000, 14_000],
  async strike({ scorers }, draw) {
    const scorer = chosen(scorers, draw);
    await scorer.kill();
    return { on: scorer.name, heal: () => scorer.start() };
  },
};

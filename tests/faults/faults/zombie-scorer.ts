import { SESSION_TIMEOUT_MS } from "../system.js";
import { chosen, type Fault } from "./fault.js";

/** A scorer stands still until others have taken over, and then goes on as if it had not. */
export const zombieScorer: Fault = {
  kind: "zombie-scorer",
  takes: "scorer",
  lastsMs: [SESSION_TIMEOUT_MS + 3_000, SESSION_TIMEOUT_MS + 9_000],
  strike({ scorers }, draw) {
    const scorer = chosen(scorers, draw);
    scorer.pause();
    const heal = () => {
      scorer.resume();
      return Promise.resolve();
    };
    return Promise.resolve({ on: scorer.name, heal });
  },
};

import { pathToFileURL } from "node:url";
import path from "node:path";
import { ROOT } from "../../journey/built-program.js";
import { chosen, type Fault } from "./fault.js";

/** Most that the clock is wrong by, either way, ms. */
export const SKEW_MAX_MS = 20_000;

const PRELOAD = pathToFileURL(path.join(ROOT, "tests", "faults", "skewed-clock.mjs")).href;

/** A scorer is started anew under a clock that is fast or slow by seconds, and once more under the right one. */
export const skewClock: Fault = {
  kind: "skew-clock",
  takes: "scorer",
  lastsMs: [8_000, 16_000],
  async strike({ scorers }, draw) {
    const scorer = chosen(scorers, draw);
    // Which scorer and how far come from one draw: its first part and its rest.
    const rest = (draw * scorers.length) % 1;
    const shiftMs = Math.round((2 * rest - 1) * SKEW_MAX_MS);
    await scorer.stop();
    await scorer.start(["--import", PRELOAD], { FAULTS_CLOCK_SHIFT_MS: String(shiftMs) });
    const heal = async () => {
      await scorer.stop();
      await scorer.start();
    };
    return { on: `${scorer.name}, ${shiftMs} ms`, heal };
  },
};

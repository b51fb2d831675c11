import type { Fault } from "./fault.js";

/** The recorder loses its power, and comes back with the same disk. */
export const killRecorder: Fault = {
  kind: "kill-recorder",
  takes: "recorder",
  lastsMs: [1_000, 6_000],
  async strike({ recorder }) {
    await recorder.kill();
    return { on: recorder.name, heal: () => recorder.start() };
  },
};

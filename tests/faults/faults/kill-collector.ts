import type { Fault } from "./fault.js";

/** The collector loses its power, and comes back with the same disk. */
export const killCollector: Fault = {
  kind: "kill-collector",
  takes: "collector",
  lastsMs: [1_000, 6_000],
  async strike({ collector }) {
    await collector.kill();
    return { on: collector.name, heal: () => collector.start() };
  },
};

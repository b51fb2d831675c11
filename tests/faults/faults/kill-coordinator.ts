import { OWNERS_GROUP } from "../system.js";
import { killBroker } from "./broker-gone.js";
import type { Fault } from "./fault.js";

/** The broker that coordinates the scorers' group loses its power. */
export const killCoordinator: Fault = {
  kind: "kill-coordinator",
  takes: "broker",
  lastsMs: [3_000, 10_000],
  async strike(system) {
    return killBroker(system, await system.cluster.coordinatorOf(OWNERS_GROUP), `, coordinator of ${OWNERS_GROUP}`);
  },
};

import { PARTITIONS } from "../system.js";
import { killBroker } from "./broker-gone.js";
import type { Fault } from "./fault.js";

/** The broker that leads a partition of the decisions loses its power. */
export const killLeader: Fault = {
  kind: "kill-leader",
  takes: "broker",
  lastsMs: [3_000, 10_000],
  async strike(system, draw) {
    const partition = Math.floor(draw * PARTITIONS);
    const leader = await system.cluster.leaderOf("decisions", partition);
    return killBroker(system, leader, `, leader of decisions/${partition}`);
  },
};

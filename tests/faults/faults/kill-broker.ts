import { killBroker } from "./broker-gone.js";
import { chosen, type Fault } from "./fault.js";

/** Any broker loses its power. */
export const killAnyBroker: Fault = {
  kind: "kill-broker",
  takes: "broker",
  lastsMs: [3_000, 10_000],
  strike: (system, draw) => killBroker(system, chosen(system.cluster.nodes, draw)),
};

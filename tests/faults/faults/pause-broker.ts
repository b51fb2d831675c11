import { chosen, type Fault } from "./fault.js";

/** A broker stands still until the others take it for dead, and goes on as if it had not. */
export const pauseBroker: Fault = {
  kind: "pause-broker",
  takes: "broker",
  lastsMs: [5_000, 12_000],
  async strike(system, draw) {
    const node = chosen(system.cluster.nodes, draw);
    await node.pause();
    const heal = async () => {
      await node.resume();
      await system.inSync();
    };
    return { on: `broker ${node.id}`, heal };
  },
};

import { chosen, type Fault } from "./fault.js";

/** A broker's disk takes long for each write: its leaders and its replicas fall behind, and it does not look dead. */
export const slowDisk: Fault = {
  kind: "slow-disk",
  takes: "broker",
  lastsMs: [6_000, 12_000],
  strike(system, draw) {
    const { disks, cluster } = system;
    if (disks === undefined) throw new Error("slow-disk: no disk here can be made slow");
    const node = chosen(cluster.nodes, draw);
    disks.slow(node.id);
    const heal = async () => {
      disks.quick(node.id);
      await system.inSync();
    };
    return Promise.resolve({ on: `broker ${node.id}`, heal });
  },
};

import type { ClusterNode } from "@leastwise/testkit";
import type { System } from "../system.js";
import type { Struck } from "./fault.js";

/** A broker loses its power; it is whole again when its replicas have caught up. */
export async function killBroker(system: System, node: ClusterNode, role = ""): Promise<Struck> {
  await node.kill();
  const heal = async () => {
    await node.restart();
    await system.inSync();
  };
  return { on: `broker ${node.id}${role}`, heal };
}

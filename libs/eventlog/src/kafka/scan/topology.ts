import type { Admin } from "kafkajs";
import { kafkaDoing } from "../kafka-failure.js";
import type { BrokerAddress } from "./broker-connection.js";

/** What is asked of the brokers. */
export type TopologyAdmin = Pick<Admin, "fetchTopicMetadata" | "describeCluster">;

/** Where the leader of each partition listens; partitions that have none now are absent. */
export async function leadersOf(admin: TopologyAdmin, topic: string): Promise<Map<number, BrokerAddress>> {
  return kafkaDoing(`asking who leads ${topic}`, async () => {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    const { brokers } = await admin.describeCluster();
    const addresses = new Map(brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }]));
    const leaders = new Map<number, BrokerAddress>();
    for (const { partitionId, leader } of topics[0]?.partitions ?? []) {
      const address = addresses.get(leader);
      if (address !== undefined) leaders.set(partitionId, address);
    }
    return leaders;
  });
}

import type { PartitionAssigner } from "kafkajs";
import { assignOwners } from "../../ownership/assignment.js";
import { type Claims, decodeClaims, encodeClaims, encodeOwned } from "./member-claims.js";

/** Members of a group must know the same way of sharing: this one. */
const NAME = "leastwise.claims";

/** Shares partitions by claims. `join` is asked each time before this member joins, and by throwing keeps it from joining. */
export function claimsAssigner(topic: string, join: () => Claims): PartitionAssigner {
  return ({ cluster }) => ({
    name: NAME,
    version: 1,
    protocol: ({ topics }) => ({ name: NAME, metadata: encodeClaims(topics, join()) }),
    assign: ({ members }) => {
      const partitions = cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => partitionId);
      const claimants = members.map(({ memberId, memberMetadata }) => ({
        id: memberId,
        ...decodeClaims(memberMetadata),
      }));
      const owners = [...assignOwners(claimants, partitions)];
      const ownedBy = (id: string): number[] => owners.flatMap(([partition, owner]) => (owner === id ? partition : []));
      return Promise.resolve(
        members.map(({ memberId }) => ({ memberId, memberAssignment: encodeOwned(topic, ownedBy(memberId)) })),
      );
    },
  });
}

import { describe, expect, it } from "@jest/globals";
import type { PartitionAssigner } from "kafkajs";
import { claimsAssigner } from "./claims-assigner.js";
import { decodeClaims, decodeOwned, encodeClaims } from "./member-claims.js";

type Config = Parameters<PartitionAssigner>[0];

const config = {
  cluster: { findTopicPartitionMetadata: () => [2, 0, 1, 3].map((partitionId) => ({ partitionId })) },
} as unknown as Config;

describe("the assigner", () => {
  it("gives a member that cannot be understood its share, and the others what they claim", async () => {
    const assigner = claimsAssigner("t", () => ({ address: "one:1", claims: [], generation: 0 }))(config);
    const metadata = encodeClaims(["t"], { address: "one:1", claims: [1, 3], generation: 7 });
    const members = [
      { memberId: "strange", memberMetadata: Buffer.from("?") },
      { memberId: "one", memberMetadata: metadata },
    ];
    const assigned = await assigner.assign({ members, topics: ["t"] });
    expect(assigned.map(({ memberId, memberAssignment }) => [memberId, decodeOwned(memberAssignment)])).toEqual([
      ["strange", [0, 2]],
      ["one", [1, 3]],
    ]);
  });

  it("asks for this member's claims at each join", () => {
    let generation = 0;
    const assigner = claimsAssigner("t", () => ({ address: "one:1", claims: [1], generation: ++generation }))(config);
    const told = [1, 2].map(() => decodeClaims(assigner.protocol({ topics: ["t"] }).metadata));
    expect(told.map((claims) => claims.generation)).toEqual([1, 2]);
  });
});

import { createRequire } from "node:module";
import { describe, expect, it } from "@jest/globals";
import { keepCommitsToTheirGeneration, type GroupMembership } from "./commit-generation.js";

const { prototype } = createRequire(import.meta.url)("kafkajs/src/consumer/consumerGroup") as {
  readonly prototype: GroupMembership;
};

/** A member whose group agrees anew as soon as the first commit is refused. */
function memberThatIsRefusedOnce() {
  const taken: number[] = [];
  const member = Object.assign(Object.create(prototype) as GroupMembership, {
    generationId: 7,
    offsetManager: {
      commitOffsets: (): Promise<void> => {
        if (member.generationId === 7) {
          Object.assign(member, { generationId: 8 });
          return Promise.reject(new Error("The group is rebalancing, so a rejoin is needed"));
        }
        taken.push(member.generationId);
        return Promise.resolve();
      },
    },
  });
  return { member, taken };
}

describe("a commit of the client library", () => {
  it("is not tried again under another agreement than its own; a new one is", async () => {
    keepCommitsToTheirGeneration();
    keepCommitsToTheirGeneration();
    const { member, taken } = memberThatIsRefusedOnce();
    const offsets = { topics: [] };
    await expect(member.commitOffsets(offsets)).rejects.toThrow("rebalancing");
    await expect(member.commitOffsets(offsets)).rejects.toMatchObject({ type: "ILLEGAL_GENERATION", retriable: false });
    expect(taken).toEqual([]);
    await member.commitOffsets({ topics: [] });
    await member.commitOffsets(undefined);
    expect(taken).toEqual([8, 8]);
  });
});

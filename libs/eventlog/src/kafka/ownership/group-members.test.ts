import { describe, expect, it } from "@jest/globals";
import type { GroupDescription } from "kafkajs";
import { GroupMembers } from "./group-members.js";
import { encodeClaims, encodeOwned } from "./member-claims.js";

const GROUP = "owners";

/** A coordinator that says these, one after the other. */
function membersSaid(...said: Partial<GroupDescription>[]): GroupMembers {
  const describeGroups = () => {
    const group = { groupId: GROUP, errorCode: 0, protocol: "", protocolType: "consumer", ...said.shift() };
    return Promise.resolve({ groups: [group as GroupDescription] });
  };
  return new GroupMembers({ describeGroups });
}

function member(memberId: string, address: string, partitions: readonly number[]): GroupDescription["members"][number] {
  return {
    memberId,
    clientId: "",
    clientHost: "",
    memberMetadata: encodeClaims(["t"], { address, claims: [], generation: 0 }),
    memberAssignment: encodeOwned("t", partitions),
  };
}

const STABLE = { state: "Stable", members: [member("x", "one:1", [2, 0]), member("y", "two:1", [1])] } as const;
const AGREED = [
  { address: "one:1", partitions: [0, 2], standbyOf: [1] },
  { address: "two:1", partitions: [1], standbyOf: [0, 2] },
];

describe("members of a group", () => {
  it("are what they were while they agree anew, as the coordinator then forgets", async () => {
    const forgotten = { ...member("x", "", []), memberMetadata: Buffer.alloc(0), memberAssignment: Buffer.alloc(0) };
    const agreeing = { state: "PreparingRebalance", members: [forgotten] } as const;
    const members = membersSaid({ ...STABLE, members: [...STABLE.members] }, { ...agreeing, members: [forgotten] });
    expect(await members.of(GROUP)).toEqual(AGREED);
    expect(await members.of(GROUP)).toEqual(AGREED);
  });

  it("cannot be known before they have agreed once, but soon", async () => {
    const members = membersSaid({ state: "CompletingRebalance", members: [] });
    await expect(members.of(GROUP)).rejects.toMatchObject({ code: "log_unavailable", hint: "retry" });
  });

  it.each(["Empty", "Dead"] as const)("are none where the group is %s", async (state) => {
    const members = membersSaid({ ...STABLE, members: [...STABLE.members] }, { state, members: [] });
    await members.of(GROUP);
    expect(await members.of(GROUP)).toEqual([]);
  });
});

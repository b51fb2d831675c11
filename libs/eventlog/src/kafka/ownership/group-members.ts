import type { Admin, GroupDescription } from "kafkajs";
import { assignStandbys, type Claimant } from "../../ownership/assignment.js";
import { LogError, type Member } from "../../port.js";
import { kafkaDoing } from "../kafka-failure.js";
import { decodeClaims, decodeOwned } from "./member-claims.js";

/** The members of groups of owners, as the coordinators know them. */
export class GroupMembers {
  readonly #admin: Pick<Admin, "describeGroups">;
  /** A coordinator forgets what the members have while they agree anew. */
  readonly #agreed = new Map<string, readonly Member[]>();

  constructor(admin: Pick<Admin, "describeGroups">) {
    this.#admin = admin;
  }

  async of(group: string): Promise<readonly Member[]> {
    const doing = `asking for the members of ${group}`;
    const { groups } = await kafkaDoing(doing, () => this.#admin.describeGroups([group]));
    const found = groups.find(({ groupId }) => groupId === group);
    const members = found === undefined ? [] : membersIn(found);
    if (members !== undefined) {
      this.#agreed.set(group, members);
      return members;
    }
    const before = this.#agreed.get(group);
    if (before !== undefined) return before;
    throw new LogError("log_unavailable", `${doing}: they are agreeing who owns what`, "retry");
  }
}

/** Undefined while they agree. */
function membersIn({ state, members }: GroupDescription): readonly Member[] | undefined {
  if (state === "Empty" || state === "Dead") return [];
  if (state !== "Stable") return undefined;
  const owners = members.map(({ memberId, memberMetadata, memberAssignment }): Claimant => ({
    ...decodeClaims(memberMetadata),
    id: memberId,
    claims: decodeOwned(memberAssignment),
    generation: 0,
  }));
  const standbys = [...assignStandbys(owners)].sort(([a], [b]) => a - b);
  return owners.map(({ id, address, claims }) => ({
    address,
    partitions: claims,
    standbyOf: standbys.flatMap(([partition, standby]) => (standby === id ? partition : [])),
  }));
}

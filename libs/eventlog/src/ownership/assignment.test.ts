import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { assignOwners, assignStandbys, type Claimant } from "./assignment.js";

const MEMBERS_MAX = 7;
const PARTITIONS_MAX = 24;

type Owners = ReadonlyMap<number, string>;

const partitionsArb = fc
  .integer({ min: 1, max: PARTITIONS_MAX })
  .map((count) => Array.from({ length: count }, (_, partition) => partition));

const addressArb = fc.integer({ min: 0, max: 5_000 }).map((n) => `scorer-${n}:7070`);

/** Members that come for the first time. */
const newcomersArb = (minLength: number) =>
  fc
    .uniqueArray(addressArb, { minLength, maxLength: MEMBERS_MAX })
    .map((addresses) => addresses.map((address, at): Claimant => newcomer(address, `id-${at}`)));

/** Members with any claims whatever, of partitions that others claim too, or that there are not. */
const claimantsArb = fc
  .array(
    fc.record({
      address: fc.oneof(addressArb, fc.constant("")),
      claims: fc.array(fc.integer({ min: 0, max: PARTITIONS_MAX + 3 })),
      generation: fc.integer({ min: 0, max: 3 }),
    }),
    { minLength: 1, maxLength: MEMBERS_MAX },
  )
  .map((members) => members.map((member, at): Claimant => ({ ...member, id: `id-${at}` })));

function newcomer(address: string, id: string): Claimant {
  return { id, address, claims: [], generation: 0 };
}

function ownedBy(owners: Owners, { id }: Claimant): number[] {
  return [...owners].flatMap(([partition, owner]) => (owner === id ? partition : [])).sort((a, b) => a - b);
}

/** The members as they come to the next agreement. */
function after(members: readonly Claimant[], owners: Owners): Claimant[] {
  return members.map((member) => ({
    ...member,
    claims: ownedBy(owners, member),
    generation: member.generation + 1,
  }));
}

function sizes(members: readonly Claimant[], owners: Owners): number[] {
  return members.map((member) => ownedBy(owners, member).length);
}

/** How many partitions went from one who claimed them to another. */
function moves(members: readonly Claimant[], owners: Owners): number {
  return members.reduce(
    (sum, { id, claims }) => sum + claims.filter((partition) => owners.get(partition) !== id).length,
    0,
  );
}

/**
 * Members that have agreed again and again, as others came and went: the state that a group is in after a while. The
 * numbers say who goes; as many come.
 */
const livedArb = fc
  .tuple(newcomersArb(1), partitionsArb, fc.array(fc.tuple(fc.nat(), fc.boolean()), { maxLength: 6 }))
  .map(([first, partitions, changes]) => {
    let members = after(first, assignOwners(first, partitions));
    for (const [at, [which, isLeaving]] of changes.entries()) {
      const changed =
        isLeaving && members.length > 1
          ? members.filter((_, index) => index !== which % members.length)
          : [...members, newcomer(`late-${which % 1_000}-${at}:7070`, `late-${at}`)];
      members = after(changed, assignOwners(changed, partitions));
    }
    return { members, partitions };
  });

describe("owners", () => {
  it("are given each partition once, and differ by one at most", () => {
    fc.assert(
      fc.property(claimantsArb, partitionsArb, (members, partitions) => {
        const owners = assignOwners(members, partitions);
        expect([...owners.keys()].sort((a, b) => a - b)).toEqual(partitions);
        const counts = sizes(members, owners);
        expect(counts.reduce((a, b) => a + b)).toBe(partitions.length);
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it("are the same in whatever order members, claims and partitions come", () => {
    const shuffled = fc.tuple(claimantsArb, partitionsArb).chain(([members, partitions]) =>
      fc.record({
        given: fc.constant({ members, partitions }),
        members: fc.shuffledSubarray(members, { minLength: members.length }),
        partitions: fc.shuffledSubarray(partitions, { minLength: partitions.length }),
      }),
    );
    fc.assert(
      fc.property(shuffled, ({ given, members, partitions }) => {
        const turned = members.map((member) => ({ ...member, claims: [...member.claims].reverse() }));
        const inOrder = (owners: Owners) => [...owners].sort(([a], [b]) => a - b);
        expect(inOrder(assignOwners(turned, partitions))).toEqual(
          inOrder(assignOwners(given.members, given.partitions)),
        );
      }),
    );
  });

  it("are nobody where there are no members", () => {
    expect(assignOwners([], [0, 1]).size).toBe(0);
  });

  it("keep what they have while the members are the same", () => {
    fc.assert(
      fc.property(livedArb, ({ members, partitions }) => {
        expect(moves(members, assignOwners(members, partitions))).toBe(0);
      }),
    );
  });

  it("let go as few claims as the balance allows", () => {
    fc.assert(
      fc.property(claimantsArb, partitionsArb, (members, partitions) => {
        // Each partition is claimed by one member at most, the first that says so.
        const taken = new Set<number>();
        const claimants = members.map((member) => ({
          ...member,
          claims: member.claims.filter(
            (partition) => partition < partitions.length && !taken.has(partition) && taken.add(partition),
          ),
        }));
        const least = Math.floor(partitions.length / members.length);
        const withMore = claimants.filter(({ claims }) => claims.length > least).length;
        const keptMax =
          claimants.reduce((sum, { claims }) => sum + Math.min(claims.length, least), 0) +
          Math.min(withMore, partitions.length % members.length);
        expect(moves(claimants, assignOwners(claimants, partitions))).toBe(taken.size - keptMax);
      }),
    );
  });

  it("give a member that comes its share, and move nothing else", () => {
    fc.assert(
      fc.property(livedArb, addressArb, ({ members, partitions }, address) => {
        const joining = newcomer(address, "joining");
        const owners = assignOwners([...members, joining], partitions);
        const given = ownedBy(owners, joining).length;
        expect(moves(members, owners)).toBe(given);
        expect(given).toBeLessThanOrEqual(Math.ceil(partitions.length / (members.length + 1)));
      }),
    );
  });

  it("give a member that came back at once, under its address but without claims, what it had", () => {
    fc.assert(
      fc.property(livedArb, fc.nat(), ({ members, partitions }, which) => {
        fc.pre(partitions.length >= members.length);
        const back = members[which % members.length]!;
        const others = members.filter((member) => member !== back);
        const owners = assignOwners([...others, newcomer(back.address, "back")], partitions);
        expect(ownedBy(owners, { ...back, id: "back" })).toEqual(back.claims);
      }),
    );
  });

  it("give all that came back at once what rendezvous hashing had given them", () => {
    fc.assert(
      fc.property(newcomersArb(1), partitionsArb, (members, partitions) => {
        const owners = assignOwners(members, partitions);
        // Ids come anew, and in another order.
        const idAfter = new Map(members.map(({ id }, at) => [id, `back-${members.length - at}`]));
        const back = members.map((member) => ({ ...member, id: idAfter.get(member.id) ?? "" }));
        const again = assignOwners(back, partitions);
        for (const [partition, owner] of owners) expect(again.get(partition)).toBe(idAfter.get(owner));
      }),
    );
  });

  it("are, of two who claim a partition, the one that was given it later", () => {
    fc.assert(
      fc.property(livedArb, addressArb, fc.nat(), ({ members, partitions }, address, which) => {
        // It was silent, and others were given what it had; it still claims that.
        const claims = partitions.filter((partition) => (partition + which) % 2 === 0);
        const stale = { ...newcomer(address, "stale"), claims };
        const owners = assignOwners([...members, stale], partitions);
        expect(owners).toEqual(assignOwners([...members, { ...stale, claims: [] }], partitions));
      }),
    );
  });
});

describe("standbys", () => {
  it("are another member than the owner, one a partition, where there are two", () => {
    fc.assert(
      fc.property(livedArb, ({ members, partitions }) => {
        const standbys = assignStandbys(members);
        expect([...standbys.keys()].sort((a, b) => a - b)).toEqual(members.length > 1 ? partitions : []);
        for (const { id, claims } of members) {
          for (const partition of claims) expect(standbys.get(partition)).not.toBe(id);
        }
      }),
    );
  });

  it("inherit exactly what they stand by for when its owner leaves, and nothing else moves", () => {
    fc.assert(
      fc.property(livedArb, fc.nat(), ({ members, partitions }, which) => {
        fc.pre(members.length > 1);
        const standbys = assignStandbys(members);
        const gone = members[which % members.length]!;
        const others = members.filter((member) => member !== gone);
        const owners = assignOwners(others, partitions);
        expect(moves(others, owners)).toBe(0);
        for (const partition of gone.claims) expect(owners.get(partition)).toBe(standbys.get(partition));
      }),
    );
  });
});

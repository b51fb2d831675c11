import { type HashKey, keyedHash } from "@leastwise/vocabulary";

/** A member of a group when it agrees anew. */
export interface Claimant {
  /** Tells apart members that say the same address. */
  readonly id: string;
  /** Decides, and not the id, what a member is given: one that comes back under its address is given what it had. */
  readonly address: string;
  /** Partitions that it owned before. */
  readonly claims: readonly number[];
  /** Of several who claim a partition, the one that was given it later has it: this number is larger. */
  readonly generation: number;
}

/** What a member has so far, and how much it is to have. */
interface Share {
  readonly member: Claimant;
  size: number;
  quota: number;
}

/** Somebody who could take a partition. */
interface Bid {
  readonly partition: number;
  readonly share: Share;
  readonly weight: number;
}

/**
 * Who owns what: of each partition, its owner's id. Members' numbers of partitions differ by one at most, as few claims
 * are let go as that allows, and what is free goes to whom rendezvous hashing gives it, as far as there is room.
 * The order of members and partitions does not matter.
 */
export function assignOwners(members: readonly Claimant[], partitions: readonly number[]): ReadonlyMap<number, string> {
  const shares = [...members].sort(byAddress).map((member): Share => ({ member, size: 0, quota: 0 }));
  const owners = claimed(shares, new Set(partitions));
  setQuotas(shares, partitions.length);
  const isLoose = (partition: number): boolean => {
    const owner = owners.get(partition);
    return owner === undefined || owner.size > owner.quota;
  };
  const takers = shares.filter(({ size, quota }) => size < quota);
  for (const { partition, share } of bids(partitions.filter(isLoose), takers)) {
    if (share.size >= share.quota || !isLoose(partition)) continue;
    const before = owners.get(partition);
    if (before !== undefined) before.size -= 1;
    share.size += 1;
    owners.set(partition, share);
  }
  return new Map([...owners].map(([partition, { member }]) => [partition, member.id]));
}

/**
 * Who is next in line: of each owned partition, the id of the member that would be given it if its owner alone left, and
 * so the one whose copy should be warm. `members` claim what they own. None, where there is no second member.
 */
export function assignStandbys(members: readonly Claimant[]): ReadonlyMap<number, string> {
  const partitions = members.flatMap(({ claims }) => claims);
  const standbys = new Map<number, string>();
  for (const owner of members) {
    if (owner.claims.length === 0) continue;
    const heirs = assignOwners(
      members.filter((member) => member !== owner),
      partitions,
    );
    for (const partition of owner.claims) {
      const heir = heirs.get(partition);
      if (heir !== undefined) standbys.set(partition, heir);
    }
  }
  return standbys;
}

/** Each partition that somebody claims, with whose it is. */
function claimed(shares: readonly Share[], partitions: ReadonlySet<number>): Map<number, Share> {
  const owners = new Map<number, Share>();
  for (const share of shares) {
    for (const partition of share.member.claims) {
      if (!partitions.has(partition)) continue;
      const rival = owners.get(partition);
      if (rival === share || (rival !== undefined && !outdoes(share, rival, partition))) continue;
      if (rival !== undefined) rival.size -= 1;
      share.size += 1;
      owners.set(partition, share);
    }
  }
  return owners;
}

function outdoes({ member }: Share, { member: rival }: Share, partition: number): boolean {
  if (member.generation !== rival.generation) return member.generation > rival.generation;
  return weightOf(member.address, partition) > weightOf(rival.address, partition);
}

/**
 * Where the partitions do not come out even, some members have one more than others: first those who have it already, so that
 * it stays; then those who have least, as they are to take most anyway.
 */
function setQuotas(shares: readonly Share[], partitions: number): void {
  const least = Math.floor(partitions / shares.length);
  let more = partitions % shares.length;
  const rank = ({ size }: Share): number => (size > least ? -1 : size);
  for (const share of [...shares].sort((a, b) => rank(a) - rank(b))) {
    share.quota = least + (more > 0 ? 1 : 0);
    more -= 1;
  }
}

/** The keenest bid first. */
function bids(partitions: readonly number[], takers: readonly Share[]): Bid[] {
  const all = partitions.flatMap((partition) =>
    takers.map((share) => ({ partition, share, weight: weightOf(share.member.address, partition) })),
  );
  return all.sort(
    (a, b) => b.weight - a.weight || byAddress(a.share.member, b.share.member) || a.partition - b.partition,
  );
}

const KEY: HashKey = { k0: 0n, k1: 0n };
const LOW_BITS = 21;

/** Rendezvous hashing: how much the address is for the partition, in 53 bits. */
function weightOf(address: string, partition: number): number {
  const { high, low } = keyedHash(KEY, `${address}/${partition}`);
  return high * 2 ** LOW_BITS + (low >>> (32 - LOW_BITS));
}

function byAddress(a: Claimant, b: Claimant): number {
  return compare(a.address, b.address) || compare(a.id, b.id);
}

/** By code unit: the same everywhere, whatever the language of the machine. */
function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

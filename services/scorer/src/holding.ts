/** Which partitions of the clickstream a process has, and for whom. */
export interface Holding {
  /** Partitions that this process owns, with the epoch of its claim: a whole number that is higher with each later claim of a partition, whoever's it is. */
  readonly owned: ReadonlyMap<number, number>;
  /** Kept warm for their owners elsewhere. None of them is owned here. */
  readonly standby: readonly number[];
}

/** A partition's owner answers for it, writes its checkpoints and sends what its links move; a standby knows as much, and does neither. */
export type Role = "owned" | "standby";

/** What a partition is held as. */
export interface Claim {
  readonly role: Role;
  /** Of the owner; absent where owners have none of each partition: that of the process counts then. */
  readonly epoch?: number | undefined;
}

/** What nobody said otherwise of. */
export const OWNED: Claim = { role: "owned" };
export const STANDBY: Claim = { role: "standby" };

/**
 * The claims by partition; a plain list owns what it names. RangeError for a partition that is not among so many, for one that is owned and standby at
 * once, and for an epoch that is none.
 */
export function claimsOf(holding: Holding | readonly number[], partitionCount: number): ReadonlyMap<number, Claim> {
  const claims = isList(holding) ? new Map(holding.map((one) => [one, OWNED])) : claimsOfHolding(holding);
  for (const partition of claims.keys()) {
    if (Number.isInteger(partition) && partition >= 0 && partition < partitionCount) continue;
    throw new RangeError(`partitions: expected 0 to ${partitionCount - 1}, got ${partition}`);
  }
  return claims;
}

function claimsOfHolding({ owned, standby }: Holding): Map<number, Claim> {
  const claims = new Map<number, Claim>();
  for (const [partition, epoch] of owned) {
    if (!Number.isSafeInteger(epoch) || epoch < 0)
      throw new RangeError(`owned, epoch of partition ${partition}: expected a whole number from 0 on, got ${epoch}`);
    claims.set(partition, { role: "owned", epoch });
  }
  for (const partition of standby) {
    if (owned.has(partition))
      throw new RangeError(`standby: expected partitions that are not owned as well, got ${partition}`);
    claims.set(partition, STANDBY);
  }
  return claims;
}

function isList(holding: Holding | readonly number[]): holding is readonly number[] {
  return Array.isArray(holding);
}

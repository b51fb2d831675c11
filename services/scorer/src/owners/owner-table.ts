import { wire } from "@leastwise/contracts";
import type { PartitionOwner } from "../routing/partition-map.js";

/** What owners said of themselves on the topic `owners`. The same records give the same table. */
export class OwnerTable {
  readonly #claims = new Map<number, PartitionOwner>();
  readonly #ready = new Map<number, PartitionOwner>();

  /** Takes what stands at an offset of the topic. Whether anything is different now. */
  take({ partition, address, standing, epoch }: wire.OwnerRecord, offset: number): boolean {
    switch (standing) {
      case wire.OwnerStanding.OWNER_STANDING_CLAIMED:
        return setIfLater(this.#claims, partition, { address, epoch: epochOfClaim(offset) });
      case wire.OwnerStanding.OWNER_STANDING_READY:
        return setIfLater(this.#ready, partition, { address, epoch: Number(epoch) });
      default:
        return false;
    }
  }

  /** Who claimed the partition last, ready or not. */
  claimOf(partition: number): PartitionOwner | undefined {
    return this.#claims.get(partition);
  }

  /** The last owner that said that it is ready; who claimed it since is on its way. */
  readyOf(partition: number): PartitionOwner | undefined {
    return this.#ready.get(partition);
  }
}

/** The epoch that a claim at an offset of the topic has: from 1 on. */
export function epochOfClaim(offset: number): number {
  return offset + 1;
}

function setIfLater(owners: Map<number, PartitionOwner>, partition: number, owner: PartitionOwner): boolean {
  if (owner.epoch <= (owners.get(partition)?.epoch ?? 0)) return false;
  owners.set(partition, owner);
  return true;
}

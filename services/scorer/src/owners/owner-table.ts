import { wire } from "@leastwise/contracts";
import { err, ok, refusal, type Refusal, type Result } from "@leastwise/vocabulary";
import type { PartitionOwner } from "../routing/partition-map.js";

/**
 * The epoch of a claim at the topic's first offset. Higher than any instant, Unix ms, until the year 2109: checkpoints of a process that owned all
 * alone are numbered by those.
 */
export const EPOCH_FIRST = 2 ** 42;

/** What owners said of themselves on the topic `owners`. The same records give the same table. */
export class OwnerTable {
  readonly #partitionCount: number;
  readonly #claims = new Map<number, PartitionOwner>();
  readonly #ready = new Map<number, PartitionOwner>();

  constructor(partitionCount: number) {
    this.#partitionCount = partitionCount;
  }

  /** Takes what stands at an offset of the topic. Whether anything is different now; refuses what no owner of ours would have said. */
  take(value: Uint8Array, offset: number): Result<boolean, Refusal> {
    const read = this.#read(value, offset);
    if (!read.ok) return read;
    const { partition, address, standing, epoch } = read.value;
    if (standing === wire.OwnerStanding.OWNER_STANDING_CLAIMED)
      return ok(setIfLater(this.#claims, partition, { address, epoch: epochOfClaim(offset) }));
    if (standing === wire.OwnerStanding.OWNER_STANDING_READY)
      return ok(setIfLater(this.#ready, partition, { address, epoch: Number(epoch) }));
    return ok(false);
  }

  /** Who claimed the partition last, ready or not. */
  claimOf(partition: number): PartitionOwner | undefined {
    return this.#claims.get(partition);
  }

  /** The last owner that said that it is ready; who claimed it since is on its way. */
  readyOf(partition: number): PartitionOwner | undefined {
    return this.#ready.get(partition);
  }

  #read(value: Uint8Array, offset: number): Result<wire.OwnerRecord, Refusal> {
    let record: wire.OwnerRecord;
    try {
      record = wire.OwnerRecord.decode(value);
    } catch {
      return err(refusal("record_malformed", "", `${value.length} bytes`, "an OwnerRecord"));
    }
    const { partition, epoch } = record;
    if (partition < 0 || partition >= this.#partitionCount)
      return err(refusal("partition_out_of_range", "partition", partition, `0 to ${this.#partitionCount - 1}`));
    // Who is ready has claimed before.
    if (epoch < 0n || epoch >= BigInt(epochOfClaim(offset)))
      return err(refusal("epoch_out_of_range", "epoch", Number(epoch), "that of a claim before this record"));
    return ok(record);
  }
}

/** The epoch that a claim at an offset of the topic has. */
export function epochOfClaim(offset: number): number {
  return EPOCH_FIRST + offset;
}

function setIfLater(owners: Map<number, PartitionOwner>, partition: number, owner: PartitionOwner): boolean {
  if (owner.epoch <= (owners.get(partition)?.epoch ?? 0)) return false;
  owners.set(partition, owner);
  return true;
}

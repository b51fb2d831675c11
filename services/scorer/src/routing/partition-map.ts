/** Who answers for a partition, as this process knows. */
export interface PartitionOwner {
  /** `host:port`. */
  readonly address: string;
  /** Which ownership of the partition this is: a later one has a larger number. */
  readonly epoch: number;
}

/** Who answers for which partition. */
export interface PartitionMap {
  /** Partitions that subjects are dealt over, at least 1. */
  readonly partitionCount: number;
  /** The address that others reach this process at, `host:port`. */
  readonly ownAddress: string;
  /** The last who said that it is ready for the partition; undefined: nobody yet. The last owner stays until the next has said so. */
  ownerOf(partition: number): PartitionOwner | undefined;
  /** Grows by one with each change. */
  readonly version: number;
  /** Calls after each change; returns how to stop. */
  onChange(listener: () => void): () => void;
}

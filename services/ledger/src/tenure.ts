import { LogError } from "@leastwise/eventlog";

/** What this process owns, where several share the partitions. */
export interface Tenure {
  /** Under which epoch it writes for a partition, a whole number from 1 on; undefined: another process does, or soon will. */
  epochOf(partition: number): number | undefined;
}

/** One process owns all: no epochs are needed. */
export const SOLE_TENURE: Tenure = { epochOf: () => 0 };

/** Nothing was written: the partition is another's. */
export function notOwner(topic: string, partition: number): LogError {
  return new LogError("partition_revoked", `writing to ${topic}/${partition}: another owner does`, "retry");
}

/** What was written does not count. */
export function superseded(topic: string, partition: number): LogError {
  const message = `writing to ${topic}/${partition}: a later owner had begun before the record was there, which is void`;
  return new LogError("partition_revoked", message, "retry");
}

/** Whether it counts is unknown. */
export function notReadBack(topic: string, partition: number): LogError {
  const message = `writing to ${topic}/${partition}: the record was not read back in time`;
  return new LogError("log_unavailable", message, "retry");
}

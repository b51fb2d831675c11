import { LogError, type EventLog } from "@leastwise/eventlog";
import { refuse, type RpcRefusal } from "@leastwise/rpc";
import { err, ok, refusal, type Clock, type Result } from "@leastwise/vocabulary";

/** A record for a compacted topic of one partition. */
export interface KeyedRecord {
  readonly key: string;
  readonly value: Uint8Array;
}

/** Makes records durable, in order, and gives the offset of the last; the failure is a refusal that asks to send the same again. */
export async function writeRecords(
  log: EventLog,
  clock: Clock,
  topic: string,
  records: readonly KeyedRecord[],
): Promise<Result<number, RpcRefusal>> {
  const timestampMs = clock.nowMs();
  try {
    const positions = await log.append(records.map((record) => ({ topic, partition: 0, timestampMs, ...record })));
    return ok(positions.at(-1)?.offset ?? -1);
  } catch (error) {
    if (!(error instanceof LogError)) throw error;
    const isFull = error.code === "disk_full";
    const refused = refusal(isFull ? "disk_full" : "log_unavailable", "", error.code, "send the same again later");
    return err(refuse(isFull ? "RESOURCE_EXHAUSTED" : "UNAVAILABLE", refused));
  }
}

import { LogError, RECORD_BYTES_MAX, type EventLog } from "@leastwise/eventlog";
import { invalidArgument, refuse, type RpcRefusal } from "@leastwise/rpc";
import { err, ok, refusal, type Clock, type Result } from "@leastwise/vocabulary";
import { logRefusal } from "../steps/append.js";

/** A record for a compacted topic of one partition. */
export interface KeyedRecord {
  readonly key: string;
  readonly value: Uint8Array;
}

/** Makes records durable, in order, and gives the offset of the last. What is too large is refused; any other failure asks to send the same again. */
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
    if (error.code === "record_too_large") {
      const bytes = Math.max(...records.map(({ value }) => value.length));
      const expected = `at most ${RECORD_BYTES_MAX} bytes as a record of the log: say it in fewer or shorter words`;
      return err(invalidArgument(refusal("record_too_large", "", `${bytes} bytes`, expected)));
    }
    return err(refuse(error.code === "disk_full" ? "RESOURCE_EXHAUSTED" : "UNAVAILABLE", logRefusal(error)));
  }
}

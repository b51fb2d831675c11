import type { LogRecord } from "@leastwise/eventlog";
import type { LogPosition } from "@leastwise/warehouse";

/** The place in the log that caused a row: with it, every row can be traced and every block told again. */
export function logPosition(incarnation: string, record: LogRecord): LogPosition {
  return {
    log_incarnation: incarnation,
    log_topic: record.topic,
    log_partition: record.partition,
    log_offset: record.offset,
  };
}

import type { PassedOver } from "@leastwise/references";
import type { Telemetry } from "@leastwise/telemetry";

/** Most records of one topic that are named in the log of a process: a topic full of what others wrote is read at each start. */
const NAMED_MAX = 100;

/** Names each record that is passed over by a consumer, as metrics name it, of each topic the first hundred, and counts them all. */
export function sayPassedOver(consumer: string, { metrics, logger }: Telemetry): (record: PassedOver) => void {
  const named = new Map<string, number>();
  return (record) => {
    const { topic } = record;
    metrics.consumerRecords.with({ consumer, topic, outcome: "drop" }).add();
    const count = (named.get(topic) ?? 0) + 1;
    if (count > NAMED_MAX) return;
    named.set(topic, count);
    logger.warn({ ...record }, "a record is passed over: it is none of ours");
    if (count === NAMED_MAX) logger.warn({ topic }, "further records that are none of ours are counted, and not named");
  };
}

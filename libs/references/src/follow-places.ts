import { LogError, type EventLog, type PoisonedBatch, type Position, type RecordSpans } from "@leastwise/eventlog";
import type { Following } from "./follow.js";

/** A record's place, and its message's bytes, which are good until it is taken. */
export interface PlacedValue extends Position {
  readonly value: Buffer;
}

/**
 * Reads a topic from its beginning like {@link follow}, by the log's quick way: what was appended is here within a few milliseconds, and nothing
 * is made of keys and times. Ends with `corrupt_record` at what cannot be read.
 */
export async function followPlaces(
  log: EventLog,
  topic: string,
  take: (record: PlacedValue) => void,
): Promise<Following> {
  /** Partitions that are not read to where they ended at the start, with that end. */
  const behind = new Map<number, number>();
  for (let partition = 0; partition < (await log.partitions(topic)); partition += 1) {
    const { begin, end } = await log.offsets(topic, partition);
    if (end > begin) behind.set(partition, end);
  }
  let restored: () => void = () => undefined;
  const untilRestored = new Promise<void>((resolve) => (restored = resolve));
  if (behind.size === 0) restored();
  const running = await log.scan({
    topic,
    from: () => Promise.resolve(0),
    onSpans: (spans) => {
      takeEach(spans, take);
      if (spans.nextOffset >= (behind.get(spans.partition) ?? 0)) behind.delete(spans.partition);
      if (behind.size === 0) restored();
    },
    onPoisoned: (batch) => {
      throw unreadable(batch);
    },
  });
  try {
    await Promise.race([untilRestored, running.finished]);
  } catch (error) {
    await running.stop();
    throw error;
  }
  return { finished: running.finished, stop: () => running.stop() };
}

function takeEach(spans: RecordSpans, take: (record: PlacedValue) => void): void {
  const { topic, partition, count, bytes, offsets, valueFrom, valueTo } = spans;
  for (let at = 0; at < count; at += 1) {
    const value = bytes.subarray(valueFrom[at], valueTo[at]);
    take({ topic, partition, offset: offsets[at] ?? 0, value });
  }
}

function unreadable({ topic, partition, firstOffset, nextOffset, reason }: PoisonedBatch): LogError {
  const where = `${topic}/${partition}, offsets ${firstOffset} to ${nextOffset - 1}`;
  return new LogError("corrupt_record", `reading ${where}: ${reason}`, "terminal");
}

import { LogError, type EventLog, type PoisonedBatch, type Position, type RecordSpans } from "@leastwise/eventlog";
import type { Following } from "./follow.js";
import { Restoring } from "./restoring.js";

/** A record's place, and its message's bytes, which are good until it is taken. */
export interface PlacedValue extends Position {
  /** When it was written, by its writer's clock, Unix milliseconds UTC. */
  readonly timestampMs: number;
  readonly value: Buffer;
}

/**
 * Reads a topic from its beginning like {@link follow}, by the log's quick way: what was appended is here within a few milliseconds, and nothing
 * is made of keys. Ends with `corrupt_record` at what cannot be read.
 */
export async function followPlaces(
  log: EventLog,
  topic: string,
  take: (record: PlacedValue) => void,
): Promise<Following> {
  const restoring = await Restoring.begin(log, topic);
  const running = await log.scan({
    topic,
    from: () => Promise.resolve(0),
    onSpans: (spans) => {
      takeEach(spans, take);
      restoring.reached(spans.partition, spans.nextOffset);
    },
    onPoisoned: (batch) => {
      throw unreadable(batch);
    },
  });
  try {
    await Promise.race([restoring.done, running.finished]);
  } catch (error) {
    await running.stop();
    throw error;
  }
  return { finished: running.finished, stop: () => running.stop() };
}

function takeEach(spans: RecordSpans, take: (record: PlacedValue) => void): void {
  const { topic, partition, count, bytes, offsets, timestampsMs, valueFrom, valueTo } = spans;
  for (let at = 0; at < count; at += 1) {
    const value = bytes.subarray(valueFrom[at], valueTo[at]);
    take({ topic, partition, offset: offsets[at] ?? 0, timestampMs: timestampsMs[at] ?? 0, value });
  }
}

function unreadable({ topic, partition, firstOffset, nextOffset, reason }: PoisonedBatch): LogError {
  const where = `${topic}/${partition}, offsets ${firstOffset} to ${nextOffset - 1}`;
  return new LogError("corrupt_record", `reading ${where}: ${reason}`, "terminal");
}

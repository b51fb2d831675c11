import { LogError, type EventLog, type LogRecord } from "../../port.js";

/** A stretch of a partition: from an offset to before another. */
export interface Range {
  readonly topic: string;
  readonly partition: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Hands on what stands in a stretch of a partition, in its order; the next come when the taking has settled. Resolves at its end, or when
 * `take` gives `false`. Rejects with what `take` rejects with, or with a LogError.
 */
export async function readRange(
  log: EventLog,
  { topic, partition, from, to }: Range,
  take: (records: readonly LogRecord[]) => unknown,
): Promise<void> {
  if (from >= to) return;
  let finish: () => void = () => undefined;
  const done = new Promise<void>((resolve) => (finish = resolve));
  let isOver = false;
  const reached = (offset: number): void => {
    if (offset < to && !isOver) return;
    isOver = true;
    finish();
  };
  const running = await log.subscribe({
    topic,
    // Of the others nothing is wanted: they are read from their ends.
    from: async (asked) => (asked === partition ? from : (await log.offsets(topic, asked)).end),
    onBatch: async ({ partition: of, records }) => {
      if (of !== partition || isOver) return;
      const within = records.filter(({ offset }) => offset < to);
      if (within.length > 0 && (await take(within)) === false) isOver = true;
      reached((records.at(-1)?.offset ?? -1) + 1);
    },
    onGap: (of, nextOffset) => {
      if (of === partition) reached(nextOffset);
      return Promise.resolve();
    },
  });
  try {
    await Promise.race([done, running.finished]);
  } finally {
    await running.stop();
  }
}

/**
 * Rejects with a LogError, `corrupt_record`, for a stretch that is damaged: who reads records by a subscription is not told of that by every client
 * library, and would pass on what it makes of it.
 */
export async function checkReadable(log: Pick<EventLog, "scan">, { topic, partition, from, to }: Range): Promise<void> {
  if (from >= to) return;
  let finish: () => void = () => undefined;
  const done = new Promise<void>((resolve) => (finish = resolve));
  const running = await log.scan({
    topic,
    partitions: [partition],
    from: () => Promise.resolve(from),
    onSpans: ({ nextOffset }) => {
      if (nextOffset >= to) finish();
    },
    onPoisoned: ({ firstOffset, reason }) => {
      const message = `${topic}/${partition} cannot be read from offset ${firstOffset} on: ${reason}`;
      throw new LogError("corrupt_record", message, "terminal");
    },
  });
  try {
    await Promise.race([done, running.finished]);
  } finally {
    await running.stop();
  }
}

import type { NewRecord } from "../port.js";
import { recordBytes } from "../record-limits.js";

/** Most bytes of keys and values that are sent to a partition at once. */
export const BATCH_BYTES_MAX = 4_194_304;

/** Most records that are sent to a partition at once: kafkajs's readers overflow their stack at about 125 000. */
export const BATCH_RECORDS_MAX = 10_000;

/** Records for one partition, with their places in the caller's list. */
export interface PartitionBatch {
  readonly topic: string;
  readonly partition: number;
  readonly records: NewRecord[];
  readonly places: number[];
}

interface OpenBatch extends PartitionBatch {
  bytes: number;
}

/**
 * Sorts records into rounds to be sent one after the other: in each, at most one batch a partition. A call's records
 * for a partition begin a new batch rather than be cut, if one batch can hold them. No record's time is further from that of its
 * batch's first record than `spanMsMax`.
 */
export function rounds(
  calls: readonly (readonly NewRecord[])[],
  spanMsMax = Number.POSITIVE_INFINITY,
): PartitionBatch[][] {
  const batches = new Map<string, OpenBatch[]>();
  let place = 0;
  for (const call of calls) {
    for (const run of byPartition(call, place)) addRun(batches, run, spanMsMax);
    place += call.length;
  }
  const result: PartitionBatch[][] = [];
  for (const list of batches.values()) list.forEach((batch, round) => (result[round] ??= []).push(batch));
  return result;
}

function byPartition(call: readonly NewRecord[], firstPlace: number): Iterable<OpenBatch> {
  const runs = new Map<string, OpenBatch>();
  call.forEach((record, index) => {
    const { topic, partition } = record;
    const key = `${topic}/${partition}`;
    const run = runs.get(key) ?? { topic, partition, records: [], places: [], bytes: 0 };
    runs.set(key, run);
    run.records.push(record);
    run.places.push(firstPlace + index);
    run.bytes += recordBytes(record);
  });
  return runs.values();
}

function addRun(batches: Map<string, OpenBatch[]>, run: OpenBatch, spanMsMax: number): void {
  const key = `${run.topic}/${run.partition}`;
  const list = batches.get(key) ?? [];
  batches.set(key, list);
  const last = list.at(-1);
  let open = last !== undefined && fits(last, run.records.length, run.bytes) ? last : emptyLike(run, list);
  run.records.forEach((record, index) => {
    const bytes = recordBytes(record);
    if (open.records.length > 0 && !(fits(open, 1, bytes) && isWithin(spanMsMax, open, record)))
      open = emptyLike(run, list);
    open.records.push(record);
    open.places.push(run.places[index] ?? 0);
    open.bytes += bytes;
  });
}

function fits(batch: OpenBatch, records: number, bytes: number): boolean {
  return batch.records.length + records <= BATCH_RECORDS_MAX && batch.bytes + bytes <= BATCH_BYTES_MAX;
}

function isWithin(spanMsMax: number, { records: [first] }: OpenBatch, { timestampMs }: NewRecord): boolean {
  return first === undefined || Math.abs(timestampMs - first.timestampMs) <= spanMsMax;
}

function emptyLike({ topic, partition }: OpenBatch, list: OpenBatch[]): OpenBatch {
  const batch = { topic, partition, records: [], places: [], bytes: 0 };
  list.push(batch);
  return batch;
}

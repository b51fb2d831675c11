import type { NewRecord, Position } from "../port.js";
import { checkRecord, checkRecordKey } from "../record-limits.js";
import { type Chunk, ChunkWriter } from "./chunk.js";
import { chunkKey } from "./chunk-key.js";
import type { Partition } from "./partition.js";
import type { Change, Tables } from "./store.js";
import type { Topics } from "./topics.js";
import type { PendingBounds, Writer } from "./writer.js";

interface PlacedChunk extends Chunk {
  /** Offset of the chunk's first record, less that of the call's first record in the partition. */
  readonly at: number;
}

/** The records of one call that go to one partition. */
class PartitionAppend {
  readonly partition: Partition;
  readonly #chunks: PlacedChunk[] = [];
  readonly #writer: ChunkWriter;
  #records = 0;
  #firstOffset = 0;

  constructor(partition: Partition, writer: ChunkWriter) {
    this.partition = partition;
    this.#writer = writer;
  }

  /** Encodes the records; the caller may change their bytes afterwards. */
  encode(records: readonly NewRecord[]): void {
    for (const record of records) {
      this.#writer.add(this.#writer.records, record);
      this.#records += 1;
      if (this.#writer.isFull) this.#take();
    }
    if (this.#writer.records > 0) this.#take();
  }

  changes(tables: Tables, pending: PendingBounds): Change[] {
    const bounds = pending.of(this.partition);
    this.#firstOffset = bounds.end;
    pending.set(this.partition, { ...bounds, end: bounds.end + this.#records });
    return this.#chunks.map(({ at, bytes }) => ({
      table: tables.chunks,
      key: chunkKey(this.partition.id, this.#firstOffset + at),
      value: bytes,
    }));
  }

  /** Offset of the call's first record in the partition, once its transaction was made. */
  get firstOffset(): number {
    return this.#firstOffset;
  }

  #take(): void {
    const chunk = this.#writer.take();
    this.#chunks.push({ ...chunk, at: this.#records - chunk.records });
  }
}

/** Appends calls of records, each whole or not at all. */
export class Appender {
  readonly #topics: Topics;
  readonly #tables: Tables;
  readonly #writer: Writer;
  readonly #chunkWriter = new ChunkWriter();

  constructor(topics: Topics, tables: Tables, writer: Writer) {
    this.#topics = topics;
    this.#tables = tables;
    this.#writer = writer;
  }

  /** See `EventLog.append`. `along`: what else is in the transaction. */
  async append(records: readonly NewRecord[], along: readonly Change[] = []): Promise<Position[]> {
    if (records.length === 0 && along.length === 0) return [];
    const { byPartition, partitions, bytes } = this.#sort(records);
    const appends = new Map<Partition, PartitionAppend>();
    for (const [partition, its] of byPartition) {
      const append = new PartitionAppend(partition, this.#chunkWriter);
      append.encode(its);
      appends.set(partition, append);
    }
    await this.#writer.submit(
      (pending) => [...along, ...[...appends.values()].flatMap((append) => append.changes(this.#tables, pending))],
      bytes,
    );
    return positions(partitions, appends);
  }

  #sort(records: readonly NewRecord[]) {
    const byPartition = new Map<Partition, NewRecord[]>();
    const partitions: Partition[] = [];
    let bytes = 0;
    for (const record of records) {
      const partition = this.#topics.partition(record.topic, record.partition);
      checkRecordKey(record, this.#topics.get(record.topic).spec.compacted);
      bytes += checkRecord(record);
      partitions.push(partition);
      const its = byPartition.get(partition);
      if (its === undefined) byPartition.set(partition, [record]);
      else its.push(record);
    }
    return { byPartition, partitions, bytes };
  }
}

function positions(partitions: readonly Partition[], appends: ReadonlyMap<Partition, PartitionAppend>): Position[] {
  const next = new Map<Partition, number>();
  return partitions.map((partition) => {
    const offset = next.get(partition) ?? appends.get(partition)?.firstOffset;
    if (offset === undefined)
      throw new Error(`${partition.topic}/${partition.partition} was appended to and is missing`);
    next.set(partition, offset + 1);
    return { topic: partition.topic, partition: partition.partition, offset };
  });
}

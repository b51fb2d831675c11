import type { Change, Tables } from "./store.js";

/** What the store keeps of a partition beside its chunks. */
interface Bounds {
  /** Offset of the oldest record kept, or `end` if none is. */
  begin: number;
  /** Offset that the next append gets. */
  end: number;
  /** Compacted topics: offsets below hold each key once. */
  cleanEnd: number;
  /** Compacted topics: records that were left below `cleanEnd`. */
  cleanRecords: number;
}

const BOUNDS_BYTES = 4 * 8;

/** A partition's bounds, as far as they are durable, and who waits for them to move. */
export class Partition {
  readonly topic: string;
  readonly partition: number;
  /** Number of the partition in the store, part of its chunks' keys. */
  readonly id: number;
  bounds: Readonly<Bounds>;
  readonly #waiting = new Set<() => void>();

  constructor(topic: string, partition: number, id: number, stored: Buffer | undefined) {
    this.topic = topic;
    this.partition = partition;
    this.id = id;
    this.bounds = stored === undefined ? { begin: 0, end: 0, cleanEnd: 0, cleanRecords: 0 } : decodeBounds(stored);
  }

  /** Calls back, once, when an append has become durable. Returns how to take that back. */
  onAppended(callback: () => void): () => void {
    this.#waiting.add(callback);
    return () => this.#waiting.delete(callback);
  }

  wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const callback of waiting) callback();
  }
}

/** The change that makes bounds durable. */
export function boundsChange(tables: Tables, partition: Partition, bounds: Bounds): Change {
  const value = Buffer.allocUnsafe(BOUNDS_BYTES);
  value.writeDoubleLE(bounds.begin, 0);
  value.writeDoubleLE(bounds.end, 8);
  value.writeDoubleLE(bounds.cleanEnd, 16);
  value.writeDoubleLE(bounds.cleanRecords, 24);
  return { table: tables.partitions, key: partitionKey(partition.id), value };
}

export function partitionKey(id: number): Buffer {
  const key = Buffer.allocUnsafe(4);
  key.writeUInt32BE(id);
  return key;
}

function decodeBounds(stored: Buffer): Bounds {
  return {
    begin: stored.readDoubleLE(0),
    end: stored.readDoubleLE(8),
    cleanEnd: stored.readDoubleLE(16),
    cleanRecords: stored.readDoubleLE(24),
  };
}

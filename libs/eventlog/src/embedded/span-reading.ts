import type { ScanSubscription } from "../port.js";
import { SpanList } from "../span-list.js";
import { addChunk } from "./chunk.js";
import { type ChunkStretch, readChunks } from "./chunk-scan.js";
import type { Partition } from "./partition.js";
import type { Tables } from "./store.js";
import type { TailReading } from "./tail.js";

/** Most bytes of a damaged chunk that are kept. */
const POISONED_BYTES_MAX = 65_536;
const NOTHING: Buffer = Buffer.alloc(0);

/** Reads one partition for one scan, a chunk at a time. */
export class SpanReading implements TailReading {
  readonly #tables: Tables;
  readonly #partition: Partition;
  readonly #subscription: ScanSubscription;
  readonly #bytesMax: number;
  readonly #spans = new SpanList();

  constructor(tables: Tables, partition: Partition, subscription: ScanSubscription, bytesMax: number) {
    this.#tables = tables;
    this.#partition = partition;
    this.#subscription = subscription;
    this.#bytesMax = bytesMax;
  }

  async readOn(next: number, stopped: AbortSignal): Promise<number> {
    const chunks = readChunks(this.#tables, this.#partition, next, this.#bytesMax);
    let reached = next;
    for (const chunk of chunks) if (!stopped.aborted) reached = await this.#handOver(chunk, reached);
    this.#spans.release();
    if (chunks.length > 0) return reached;
    const { end } = this.#partition.bounds;
    this.#beginEmpty();
    await this.#tell(end);
    return end;
  }

  passOverRemoved(removedFrom: number, next: number): Promise<void> | void {
    this.#beginEmpty();
    this.#spans.removedFrom = removedFrom;
    return this.#tell(next);
  }

  #beginEmpty(): void {
    const { topic, partition } = this.#partition;
    this.#spans.begin(topic, partition, NOTHING);
  }

  async #handOver(chunk: ChunkStretch, next: number): Promise<number> {
    const spans = this.#spans;
    const { topic, partition, bytes } = chunk;
    const nextOffset = Math.max(next, chunk.nextOffset);
    spans.begin(topic, partition, bytes);
    const reason = addChunk(chunk, bytes, next, spans);
    if (reason === undefined) {
      if (spans.count > 0 || nextOffset > next) await this.#tell(nextOffset);
    } else {
      const kept = Buffer.from(bytes.subarray(0, POISONED_BYTES_MAX));
      const firstOffset = Math.max(next, chunk.firstOffset);
      const poisoned = { topic, partition, firstOffset, nextOffset, bytes: kept, bytesTotal: bytes.length, reason };
      await this.#subscription.onPoisoned(poisoned);
    }
    return nextOffset;
  }

  #tell(nextOffset: number): Promise<void> | void {
    this.#spans.nextOffset = nextOffset;
    this.#spans.endOffset = this.#partition.bounds.end;
    return this.#subscription.onSpans(this.#spans);
  }
}

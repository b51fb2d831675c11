import { setImmediate as nextTurn } from "node:timers/promises";
import type { ScanSubscription } from "../port.js";
import { SpanList } from "../span-list.js";
import { startOffset } from "../start-offset.js";
import { addChunk } from "./chunk.js";
import { type ChunkStretch, readChunks } from "./chunk-scan.js";
import type { Partition } from "./partition.js";
import type { Tables } from "./store.js";

/** Most bytes of a damaged chunk that are kept. */
const POISONED_BYTES_MAX = 65_536;

/** Reads one partition for one scan: a chunk at a time, sleeping while there is nothing until an append wakes it. */
export class SpanTail {
  readonly #tables: Tables;
  readonly #partition: Partition;
  readonly #subscription: ScanSubscription;
  readonly #bytesMax: number;
  readonly #spans = new SpanList();
  #next = 0;
  #stopped = false;
  #stopWaiting: (() => void) | undefined;
  #done: Promise<void> | undefined;

  constructor(tables: Tables, partition: Partition, subscription: ScanSubscription, bytesMax: number) {
    this.#tables = tables;
    this.#partition = partition;
    this.#subscription = subscription;
    this.#bytesMax = bytesMax;
  }

  /** Reads on from the offset, until stopped, be it before this. `onError` hears why it ended otherwise. */
  start(fromOffset: number, onError: (error: unknown) => void): void {
    this.#done = this.#run(fromOffset).catch(onError);
  }

  /** Resolves when what is in hand is settled. Idempotent. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stopWaiting?.();
    await this.#done;
  }

  async #run(fromOffset: number): Promise<void> {
    const { topic, partition, bounds } = this.#partition;
    this.#next = startOffset(topic, partition, fromOffset, bounds);
    while (!this.#stopped) {
      if (this.#next >= this.#partition.bounds.end) {
        await this.#appended();
        continue;
      }
      const chunks = readChunks(this.#tables, this.#partition, this.#next, this.#bytesMax);
      // Nothing is left up to the end: compaction, or retention.
      if (chunks.length === 0) this.#next = this.#partition.bounds.end;
      for (const chunk of chunks) await this.#handOver(chunk);
      this.#spans.release();
      // A reader that catches up lets others have their turn.
      await nextTurn();
    }
  }

  async #handOver(chunk: ChunkStretch): Promise<void> {
    if (this.#stopped) return;
    const spans = this.#spans;
    const { topic, partition, bytes } = chunk;
    const nextOffset = Math.max(this.#next, chunk.nextOffset);
    spans.begin(topic, partition, bytes);
    const reason = addChunk(chunk, bytes, this.#next, spans);
    if (reason === undefined) {
      spans.nextOffset = nextOffset;
      spans.endOffset = this.#partition.bounds.end;
      if (spans.count > 0 || nextOffset > this.#next) await this.#subscription.onSpans(spans);
    } else {
      const kept = Buffer.from(bytes.subarray(0, POISONED_BYTES_MAX));
      const firstOffset = Math.max(this.#next, chunk.firstOffset);
      const poisoned = { topic, partition, firstOffset, nextOffset, bytes: kept, bytesTotal: bytes.length, reason };
      await this.#subscription.onPoisoned(poisoned);
    }
    this.#next = nextOffset;
  }

  /** Nothing was there and nothing can come in between: appends are published in this thread, between awaits. */
  #appended(): Promise<void> {
    return new Promise((resolve) => {
      const takeBack = this.#partition.onAppended(() => {
        this.#stopWaiting = undefined;
        resolve();
      });
      this.#stopWaiting = () => {
        takeBack();
        resolve();
      };
    });
  }
}

import type { EventLog, PoisonedBatch, RecordSpans, RunningSubscription } from "@leastwise/eventlog";

/** A record as it stands on a partition. */
export interface StretchRecord {
  readonly offset: number;
  /** Good until the next record is asked for. */
  readonly value: Uint8Array;
}

/** A partition from its oldest record to where it ended when it was opened, one record after the other, in the memory of one batch. */
export class PartitionStretch {
  readonly #end: number;
  readonly #onPoisoned: (batch: PoisonedBatch) => void;
  /** Undefined: nothing stands there. */
  #scan: RunningSubscription | undefined;
  #readTo: number;
  #spans: RecordSpans | undefined;
  #at = 0;
  #letGo: () => void = () => undefined;
  #wake: () => void = () => undefined;
  #isStopped = false;

  private constructor(
    bounds: { readonly begin: number; readonly end: number },
    onPoisoned: (batch: PoisonedBatch) => void,
  ) {
    this.#readTo = bounds.begin;
    this.#end = bounds.end;
    this.#onPoisoned = onPoisoned;
  }

  /**
   * Opens it. Rejects with a LogError.
   *
   * @param onPoisoned told of what cannot be read, and is passed over
   */
  static async open(
    log: EventLog,
    topic: string,
    partition: number,
    onPoisoned: (batch: PoisonedBatch) => void,
  ): Promise<PartitionStretch> {
    const bounds = await log.offsets(topic, partition);
    const stretch = new PartitionStretch(bounds, onPoisoned);
    if (bounds.begin < bounds.end) await stretch.#begin(log, topic, partition);
    return stretch;
  }

  async #begin(log: EventLog, topic: string, partition: number): Promise<void> {
    const from = this.#readTo;
    this.#scan = await log.scan({
      ...{ topic, partitions: [partition], from: () => Promise.resolve(from) },
      onSpans: (spans) => this.#take(spans),
      onPoisoned: (batch) => {
        this.#onPoisoned(batch);
        this.#reached(batch.nextOffset);
      },
    });
  }

  /** The next record; undefined at the end, or once it was stopped. Rejects with a LogError where the log fails for good. */
  async next(): Promise<StretchRecord | undefined> {
    while (!this.#isStopped) {
      const record = this.#here();
      if (record !== undefined) return record;
      if (this.#readTo >= this.#end) break;
      await this.#more();
    }
    return undefined;
  }

  /** Reads no further. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#wake();
    this.#letGo();
    await this.#scan?.stop();
  }

  /** Settles when all of the records have been asked for: until then no more come. */
  #take(spans: RecordSpans): Promise<void> | undefined {
    if (this.#isStopped) return undefined;
    this.#spans = spans;
    this.#at = 0;
    const taken = new Promise<void>((resolve) => (this.#letGo = resolve));
    this.#wake();
    return taken;
  }

  #here(): StretchRecord | undefined {
    const spans = this.#spans;
    if (spans === undefined) return undefined;
    const at = this.#at;
    const offset = at < spans.count ? (spans.offsets[at] ?? this.#end) : this.#end;
    if (offset < this.#end) {
      this.#at += 1;
      return { offset, value: spans.bytes.subarray(spans.valueFrom[at], spans.valueTo[at]) };
    }
    this.#spans = undefined;
    this.#reached(at < spans.count ? this.#end : spans.nextOffset);
    return undefined;
  }

  #reached(offset: number): void {
    this.#readTo = Math.max(this.#readTo, offset);
    this.#wake();
  }

  async #more(): Promise<void> {
    const arrived = new Promise<void>((resolve) => (this.#wake = resolve));
    this.#letGo();
    await Promise.race([arrived, this.#scan?.finished]);
  }
}

import type { EventLog } from "@leastwise/eventlog";

/** Where a partition's records began and ended when it was looked at. */
interface Bounds {
  readonly begin: number;
  readonly end: number;
}

/** How far a topic that is read from its beginning is from all that stood on it at the start. */
export class Restoring {
  /** Offset of each partition's oldest record at the start. */
  readonly begins: ReadonlyMap<number, number>;
  /** Where each partition ended at the start. */
  readonly ends: ReadonlyMap<number, number>;
  /** Resolves when all that stood there has been taken. */
  readonly done: Promise<void>;
  /** Partitions that are not read to where they ended at the start, with that end. */
  readonly #behind: Map<number, number>;
  #finish: () => void = () => undefined;

  private constructor(bounds: ReadonlyMap<number, Bounds>) {
    this.begins = new Map([...bounds].map(([partition, { begin }]) => [partition, begin]));
    this.ends = new Map([...bounds].map(([partition, { end }]) => [partition, end]));
    const filled = [...bounds].filter(([, { begin, end }]) => end > begin);
    this.#behind = new Map(filled.map(([partition, { end }]) => [partition, end]));
    this.done = new Promise((resolve) => (this.#finish = resolve));
    if (this.#behind.size === 0) this.#finish();
  }

  /** Asks where the topic's partitions begin and end now. */
  static async begin(log: EventLog, topic: string): Promise<Restoring> {
    const bounds = new Map<number, Bounds>();
    for (let partition = 0; partition < (await log.partitions(topic)); partition += 1) {
      bounds.set(partition, await log.offsets(topic, partition));
    }
    return new Restoring(bounds);
  }

  /**
   * All of a partition below `readTo` has been taken.
   *
   * @param endOffset nothing is to come from there on, as far as is known: a compacted topic may end in a gap
   */
  reached(partition: number, readTo: number, endOffset = Infinity): void {
    if (readTo >= Math.min(this.#behind.get(partition) ?? 0, endOffset)) this.#behind.delete(partition);
    if (this.#behind.size === 0) this.#finish();
  }
}

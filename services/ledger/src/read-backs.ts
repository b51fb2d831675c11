import { OwnerEpochs } from "@leastwise/contracts";
import type { Position } from "@leastwise/eventlog";

/** What a record turned out to be when its topic brought it back: it counts, or stands behind the beginning of a later owner. */
export type Verdict = "stands" | "void";

/** Where a partition's records begin to have a higher epoch than all before. */
interface Rise {
  readonly offset: number;
  readonly epoch: number;
}

interface Waiting {
  readonly epoch: number;
  readonly resolve: (verdict: Verdict | undefined) => void;
}

/** Tells what counts of the records of a topic, and tells writers what became of theirs, however the log's answer and the topic's reader overtake each other. */
export class ReadBacks {
  /** By topic and partition: all before the offset was read. */
  readonly #readTo = new Map<string, number>();
  readonly #epochs = new Map<string, OwnerEpochs>();
  /** By topic and partition, rising: one for each owner that ever began. */
  readonly #rises = new Map<string, readonly Rise[]>();
  readonly #waiting = new Map<string, Waiting>();

  /** Takes the epoch of the partition's next record, 0 for one of no owner in particular. Whether the record counts. */
  take(position: Position, epoch: number): boolean {
    const epochs = this.#epochsOf(position.topic);
    if (epoch > epochs.newestOf(position.partition)) {
      const rises = this.#risesOf(position);
      this.#rises.set(partitionOf(position), [...rises, { offset: position.offset, epoch }]);
    }
    return epochs.take(position.partition, epoch);
  }

  /** What the record says has been seen to: whoever wrote it may go on. */
  seen(position: Position): void {
    this.#readTo.set(partitionOf(position), position.offset + 1);
    const waiting = this.#waiting.get(placeOf(position));
    waiting?.resolve(this.#verdictOf(position, waiting.epoch));
  }

  /** What became of the own record there, which has that epoch; undefined if it was not read back in the time, or nobody reads any more. */
  async of(position: Position, epoch: number, waitMs: number): Promise<Verdict | undefined> {
    if (position.offset < (this.#readTo.get(partitionOf(position)) ?? 0)) return this.#verdictOf(position, epoch);
    const place = placeOf(position);
    let timer: NodeJS.Timeout | undefined;
    const verdict = await new Promise<Verdict | undefined>((resolve) => {
      this.#waiting.set(place, { epoch, resolve });
      timer = setTimeout(() => {
        resolve(undefined);
      }, waitMs);
    });
    clearTimeout(timer);
    this.#waiting.delete(place);
    return verdict;
  }

  /** Nobody reads any more. */
  giveUp(): void {
    for (const { resolve } of this.#waiting.values()) resolve(undefined);
  }

  #verdictOf(position: Position, epoch: number): Verdict {
    return this.#risesOf(position).some((rise) => rise.epoch > epoch && rise.offset < position.offset)
      ? "void"
      : "stands";
  }

  #risesOf(position: Position): readonly Rise[] {
    return this.#rises.get(partitionOf(position)) ?? [];
  }

  #epochsOf(topic: string): OwnerEpochs {
    const known = this.#epochs.get(topic) ?? new OwnerEpochs();
    this.#epochs.set(topic, known);
    return known;
  }
}

function partitionOf({ topic, partition }: Position): string {
  return `${topic}/${partition}`;
}

function placeOf(position: Position): string {
  return `${partitionOf(position)}/${position.offset}`;
}

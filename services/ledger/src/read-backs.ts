import type { Position } from "@leastwise/eventlog";

/** What a record turned out to be when its topic brought it back: it counts, or stands behind the beginning of a later owner. */
export type Verdict = "stands" | "void";

/** Void records that are remembered for a writer that has not heard from the log yet where its own stands. */
const VOID_MAX = 1_000;

/** Tells writers what became of their records, however the log's answer and the topic's reader overtake each other. */
export class ReadBacks {
  /** By topic and partition: all before the offset was read. */
  readonly #readTo = new Map<string, number>();
  readonly #void = new Set<string>();
  readonly #waiting = new Map<string, (verdict: Verdict | undefined) => void>();

  /** The record there was read, the next of its partition. */
  seen(position: Position, verdict: Verdict): void {
    const place = placeOf(position);
    this.#readTo.set(partitionOf(position), position.offset + 1);
    if (verdict === "void") this.#remember(place);
    this.#waiting.get(place)?.(verdict);
  }

  /** What became of the own record there; undefined if it was not read back in the time, or nobody reads any more. */
  async of(position: Position, waitMs: number): Promise<Verdict | undefined> {
    const place = placeOf(position);
    if (this.#void.has(place)) return "void";
    if (position.offset < (this.#readTo.get(partitionOf(position)) ?? 0)) return "stands";
    let timer: NodeJS.Timeout | undefined;
    const verdict = await new Promise<Verdict | undefined>((resolve) => {
      this.#waiting.set(place, resolve);
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
    for (const resolve of this.#waiting.values()) resolve(undefined);
  }

  #remember(place: string): void {
    this.#void.add(place);
    const [oldest] = this.#void;
    if (this.#void.size > VOID_MAX && oldest !== undefined) this.#void.delete(oldest);
  }
}

function partitionOf({ topic, partition }: Position): string {
  return `${topic}/${partition}`;
}

function placeOf(position: Position): string {
  return `${partitionOf(position)}/${position.offset}`;
}

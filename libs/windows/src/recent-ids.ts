import { DAY_MS } from "@leastwise/vocabulary";

/** Ids of a subject that are always remembered, however old. */
export const DEDUP_IDS_MIN = 128;

/** Ids within {@link DEDUP_SPAN_MS} that are remembered at most, unless the store was given another bound. */
export const DEDUP_IDS_MAX = 4_096;

/** How long an id is remembered beyond the last {@link DEDUP_IDS_MIN}, in received time. */
export const DEDUP_SPAN_MS = DAY_MS;

/** An event id and the `receivedAtMs` under which it came first. */
export interface RecentId {
  readonly id: string;
  readonly receivedAtMs: number;
}

/** Up to this many ids are searched one by one; a set of so few costs more than it saves. */
const SEARCHED_MAX = 16;

/**
 * The event ids that a subject used lately: the last {@link DEDUP_IDS_MIN} and all of the last 24 hours, up to a
 * bound. Oldest first in the order in which they came.
 */
export class RecentIds {
  readonly #ids: string[] = [];
  readonly #receivedAtMs: number[] = [];
  #head = 0;
  #index: Set<string> | undefined;

  has(id: string): boolean {
    return this.#index === undefined ? this.#ids.includes(id, this.#head) : this.#index.has(id);
  }

  get size(): number {
    return this.#ids.length - this.#head;
  }

  *entries(): Generator<RecentId> {
    for (let at = this.#head; at < this.#ids.length; at += 1) {
      yield { id: this.#ids[at] ?? "", receivedAtMs: this.#receivedAtMs[at] ?? 0 };
    }
  }

  /** Takes back an entry as it was, while a state is decoded: nothing is forgotten for it. */
  restore({ id, receivedAtMs }: RecentId): void {
    this.#ids.push(id);
    this.#receivedAtMs.push(receivedAtMs);
    if (this.#index !== undefined) this.#index.add(id);
    else if (this.size > SEARCHED_MAX) this.#index = new Set(this.#ids.slice(this.#head));
  }

  /** Remembers an id that is not remembered yet. Returns how many ids of the last 24 hours had to go for it. */
  add(id: string, receivedAtMs: number, idsMax: number): number {
    this.restore({ id, receivedAtMs });
    let overflow = 0;
    while (this.size > DEDUP_IDS_MIN) {
      const isExpired = (this.#receivedAtMs[this.#head] ?? 0) < receivedAtMs - DEDUP_SPAN_MS;
      if (!isExpired && this.size <= idsMax) break;
      if (!isExpired) overflow += 1;
      this.#index?.delete(this.#ids[this.#head] ?? "");
      this.#head += 1;
    }
    this.#compact();
    return overflow;
  }

  #compact(): void {
    if (this.#head < DEDUP_IDS_MIN || this.#head * 2 < this.#ids.length) return;
    this.#ids.splice(0, this.#head);
    this.#receivedAtMs.splice(0, this.#head);
    this.#head = 0;
  }
}

/** The union of two memories, in the order of received time. Returns the overflow beside it. */
export function uniteRecentIds(
  a: RecentIds,
  b: RecentIds,
  idsMax: number,
): { readonly ids: RecentIds; readonly overflow: number } {
  const all = [...a.entries(), ...b.entries()].sort(
    (x, y) => x.receivedAtMs - y.receivedAtMs || (x.id < y.id ? -1 : x.id > y.id ? 1 : 0),
  );
  const ids = new RecentIds();
  let overflow = 0;
  for (const { id, receivedAtMs } of all) if (!ids.has(id)) overflow += ids.add(id, receivedAtMs, idsMax);
  return { ids, overflow };
}

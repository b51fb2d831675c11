/** Something with a time. */
interface Timed {
  /** Unix milliseconds. */
  readonly atMs: number;
}

/** Things one after the other; undefined at the end. */
export type Source<T> = () => Promise<T | undefined>;

/**
 * Things of several sources in one order of time, with one of each in hand. Each source keeps its own order, be it not quite that of time; of the same
 * time the earlier source's comes first.
 */
export async function* byTime<T extends Timed>(sources: readonly Source<T>[]): AsyncGenerator<T, void, undefined> {
  const heads: { next: T; readonly from: Source<T> }[] = [];
  for (const from of sources) {
    const next = await from();
    if (next !== undefined) heads.push({ next, from });
  }
  for (let first = earliest(heads); first !== undefined; first = earliest(heads)) {
    yield first.next;
    const next = await first.from();
    if (next === undefined) heads.splice(heads.indexOf(first), 1);
    else first.next = next;
  }
}

function earliest<T extends { readonly next: Timed }>(heads: readonly T[]): T | undefined {
  let first: T | undefined;
  for (const head of heads) if (first === undefined || head.next.atMs < first.next.atMs) first = head;
  return first;
}

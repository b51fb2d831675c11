/** What a check found. */
export interface Found {
  /** What ought to be so, in words. */
  readonly what: string;
  /** How many were looked at. */
  readonly looked: number;
  /** What is not so, one line each. Empty: all is well. */
  readonly wrong: readonly string[];
}

/** Looks at each item, and keeps the words of what is wrong with it. */
export function each<T>(what: string, items: Iterable<T>, wrongWith: (item: T) => string | undefined): Found {
  const all = [...items];
  return { what, looked: all.length, wrong: all.flatMap((item) => wrongWith(item) ?? []) };
}

/** Items by a key, in their order. */
export function grouped<T, K>(items: Iterable<T>, keyOf: (item: T) => K): ReadonlyMap<K, readonly T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}

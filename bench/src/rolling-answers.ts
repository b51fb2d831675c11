/** An answer to a call for a subject of a partition. */
export interface Answer {
  readonly partition: number;
  /** When it came, Unix ms or of any other clock. */
  readonly atMs: number;
  readonly isDegraded: boolean;
}

/**
 * For each partition, the time in which answers for its subjects were degraded, added up, in seconds. An answer stands for the time since the one before it
 * for the same partition, so where every third answer is degraded it is a third of the time.
 *
 * @param answers in the order that they came in
 * @param fromMs since when the first answer of each partition counts
 */
export function degradedPartitionSeconds(answers: readonly Answer[], fromMs: number): number {
  const lastMs = new Map<number, number>();
  let sumMs = 0;
  for (const { partition, atMs, isDegraded } of answers) {
    if (atMs < fromMs) continue;
    if (isDegraded) sumMs += atMs - (lastMs.get(partition) ?? fromMs);
    lastMs.set(partition, atMs);
  }
  return sumMs / 1_000;
}

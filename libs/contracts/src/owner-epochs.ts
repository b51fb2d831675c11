/**
 * The newest epoch of each partition of a topic that its owners write under, as its records tell it in the order of their offsets. What an owner
 * writes whose successor has begun is void: it stands behind a record of a higher epoch.
 */
export class OwnerEpochs {
  readonly #newest = new Map<number, number>();

  /** Takes the epoch of the partition's next record, 0 for one of no owner in particular. Whether the record counts. */
  take(partition: number, epoch: number): boolean {
    const newest = this.newestOf(partition);
    if (epoch > newest) this.#newest.set(partition, epoch);
    return epoch >= newest;
  }

  /** 0: no owner has begun. */
  newestOf(partition: number): number {
    return this.#newest.get(partition) ?? 0;
  }
}

/** Changes in turn: what a later one overtakes before it has begun is left out, and settles as that one does. */
export class LatestTurn<Wanted> {
  readonly #change: (wanted: Wanted) => Promise<void>;
  #last: Promise<unknown> = Promise.resolve();
  #waiting: { wanted: Wanted; readonly done: Promise<void> } | undefined;

  /** @param change one call after the other */
  constructor(change: (wanted: Wanted) => Promise<void>) {
    this.#change = change;
  }

  take(wanted: Wanted): Promise<void> {
    if (this.#waiting !== undefined) {
      this.#waiting.wanted = wanted;
      return this.#waiting.done;
    }
    const done = this.#last.then(() => this.#begin(wanted));
    this.#waiting = { wanted, done };
    this.#last = done.catch(() => undefined);
    return done;
  }

  #begin(wanted: Wanted): Promise<void> {
    const newest = this.#waiting?.wanted ?? wanted;
    this.#waiting = undefined;
    return this.#change(newest);
  }
}

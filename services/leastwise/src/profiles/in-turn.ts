/**
 * Runs tasks side by side, so many at once at the most, and those of one key one after another in the order in which they came. A task that fails
 * lets no further one begin.
 */
export class InTurn {
  readonly #placesMax: number;
  /** By key, the newest task of it, which ends after all others of that key. */
  readonly #running = new Map<string, Promise<void>>();
  #places = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(placesMax: number) {
    this.#placesMax = placesMax;
  }

  /** Begins a task as soon as there is a place for it and its key is free. Throws what an earlier one failed with. */
  async begin(key: string, task: () => Promise<void>): Promise<void> {
    while (this.#failure === undefined && (this.#places >= this.#placesMax || this.#running.has(key)))
      await (this.#running.get(key) ?? Promise.race(this.#running.values()));
    this.#throwFailure();
    this.#places += 1;
    const running = task()
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => {
        this.#places -= 1;
        this.#running.delete(key);
      });
    this.#running.set(key, running);
  }

  /** Waits until all that began have ended. Throws what one failed with. */
  async ended(): Promise<void> {
    await Promise.all(this.#running.values());
    this.#throwFailure();
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

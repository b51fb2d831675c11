/** Who waits for versions to come into force. */
export class Appearances {
  readonly #awaited = new Map<string, () => void>();

  /** Resolves once the version has appeared, or with what is given if that ends first. */
  of(version: string, end: Promise<void>): Promise<void> {
    const others = this.#awaited.get(version);
    const appeared = new Promise<void>((resolve) =>
      this.#awaited.set(version, () => {
        others?.();
        resolve();
      }),
    );
    return Promise.race([appeared, end]);
  }

  /** The version is in force: nobody waits for it any more. */
  appeared(version: string): void {
    this.#awaited.get(version)?.();
    this.#awaited.delete(version);
  }
}

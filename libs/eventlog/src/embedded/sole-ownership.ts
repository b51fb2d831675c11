import type { Member, Ownership, OwnershipOptions } from "../port.js";

/** The one member of a group, which owns every partition: a directory is one process's. */
export class SoleOwnership implements Ownership {
  readonly finished: Promise<void>;
  readonly #options: OwnershipOptions;
  readonly #partitions: readonly number[];
  readonly #onEnded: () => void;
  #telling: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;
  #ending: Promise<void> | undefined;
  #resolve: () => void = () => undefined;
  #reject: (reason: unknown) => void = () => undefined;

  constructor(options: OwnershipOptions, partitions: readonly number[], onEnded: () => void) {
    this.#options = options;
    this.#partitions = partitions;
    this.#onEnded = onEnded;
    this.finished = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.finished.catch(() => undefined);
  }

  /** Resolves when the member took the partitions, or has failed. */
  async start(): Promise<void> {
    this.#telling = this.#tell();
    await this.#telling;
    if (this.#failure !== undefined) void this.stop();
  }

  members(): Promise<readonly Member[]> {
    const { address } = this.#options;
    return Promise.resolve(
      this.#ending === undefined ? [{ address, partitions: this.#partitions, standbyOf: [] }] : [],
    );
  }

  stop(): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  /** Never rejects. */
  async #tell(): Promise<void> {
    try {
      await this.#options.onOwned(this.#partitions);
    } catch (error) {
      this.#failure = { error };
    }
  }

  async #end(): Promise<void> {
    await this.#telling;
    this.#onEnded();
    if (this.#failure === undefined) this.#resolve();
    else this.#reject(this.#failure.error);
  }
}

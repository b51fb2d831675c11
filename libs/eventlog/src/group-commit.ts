import { LogError } from "./port.js";

interface Waiting<Job> {
  readonly job: Job;
  readonly bytes: number;
  resolve(): void;
  reject(reason: unknown): void;
}

export interface GroupCommitLimits {
  /** Most bytes that one commit takes on; a single larger job still goes, alone. */
  readonly groupBytesMax: number;
  /** Most bytes that may wait; more is refused as `log_unavailable`, to be tried again. */
  readonly waitingBytesMax: number;
}

/**
 * Group commit: while one commit is under way, what is submitted gathers, and goes in the next commit together. One
 * caller alone waits for one commit; many share its price. Jobs are committed in the order of their submission.
 */
export class GroupCommit<Job> {
  readonly #commit: (jobs: readonly Job[]) => Promise<void>;
  readonly #limits: GroupCommitLimits;
  #waiting: Waiting<Job>[] = [];
  #waitingBytes = 0;
  #running: Promise<void> | undefined;

  constructor(limits: GroupCommitLimits, commit: (jobs: readonly Job[]) => Promise<void>) {
    this.#limits = limits;
    this.#commit = commit;
  }

  /** Resolves when the commit that took the job is done, and rejects with that commit's error. */
  submit(job: Job, bytes: number): Promise<void> {
    if (this.#waitingBytes > 0 && this.#waitingBytes + bytes > this.#limits.waitingBytesMax) {
      const message = `${this.#waitingBytes} bytes already wait to be appended, expected at most ${this.#limits.waitingBytesMax}`;
      return Promise.reject(new LogError("log_unavailable", message, "retry"));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ job, bytes, resolve, reject });
      this.#waitingBytes += bytes;
      this.#running ??= this.#run();
    });
  }

  /** Resolves when nothing waits and nothing is under way. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(): Promise<void> {
    // One turn of the event loop's microtasks, so that calls made together are committed together.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#commitGroup(this.#takeGroup());
    this.#running = undefined;
  }

  #takeGroup(): Waiting<Job>[] {
    let bytes = 0;
    let count = 0;
    for (const waiting of this.#waiting) {
      if (count > 0 && bytes + waiting.bytes > this.#limits.groupBytesMax) break;
      bytes += waiting.bytes;
      count += 1;
    }
    this.#waitingBytes -= bytes;
    return this.#waiting.splice(0, count);
  }

  async #commitGroup(group: readonly Waiting<Job>[]): Promise<void> {
    try {
      await this.#commit(group.map(({ job }) => job));
      for (const waiting of group) waiting.resolve();
    } catch (error) {
      for (const waiting of group) waiting.reject(error);
    }
  }
}

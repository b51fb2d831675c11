import { setTimeout as sleep } from "node:timers/promises";

/** How long a member that lost its brokers tries to be let into its group again, ms: then somebody has to hear of it. */
const JOINING_MAX_MS = 600_000;

/** Waits between two tries, ms: what hangs up at once, as a proxy does whose broker is gone, is not to be asked ten times a second. */
const PAUSE_MIN_MS = 100;
const PAUSE_MAX_MS = 1_000;

/** What tries are timed by. */
export interface TryClock {
  nowMs(): number;
  /** Does not keep the process alive. */
  sleep(ms: number): Promise<void>;
}

const OWN_CLOCK: TryClock = {
  nowMs: () => performance.now(),
  sleep: (ms) => sleep(ms, undefined, { ref: false }),
};

/** A member's tries to join its group, since it was in it last. */
export class JoinTries {
  readonly #clock: TryClock;
  #sinceMs: number | undefined;
  #pauseMs = PAUSE_MIN_MS;

  constructor(clock = OWN_CLOCK) {
    this.#clock = clock;
  }

  /** The group has let the member in: whatever fails from now on begins anew. */
  joined(): void {
    this.#sinceMs = undefined;
    this.#pauseMs = PAUSE_MIN_MS;
  }

  /** Resolves when it is time for another try, as true; or at once as false, when it has been tried for long enough. */
  async another(): Promise<boolean> {
    const nowMs = this.#clock.nowMs();
    this.#sinceMs ??= nowMs;
    if (nowMs - this.#sinceMs >= JOINING_MAX_MS) return false;
    const pauseMs = this.#pauseMs;
    this.#pauseMs = Math.min(pauseMs * 2, PAUSE_MAX_MS);
    await this.#clock.sleep(pauseMs);
    return true;
  }
}

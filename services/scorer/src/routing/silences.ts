import type { KeptChannel } from "@leastwise/rpc";

/** Calls in a row that a scorer let go without an answer, after which it counts as silent. */
const LATE_MAX = 3;
/** Time without any answer after which it may count as silent, ms. */
const QUIET_MS = 200;

/** Another scorer, told by its channel. */
type Other = Pick<KeptChannel, "address">;

/** What is known of one other scorer. */
interface Hearing {
  late: number;
  /** When it last answered, or the first of the late calls ended, monotonic ms. */
  heardMs: number;
  /** True while a call finds out whether it answers again. */
  isProbed: boolean;
}

/**
 * Remembers which scorers keep silent, as one does that hangs: its connections stand, and every call to it would wait until its time is over.
 * While one is silent, one call at a time is passed on to it, to find out whether it answers again; the others need not wait.
 */
export class Silences {
  readonly #heard = new WeakMap<Other, Hearing>();

  /** True if a call may go to it. One that was told so says what became of it, by {@link answered} or {@link late}. */
  mayCall(channel: Other): boolean {
    const heard = this.#heard.get(channel);
    if (heard === undefined || heard.late < LATE_MAX) return true;
    if (heard.isProbed) return false;
    heard.isProbed = true;
    return true;
  }

  /** It has answered, whatever it said, or cannot be reached, which is known at once. */
  answered(channel: Other): void {
    this.#heard.delete(channel);
  }

  /** A call to it ended without an answer. */
  late(channel: Other, nowMs: number): void {
    const heard = this.#heard.get(channel) ?? { late: 0, heardMs: nowMs, isProbed: false };
    const isQuiet = nowMs - heard.heardMs >= QUIET_MS;
    this.#heard.set(channel, {
      late: isQuiet || heard.late + 1 < LATE_MAX ? heard.late + 1 : heard.late,
      heardMs: heard.heardMs,
      isProbed: false,
    });
  }
}

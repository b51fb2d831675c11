import { TOPICS } from "@leastwise/contracts";
import { LogError, type EventLog } from "@leastwise/eventlog";
import { bucketOf, partitionOfBucket, type Clock, type SubjectId } from "@leastwise/vocabulary";

/** A state to be sent. */
export interface Move {
  readonly to: SubjectId;
  /** The link's place in the log. */
  readonly cause: string;
  readonly value: Uint8Array;
  /** Asked when it is to leave. */
  readonly isNeeded: () => boolean;
}

/**
 * States on their way from an anonymous subject's partition to the known one's. While the log is read from its beginning, a link whose
 * state has arrived needs nothing; one whose state has not is sent then. A state that is sent twice is added once: it carries its cause.
 */
export class MoveBook {
  readonly #log: EventLog;
  readonly #clock: Clock;
  readonly #partitionCount: number;
  readonly #onFailure: (error: LogError) => void;
  readonly #notArrived = new Map<string, Move>();
  /** Who waits for the states of a subject. */
  readonly #waiting = new Map<SubjectId, Set<() => void>>();
  /** While the log is read from its beginning: states read before the link that sent them, which stands in another partition. */
  readonly #arrivedEarly = new Set<string>();

  constructor(log: EventLog, clock: Clock, partitionCount: number, onFailure: (error: LogError) => void) {
    this.#log = log;
    this.#onFailure = onFailure;
    this.#clock = clock;
    this.#partitionCount = partitionCount;
  }

  /** Sends a state on, at once if the log is read to its end. */
  send(move: Move, isLive: boolean): void {
    if (this.#arrivedEarly.delete(move.cause)) return;
    this.#notArrived.set(move.cause, move);
    if (isLive) void this.#append(move);
  }

  /** The state of that link stands on the log. */
  arrived(cause: string, isLive: boolean): void {
    const isExpected = this.#over(cause);
    if (!isExpected && !isLive) this.#arrivedEarly.add(cause);
  }

  /** True when no state is on its way to the subject; false when one still is after the time. */
  async untilArrived(to: SubjectId, waitMs: number): Promise<boolean> {
    if (!this.#isOnItsWay(to)) return true;
    const waiting = this.#waiting.get(to) ?? new Set();
    this.#waiting.set(to, waiting);
    let settle: () => void = () => undefined;
    const changed = new Promise<void>((resolve) => (settle = resolve));
    waiting.add(settle);
    const timer = setTimeout(settle, waitMs);
    await changed;
    clearTimeout(timer);
    waiting.delete(settle);
    if (waiting.size === 0) this.#waiting.delete(to);
    return !this.#isOnItsWay(to);
  }

  #isOnItsWay(to: SubjectId): boolean {
    for (const move of this.#notArrived.values()) if (move.to === to) return true;
    return false;
  }

  /** The state of that link is no longer on its way; false if it was not. */
  #over(cause: string): boolean {
    const move = this.#notArrived.get(cause);
    if (move === undefined) return false;
    this.#notArrived.delete(cause);
    if (!this.#isOnItsWay(move.to)) for (const settle of this.#waiting.get(move.to) ?? []) settle();
    return true;
  }

  /** Sends what an earlier run did not get to, each by itself: one that the log does not take holds no other back. */
  async finishEarlier(): Promise<void> {
    this.#arrivedEarly.clear();
    await Promise.all([...this.#notArrived.values()].map((move) => this.#append(move)));
  }

  /** What does not get there now is sent at the next start: the link stays on the log. */
  async #append({ to, cause, value, isNeeded }: Move): Promise<void> {
    if (!isNeeded()) {
      this.#over(cause);
      return;
    }
    const partition = partitionOfBucket(bucketOf(to), this.#partitionCount);
    const timestampMs = this.#clock.nowMs();
    try {
      await this.#log.append([{ topic: TOPICS.clickstream, partition, key: to, value, timestampMs }]);
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
      this.#onFailure(error);
    }
  }
}

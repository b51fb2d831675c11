import { TOPICS } from "@leastwise/contracts";
import { LogError, type EventLog, type NewRecord } from "@leastwise/eventlog";
import { bucketOf, partitionOfBucket, type Clock, type SubjectId } from "@leastwise/vocabulary";

/**
 * States on their way from an anonymous subject's partition to the known one's. While the log is read from its beginning, a link whose
 * state has arrived needs nothing; one whose state has not is sent then. A state that is sent twice is added once: it carries its cause.
 */
export class MoveBook {
  readonly #log: EventLog;
  readonly #clock: Clock;
  readonly #partitionCount: number;
  readonly #onFailure: (error: LogError) => void;
  readonly #notArrived = new Map<string, NewRecord>();
  /** While the log is read from its beginning: states read before the link that sent them, which stands in another partition. */
  readonly #arrivedEarly = new Set<string>();

  constructor(log: EventLog, clock: Clock, partitionCount: number, onFailure: (error: LogError) => void) {
    this.#log = log;
    this.#onFailure = onFailure;
    this.#clock = clock;
    this.#partitionCount = partitionCount;
  }

  /** Sends a state on, at once if the log is read to its end. */
  send(to: SubjectId, cause: string, value: Uint8Array, isLive: boolean): void {
    if (this.#arrivedEarly.delete(cause)) return;
    const partition = partitionOfBucket(bucketOf(to), this.#partitionCount);
    const record: NewRecord = {
      topic: TOPICS.clickstream,
      partition,
      key: to,
      value,
      timestampMs: this.#clock.nowMs(),
    };
    this.#notArrived.set(cause, record);
    if (isLive) void this.#append([record]);
  }

  /** The state of that link stands on the log. */
  arrived(cause: string, isLive: boolean): void {
    if (!this.#notArrived.delete(cause) && !isLive) this.#arrivedEarly.add(cause);
  }

  /** Sends what an earlier run did not get to. */
  async finishEarlier(): Promise<void> {
    this.#arrivedEarly.clear();
    if (this.#notArrived.size > 0) await this.#append([...this.#notArrived.values()]);
  }

  /** What does not get there now is sent at the next start: the link stays on the log. */
  async #append(records: readonly NewRecord[]): Promise<void> {
    try {
      await this.#log.append(records);
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
      this.#onFailure(error);
    }
  }
}

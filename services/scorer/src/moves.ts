import { TOPICS } from "@leastwise/contracts";
import { LogError, type EventLog } from "@leastwise/eventlog";
import { bucketOf, partitionOfBucket, type Clock, type SubjectId } from "@leastwise/vocabulary";

/** A state to be sent, or a part of it. */
export interface Move {
  readonly to: SubjectId;
  /** The link's place in the log, and which part it is: see `causeOfPart`. */
  readonly cause: string;
  readonly value: Uint8Array;
  /** Asked when it is to leave. */
  readonly isNeeded: () => boolean;
}

/** How often a state is sent by one process. */
const SENDS_MAX = 5;

/** A state that has not arrived. */
interface Outstanding {
  readonly move: Move;
  sends: number;
  /** The log did not take it when it was last sent: there is nothing to wait for. */
  hasFailed: boolean;
  /** The log took it: it is there after any crash. */
  isOnLog: boolean;
  /** It was this process's to send when it was noted, or is now. */
  isAwaited: boolean;
}

/** States that arrived before their links were read here. */
interface Early {
  readonly causes: Set<string>;
  /** Of the last of their links: once it was read, all were. */
  lastOffset: number;
}

/**
 * States on their way from an anonymous subject's partition to the known one's. While the log is read from its beginning, a link whose
 * state has arrived needs nothing; one whose state has not is sent then. A state that is sent twice is added once: it carries its cause. Parts of
 * a state that is too large for one record are moves of their own. Of partitions that are read elsewhere nothing is heard: a state that goes there is
 * over when the log has taken it, and one whose link stands there is its reader's to send. What links of a standby partition move is its owner's to send;
 * it is kept here until it has arrived or the owner's checkpoint says that the log has it, for whoever is the owner next.
 */
export class MoveBook {
  readonly #log: EventLog;
  readonly #clock: Clock;
  readonly #partitionCount: number;
  readonly #onFailure: (error: LogError) => void;
  readonly #notArrived = new Map<string, Outstanding>();
  /** The same by the subject that they go to; none that is empty. */
  readonly #notArrivedTo = new Map<SubjectId, Set<Outstanding>>();
  /** Those of them that are to be sent again. */
  readonly #failed = new Set<Outstanding>();
  /** Who waits for the states of a subject; told whether one of them was forgotten. */
  readonly #waiting = new Map<SubjectId, Set<(isForgotten: boolean) => void>>();
  /** Who waits for the arrival of any state. */
  readonly #waitingForAny: (() => void)[] = [];
  /** By the partition of the links, which is behind the one that the states were read in. */
  readonly #early = new Map<number, Early>();
  readonly #elsewhere = new Set<number>();
  readonly #standby = new Set<number>();
  /** Where partitions were taken up, by partition: what stands before is not read here. */
  readonly #takenUpAt = new Map<number, number>();
  /** First offset that was not read here yet, by partition. */
  readonly #readTo = new Map<number, number>();
  /** By partition: what its links below the offset moved stands on the log. */
  readonly #durableBelow = new Map<number, number>();
  #isStopped = false;

  constructor(log: EventLog, clock: Clock, partitionCount: number, onFailure: (error: LogError) => void) {
    this.#log = log;
    this.#onFailure = onFailure;
    this.#clock = clock;
    this.#partitionCount = partitionCount;
  }

  /**
   * The partition is read here from now on, beginning with the offset. All are unless they were let go.
   *
   * @param durableBelow what its links below that offset moved stands on the log, though they are read again
   */
  takeUp(partition: number, offset: number, durableBelow = 0): void {
    this.#elsewhere.delete(partition);
    this.#takenUpAt.set(partition, offset);
    this.#readTo.set(partition, offset);
    this.#durableBelow.set(partition, durableBelow);
  }

  /** The partition was read up to before the offset, and all of it told. */
  readTo(partition: number, nextOffset: number): void {
    this.#readTo.set(partition, nextOffset);
    if ((this.#early.get(partition)?.lastOffset ?? Infinity) < nextOffset) this.#early.delete(partition);
  }

  /** What links of the partition move is sent by its owner elsewhere from now on. */
  standBy(partition: number): void {
    this.#standby.add(partition);
    for (const outstanding of this.#ofLinksIn(partition)) this.#failed.delete(outstanding);
    this.#tellArrival();
  }

  /** What links of the partition move is this process's to send from now on, as all are at first. What is outstanding leaves with `finishEarlier`. */
  own(partition: number): void {
    this.#standby.delete(partition);
    for (const outstanding of this.#ofLinksIn(partition)) outstanding.isAwaited = true;
  }

  /** What links of the partition below the offset moved stands on the log: the checkpoint of an owner says so. */
  noteDurable(partition: number, below: number): void {
    this.#durableBelow.set(partition, Math.max(below, this.#durableBelow.get(partition) ?? 0));
    for (const { move } of this.#ofLinksIn(partition))
      if (placeOfCause(move.cause).offset < below) this.#over(move.cause);
  }

  /** The partition is about to be read elsewhere: nothing that its links sent on becomes durable any more as far as this book can tell. */
  letGo(partition: number): void {
    this.#elsewhere.add(partition);
    this.#tellArrival();
    for (const { move, isOnLog } of [...this.#notArrived.values()]) {
      if (this.#partitionOf(move.to) !== partition) continue;
      if (isOnLog) this.#over(move.cause);
      this.#letGo(move.to);
    }
  }

  /** No more of the partition's links come: who reads them next sends what they move. Whoever waits for it here waits in vain. */
  forgetLinksOf(partition: number): void {
    for (const { move, isAwaited } of this.#ofLinksIn(partition)) {
      if (isAwaited) this.#letGo(move.to, true);
      this.#over(move.cause);
    }
    for (const known of [this.#early, this.#readTo, this.#durableBelow, this.#standby]) known.delete(partition);
  }

  /**
   * Sends a state on, at once if its link's partition is read to its end, and not a standby; when the log takes it, what it did not take before is
   * sent again.
   */
  send(move: Move, isLive: boolean): void {
    const link = placeOfCause(move.cause);
    if (this.#early.get(link.partition)?.causes.delete(move.cause) === true) return;
    if (link.offset < (this.#durableBelow.get(link.partition) ?? 0)) return;
    const isOurs = !this.#standby.has(link.partition);
    const outstanding = { move, sends: 0, hasFailed: false, isOnLog: false, isAwaited: isOurs };
    const others = this.#notArrivedTo.get(move.to) ?? new Set();
    this.#notArrivedTo.set(move.to, others.add(outstanding));
    this.#notArrived.set(move.cause, outstanding);
    if (isLive && isOurs) void this.#appendAndThoseThatFailed(outstanding);
  }

  /** The state of that link stands on the log. Its link may be yet to come. */
  arrived(cause: string): void {
    if (this.#over(cause)) return;
    const { partition, offset } = placeOfCause(cause);
    if (offset < (this.#readTo.get(partition) ?? Infinity)) return;
    const early = this.#early.get(partition) ?? { causes: new Set(), lastOffset: offset };
    early.causes.add(cause);
    early.lastOffset = Math.max(early.lastOffset, offset);
    this.#early.set(partition, early);
  }

  /**
   * True when no state is on its way to the subject that it is this process's to send; false when one still is after the time, and at once when one
   * did not get off, or its link is let go.
   */
  async untilArrived(to: SubjectId, waitMs: number): Promise<boolean> {
    const awaited = this.#awaitedBy(to);
    if (awaited.length === 0) return true;
    if (awaited.some(({ hasFailed }) => hasFailed)) return false;
    const waiting = this.#waiting.get(to) ?? new Set();
    this.#waiting.set(to, waiting);
    let settle: (isForgotten: boolean) => void = () => undefined;
    const changed = new Promise<boolean>((resolve) => (settle = resolve));
    waiting.add(settle);
    const timer = setTimeout(settle, waitMs, false);
    const isForgotten = await changed;
    clearTimeout(timer);
    waiting.delete(settle);
    if (waiting.size === 0) this.#waiting.delete(to);
    return !isForgotten && this.#awaitedBy(to).length === 0;
  }

  #awaitedBy(to: SubjectId): readonly Outstanding[] {
    return [...(this.#notArrivedTo.get(to) ?? [])].filter(({ isAwaited }) => isAwaited);
  }

  /**
   * True when every state that a link of the partition below the offset sent on stands on the log, as the windows have read it there; false if
   * one still does not after the time, or when the process ends, lets the partition go or is its standby from then on.
   */
  async areDurable(partition: number, offset: number, waitMs: number): Promise<boolean> {
    const isOutstanding = (): boolean => {
      for (const cause of this.#notArrived.keys()) {
        const link = placeOfCause(cause);
        if (link.partition === partition && link.offset < offset) return true;
      }
      return false;
    };
    const time = { isOver: false };
    const timer = setTimeout(() => {
      time.isOver = true;
      this.#tellArrival();
    }, waitMs);
    const isOurs = (): boolean => !this.#elsewhere.has(partition) && !this.#standby.has(partition);
    while (isOurs() && isOutstanding() && !time.isOver && !this.#isStopped)
      await new Promise<void>((resolve) => this.#waitingForAny.push(resolve));
    clearTimeout(timer);
    return isOurs() && !isOutstanding();
  }

  /** No checkpoint waits for states that are still on their way any more. Who waits for those of one subject does so for its own time. */
  stop(): void {
    this.#isStopped = true;
    this.#tellArrival();
  }

  #tellArrival(): void {
    for (const resolve of this.#waitingForAny.splice(0)) resolve();
  }

  /** The state of that link is no longer on its way; false if it was not. */
  #over(cause: string): boolean {
    const outstanding = this.#notArrived.get(cause);
    if (outstanding === undefined) return false;
    const { to } = outstanding.move;
    const others = this.#notArrivedTo.get(to);
    this.#notArrived.delete(cause);
    this.#failed.delete(outstanding);
    this.#tellArrival();
    others?.delete(outstanding);
    if (others?.size === 0) this.#notArrivedTo.delete(to);
    if (this.#awaitedBy(to).length === 0) this.#letGo(to);
    return true;
  }

  #letGo(to: SubjectId, isForgotten = false): void {
    for (const settle of this.#waiting.get(to) ?? []) settle(isForgotten);
  }

  /** What links of the partition sent on and has not arrived. */
  #ofLinksIn(partition: number): readonly Outstanding[] {
    return [...this.#notArrived.values()].filter(({ move }) => placeOfCause(move.cause).partition === partition);
  }

  /**
   * Sends what links of a partition moved and whoever owned it before did not get to, each by itself: one that the log does not take holds
   * no other back. For when the partition is read to its end; nothing of a standby leaves.
   */
  async finishEarlier(partition: number): Promise<void> {
    if (this.#standby.has(partition)) return;
    const earlier = this.#ofLinksIn(partition).filter(({ isOnLog }) => !isOnLog);
    await Promise.all(earlier.map((outstanding) => this.#append(outstanding)));
  }

  async #appendAndThoseThatFailed(outstanding: Outstanding): Promise<void> {
    if (!(await this.#append(outstanding))) return;
    const again = [...this.#failed];
    this.#failed.clear();
    await Promise.all(again.map((one) => this.#append(one)));
  }

  /** Whether the log took it. What it takes at no time of this run is sent at the next start: the link stays on the log. */
  async #append(outstanding: Outstanding): Promise<boolean> {
    const { to, cause, value, isNeeded } = outstanding.move;
    if (!isNeeded()) {
      this.#over(cause);
      return false;
    }
    const partition = this.#partitionOf(to);
    const timestampMs = this.#clock.nowMs();
    outstanding.sends += 1;
    outstanding.hasFailed = false;
    try {
      const [position] = await this.#log.append([
        { topic: TOPICS.clickstream, partition, key: to, value, timestampMs },
      ]);
      outstanding.isOnLog = true;
      const isReadHere = (position?.offset ?? 0) >= (this.#takenUpAt.get(partition) ?? 0);
      if (this.#elsewhere.has(partition) || !isReadHere) this.#overIf(outstanding);
      return true;
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
      // What the log will never take is over, so that no checkpoint waits for it: it is counted and said.
      if (error.hint === "terminal" && error.code === "record_too_large") this.#over(cause);
      else this.#fail(outstanding);
      this.#onFailure(error);
      return false;
    }
  }

  /** It may have been read meanwhile, or its link's partition let go and taken up again: then another stands for the cause. */
  #overIf(outstanding: Outstanding): void {
    if (this.#notArrived.get(outstanding.move.cause) === outstanding) this.#over(outstanding.move.cause);
  }

  #partitionOf(subject: SubjectId): number {
    return partitionOfBucket(bucketOf(subject), this.#partitionCount);
  }

  #fail(outstanding: Outstanding): void {
    const { to, cause } = outstanding.move;
    // It may have got there all the same, and been read.
    if (this.#notArrived.get(cause) !== outstanding) return;
    outstanding.hasFailed = true;
    const isOurs = !this.#standby.has(placeOfCause(outstanding.move.cause).partition);
    if (isOurs && outstanding.sends < SENDS_MAX) this.#failed.add(outstanding);
    this.#letGo(to);
  }
}

/** Where the link stands, from the cause of its move or of a part of it, which ends with the link's place. */
function placeOfCause(cause: string): { readonly partition: number; readonly offset: number } {
  const [offset, partition] = cause.split("/").reverse();
  return { partition: Number(partition), offset: Number(offset) };
}

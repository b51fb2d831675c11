import { TOPICS } from "@leastwise/contracts";
import type { EventLog } from "@leastwise/eventlog";
import type { WindowsFeed } from "./windows-feed.js";

/** How the sight of the clickstream is kept. */
export interface ClickstreamSightOptions {
  readonly log: Pick<EventLog, "ends">;
  readonly feed: Pick<WindowsFeed, "nextOffsetOf">;
  /** A clock that never goes back, ms. */
  readonly nowMs: () => number;
  /** How often the log is asked where the clickstream ends, ms. */
  readonly heartbeatMs: number;
  /** Told of each question that failed. */
  readonly onFailed?: (error: unknown) => void;
}

/** Where a partition ended at a moment. */
interface End {
  readonly asOfMs: number;
  readonly offset: number;
}

/** What is known of a partition: the newest moment as of which the windows have all of it, and ends that they have not been seen to reach. */
interface Seen {
  asOfMs: number;
  ends: readonly End[];
}

/** Ends kept of a partition that is behind: a minute and more of them, and then the oldest. */
const ENDS_MAX = 256;

/**
 * How far the windows of each partition are behind the clickstream. At each beat the log is asked where the clickstream ends; windows that have come to an
 * end have all that there was at the moment of its question. There is one question at a time.
 */
export class ClickstreamSight {
  readonly #options: ClickstreamSightOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #seen = new Map<number, Seen>();
  readonly #beginMs: number;
  #isAsking = false;
  #isClosed = false;

  /** Asks at once, then at each beat until it is closed. */
  constructor(options: ClickstreamSightOptions) {
    this.#options = options;
    this.#beginMs = options.nowMs();
    this.#timer = setInterval(() => void this.#beat(), options.heartbeatMs);
    void this.#beat();
  }

  /** How long ago the windows of a partition were last known to have all of it, ms: never less than since the last question. */
  lagMs(partition: number): number {
    return Math.ceil(this.#options.nowMs() - (this.#lookAt(partition)?.asOfMs ?? this.#beginMs));
  }

  /** Asks no more. Idempotent. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
  }

  /** Never rejects. */
  async #beat(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    const asOfMs = this.#options.nowMs();
    try {
      const ends = await this.#options.log.ends(TOPICS.clickstream);
      for (const [partition, offset] of ends) this.#note(partition, { asOfMs, offset });
    } catch (error) {
      if (!this.#isClosed) this.#options.onFailed?.(error);
    }
    this.#isAsking = false;
  }

  #note(partition: number, end: End): void {
    const seen = this.#lookAt(partition) ?? { asOfMs: this.#beginMs, ends: [] };
    const isHeld = this.#options.feed.nextOffsetOf(partition) !== undefined;
    const kept = isHeld ? seen.ends.slice(0, ENDS_MAX - 1) : [];
    this.#seen.set(partition, { asOfMs: seen.asOfMs, ends: [...kept, end] });
    this.#lookAt(partition);
  }

  /** What is known of the partition, after a look at how far its windows have come. Undefined: nothing yet. */
  #lookAt(partition: number): Seen | undefined {
    const seen = this.#seen.get(partition);
    const nextOffset = this.#options.feed.nextOffsetOf(partition);
    if (seen === undefined || nextOffset === undefined) return seen;
    const reached = seen.ends.findLast(({ offset }) => offset <= nextOffset);
    if (reached === undefined) return seen;
    seen.asOfMs = Math.max(seen.asOfMs, reached.asOfMs);
    seen.ends = seen.ends.filter(({ asOfMs }) => asOfMs > reached.asOfMs);
    return seen;
  }
}

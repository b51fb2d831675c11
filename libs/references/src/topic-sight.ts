import type { Followed } from "./follow.js";

/** How the sight of a topic is kept, and who hears of it. */
export interface TopicSightOptions {
  readonly topic: Pick<Followed, "reachesEnd">;
  /** A clock that never goes back, ms. */
  readonly nowMs: () => number;
  /** How often the log is asked, ms. */
  readonly heartbeatMs: number;
  /** The topic is seen as long as the sight of it is no older, ms. */
  readonly unseenMs: number;
  /** Told at each beat how old the sight is, ms. */
  readonly onAge?: (ageMs: number) => void;
  /** Told of each question that failed. */
  readonly onFailed?: (error: unknown) => void;
}

/**
 * A topic's heartbeat: whether what this process knows of it is what the log says. At each beat it asks the log where the topic ends; once all that
 * stood there has been taken, the topic is seen as of the moment of the question. Whoever gives something new looks at the policy's first: a process that has
 * lost sight of it does not know whether the kill switch is on.
 *
 * There is one question at a time, and nothing is written. Where it goes to a broker that was deposed and does not know it yet, its answer is that
 * broker's: sight is as good as the reading of the topic itself.
 */
export class TopicSight {
  readonly #options: TopicSightOptions;
  readonly #beginMs: number;
  readonly #timer: NodeJS.Timeout;
  /** The newest moment as of which all of the topic is here. */
  #seenAsOfMs = Number.NEGATIVE_INFINITY;
  #question: Question | undefined;
  /** The last question failed: the next one is the next beat's. */
  #hasFailed = false;
  readonly #waiting = new Set<() => void>();
  #isClosed = false;

  /** Asks at once, then at each beat until it is closed. */
  constructor(options: TopicSightOptions) {
    this.#options = options;
    this.#beginMs = options.nowMs();
    this.#timer = setInterval(() => {
      this.#beat();
    }, options.heartbeatMs);
    this.#ask(false);
  }

  /** All of the topic that stood on the log a moment ago is here. */
  get isSeen(): boolean {
    return this.#options.nowMs() - this.#seenAsOfMs <= this.#options.unseenMs;
  }

  /** How long ago all that was on the topic was last known to be here, ms. It was when this began, of a topic that had been followed to its end. */
  get lagMs(): number {
    return Math.ceil(this.#options.nowMs() - Math.max(this.#seenAsOfMs, this.#beginMs));
  }

  /**
   * Whether the topic is seen, if it is not by now after a question that is asked at once, once for all who wait: a process that merely stood still
   * has its answer in a moment. Where a question is known to hang or has just failed, nobody waits.
   *
   * @param waitMs how long it is waited for at most
   */
  look(waitMs: number): Promise<boolean> {
    if (this.isSeen) return Promise.resolve(true);
    if (this.#isClosed || this.#hasFailed || waitMs <= 0 || this.#isHanging()) return Promise.resolve(false);
    return new Promise((resolve) => {
      const settle = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(settle);
        resolve(this.isSeen);
      };
      const timer = setTimeout(settle, waitMs);
      this.#waiting.add(settle);
      this.#ask(true);
    });
  }

  /** Asks no more, and keeps nobody waiting. A question under way ends by itself, unheard. Idempotent. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#question?.stopWaiting.abort();
    this.#release();
  }

  #beat(): void {
    const { nowMs, onAge } = this.#options;
    onAge?.(nowMs() - Math.max(this.#seenAsOfMs, this.#beginMs));
    this.#hasFailed = false;
    if (this.#question === undefined) {
      this.#ask(false);
      return;
    }
    this.#question.beats += 1;
    // What it would say is too old by now: a newer question may say less, where the log has lost its end.
    if (this.#isHanging()) this.#question.stopWaiting.abort();
  }

  /** The question outlasted so many beats that what it says is too old. Time alone does not tell: the process may have stood still. */
  #isHanging(): boolean {
    const { heartbeatMs, unseenMs } = this.#options;
    return this.#question !== undefined && this.#question.beats * heartbeatMs >= unseenMs;
  }

  /** @param isForWaiters somebody waits for the answer to just this question */
  #ask(isForWaiters: boolean): void {
    if (this.#question !== undefined) return;
    const stopWaiting = new AbortController();
    const question = { asOfMs: this.#options.nowMs(), isForWaiters, stopWaiting, beats: 0 };
    this.#question = question;
    void this.#answered(question);
  }

  /** Never rejects. */
  async #answered(question: Question): Promise<void> {
    const hasFailed = !(await this.#isTaken(question));
    this.#question = undefined;
    // Asked before anybody waited, it says too little, or failed while the process stood still.
    const isOfUse = this.isSeen || (hasFailed && question.isForWaiters);
    if (this.#waiting.size > 0 && !isOfUse && !this.#isClosed) {
      this.#ask(true);
      return;
    }
    this.#hasFailed = hasFailed;
    this.#release();
  }

  /** False if the question failed. Never rejects. */
  async #isTaken({ asOfMs, stopWaiting }: Question): Promise<boolean> {
    const { topic, onFailed } = this.#options;
    try {
      const isTaken = await topic.reachesEnd(stopWaiting.signal);
      if (isTaken) this.#seenAsOfMs = asOfMs;
      // Given up, another may say more; else nothing more is taken, and none will.
      return isTaken || stopWaiting.signal.aborted;
    } catch (error) {
      if (!this.#isClosed) onFailed?.(error);
      return false;
    }
  }

  #release(): void {
    for (const settle of this.#waiting) settle();
  }
}

/** A question that the log was asked. */
interface Question {
  readonly asOfMs: number;
  readonly isForWaiters: boolean;
  /** Ends the wait for what stands at the topic's end. */
  readonly stopWaiting: AbortController;
  /** Beats that have found it unanswered. */
  beats: number;
}

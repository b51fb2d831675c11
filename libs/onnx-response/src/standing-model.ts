import type { ModelAnswer, ResponseQuestion } from "@leastwise/decision";
import { setImmediate } from "node:timers/promises";
import { lengthOf } from "./rows.js";
import { answerOf, askRows, isFinite, type SaidRows, type Shaped } from "./session.js";

/** What came of a question. */
export type AskedOutcome =
  | { readonly outcome: "answered"; readonly answer: ModelAnswer }
  /** It took longer than it may, or its turn did not come in time, and it was not asked. `tookMs` has the wait for its turn in it. */
  | { readonly outcome: "late"; readonly tookMs: number }
  /** It gave no answer that can be reckoned with. */
  | { readonly outcome: "failed"; readonly why: string };

/** So many failures in a row, and the model is not asked for a while: it would only cost each checkout its time. */
const FAILURES_MAX = 3;
const REST_MS = 60_000;

/** Most questions that wait for their turn: more than can be answered while a checkout has time. */
export const QUEUE_MAX = 64;

export interface StandingOptions {
  /** Longest that an answer may take, ms. */
  readonly budgetMs: number;
  /** A clock that never goes back, ms. */
  readonly nowMs: () => number;
}

/** A custom model that stands ready, as those see it who ask. */
export type AskableModel = Pick<StandingModel, "ask" | "budgetMs" | "close" | "isResting">;

/** A question that waits for its turn. */
interface Waiting {
  /** The last instant at which it may begin. */
  readonly beginByMs: number;
  /** Its turn has come; false: it did not come in time. */
  readonly come: (isInTime: boolean) => void;
}

/**
 * A custom model that was loaded and tried. One question is asked at a time, as each keeps the thread busy, and none is to pay for another; of those that wait, that
 * which has to begin first is the next.
 */
export class StandingModel {
  readonly #shaped: Shaped;
  readonly #options: StandingOptions;
  /** Where questions are written, used again: as many as were ever asked at a time. */
  readonly #free: Float32Array[] = [];
  /** Who has to begin first stands first. */
  readonly #queue: Waiting[] = [];
  #failures = 0;
  #restsUntilMs = -Infinity;
  #isBusy = false;
  /** A run has not ended within its budget: nobody can say when it will. */
  #isStuck = false;
  #isClosed = false;
  #quiet: () => void = () => undefined;

  constructor(shaped: Shaped, options: StandingOptions) {
    this.#shaped = shaped;
    this.#options = options;
  }

  /** Longest that an answer may take, ms. */
  get budgetMs(): number {
    return this.#options.budgetMs;
  }

  /** True for a minute after three failures in a row, and while a run does not end: it is not to be asked then. */
  get isResting(): boolean {
    return this.#isStuck || this.#options.nowMs() < this.#restsUntilMs;
  }

  /**
   * Asks it, in one call. What goes wrong is told, not thrown. An answer comes at most its budget after its turn; at most {@link QUEUE_MAX} wait for theirs, and
   * beyond that whoever has most time is late at once.
   *
   * @param waitMs how long it may wait for its turn, ms: if that comes later, or the model rests by then, it is late and is not asked
   */
  async ask(question: ResponseQuestion, waitMs: number): Promise<AskedOutcome> {
    if (this.#isClosed) return { outcome: "failed", why: "it was let go of" };
    const { nowMs } = this.#options;
    const askedMs = nowMs();
    if (!(await this.#turn(askedMs + waitMs))) return { outcome: "late", tookMs: nowMs() - askedMs };
    const running = this.#outcomeOf(question);
    const inBudget = await this.#inBudget(running);
    const outcome = inBudget ?? ({ outcome: "late", tookMs: nowMs() - askedMs } as const);
    this.#judge(outcome);
    if (inBudget === undefined) this.#stick(running);
    else void this.#passOn();
    return outcome;
  }

  /**
   * Lets go of the model, once whoever asked it has been answered, each within the budget. One whose run does not end keeps its session until it does: that would be
   * taken from under it.
   */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#isBusy && !this.#isStuck) await new Promise<void>((resolve) => (this.#quiet = resolve));
    if (!this.#isStuck) await this.#shaped.session.release();
  }

  /** True when it is the turn of who asked, who passes it on; false if it did not come in time. */
  async #turn(beginByMs: number): Promise<boolean> {
    if (this.isResting) return false;
    if (!this.#isBusy) {
      this.#isBusy = true;
      return true;
    }
    return new Promise((come) => {
      const place = this.#queue.findIndex((other) => other.beginByMs > beginByMs);
      this.#queue.splice(place < 0 ? this.#queue.length : place, 0, { beginByMs, come });
      if (this.#queue.length > QUEUE_MAX) this.#queue.pop()?.come(false);
    });
  }

  /** Between two questions whoever else waits for the thread comes to his right. */
  async #passOn(): Promise<void> {
    if (this.#queue.length > 0) await setImmediate();
    this.#next();
  }

  #next(): void {
    for (let first = this.#queue.shift(); first !== undefined; first = this.#queue.shift()) {
      const isInTime = !this.isResting && this.#options.nowMs() <= first.beginByMs;
      first.come(isInTime);
      if (isInTime) return;
    }
    this.#isBusy = false;
    this.#quiet();
  }

  /** Nobody waits for a run of which nobody knows when it ends. */
  #stick(running: Promise<AskedOutcome>): void {
    this.#isStuck = true;
    for (const { come } of this.#queue.splice(0)) come(false);
    this.#quiet();
    void running.then(async () => {
      this.#isStuck = false;
      this.#next();
      // It takes its memory, and nothing else, if it cannot be let go of.
      if (this.#isClosed) await this.#shaped.session.release().catch(() => undefined);
    });
  }

  #judge({ outcome }: AskedOutcome): void {
    this.#failures = outcome === "answered" ? 0 : this.#failures + 1;
    if (this.#failures < FAILURES_MAX) return;
    this.#failures = 0;
    this.#restsUntilMs = this.#options.nowMs() + REST_MS;
  }

  /** What comes of a run; undefined: it has not ended within its budget. */
  async #inBudget(running: Promise<AskedOutcome>): Promise<AskedOutcome | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => {
        resolve(undefined);
      }, this.budgetMs);
    });
    const outcome = await Promise.race([running, over]);
    clearTimeout(timer);
    return outcome;
  }

  async #outcomeOf(question: ResponseQuestion): Promise<AskedOutcome> {
    const { budgetMs, nowMs } = this.#options;
    const startedMs = nowMs();
    let rows: SaidRows | undefined;
    try {
      rows = await this.#rowsOf(question);
    } catch (error) {
      return { outcome: "failed", why: error instanceof Error ? error.message : String(error) };
    }
    const tookMs = nowMs() - startedMs;
    if (tookMs > budgetMs) return { outcome: "late", tookMs };
    if (rows === undefined || !isFinite(rows)) return { outcome: "failed", why: "its answer is not made of numbers" };
    return { outcome: "answered", answer: answerOf(rows, question.rows, this.#shaped.custom) };
  }

  async #rowsOf(question: ResponseQuestion): Promise<SaidRows | undefined> {
    const length = lengthOf(question.features.length, question.rows);
    const free = this.#free.pop();
    const data = free !== undefined && free.length >= length ? free : new Float32Array(length);
    try {
      return await askRows(this.#shaped, question, data);
    } finally {
      this.#free.push(data);
    }
  }
}

import type { ModelAnswer, ResponseQuestion } from "@leastwise/decision";
import { setImmediate } from "node:timers/promises";
import { lengthOf } from "./rows.js";
import { answerOf, askRows, isFinite, type SaidRows, type Shaped } from "./session.js";

/** What came of a question. */
export type AskedOutcome =
  | { readonly outcome: "answered"; readonly answer: ModelAnswer }
  /** It took longer than it may. */
  | { readonly outcome: "late"; readonly tookMs: number }
  /** It gave no answer that can be reckoned with. */
  | { readonly outcome: "failed"; readonly why: string };

/** So many failures in a row, and the model is not asked for a while: it would only cost each checkout its time. */
const FAILURES_MAX = 3;
const REST_MS = 60_000;

export interface StandingOptions {
  /** Longest that an answer may take, ms. */
  readonly budgetMs: number;
  /** A clock that never goes back, ms. */
  readonly nowMs: () => number;
}

/** A custom model that stands ready, as those see it who ask. */
export type AskableModel = Pick<StandingModel, "ask" | "budgetMs" | "close" | "isResting">;

/** A custom model that was loaded and tried. Once it is closed it must not be asked any more. */
export class StandingModel {
  readonly #shaped: Shaped;
  readonly #options: StandingOptions;
  /** Where questions are written, used again: as many as were ever asked at a time. */
  readonly #free: Float32Array[] = [];
  #failures = 0;
  #restsUntilMs = -Infinity;
  #asked = 0;
  /** Resolves when all that was asked so far is answered: one question is asked at a time, as each keeps the thread busy, and none is to pay for another. */
  #turn: Promise<unknown> = Promise.resolve();
  #quiet: () => void = () => undefined;

  constructor(shaped: Shaped, options: StandingOptions) {
    this.#shaped = shaped;
    this.#options = options;
  }

  /** Longest that an answer may take, ms. */
  get budgetMs(): number {
    return this.#options.budgetMs;
  }

  /** True for a minute after three failures in a row: it is not to be asked then. */
  get isResting(): boolean {
    return this.#options.nowMs() < this.#restsUntilMs;
  }

  /** Asks it, in one call. What goes wrong is told, not thrown. */
  async ask(question: ResponseQuestion): Promise<AskedOutcome> {
    this.#asked += 1;
    const turn = this.#turn.then(() => this.#outcomeOf(question));
    // Between two, whoever else waits for the thread comes to his right.
    this.#turn = turn.then(() => (this.#asked > 0 ? setImmediate() : undefined));
    const outcome = await turn;
    this.#asked -= 1;
    if (this.#asked === 0) this.#quiet();
    this.#failures = outcome.outcome === "answered" ? 0 : this.#failures + 1;
    if (this.#failures >= FAILURES_MAX) {
      this.#failures = 0;
      this.#restsUntilMs = this.#options.nowMs() + REST_MS;
    }
    return outcome;
  }

  /** Lets go of the model, once whoever asked it has been answered. */
  async close(): Promise<void> {
    if (this.#asked > 0) await new Promise<void>((resolve) => (this.#quiet = resolve));
    await this.#shaped.session.release();
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

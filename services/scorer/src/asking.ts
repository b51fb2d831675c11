import { isSameQuestion, type CompiledModel, type ModelAnswer, type ResponseQuestion } from "@leastwise/decision";
import type { AskableModel, AskedOutcome } from "@leastwise/onnx-response";
import type { Models } from "@leastwise/references";
import { Seldom, type Telemetry } from "@leastwise/telemetry";
import { MINUTE_MS, type Millis } from "@leastwise/vocabulary";
import { inTime } from "./in-time.js";

export interface AskingSources {
  readonly models: Pick<Models, "active" | "custom">;
  readonly telemetry: Telemetry;
}

/** What a custom model was asked for a decision, and what it said. */
export interface Said {
  readonly model: CompiledModel;
  readonly question: ResponseQuestion;
  /** Undefined: nothing in time that can be reckoned with. */
  readonly answer: ModelAnswer | undefined;
  /** The instant that is decided at, which does not pass while the model is asked: else the shopper would be another one each time. */
  readonly nowMs: Millis;
  /** How often it was asked for this decision. */
  readonly times: number;
}

/** Once for what was known at first, and once more if that changed meanwhile. */
const TIMES_MAX = 2;

/** What a decision still takes once it knows what the model says, ms. */
const FINISH_MS = 2;

/** Asks the custom part of the model in force, and counts what comes of it. */
export class Asking {
  readonly #sources: AskingSources;
  readonly #lines = new Seldom(MINUTE_MS);

  constructor(sources: AskingSources) {
    this.#sources = sources;
  }

  /**
   * Whom to ask a decision's question; undefined: nobody, since nothing is asked, nobody is there, there is no time for it, or what was said has to do.
   *
   * @param leftMs time that is left until the answer leaves
   */
  toAsk(question: ResponseQuestion | undefined, said: Said | undefined, leftMs: number): AskableModel | undefined {
    const custom = this.#sources.models.custom();
    if (question === undefined || custom === undefined || custom.isResting) return undefined;
    if (said === undefined && waitMs(custom, leftMs) <= 0) this.#count("late");
    if (waitMs(custom, leftMs) <= 0) return undefined;
    if (said === undefined) return custom;
    return said.answer === undefined || this.#fits(said, question) || said.times >= TIMES_MAX ? undefined : custom;
  }

  /**
   * Asks, while which other decisions may be made. It is over in time for a decision without the model, whatever the model does.
   *
   * @param leftMs time that is left until the answer leaves: others may be asking, too
   */
  async ask(
    custom: AskableModel,
    question: ResponseQuestion,
    nowMs: Millis,
    leftMs: number,
    before?: Said,
  ): Promise<Said> {
    const model = this.#sources.models.active();
    if (before !== undefined) this.#count("changed");
    const asked = custom.ask(question, waitMs(custom, leftMs));
    const outcome = (await inTime(asked, leftMs - FINISH_MS)) ?? ({ outcome: "late", tookMs: leftMs } as const);
    if (outcome.outcome !== "answered") this.#miss(model, outcome);
    const answer = outcome.outcome === "answered" ? outcome.answer : undefined;
    return { model, question, answer, nowMs, times: (before?.times ?? 0) + 1 };
  }

  /** What was said to the question that a decision has now; undefined: nothing that would answer it. */
  answerTo(question: ResponseQuestion | undefined, said: Said | undefined): ModelAnswer | undefined {
    if (question === undefined || said?.answer === undefined) return undefined;
    const fits = this.#fits(said, question);
    this.#count(fits ? "answered" : "changed");
    return fits ? said.answer : undefined;
  }

  #fits({ model, question }: Said, now: ResponseQuestion): boolean {
    return model === this.#sources.models.active() && isSameQuestion(question, now);
  }

  #miss({ version }: CompiledModel, missed: Exclude<AskedOutcome, { readonly outcome: "answered" }>): void {
    this.#count(missed.outcome);
    this.#lines.say(missed.outcome, (leftOut) => {
      const said = "the custom model did not answer: the parametric part of the model decided";
      this.#sources.telemetry.logger.error({ modelVersion: version, ...missed, leftOut }, said);
    });
  }

  #count(outcome: AskedOutcome["outcome"] | "changed"): void {
    this.#sources.telemetry.metrics.customModel.with({ outcome }).add();
  }
}

/** How long a question may wait for its turn, ms, so that its answer is there in time. */
function waitMs({ budgetMs }: AskableModel, leftMs: number): number {
  return leftMs - budgetMs - FINISH_MS;
}

import { wire } from "@leastwise/contracts";
import type { Led } from "@leastwise/ledger";
import {
  callerGone,
  defineService,
  hasHopped,
  invalidArgument,
  passedOn,
  refuse,
  type CallContext,
  type CallHooks,
  type Handlers,
  type KeptChannel,
  type RpcRefusal,
  type RpcService,
} from "@leastwise/rpc";
import {
  bucketOf,
  err,
  ok,
  refusal,
  type Bucket,
  type Refusal,
  type Result,
  type SubjectId,
} from "@leastwise/vocabulary";
import { setMaxListeners } from "node:events";
import { checkBatch, decisionHandlers, STREAMS } from "../decision-service.js";
import type { RecentDecisions } from "../recent-decisions.js";
import type { Route, Router } from "./router.js";

/** A decider among others, each of which decides for its own subjects. */
export interface RoutedDecider {
  /** Decides for a subject of this process's own: see Decider. */
  decide(
    request: wire.DecideRequest,
    deadlineMs: number | undefined,
    led?: Led,
    waitedMs?: number,
  ): Promise<Result<wire.DecideResponse, Refusal>>;
  /** Whose request it is. Refuses one that names nobody as `decide` does; what else may be wrong with it does not show here. */
  subjectOf(request: wire.DecideRequest): Result<SubjectId, Refusal>;
  /**
   * The safe answer for anybody's subject: an outstanding offer is honoured, else none. Writes no record, waits for nothing, counts itself
   * as degraded, and refuses what `decide` refuses.
   */
  degraded(request: wire.DecideRequest, reason: "owner_unavailable"): Result<wire.DecideResponse, Refusal>;
  /** What would be decided on a subject of this process's own. */
  whatIf(request: wire.WhatIfRequest): Promise<Result<wire.WhatIfResponse, RpcRefusal>>;
}

export interface RoutedDecisionOptions {
  readonly decider: RoutedDecider;
  readonly recent: Pick<RecentDecisions, "explain">;
  readonly router: Router;
  /** Time for an answer where the caller gives none, ms. */
  readonly budgetMs: number;
  readonly hooks?: Pick<CallHooks, "onDefect">;
}

/** Time for Explain and WhatIf to ask other scorers where their caller gave none, ms. Nobody waits at a checkout for them. */
const ASIDE_BUDGET_MS = 1_000;

/**
 * The door of the decision where several scorers own the subjects: what is another's goes there, in one hop; where that brings no answer in time,
 * the answer is the degraded one. A well-formed call never fails.
 */
export function routedDecisionService(options: RoutedDecisionOptions): RpcService {
  const decisions = new RoutedDecisions(options);
  return defineService(
    wire.DecisionServiceService,
    {
      decide: (request, context) => decisions.decide(request, context),
      decideBatch: (batch, context) => decisions.decideBatch(batch, context),
      decideStream: (request, context) => decisions.decideStream(request, context),
      explain: (request, context) => decisions.explain(request, context),
      whatIf: (request, context) => decisions.whatIf(request, context),
    },
    STREAMS,
  );
}

type DecisionHandlers = Handlers<wire.DecisionServiceService>;

/** The requests of a batch that belong to one scorer. */
interface Part {
  readonly route: Route;
  readonly requests: wire.DecideRequest[];
  /** The place of each in the batch. */
  readonly places: number[];
}

const METHODS = wire.DecisionServiceService;

class RoutedDecisions {
  readonly #options: RoutedDecisionOptions;
  readonly #router: Router;
  /** What is done with calls for own subjects. */
  readonly #own: DecisionHandlers;
  /** What is done with calls whose owner does not answer. */
  readonly #degraded: DecisionHandlers;

  constructor(options: RoutedDecisionOptions) {
    const { decider, recent, router, hooks = {} } = options;
    const degraded = (request: wire.DecideRequest) => Promise.resolve(decider.degraded(request, "owner_unavailable"));
    this.#options = options;
    this.#router = router;
    this.#own = decisionHandlers(decider, recent, hooks);
    this.#degraded = decisionHandlers(
      { decide: degraded, whatIf: () => Promise.resolve(err(OWNER_SILENT)) },
      recent,
      hooks,
    );
  }

  async decide(request: wire.DecideRequest, context: CallContext): Promise<Result<wire.DecideResponse, RpcRefusal>> {
    const bucket = this.#bucketOf(request);
    // Who answers alone, and whoever cannot tell whose the call is, answers or refuses it as any.
    if (bucket === undefined) return this.#own.decide(request, context);
    const route = this.#routeOf(bucket, context);
    const answer =
      route === "own" ? await this.#own.decide(request, context) : await this.#decideElsewhere(route, request, context);
    if (answer.ok) answer.value.bucket = bucket;
    return answer;
  }

  async decideBatch(
    batch: wire.DecideBatchRequest,
    context: CallContext,
  ): Promise<Result<wire.DecideBatchResponse, RpcRefusal>> {
    const { requests } = batch;
    const refused = checkBatch(requests.length);
    if (refused !== undefined) return err(invalidArgument(refused));
    if (this.#router.isAlone) return this.#own.decideBatch(batch, context);
    const buckets = requests.map((request) => this.#bucketOf(request));
    const routes = buckets.map((bucket) => (bucket === undefined ? "own" : this.#routeOf(bucket, context)));
    const outcomes = new Array<wire.DecideOutcome>(requests.length);
    const parts = partsOf(requests, routes);
    setMaxListeners(0, context.signal); // each part that goes elsewhere listens for the caller's leaving
    await Promise.all(
      parts.map(async (part) => {
        const answered = await this.#answerPart(part, context);
        for (const [index, place] of part.places.entries()) outcomes[place] = inPlace(answered[index], place);
      }),
    );
    if (context.signal.aborted) return err(callerGone());
    for (const [place, { outcome }] of outcomes.entries()) tellBucket(outcome, buckets[place]);
    return ok({ outcomes });
  }

  async decideStream(
    request: wire.DecideRequest,
    context: CallContext,
  ): Promise<Result<wire.DecideOutcome, RpcRefusal>> {
    const bucket = this.#bucketOf(request);
    if (bucket === undefined) return this.#own.decideStream(request, context);
    const route = this.#routeOf(bucket, context);
    // A stream lives long: its deadline is not that of one answer.
    const oneAnswer = { ...context, deadlineMs: undefined };
    const part = { route, requests: [request], places: [0] };
    const answer =
      route === "own"
        ? await this.#own.decideStream(request, context)
        : ok(inPlace((await this.#answerPart(part, oneAnswer))[0], 0));
    if (answer.ok) tellBucket(answer.value.outcome, bucket);
    return answer;
  }

  /** An id of a decision does not tell whose it is: where it is not known here, all others are asked at once. */
  async explain(request: wire.ExplainRequest, context: CallContext): Promise<Result<wire.ExplainResponse, RpcRefusal>> {
    const here = await this.#own.explain(request, context);
    if (here.ok || here.error.code !== "NOT_FOUND" || hasHopped(context)) return here;
    const over = new AbortController();
    const { others } = this.#router;
    setMaxListeners(0, over.signal);
    context.signal.addEventListener("abort", () => {
      over.abort();
    });
    const asked = { deadlineMs: context.deadlineMs, metadata: context.metadata, signal: over.signal };
    const answers = await Promise.all(
      others.map(async (other) => {
        const answer = await this.#router.forward(other, METHODS.explain, request, asked, ASIDE_BUDGET_MS);
        if (answer.ok) over.abort();
        return answer;
      }),
    );
    if (context.signal.aborted) return err(callerGone());
    const isKnownToNobody = answers.every((answer) => !answer.ok && answer.error.code === "NOT_FOUND");
    return answers.find((answer) => answer.ok) ?? (isKnownToNobody ? here : err(SOMEBODY_SILENT));
  }

  /** Nobody waits at a checkout for it: who owns the shopper is asked, and where that one does not answer nobody is. */
  async whatIf(request: wire.WhatIfRequest, context: CallContext): Promise<Result<wire.WhatIfResponse, RpcRefusal>> {
    const bucket = request.request && this.#bucketOf(request.request);
    const route = bucket === undefined ? "own" : this.#routeOf(bucket, context);
    if (route === "own") return this.#own.whatIf(request, context);
    if (route === "nobody") return this.#degraded.whatIf(request, context);
    const answer = await this.#router.forward(route, METHODS.whatIf, request, context, ASIDE_BUDGET_MS);
    if (answer.ok) return answer;
    if (context.signal.aborted) return err(callerGone());
    const refused = passedOn(answer.error);
    return refused === undefined ? this.#degraded.whatIf(request, context) : err(refused);
  }

  /** Undefined: this process answers for all, or the request names nobody and is refused here. */
  #bucketOf(request: wire.DecideRequest): Bucket | undefined {
    if (this.#router.isAlone) return undefined;
    const subject = this.#options.decider.subjectOf(request);
    return subject.ok ? bucketOf(subject.value) : undefined;
  }

  /** A call that has hopped and is not for here goes nowhere else: two maps that disagree must not play ball with it. */
  #routeOf(bucket: Bucket, context: CallContext): Route {
    const route = this.#router.routeOf(bucket);
    return route !== "own" && hasHopped(context) ? "nobody" : route;
  }

  async #decideElsewhere(
    route: KeptChannel | "nobody",
    request: wire.DecideRequest,
    context: CallContext,
  ): Promise<Result<wire.DecideResponse, RpcRefusal>> {
    if (route === "nobody") return this.#degraded.decide(request, context);
    const answer = await this.#router.forward(route, METHODS.decide, request, context, this.#options.budgetMs);
    if (answer.ok && !isRestoring(answer.value)) return answer;
    if (context.signal.aborted) return err(callerGone());
    const refused = !answer.ok && answer.error.code === "INVALID_ARGUMENT" ? passedOn(answer.error) : undefined;
    return refused === undefined ? this.#degraded.decide(request, context) : err(refused);
  }

  /** One outcome for each request of a part, in its order; where the caller has gone, there may be fewer. */
  async #answerPart({ route, requests }: Part, context: CallContext): Promise<readonly wire.DecideOutcome[]> {
    if (route === "own") return outcomesOf(await this.#own.decideBatch({ requests }, context));
    if (route === "nobody") return this.#degrade(requests, context);
    const answer = await this.#router.forward(
      route,
      METHODS.decideBatch,
      { requests },
      context,
      this.#options.budgetMs - context.waitedMs,
    );
    if (context.signal.aborted) return [];
    if (!answer.ok || answer.value.outcomes.length !== requests.length) return this.#degrade(requests, context);
    const { outcomes } = answer.value;
    const unanswered = requests.filter((_, index) => isWithoutAnswer(outcomes[index]));
    if (unanswered.length === 0) return outcomes;
    const degraded = (await this.#degrade(unanswered, context)).values();
    return outcomes.flatMap((outcome) => (isWithoutAnswer(outcome) ? (degraded.next().value ?? []) : outcome));
  }

  async #degrade(requests: wire.DecideRequest[], context: CallContext): Promise<readonly wire.DecideOutcome[]> {
    return outcomesOf(await this.#degraded.decideBatch({ requests }, context));
  }
}

const OWNER_SILENT = refuse(
  "UNAVAILABLE",
  refusal("owner_unavailable", "request.subject", "a shopper whose scorer does not answer", "the same call again soon"),
);

const SOMEBODY_SILENT = refuse(
  "UNAVAILABLE",
  refusal("owner_unavailable", "decision_id", "a scorer that does not answer", "the same call again soon"),
);

function partsOf(requests: readonly wire.DecideRequest[], routes: readonly Route[]): readonly Part[] {
  const parts = new Map<Route, Part>();
  for (const [place, request] of requests.entries()) {
    const route = routes[place] ?? "own";
    const part = parts.get(route) ?? { route, requests: [], places: [] };
    part.requests.push(request);
    part.places.push(place);
    parts.set(route, part);
  }
  return [...parts.values()];
}

function outcomesOf(answer: Result<wire.DecideBatchResponse, RpcRefusal>): readonly wire.DecideOutcome[] {
  if (answer.ok) return answer.value.outcomes;
  throw new Error(`a part of a batch was refused as a whole: ${answer.error.refusal.reason}`);
}

/** The owner has only begun: it cannot say whether an offer is outstanding, and the own ledger can. */
function isRestoring({ degradedReason }: wire.DecideResponse): boolean {
  return degradedReason === "features_restoring";
}

function isWithoutAnswer(outcome: wire.DecideOutcome | undefined): boolean {
  const told = outcome?.outcome;
  return told === undefined || (told.$case === "response" && isRestoring(told.value));
}

/** The outcome of a part as the batch has it: a refusal names its place. */
function inPlace(answered: wire.DecideOutcome | undefined, index: number): wire.DecideOutcome {
  const outcome = answered?.outcome;
  if (outcome?.$case !== "refusal") return { outcome };
  return { outcome: { $case: "refusal", value: { ...outcome.value, index } } };
}

function tellBucket(outcome: wire.DecideOutcome["outcome"], bucket: Bucket | undefined): void {
  if (outcome?.$case === "response" && bucket !== undefined) outcome.value.bucket = bucket;
}

import {
  answerToWire,
  encodeDecision,
  unwrittenDecision,
  wire,
  type OfferTokens,
  type UnwrittenDecision,
} from "@leastwise/contracts";
import {
  answerOf,
  beginDecision,
  decide,
  degradedDecision,
  type Answer,
  type Decision,
  type DecideOutcome,
  type DegradedReason,
} from "@leastwise/decision";
import type { LogError } from "@leastwise/eventlog";
import { groupTwice, proveStack, type Counterfeit, type Hold, type Led } from "@leastwise/ledger";
import type { Models, Policies, TopicSight } from "@leastwise/references";
import type { RpcRefusal } from "@leastwise/rpc";
import { depthBandOf, Seldom, type Telemetry } from "@leastwise/telemetry";
import { MINUTE_MS, err, ok, type Refusal, type Result, type SubjectId } from "@leastwise/vocabulary";
import { Asking, type Said } from "./asking.js";
import { callFacts, type CallSources } from "./call-facts.js";
import { subjectOfCall } from "./call-subject.js";
import { readDecide, type DecideCall } from "./decide-request.js";
import { decisionInput, type Facts } from "./decision-input.js";
import { inTime } from "./in-time.js";
import { tokenedAnswer, tokenOffer, withShown, type ShownOffer } from "./token-offer.js";
import { whatIf } from "./what-if.js";
import { earlyMs } from "./leave-time.js";
import type { RecentDecisions } from "./recent-decisions.js";

/** Enough for the compiler to have seen what matters: some tens of ms. */
const REHEARSALS = 100;

/** How long an answer waits at most for the policy to be seen again, ms: what a question to the log takes a process that merely stood still. */
const SIGHT_WAIT_MAX_MS = 250;

export interface DeciderOptions extends CallSources {
  readonly policies: Policies;
  readonly models: Pick<Models, "active" | "custom">;
  /** Whether the policy that is known here is the one on the log: without sight of it nothing new is given. */
  readonly sight: Pick<TopicSight, "isSeen" | "look">;
  /** The wall's time, Unix ms, which deadlines are in whatever clock decisions are made under. */
  readonly wallNowMs: () => number;
  readonly telemetry: Telemetry;
  readonly recent: RecentDecisions;
  /** Time for an answer where the caller gives none, ms. */
  readonly budgetMs: number;
  /** How long before its deadline an answer leaves, ms. */
  readonly marginMs: number;
  /** How long a call waits for `after` where it does not say, ms. */
  readonly afterWaitMs: number;
  /** Makes and reads the tokens of offers. */
  readonly tokens: OfferTokens;
  /** How this process stands with partitions, where several share them. Absent: it owns all. */
  readonly standings?: Standings;
}

/** How an owner stands with a partition. */
export interface Standings {
  /**
   * Since when another process may be about to own the partition, ms: nothing new is given then, and answers are stale; 0: nobody is. Undefined:
   * another process owns it.
   */
  unsettledMs(partition: number): number | undefined;
}

/** A call on its way to its answer. */
interface Asked {
  readonly call: DecideCall;
  readonly subject: SubjectId;
  /** How old the state is that is decided with, ms; 0: fresh. */
  readonly staleMs: number;
  /** When the answer has to leave, wall time. */
  readonly leaveMs: number;
  readonly led: Led;
  /** The offer that the call's token stands for; undefined: none. */
  readonly shown: ShownOffer | undefined;
}

/** Answers Decide: gathers the facts, asks the core, makes what is granted durable, and always answers in time. */
export class Decider {
  readonly #options: DeciderOptions;
  /** Lines about a model, by its version. */
  readonly #ofModels = new Seldom(MINUTE_MS);
  readonly #asking: Asking;

  constructor(options: DeciderOptions) {
    this.#options = options;
    this.#asking = new Asking(options);
  }

  /**
   * Decides. Refuses only what cannot be understood, and a counterfeit stack; a token that cannot be read is as none; what is missing makes the answer degraded.
   *
   * @param deadlineMs when the caller stops waiting, in wall time; undefined: the own budget holds
   * @param led what the call's record is to say of how it came about
   * @param waitedMs how long the call had been here before, ms: its budget counts from when it came
   */
  async decide(
    request: wire.DecideRequest,
    deadlineMs: number | undefined,
    led: Led = {},
    waitedMs = 0,
  ): Promise<Result<wire.DecideResponse, Refusal>> {
    const call = readDecide(request, this.#options.afterWaitMs);
    if (!call.ok) return call;
    const shown = tokenOffer(this.#options, call.value);
    const { budgetMs, marginMs } = this.#options;
    const arrivedMs = this.#options.wallNowMs() - waitedMs;
    const givenMs = deadlineMs === undefined ? budgetMs : deadlineMs - arrivedMs;
    const leaveMs = arrivedMs + givenMs - earlyMs(givenMs, marginMs);
    const staleMs = await this.#awaitAfter(call.value, this.#leftMs(leaveMs));
    const subject = this.#subjectOf(call.value);
    return this.#inTurn({ call: call.value, subject, staleMs, leaveMs, led, shown });
  }

  /**
   * Goes the way of an answer again and again before anybody asks, so that the first shopper need not wait until it is compiled. Nothing is given, recorded
   * or counted.
   */
  rehearse(): void {
    const policy = this.#options.policies.active();
    if (policy === undefined) return;
    const bytes = wire.DecideRequest.encode(rehearsed(policy.compiled.currency)).finish();
    for (let rehearsal = 0; rehearsal < REHEARSALS; rehearsal += 1) {
      const call = readDecide(wire.DecideRequest.decode(bytes), 0);
      if (!call.ok) throw new Error(`a rehearsal was refused: ${call.error.reason} ${call.error.field}`);
      const facts = this.#facts(call.value, this.#subjectOf(call.value));
      const input = decisionInput(facts, policy, this.#options.models.active(), 0);
      const outcome = decide(input);
      if (outcome.kind === "repeated") throw new Error("a rehearsal was answered before");
      encodeDecision(unwrittenDecision(outcome.decision, input));
      wire.DecideResponse.encode(answerToWire(answerOf(outcome.decision), 0)).finish();
    }
  }

  /** What would be decided: see WhatIf. */
  whatIf(request: wire.WhatIfRequest): Promise<Result<wire.WhatIfResponse, RpcRefusal>> {
    return whatIf(this.#options, this.#asking, request);
  }

  /** Whose checkout it is, for who has to know who owns that shopper. */
  subjectOf(request: wire.DecideRequest): Result<SubjectId, Refusal> {
    const call = readDecide(request, 0);
    return call.ok ? ok(this.#subjectOf(call.value)) : call;
  }

  /** What stands, for a shopper of an owner that cannot be asked: an outstanding offer is honoured, else none. No record is made. */
  degraded(request: wire.DecideRequest, reason: DegradedReason): Result<wire.DecideResponse, Refusal> {
    const call = readDecide(request, 0);
    if (!call.ok) return call;
    const shown = tokenOffer(this.#options, call.value);
    const subject = this.#subjectOf(call.value);
    return ok(this.#untold({ call: call.value, subject, staleMs: 0, leaveMs: 0, led: {}, shown }, reason));
  }

  /** One answer of a subject after the other. Whoever's turn does not come in time gets what stands, and no record is made. */
  async #inTurn(asked: Asked): Promise<Result<wire.DecideResponse, Counterfeit>> {
    const turn = { hasCome: false, isGivenUp: false };
    let come: () => void = () => undefined;
    const hasCome = new Promise<void>((resolve) => (come = resolve));
    const answered = this.#options.ledger.exclusively(asked.subject, async (hold) => {
      if (turn.isGivenUp) return undefined;
      turn.hasCome = true;
      come();
      return this.#answer(asked, hold);
    });
    if (!turn.hasCome) await inTime(hasCome, this.#leftMs(asked.leaveMs));
    turn.isGivenUp = !turn.hasCome;
    return (turn.isGivenUp ? undefined : await answered) ?? ok(this.#untold(asked, "deadline_near"));
  }

  /** @param said what a custom model was asked for it before. All else is looked at anew after that: others were answered meanwhile */
  async #answer(asked: Asked, hold: Hold, said?: Said): Promise<Result<wire.DecideResponse, Counterfeit>> {
    const { call, subject, leaveMs } = asked;
    const { sight } = this.#options;
    const isPolicySeen = sight.isSeen || (await sight.look(Math.min(SIGHT_WAIT_MAX_MS, this.#leftMs(leaveMs) / 2)));
    const unsettledMs = this.#unsettledMs(subject);
    if (unsettledMs === undefined) return ok(this.#untold(asked, "owner_unavailable"));
    const staleMs = Math.max(asked.staleMs, unsettledMs);
    // It was let go since the call came in: what the windows would say of the shopper is nothing, and no decision is made from that.
    if (!this.#options.feed.holds(subject)) return ok(this.#untold({ ...asked, staleMs }, "owner_changing"));
    const policy = this.#options.policies.active();
    const facts = this.#facts(call, subject, said?.nowMs);
    const safe = async (input: SafeInput, reason: DegradedReason) =>
      ok(await this.#tell({ ...asked, staleMs }, hold, input, degradedDecision(input, reason), reason));
    if (policy === undefined) return safe({ ...facts, freshness: "fresh" }, "no_policy");
    const input = decisionInput(facts, policy, this.#options.models.active(), staleMs);
    if (this.#leftMs(leaveMs) <= 0) return safe(input, "deadline_near");
    if (unsettledMs > 0) return safe(input, "owner_changing");
    if (!isPolicySeen) return safe(input, "policy_unseen");
    const begun = beginDecision(input);
    const { question } = begun;
    const custom = this.#asking.toAsk(question, said, this.#leftMs(leaveMs));
    if (question !== undefined && custom !== undefined)
      return this.#answer(
        asked,
        hold,
        await this.#asking.ask(custom, question, facts.nowMs, this.#leftMs(leaveMs), said),
      );
    const answer = this.#asking.answerTo(question, said);
    const outcome = begun.finish(answer);
    const counterfeit = this.#counterfeitIn(call, outcome.kind === "repeated");
    if (counterfeit !== undefined) return err(counterfeit);
    const recorded = answer === undefined ? input : { ...input, modelAnswer: answer };
    return ok(await this.#tell({ ...asked, staleMs }, hold, recorded, outcome, this.#unbelieved(outcome)));
  }

  /** Says, once a minute for each version, that the model was not believed of a shopper; undefined: it was. */
  #unbelieved(outcome: DecideOutcome): DegradedReason | undefined {
    if (outcome.kind === "repeated" || outcome.decision.degradedReason === "") return undefined;
    const { degradedReason, modelVersion, candidates } = outcome.decision;
    this.#ofModels.say(modelVersion, (leftOut) => {
      const conversion = candidates[0]?.conversion;
      const said = "a chance to buy without us that nobody would believe: the answer was the safe one";
      this.#options.telemetry.logger.error({ modelVersion, conversion, leftOut }, said);
    });
    return degradedReason;
  }

  /** What is wrong with the offers that the checkout says are in the cart, counted; undefined: nothing. What was answered before is not held to what came since. */
  #counterfeitIn({ ids, cart }: DecideCall, isRepeated: boolean): Counterfeit | undefined {
    if (cart.offers === undefined && cart.claims === undefined) return undefined;
    const proven = proveStack(this.#options, ids, cart, "cart.offers");
    const counterfeit = proven.ok ? groupTwice(cart, proven.value, "cart.offers") : proven.error;
    if (isRepeated && counterfeit !== undefined && COMES_LATER.has(counterfeit.reason)) return undefined;
    if (counterfeit !== undefined)
      this.#options.telemetry.metrics.counterfeitStacks.with({ method: "Decide", reason: counterfeit.reason }).add();
    return counterfeit;
  }

  /** 0 where nobody else owns anything. */
  #unsettledMs(subject: SubjectId): number | undefined {
    const { standings, feed } = this.#options;
    return standings === undefined ? 0 : standings.unsettledMs(feed.partitionOf(subject));
  }

  /** Records what came out, and tells it if that may be told by the time. */
  async #tell(
    { subject, staleMs, leaveMs, led }: Asked,
    hold: Hold,
    input: SafeInput,
    outcome: DecideOutcome,
    degraded?: DegradedReason,
  ): Promise<wire.DecideResponse> {
    if (degraded !== undefined) this.#options.telemetry.metrics.degraded.with({ reason: degraded }).add();
    if (outcome.kind === "repeated") return this.#repeat(outcome.answer, subject, staleMs, degraded);
    const { decision } = outcome;
    const record = unwrittenDecision(decision, input);
    const writing = this.#options.ledger.record(record, led);
    // The answer may have to leave before; the next decision of the subject must know what became of this one.
    hold(writing);
    const give = (told: Decision) => this.#give(told, record, input, staleMs);
    if (!isGrant(decision) && decision.consentExchange === undefined) return give(decision);
    const written = await inTime(writing, this.#leftMs(leaveMs));
    if (written?.ok === true) return give(decision);
    // What a shopper was asked is to be proved: nobody is asked what may not stand on the log.
    if (!isGrant(decision)) return give({ ...decision, consentExchange: undefined });
    // Whether the grant stands on the log will show; nobody was told of it, and the next answer tells what stands.
    const reason = written === undefined ? "deadline_near" : notWritten(written.error);
    if (reason !== "owner_changing") this.#options.recent.keep(record, input, reason);
    return this.#refrain(decision, reason, staleMs);
  }

  #give(decision: Decision, record: UnwrittenDecision, madeWith: SafeInput, staleMs: number): wire.DecideResponse {
    this.#options.recent.keep(record, madeWith);
    this.#count(decision);
    return this.#toWire(decision.subject, answerOf(decision), staleMs);
  }

  #toWire(subject: SubjectId, answer: Answer, staleMs: number): wire.DecideResponse {
    return tokenedAnswer(this.#options.tokens, subject, answer, staleMs);
  }

  /** What stands, without a decision: an outstanding offer is honoured, else none. */
  #untold({ call, subject, staleMs, shown }: Asked, reason: DegradedReason): wire.DecideResponse {
    this.#options.telemetry.metrics.degraded.with({ reason }).add();
    const policy = this.#options.policies.active()?.compiled;
    const facts = this.#facts(call, subject);
    // What the ledger has heard of, be it of another subject's, is as the ledger says.
    const isHeardOf = shown !== undefined && this.#options.ledger.offerOfCode(shown.open.offer.code) !== undefined;
    const unheard = isHeardOf ? undefined : shown;
    const decisionState = withShown(facts.decisionState, unheard);
    const outcome = degradedDecision({ ...facts, decisionState, policy, freshness: "fresh" }, reason);
    if (outcome.kind === "repeated") return this.#toWire(subject, outcome.answer, staleMs);
    const answer = { ...answerOf(outcome.decision), decisionId: "" };
    return tokenedAnswer(this.#options.tokens, subject, answer, staleMs, unheard);
  }

  #leftMs(leaveMs: number): number {
    return leaveMs - this.#options.wallNowMs();
  }

  #facts(call: DecideCall, subject: SubjectId, nowMs = this.#options.clock.nowMs()): Facts {
    return callFacts(this.#options, call, subject, nowMs, this.#options.policies.active());
  }

  #repeat(
    answer: Answer,
    subject: SubjectId,
    staleMs: number,
    degraded: DegradedReason | undefined,
  ): wire.DecideResponse {
    const { metrics } = this.#options.telemetry;
    if (degraded === undefined)
      metrics.decisions
        .with({ incentive: answer.offer?.incentive.kind ?? "none", depth: "0", outcome: "continued" })
        .add();
    return this.#toWire(subject, answer, staleMs);
  }

  #refrain(decision: Decision, reason: DegradedReason, staleMs: number): wire.DecideResponse {
    this.#options.telemetry.metrics.degraded.with({ reason }).add();
    const untold = {
      offer: undefined,
      message: "",
      consentExchange: undefined,
      freshness: "degraded",
      validUntilMs: decision.decidedAtMs,
    } as const;
    return answerToWire({ ...answerOf(decision), ...untold, degradedReason: reason }, staleMs);
  }

  /** Waits until the windows have seen what the call names. How old the state is that is decided with, ms; 0: fresh. */
  async #awaitAfter(call: DecideCall, leftMs: number): Promise<number> {
    const { after, afterWaitMs } = call;
    if (after === undefined) return 0;
    const { feed } = this.#options;
    // Offsets of another log say nothing about this one: whether it has seen the event will not show, however long one waits.
    if (after.incarnation !== feed.incarnation) return 1;
    // Half of the time that is left is the decision's own: what was not seen makes an answer stale, not late.
    const waitMs = Math.max(0, Math.min(afterWaitMs, leftMs / 2));
    const startedMs = performance.now();
    // Other shoppers' events may stand among those that the position names, in partitions that are read elsewhere. Whether one of them
    // alone was seen does not show here.
    const here = [...after.offsets].filter(([partition]) => feed.roleOf(partition) !== undefined);
    if (here.length === 0) return 1;
    const seen = await Promise.all(here.map(([partition, offset]) => feed.waitFor(partition, offset, waitMs)));
    // A login that was seen has sent what the browser did to the shopper's own partition: that counts as the click, too.
    const leftToWaitMs = Math.max(0, waitMs - (performance.now() - startedMs));
    const isSeen = seen.every(Boolean) && (await feed.waitForMoves(this.#subjectOf(call), leftToWaitMs));
    return isSeen ? 0 : Math.max(1, Math.round(performance.now() - startedMs));
  }

  #subjectOf(call: DecideCall): SubjectId {
    return subjectOfCall(this.#options, call);
  }

  #count(decision: Decision): void {
    const { metrics } = this.#options.telemetry;
    const chosen = decision.candidates[decision.chosen];
    metrics.decisions
      .with({
        incentive: chosen?.incentive?.kind ?? "none",
        depth: depthBandOf(chosen?.depthBp ?? 0),
        outcome: outcomeOf(decision),
      })
      .add();
    for (const { blockedBy } of decision.candidates) {
      if (blockedBy !== "") metrics.guardrailHits.with({ guardrail: blockedBy }).add();
    }
    if (decision.episodeId !== "" && !decision.continued) {
      metrics.exploration.with({ draw: decision.chosen === decision.exploit ? "exploit" : "explore" }).add();
    }
    if (decision.heldMinor > 0) {
      metrics.money.with({ movement: "held", currency: decision.cart.currency }).add(decision.heldMinor);
    }
  }
}

/** A cart of a shopper that nobody knows. */
function rehearsed(currency: string): wire.DecideRequest {
  const money = (minor: bigint) => ({ minor, currency });
  return wire.DecideRequest.fromPartial({
    subject: { userId: "rehearsal" },
    cart: {
      lines: [1n, 2n].map((quantity) => ({ productId: `rehearsal-${quantity}`, quantity, unitPrice: money(4_900n) })),
      shipping: money(500n),
    },
  });
}

/** What may become of an offer, or of a group, that was as the checkout said when it was answered. */
const COMES_LATER: ReadonlySet<Counterfeit["reason"]> = new Set(["offer_redeemed", "offer_expired", "unknown_group"]);

/** What is decided on where something may be missing. */
type SafeInput = Parameters<typeof degradedDecision>[0];

function notWritten({ code }: LogError): DegradedReason {
  return code === "partition_revoked" ? "owner_changing" : "log_unavailable";
}

/** Something is newly given, or withheld from a held-out shopper, whose answer may come no faster than that of who is given it. */
function isGrant({ budgetId, reason }: Decision): boolean {
  return budgetId !== "" || reason === "holdout";
}

function outcomeOf(decision: Decision): "granted" | "none" | "ghost" | "continued" {
  if (decision.ghost) return "ghost";
  if (decision.continued) return "continued";
  return decision.offer === undefined ? "none" : "granted";
}

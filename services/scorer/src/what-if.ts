import { answerToWire, type wire } from "@leastwise/contracts";
import {
  answerOf,
  beginDecision,
  stateBefore,
  type Answer,
  type Decision,
  type DecisionInput,
} from "@leastwise/decision";
import type { Models, Policies } from "@leastwise/references";
import { invalidArgument, refuse, type RpcRefusal } from "@leastwise/rpc";
import { DAY_MS, err, ok, refusal, type Millis, type Result } from "@leastwise/vocabulary";
import type { Asking } from "./asking.js";
import { callFacts, type CallSources } from "./call-facts.js";
import { subjectOfCall } from "./call-subject.js";
import { readDecide } from "./decide-request.js";
import type { DeciderOptions } from "./decider.js";
import { decisionInput } from "./decision-input.js";
import { RESTORING } from "./restoring.js";
import { explained } from "./recent-decisions.js";

export interface WhatIfSources extends CallSources, Pick<DeciderOptions, "standings"> {
  readonly policies: Policies;
  readonly models: Pick<Models, "active" | "custom">;
}

/** How long a supposition waits until a custom model may be asked, ms. Checkouts, which have less time, go first. */
const MODEL_WAIT_MS = 1_000;

const AHEAD_MAX_MS = 366 * DAY_MS;

/**
 * What would be decided on a checkout, now or at another instant, under the policy in force or another version: by the way of Decide, of which nothing is kept.
 * What of a shopper is known of another instant than now is what windows and ledger still tell of it: see `WhatIfResponse.is_approximate`.
 */
export async function whatIf(
  sources: WhatIfSources,
  asking: Asking,
  { request, atMs, policyVersion }: wire.WhatIfRequest,
): Promise<Result<wire.WhatIfResponse, RpcRefusal>> {
  if (request === undefined)
    return err(invalidArgument(refusal("request_missing", "request", "nothing", "a request as Decide takes it")));
  const call = readDecide({ ...request, after: "", maxWaitMs: undefined }, 0);
  if (!call.ok) return err(invalidArgument({ ...call.error, field: `request.${call.error.field}` }));
  const nowMs = sources.clock.nowMs();
  const at = instantOf(atMs, nowMs);
  if (!at.ok) return at;
  const subject = subjectOfCall(sources, call.value);
  const { feed, standings } = sources;
  const isElsewhere = standings !== undefined && standings.unsettledMs(feed.partitionOf(subject)) === undefined;
  // What the windows would say of a shopper that they do not hold is nothing, and no decision is supposed from that.
  if (isElsewhere || !feed.holds(subject)) return err(RESTORING);
  const policy = policyVersion === "" ? sources.policies.active() : sources.policies.version(policyVersion);
  if (policy === undefined) return err(policyVersion === "" ? NO_POLICY : unknownVersion(policyVersion));
  const facts = callFacts(sources, { ...call.value, requestId: "" }, subject, at.value, policy);
  const decisionState = at.value < nowMs ? stateBefore(facts.decisionState, at.value) : facts.decisionState;
  const input = decisionInput({ ...facts, decisionState }, policy, sources.models.active(), 0);
  return ok({ ...(await decided(input, asking)), isApproximate: at.value !== nowMs });
}

function instantOf(atMs: bigint | undefined, nowMs: Millis): Result<Millis, RpcRefusal> {
  // Programs that know no absent numbers say 0, and nobody asks of 1970.
  if (atMs === undefined || atMs === 0n) return ok(nowMs);
  const latestMs = nowMs + AHEAD_MAX_MS;
  if (atMs >= 0n && atMs <= BigInt(latestMs)) return ok(Number(atMs) as Millis);
  const expected = `0 for now, or an instant up to ${new Date(latestMs).toISOString()}, in Unix milliseconds`;
  return err(invalidArgument(refusal("at_out_of_range", "at_ms", atMs, expected)));
}

const NO_POLICY = refuse(
  "FAILED_PRECONDITION",
  refusal("no_policy", "policy_version", "no policy in force", "one that was applied"),
);

function unknownVersion(version: string): RpcRefusal {
  return invalidArgument(
    refusal(
      "unknown_version",
      "policy_version",
      version,
      "a version that is or was in force, and that this build can use",
    ),
  );
}

async function decided(
  known: DecisionInput,
  asking: Asking,
): Promise<Pick<wire.WhatIfResponse, "answer" | "explanation">> {
  const begun = beginDecision(known);
  const { question } = begun;
  const custom = asking.toAsk(question, undefined, Infinity);
  const said =
    question === undefined || custom === undefined
      ? undefined
      : await asking.ask(custom, question, known.nowMs, MODEL_WAIT_MS + custom.budgetMs);
  // What was known is what is supposed, whatever has happened since.
  const input = { ...known, modelAnswer: asking.answerTo(question, said) };
  const outcome = begun.finish(input.modelAnswer);
  if (outcome.kind === "repeated")
    return { answer: answerToWire(withoutCode(outcome.answer), 0), explanation: undefined };
  const decision: Decision = withoutCode(outcome.decision);
  const explanation = explained(decision, input, "supposed");
  // The state has the codes of what the shopper was given.
  const record = explanation.record && { ...explanation.record, decisionState: Buffer.alloc(0) };
  return { answer: answerToWire(answerOf(decision), 0), explanation: { ...explanation, record } };
}

/** Nobody is to use an offer that was issued to nobody; of one that was, its holder knows the code. */
function withoutCode<T extends Pick<Answer, "offer">>(told: T): T {
  return told.offer === undefined ? told : { ...told, offer: { ...told.offer, code: "" } };
}

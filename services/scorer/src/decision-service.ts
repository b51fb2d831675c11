import { wire } from "@leastwise/contracts";
import {
  defineService,
  invalidArgument,
  refuse,
  traceparentOf,
  type CallContext,
  type CallHooks,
  type Handlers,
  type RpcService,
  type SideBySides,
} from "@leastwise/rpc";
import { err, ok, refusal, type Refusal, type Result } from "@leastwise/vocabulary";
import { randomUUID } from "node:crypto";
import { readDecide } from "./decide-request.js";
import type { Decider } from "./decider.js";
import type { RecentDecisions } from "./recent-decisions.js";
import { RESTORING } from "./restoring.js";
import { answerByToken, type TokenReaders } from "./token-offer.js";

/** Most requests of one batch. */
const BATCH_REQUESTS_MAX = 100;

/** Requests of a stream that are in hand at once: their records share the log's commits. Those of one shopper are decided one after the other. */
export const STREAMS: SideBySides<wire.DecisionServiceService> = {
  decideStream: {
    messagesMax: 32,
    keyOf: ({ subject }) => JSON.stringify([subject?.userId, subject?.userId === "" ? subject.anonymousId : ""]),
  },
};

/** The door of the decision. A defect in one answer of a batch or stream leaves the others alone, and is told to the hook. */
export function decisionService(
  decider: Pick<Decider, "decide" | "whatIf">,
  recent: Pick<RecentDecisions, "explain">,
  hooks: Pick<CallHooks, "onDefect"> = {},
): RpcService {
  return defineService(wire.DecisionServiceService, decisionHandlers(decider, recent, hooks), STREAMS);
}

/** What the door of the decision does with its calls. */
export function decisionHandlers(
  decider: Pick<Decider, "decide" | "whatIf">,
  recent: Pick<RecentDecisions, "explain">,
  { onDefect }: Pick<CallHooks, "onDefect">,
): Handlers<wire.DecisionServiceService> {
  const outcome = async (
    method: "decideBatch" | "decideStream",
    request: wire.DecideRequest,
    index: number,
    context: CallContext,
    deadlineMs?: number,
  ) => {
    try {
      const led = { traceparent: traceparentOf(context) };
      const answer = await decider.decide(request, deadlineMs, led, context.waitedMs);
      return answer.ok ? responseOutcome(answer.value) : refusalOutcome(answer.error, index);
    } catch (error) {
      const reference = randomUUID();
      onDefect?.(error, reference, wire.DecisionServiceService[method].path);
      return refusalOutcome(
        refusal("internal", "", reference, "no defect; quote the reference to the operators"),
        index,
      );
    }
  };
  return {
    decide: async (request, context) => {
      const led = { traceparent: traceparentOf(context) };
      const answer = await decider.decide(request, context.deadlineMs, led, context.waitedMs);
      return answer.ok ? answer : err(invalidArgument(answer.error));
    },
    decideBatch: async ({ requests }, context) => {
      const refused = checkBatch(requests.length);
      if (refused !== undefined) return err(invalidArgument(refused));
      const answering = requests.map((request, index) =>
        outcome("decideBatch", request, index, context, context.deadlineMs),
      );
      return ok({ outcomes: await Promise.all(answering) });
    },
    // A stream lives long: its deadline is not that of one answer, which has the own budget from when its message came.
    decideStream: async (request, context) => ok(await outcome("decideStream", request, 0, context)),
    whatIf: (request) => decider.whatIf(request),
    explain: ({ decisionId }) => {
      const explained = recent.explain(decisionId);
      if (explained !== undefined) return Promise.resolve(ok(explained));
      const expected = "a decision among the newest kept in memory; the log has them all";
      return Promise.resolve(
        err(refuse("NOT_FOUND", refusal("unknown_decision", "decision_id", decisionId, expected))),
      );
    },
  };
}

/** What is there while all else is read. */
export type RestoringOptions = TokenReaders;

/**
 * The door of the decision while the windows and the ledger are read from the log: the checkout has its answer, and no record is made of it. The offer of the
 * call's token is honoured; else it is none.
 */
export function restoringDecisionService(options: RestoringOptions): RpcService {
  const decide = (request: wire.DecideRequest) => restoringAnswer(options, request);
  const outcome = (request: wire.DecideRequest, index: number) => {
    const answer = decide(request);
    return answer.ok ? responseOutcome(answer.value) : refusalOutcome(answer.error, index);
  };
  return defineService(wire.DecisionServiceService, {
    decide: (request) => {
      const answer = decide(request);
      return Promise.resolve(answer.ok ? answer : err(invalidArgument(answer.error)));
    },
    decideBatch: ({ requests }) => {
      const refused = checkBatch(requests.length);
      return Promise.resolve(
        refused === undefined ? ok({ outcomes: requests.map(outcome) }) : err(invalidArgument(refused)),
      );
    },
    decideStream: (request) => Promise.resolve(ok(outcome(request, 0))),
    explain: () => Promise.resolve(err(RESTORING)),
    whatIf: () => Promise.resolve(err(RESTORING)),
  });
}

/** The answer while what stands behind the door is read. */
export function restoringAnswer(
  options: RestoringOptions,
  request: wire.DecideRequest,
): Result<wire.DecideResponse, Refusal> {
  const call = readDecide(request, 0);
  if (!call.ok) return call;
  options.telemetry.metrics.degraded.with({ reason: "features_restoring" }).add();
  return ok(answerByToken(options, call.value, "features_restoring"));
}

/** Why a batch of so many is not taken; undefined: it is. */
export function checkBatch(count: number): Refusal | undefined {
  if (count === 0) return refusal("batch_empty", "requests", "no request", `1 to ${BATCH_REQUESTS_MAX} requests`);
  if (count <= BATCH_REQUESTS_MAX) return undefined;
  return refusal("batch_too_large", "requests", count, `1 to ${BATCH_REQUESTS_MAX} requests`);
}

function responseOutcome(value: wire.DecideResponse): wire.DecideOutcome {
  return { outcome: { $case: "response", value } };
}

function refusalOutcome({ reason, field, came, expected }: Refusal, index: number): wire.DecideOutcome {
  return { outcome: { $case: "refusal", value: { index, reason, field, came, expected, warnings: [] } } };
}

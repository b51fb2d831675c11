import { answerToWire } from "@leastwise/contracts";
import type { Telemetry } from "@leastwise/telemetry";
import { err, ok } from "@leastwise/vocabulary";
import { subjectOfCall, type CallSubjects } from "../call-subject.js";
import { readDecide } from "../decide-request.js";
import { RESTORING, restoringAnswer } from "../decision-service.js";
import type { RoutedDecider } from "./routed-decision-service.js";

export interface RestoringDeciderOptions extends CallSubjects {
  readonly telemetry: Pick<Telemetry, "metrics">;
}

/** Stands in for the decider while the ledger is read: whose a call is it knows, and what is another's goes there. To all else the answer is none. */
export function restoringDecider(options: RestoringDeciderOptions): RoutedDecider {
  const { clock, telemetry } = options;
  const none: RoutedDecider["degraded"] = (request) => {
    const call = readDecide(request, 0);
    if (!call.ok) return call;
    telemetry.metrics.degraded.with({ reason: "features_restoring" }).add();
    return ok(answerToWire(restoringAnswer(clock.nowMs()), 0));
  };
  return {
    decide: (request) => Promise.resolve(none(request, "owner_unavailable")),
    degraded: none,
    whatIf: () => err(RESTORING),
    subjectOf: (request) => {
      const call = readDecide(request, 0);
      return call.ok ? ok(subjectOfCall(options, call.value)) : call;
    },
  };
}

import { err, ok } from "@leastwise/vocabulary";
import { subjectOfCall } from "../call-subject.js";
import { readDecide } from "../decide-request.js";
import { restoringAnswer, type RestoringOptions } from "../decision-service.js";
import { RESTORING } from "../restoring.js";
import type { RoutedDecider } from "./routed-decision-service.js";

/**
 * Stands in for the decider while the ledger is read: whose a call is it knows, and what is another's goes there. To all else the answer is what the call's
 * token stands for, or none.
 */
export function restoringDecider(options: RestoringOptions): RoutedDecider {
  return {
    decide: (request) => Promise.resolve(restoringAnswer(options, request)),
    degraded: (request) => restoringAnswer(options, request),
    whatIf: () => Promise.resolve(err(RESTORING)),
    subjectOf: (request) => {
      const call = readDecide(request, 0);
      return call.ok ? ok(subjectOfCall(options, call.value)) : call;
    },
  };
}

import { explainDecision, type Counterfactual, type Decision, type DecisionAccount } from "@leastwise/decision";
import { candidateToWire } from "./decision-record.js";
import type * as wire from "./wire.js";

/**
 * Why a decision came out as it did, in words and as data.
 *
 * @param account what its input gives beside the record. Absent: of a degraded answer there is none
 */
export function decisionExplanation(
  record: wire.DecisionRecord,
  decision: Decision,
  account?: DecisionAccount,
): wire.ExplainResponse {
  const { currency } = decision.cart;
  const runnerUp = account?.runnerUp;
  return {
    record,
    sentences: [...explainDecision(decision, account)],
    ineligible: [...(account?.ineligible ?? [])],
    terms: [...(account?.terms ?? [])],
    runnerUp: runnerUp && { candidate: runnerUp.place, reason: runnerUp.reason },
    counterfactuals: (account?.counterfactuals ?? []).map((counterfactual) => ({
      supposition: suppositionToWire(counterfactual),
      choice: candidateToWire(counterfactual.choice, currency),
      reason: counterfactual.reason,
    })),
  };
}

function suppositionToWire({ supposition }: Counterfactual): wire.Counterfactual["supposition"] {
  switch (supposition.kind) {
    case "one_more_unit":
      return { $case: "oneMoreUnit", value: supposition.productId };
    case "no_consent":
      return { $case: "noConsent", value: {} };
    case "no_other_offers":
      return { $case: "noOtherOffers", value: {} };
  }
}

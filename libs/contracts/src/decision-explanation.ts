import {
  explainDecision,
  type Counterfactual,
  type DecisionAccount,
  type Explained,
  type ExplainedDecision,
} from "@leastwise/decision";
import { candidateToWire, decisionFacts } from "./decision-record.js";
import { moneyToWire } from "./money.js";
import type * as wire from "./wire.js";

/**
 * Why a decision came out as it did, in words and as data.
 *
 * @param account what its input gives beside the record. Absent: of a degraded answer there is none
 * @param explained whether it was decided, or is what would be
 */
export function decisionExplanation(
  record: wire.DecisionRecord,
  decision: ExplainedDecision,
  account?: DecisionAccount,
  explained: Explained = "decided",
): wire.ExplainResponse {
  const { currency } = decision.cart;
  const runnerUp = account?.runnerUp;
  return {
    record,
    sentences: [...explainDecision(decision, account, explained)],
    ineligible: [...(account?.ineligible ?? [])],
    terms: [...(account?.terms ?? [])],
    targets: (account?.targets ?? []).map(({ campaignId, conversion, orderWorthMinor }) => ({
      campaignId,
      conversionBp: Math.round(conversion * 10_000),
      orderWorth: orderWorthMinor === undefined ? undefined : moneyToWire({ minor: orderWorthMinor, currency }),
    })),
    runnerUp: runnerUp && { candidate: runnerUp.place, reason: runnerUp.reason },
    counterfactuals: (account?.counterfactuals ?? []).map((counterfactual) => ({
      supposition: suppositionToWire(counterfactual),
      choice: candidateToWire(counterfactual.choice, currency),
      reason: counterfactual.reason,
    })),
    isCustomUnanswered: account?.isCustomUnanswered ?? false,
  };
}

/** The same of a record alone, where it cannot be decided again, or comes out otherwise. Throws for what is no decision of ours. */
export function recordedExplanation(record: wire.DecisionRecord): wire.ExplainResponse {
  const { modelVersion, segments } = record;
  return decisionExplanation(record, { ...decisionFacts(record), modelVersion, segments });
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

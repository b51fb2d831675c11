import type { BlockReason, DecisionReason, DegradedReason, IneligibleReason } from "../reasons.js";

/** In words, with the stable code behind them; a code that another build wrote stands for itself. */
export function inWords(words: Readonly<Record<string, string>>, code: string): string {
  const said = Object.hasOwn(words, code) ? words[code] : undefined;
  return said === undefined ? code : `${said} (${code})`;
}

export const DECISION_WORDS: Readonly<Record<DecisionReason, string>> = {
  granted: "an incentive above the baseline was chosen",
  entitlement: "it is owed, and nothing above it was chosen",
  offer_outstanding: "an offer from before still fits the cart",
  least_is_none: "nothing more is worth it with enough evidence",
  explored_none: "chance chose to give nothing, to learn what comes of that",
  answer_stands: "this cart was answered before, and the answer stands",
  holdout: "something would be given, and the subject is held out",
  observe_only: "something would be given, and here decisions are only observed",
  not_eligible: "no campaign applies to this shopper and cart",
  no_admissible_rung: "campaigns apply, and something blocks every incentive of theirs",
  kill_switch: "new offers are stopped",
  foreign_currency: "the cart is in another currency than the policy",
  foreign_price_basis: "one of cart and policy has tax in its prices, and the other has not",
  degraded: "something was missing, and the answer is the safe one",
};

export const DEGRADED_WORDS: Readonly<Record<DegradedReason, string>> = {
  features_restoring: "what is known of shoppers was still being read",
  no_policy: "no policy was known",
  deadline_near: "the time for the answer was nearly over",
  log_unavailable: "the log took no records",
  owner_unavailable: "the scorer that owns the shopper did not answer",
  owner_changing: "the shopper may be about to get another owner",
  policy_unseen: "whether the policy is still in force was not to be seen",
  model_unbelievable: "the model's chance to buy is one that nobody would believe",
};

export const INELIGIBLE_WORDS: Readonly<Record<IneligibleReason, string>> = {
  not_running: "it does not run at this time",
  partner_exclusive: "an exclusive campaign of a partner runs at this time",
  segment_does_not_hold: "its segment does not hold",
  segment_expression_failed: "its segment asks for what is not known of the shopper",
  consent_missing: "consent that it needs is missing",
  class_not_proposed: "the device does not propose a class that it is for",
  feature_absent: "a feature that it asks for is not known",
  not_abandoned: "no cart was left",
  not_dormant: "the shopper was not away for long enough",
  churn_too_low: "the shopper is too likely to come back anyway",
  churn_too_high: "the shopper is too unlikely to come back",
  propensity_too_low: "the shopper is too unlikely to buy",
  propensity_too_high: "the shopper is too likely to buy anyway",
  no_line_qualifies: "nothing in the cart qualifies",
  exchange_not_accepted: "what it asks for in exchange is not agreed to",
  exchange_given: "what it promised in exchange was given",
  exchange_over: "the time for its exchange is over",
  entitlement_outweighed: "another thing that is owed is worth as much or more",
};

export const BLOCK_WORDS: Readonly<Record<BlockReason, string>> = {
  incentive_not_applicable: "it gives nothing on this cart",
  below_entitlement: "what is owed anyway is worth more",
  offer_outstanding: "another offer of its campaign is open",
  stacking_group: "something of its stacking group is in the cart or open",
  deeper_than_before: "it is more than an incentive that was offered and not used",
  refused_before: "the campaign has answered this episode with nothing",
  answered_before_left: "the cart was left after an answer in this episode",
  recovered_before: "the shopper was brought back not long ago",
  guardrail_excluded_goods: "goods in the cart are excluded",
  guardrail_floor_price: "a price would fall below its floor",
  guardrail_max_discount: "the discount on a product would be too large",
  guardrail_cart_max_discount: "the discount on the cart would be too large",
  guardrail_incentive_max: "an incentive may not be worth so much",
  guardrail_margin_floor: "the margin would fall below its floor",
  guardrail_subject_max: "the shopper would get more than one may in a period",
  frequency_cap: "the shopper got as many offers as one may",
  cool_down: "the shopper got an offer too short a time ago",
  open_offers_max: "the shopper has as many open offers as one may",
  margin_unknown: "the margin that a breaker asks for is not known",
  margin_breaker: "the margin that was realised has left its band",
  quantity_unknown: "how many are left is not known",
  quantity_exhausted: "none are left",
  budget_exhausted: "its budget has not enough left",
  budget_unknown: "what its budget has left is not known",
  kill_switch: "new offers are stopped",
};

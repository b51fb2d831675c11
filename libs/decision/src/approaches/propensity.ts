import { DAY_MS, MINUTE_MS } from "@leastwise/vocabulary";
import { aliveProbability, ordersOf, type BgNbd } from "./bgnbd.js";
import type { PropensityApproach } from "../policy/policy.js";
import type { IneligibleReason } from "../reasons.js";

/** Features that a propensity stands on, by their names in the catalogue. */
export interface PropensityFeatures {
  /** 1 if the cart did not change for more than 30 minutes. */
  readonly cartAbandoned: number | undefined;
  /** Since the newest start of a checkout, ms. */
  readonly sinceCheckoutStartMs: number | undefined;
  /** Since the newest order, ms. */
  readonly sincePurchaseMs: number | undefined;
  /** Since the first order, ms. */
  readonly sinceFirstPurchaseMs: number | undefined;
  /** Different days with an order. */
  readonly purchaseDays: number | undefined;
}

/** Silence after which a begun checkout counts as left. */
const CHECKOUT_LEFT_MS = 30 * MINUTE_MS;
/** Time without an order after which a shopper counts as away, where the policy does not say. */
const AWAY_DEFAULT_MS = 30 * DAY_MS;

/**
 * Why the approach does not apply to a shopper whose chance of buying at rung 0 is `conversion`; undefined if it does.
 *
 * @param bgnbd by which the chance of churn is found
 */
export function propensityProblem(
  approach: PropensityApproach,
  features: PropensityFeatures,
  conversion: number,
  bgnbd: BgNbd,
): IneligibleReason | undefined {
  const state = stateProblem(approach, features, bgnbd);
  if (state !== undefined) return state;
  if (conversion * 10_000 < approach.propensityMinBp) return "propensity_too_low";
  const most = approach.propensityMaxBp === 0 ? 10_000 : approach.propensityMaxBp;
  return conversion * 10_000 > most ? "propensity_too_high" : undefined;
}

function stateProblem(
  approach: PropensityApproach,
  features: PropensityFeatures,
  bgnbd: BgNbd,
): IneligibleReason | undefined {
  switch (approach.of) {
    case "dormant":
      return dormantProblem(approach, features);
    case "churn":
      return churnProblem(approach, features, bgnbd);
    default:
      return abandonmentProblem(features);
  }
}

/** Whether the chance that the shopper will never order again is below or above what the campaign wants. */
function churnProblem(
  { churnMinBp = 0, churnMaxBp = 0 }: PropensityApproach,
  { sincePurchaseMs, sinceFirstPurchaseMs, purchaseDays }: PropensityFeatures,
  bgnbd: BgNbd,
): IneligibleReason | undefined {
  if (sincePurchaseMs === undefined || sinceFirstPurchaseMs === undefined || purchaseDays === undefined)
    return "feature_absent";
  const churn = 1 - aliveProbability(bgnbd, ordersOf(purchaseDays, sinceFirstPurchaseMs, sincePurchaseMs));
  if (churn * 10_000 < churnMinBp) return "churn_too_low";
  return churn * 10_000 > (churnMaxBp === 0 ? 10_000 : churnMaxBp) ? "churn_too_high" : undefined;
}

function abandonmentProblem(features: PropensityFeatures): IneligibleReason | undefined {
  const { cartAbandoned, sinceCheckoutStartMs, sincePurchaseMs } = features;
  if (cartAbandoned === undefined && sinceCheckoutStartMs === undefined) return "feature_absent";
  if (cartAbandoned === 1) return undefined;
  const begunAndLeft =
    sinceCheckoutStartMs !== undefined &&
    sinceCheckoutStartMs > CHECKOUT_LEFT_MS &&
    (sincePurchaseMs === undefined || sincePurchaseMs > sinceCheckoutStartMs);
  return begunAndLeft ? undefined : "not_abandoned";
}

function dormantProblem(
  { awayMs }: PropensityApproach,
  { sincePurchaseMs }: PropensityFeatures,
): IneligibleReason | undefined {
  if (sincePurchaseMs === undefined) return "feature_absent";
  return sincePurchaseMs >= (awayMs === 0 ? AWAY_DEFAULT_MS : awayMs) ? undefined : "not_dormant";
}

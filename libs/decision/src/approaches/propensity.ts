import { DAY_MS, MINUTE_MS } from "@leastwise/vocabulary";
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
}

/** Silence after which a begun checkout counts as left. */
const CHECKOUT_LEFT_MS = 30 * MINUTE_MS;
/** Time without an order after which a shopper counts as away, where the policy does not say. */
const AWAY_DEFAULT_MS = 30 * DAY_MS;

/** Why the approach does not apply to a shopper whose chance of buying at rung 0 is `conversion`; undefined if it does. */
export function propensityProblem(
  approach: PropensityApproach,
  features: PropensityFeatures,
  conversion: number,
): IneligibleReason | undefined {
  const state = approach.of === "dormant" ? dormantProblem(approach, features) : abandonmentProblem(features);
  if (state !== undefined) return state;
  if (conversion * 10_000 < approach.propensityMinBp) return "propensity_too_low";
  const most = approach.propensityMaxBp === 0 ? 10_000 : approach.propensityMaxBp;
  return conversion * 10_000 > most ? "propensity_too_high" : undefined;
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

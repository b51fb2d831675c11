import { wire } from "@leastwise/contracts";
import { readModelDocument, readPolicyDocument } from "@leastwise/policy";
import { decideRequest } from "./checkout.js";
import { policyWithoutChance } from "./market-policy.js";
import type { Stock } from "./shop.js";

export const CAMPAIGNS = 20;

/** What a shopper's answer is: nothing, since who has started a checkout buys anyway; or an offer, since who has not hardly does. */
export type AnswerKind = "none" | "grant";

/** Shoppers of each kind. Each is asked once: a second answer is cheaper than a first. */
export const SHOPPERS_OF_KIND = 20_000;

/** The learned model that tells the two kinds apart, sure of what it says: a chance of 98 in a hundred without us, or of 30. */
const MODEL = `
version: bench-learned-1
horizon: 7d
baseline:
  - {feature: intercept, mean: -0.85, sd: 0.05}
  - {feature: checkout_starts_24h, mean: 4.75, sd: 0.05}
formats:
  - {format: percent_off, slope_mean: 1.6, slope_sd: 0.1, null_probability: 0.05, depth_scale_bp: 1000}
  - {format: amount_off, slope_mean: 1.6, slope_sd: 0.1, null_probability: 0.05, depth_scale_bp: 1000}
  - {format: loyalty_credit, slope_mean: 1.2, slope_sd: 0.1, null_probability: 0.05, depth_scale_bp: 1000}
`;

const { EVENT_KIND_PRODUCT_VIEW, EVENT_KIND_CART_ADD, EVENT_KIND_CHECKOUT_START } = wire.EventKind;
const LOOKED = [EVENT_KIND_PRODUCT_VIEW, EVENT_KIND_PRODUCT_VIEW, EVENT_KIND_CART_ADD];

/** 20 campaigns of 8 rungs for everybody, nothing left to chance, and shoppers of both kinds by turns. */
export function marketStock(): Stock {
  const policy = readPolicyDocument(policyWithoutChance(CAMPAIGNS, "USD"));
  const model = readModelDocument(MODEL);
  if (!policy.ok || !model.ok) throw new Error("the policy or the model of the benchmark cannot be read");
  return {
    policy: policy.value.policy,
    model: model.value.model,
    shoppers: 2 * SHOPPERS_OF_KIND,
    eventsOf: (shopper) => (shopper % 2 === 0 ? [...LOOKED, EVENT_KIND_CHECKOUT_START] : LOOKED),
  };
}

/** The first request of a shopper of a kind. Throws when there is none left. */
export function marketRequest(kind: AnswerKind, place: number): wire.DecideRequest {
  if (place >= SHOPPERS_OF_KIND)
    throw new RangeError(`${SHOPPERS_OF_KIND} shoppers have each been asked once: ask for fewer seconds`);
  return decideRequest(2 * place + (kind === "none" ? 0 : 1), `request-${kind}-${place}`);
}

import { DAY_MS } from "@leastwise/vocabulary";
import type { Coefficient, FormatResponse, ResponseModel } from "./model/response-model.js";

/**
 * What the decision assumes before it has learned anything: a prior, not an estimate. No figure here was fitted to any
 * shop's data. Every standard deviation is wide on purpose, and every format may turn out to have no effect at all, so
 * that with these figures alone the evidence gate at its default of 0.8 grants nothing outside exploration: a slope
 * that is bounded below by zero is no evidence that it is not zero.
 */
const BASELINE: readonly Coefficient[] = [
  // Of carts that reach a checkout, published surveys see about seven in ten left behind: logit(0.3) = −0.85.
  { feature: "intercept", mean: -0.85, sd: 0.6 },
  // Someone who bought here in the last month knows the shop and its checkout, and buys a little more readily.
  { feature: "purchases_30d", mean: 0.2, sd: 0.2 },
  // Each checkout begun in the last day beyond the present one was not finished: something holds the shopper back.
  { feature: "checkout_starts_24h", mean: -0.1, sd: 0.1 },
  // Taking things out of the cart is second thoughts.
  { feature: "cart_removes_1h", mean: -0.1, sd: 0.1 },
  // A cart that was left for half an hour and is looked at again converts less often than one just filled.
  { feature: "cart_abandoned", mean: -0.4, sd: 0.4 },
];

// A tenth off moves the odds of buying by e^(0.9 · ln 2) ≈ 1.9 where it works at all; further depth adds ever less.
// One chance in four that a shop's shoppers do not respond to a format keeps the promise of the paragraph above.
const NULL_PROBABILITY = 0.25;
const DEPTH_SCALE_BP = 1_000;

const FORMATS: readonly FormatResponse[] = [
  // Shown at once, off the price that is about to be paid.
  format("percent_off", 0.9, 0.6),
  // The same money said as an amount; which of the two is read as more depends on the price, so no difference is assumed.
  format("amount_off", 0.9, 0.6),
  // Shipping is the cost named most often for leaving a checkout, so a unit of it is assumed to move a little more.
  format("free_shipping", 1.1, 0.8),
  // Reaches only those who have the bundle together already, who are the surest to buy.
  format("bundle_credit", 0.7, 0.6),
  // Worth something only at a next visit, and discounted by the shopper accordingly.
  format("loyalty_credit", 0.5, 0.5),
  // Paid back weeks later: the weakest pull at the moment of paying.
  format("tiered_cashback", 0.4, 0.4),
  // For shoppers of a partner it is an amount off.
  format("partner_exclusive", 0.9, 0.6),
  // An amount off for those who would have taken more units anyway, or are led to.
  format("buy_x_get_y", 0.7, 0.6),
  // Worth to the shopper what the shop says, and to many of them nothing.
  format("gift", 0.5, 0.6),
  // A share off for those who can pay so.
  format("payment_discount", 0.7, 0.6),
];

function format(name: string, slopeMean: number, slopeSd: number): FormatResponse {
  return { format: name, slopeMean, slopeSd, nullProbability: NULL_PROBABILITY, depthScaleBp: DEPTH_SCALE_BP };
}

/** The response model in force until one stands on the topic `models`. */
export const PRIOR_MODEL: ResponseModel = {
  version: "prior-2026-11",
  horizonMs: 7 * DAY_MS,
  baseline: BASELINE,
  formats: FORMATS,
};

/**
 * What a discount teaches: shoppers learn to wait for the next one, and remember the lower price as the price. For each unit given, so much of later margin
 * is assumed lost: a share that grows with depth, as deep promotions lower what established customers buy and pay later (Anderson and Simester 2004,
 * "Long-run effects of promotion depth on new versus established customers", Marketing Science 23), and with how recently the shopper was given something,
 * as frequent ones make them wait for more (Mela, Gupta and Lehmann 1997, "The long-term impact of promotion and advertising on consumer brand choice",
 * Journal of Marketing Research 34). The papers give the directions. The figures are ours: a tenth off, to who was given nothing lately, costs 5 % of what is
 * given besides. A prior; it stands alone until randomised rows to day 90 say more.
 */
export const TEACHING = {
  /** Share of what is given that is lost however little it is, basis points. */
  leastBp: 200,
  /** Share of the depth that is lost besides: at a depth of 10 %, 3 %. Basis points. */
  ofDepthBp: 3_000,
  /** No deeper discount is asked about, basis points. */
  depthMaxBp: 10_000,
  /** After so long without, what was given last counts half of what it did, ms. Just after it the whole is doubled. */
  recencyHalfLifeMs: 30 * DAY_MS,
} as const;

/** The same by the rules of before: a share of what is given, however deep and recent, basis points. */
export const TEACHING_FLAT_BP = 500;

/**
 * Salvage prior: what goods within a dynamic campaign's shelf life are worth to the shop falls in a straight line from
 * their unit cost to nothing when they perish. Neither disposal costs nor scarcity are assumed.
 */
export const SALVAGE_AT_END_BP = 0;

/** Share of orders within an offer's life that use it, basis points: all of them, which never understates its cost. */
export const USE_GIVEN_ORDER_BP = 10_000;

/**
 * What is compared between the arms: one integer figure a subject, zero for who did nothing.
 * `conversion`: 1 with an order; `orders`: how many; `revenue`: paid for goods, discounts taken off; `incentive_cost`: what
 * our offers on those orders cost the shop; `returns`: paid back less goods recovered; `margin`: revenue less known cost of
 * goods, incentive cost and returns. Money is in minor units of the report's currency.
 */
export const LIFT_METRICS = ["conversion", "orders", "revenue", "incentive_cost", "returns", "margin"] as const;

export type LiftMetric = (typeof LIFT_METRICS)[number];

/** The two arms of an experiment. The contrast is treatment − holdout. */
export const LIFT_ARMS = ["treatment", "holdout"] as const;

export type LiftArm = (typeof LIFT_ARMS)[number];

/** Version of the definitions in `sql/`; printed with every row, raised when a figure's meaning changes. */
export const LIFT_DEFINITION = "lift-1";

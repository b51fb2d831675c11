/** Currency of the shop under test. */
export const CURRENCY = "EUR";

/** What the incentives may cost: little enough to run out in a run of some minutes. */
export const TIGHT_BUDGET = { id: "tight", amountMinor: 60_000 };

const money = (minor: number) => ({ minor: String(minor), currency: CURRENCY });
const DAY_MS = 24 * 3_600_000;

/**
 * The policy of a run, as JSON: everybody is owed an entitlement, so that many offers are made, used and made again; incentives are drawn on
 * top of that, from a budget that runs out. Offers run out within a run of some minutes.
 */
export function faultsPolicy(): object {
  return {
    version: "faults-1",
    author: "faults",
    reason: "many offers in a short time",
    currency: CURRENCY,
    segments: [{ name: "everyone", expression: "true" }],
    campaigns: [
      {
        ...campaign("welcome", "wide"),
        kind: "CAMPAIGN_KIND_ENTITLEMENT",
        ladder: [{ incentive: { percent_off: { percent_bp: 300, maximum: money(1_000) } } }],
      },
      {
        ...campaign("any-cart", TIGHT_BUDGET.id),
        kind: "CAMPAIGN_KIND_INCENTIVE",
        experiment_id: "faults",
        exploration: { floor_bp: 2_000, cold_start_decisions_per_rung: 2_000, budget: money(10_000_000) },
        ladder: [
          { incentive: { percent_off: { percent_bp: 700, maximum: money(4_000) } } },
          { incentive: { percent_off: { percent_bp: 1_200, maximum: money(4_000) } } },
        ],
      },
    ],
    guardrails: {
      floor_price_bp: 5_000,
      max_discount_bp: 3_000,
      margin_floor_bp: 500,
      assumed_margin_bp: 4_000,
      per_subject_max: money(10_000_000),
      per_subject_period_ms: String(30 * DAY_MS),
    },
    stacking_groups: [{ name: "checkout" }],
    experiments: [{ experiment_id: "faults", salt: "faults/1", holdout_bp: 1_000 }],
    budgets: [
      { budget_id: "wide", amount: money(100_000_000) },
      { budget_id: TIGHT_BUDGET.id, amount: money(TIGHT_BUDGET.amountMinor) },
    ],
    templates: [{ language: "en", placement: "checkout", text: "For {cohort}: {incentive}, until {expires}." }],
  };
}

function campaign(id: string, budgetId: string) {
  return {
    campaign_id: id,
    rules: { segment: "everyone" },
    budget_id: budgetId,
    horizon_ms: String(7 * DAY_MS),
    offer_ttl_ms: "90000",
    frequency_caps: [{ offers_max: 64, period_ms: String(7 * DAY_MS) }],
    stacking_group: "checkout",
  };
}

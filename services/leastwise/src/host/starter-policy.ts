import { wire } from "@leastwise/contracts";
import { DAY_MS, exponentOf, HOUR_MS, isCurrencyCode } from "@leastwise/vocabulary";

/** The experiment of the built-in policy. */
const STARTER_EXPERIMENT = "checkout-incentives";

const { CampaignKind, PropensityKind } = wire;

/**
 * The built-in policy: something sensible to start with and to read. A fifth of shoppers is held out; shoppers who come back to a cart
 * they left, members, and carts with goods about to perish may get the least of a short ladder; exploration has a budget in money.
 */
export function starterPolicy(currency: string): wire.Policy {
  const unit = isCurrencyCode(currency) ? 10 ** exponentOf(currency) : 100;
  const money = (units: number): wire.Money => ({ minor: BigInt(units * unit), currency });
  const percent = (percentBp: number): wire.Rung =>
    rung({ $case: "percentOff", value: { percentBp, maximum: money(40), scope: undefined } });
  const shipping = rung({ $case: "freeShipping", value: { maximum: money(10) } });
  return wire.Policy.fromPartial({
    version: "starter-1",
    author: "leastwise",
    reason: "the built-in policy, in force until another is applied",
    currency,
    segments: [
      { name: "everyone", expression: "true" },
      { name: "members", expression: "profile.member == true" },
    ],
    campaigns: [
      campaign("come-back", 40, money(2_000), {
        approach: {
          $case: "propensity",
          value: {
            kind: PropensityKind.PROPENSITY_KIND_ABANDONMENT,
            propensityMinBp: 0,
            propensityMaxBp: 9_000,
            awayMs: 0n,
            churnMinBp: 0,
            churnMaxBp: 0,
          },
        },
        ladder: [shipping, percent(500), percent(1_000), percent(1_500)],
      }),
      campaign("fresh-goods", 30, money(1_000), {
        approach: {
          $case: "dynamic",
          value: {
            categories: ["delicatessen"],
            inventoryMin: 0n,
            inventoryReserved: 0n,
            shelfLifeMaxMs: BigInt(14 * DAY_MS),
            markdown: [
              { leftBp: 10_000, depthMaxBp: 500 },
              { leftBp: 0, depthMaxBp: 3_000 },
            ],
          },
        },
        ladder: [percent(1_000), percent(2_000)],
      }),
      campaign("members", 20, money(1_000), {
        approach: { $case: "rules", value: { segment: "members" } },
        ladder: [shipping, percent(500), percent(1_000)],
      }),
      campaign("any-cart", 10, money(3_000), {
        approach: { $case: "rules", value: { segment: "everyone" } },
        ladder: [shipping, percent(500), percent(1_000)],
      }),
    ],
    guardrails: {
      floorPriceBp: 6_000,
      maxDiscountBp: 3_000,
      marginFloorBp: 500,
      assumedMarginBp: 4_000,
      perSubjectMax: money(60),
      perSubjectPeriodMs: BigInt(30 * DAY_MS),
    },
    stackingGroups: [{ name: "checkout" }],
    experiments: [{ experimentId: STARTER_EXPERIMENT, salt: "checkout-incentives/1", holdoutBp: 2_000 }],
    budgets: [{ budgetId: "incentives", amount: money(50_000) }],
    templates: [{ language: "en", placement: "checkout", text: "For {cohort}: {incentive}, until {expires}." }],
  });
}

/** What all campaigns of the policy share: the experiment, the budget, a day to use an offer, a week to count. */
function campaign(
  campaignId: string,
  priority: number,
  explorationBudget: wire.Money,
  own: Pick<wire.Campaign, "approach" | "ladder">,
) {
  return {
    campaignId,
    priority,
    kind: CampaignKind.CAMPAIGN_KIND_INCENTIVE,
    experimentId: STARTER_EXPERIMENT,
    budgetId: "incentives",
    horizonMs: BigInt(7 * DAY_MS),
    offerTtlMs: BigInt(24 * HOUR_MS),
    exploration: { floorBp: 200, coldStartDecisionsPerRung: 200, budget: explorationBudget },
    frequencyCaps: [{ offersMax: 2, periodMs: BigInt(7 * DAY_MS) }],
    stackingGroup: "checkout",
    ...own,
  };
}

function rung(kind: NonNullable<wire.Incentive["kind"]>): wire.Rung {
  return { incentive: { kind } };
}

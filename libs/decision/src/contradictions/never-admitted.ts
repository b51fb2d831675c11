import type { Incentive } from "@leastwise/offers";
import { formatMoney, isCurrencyCode, type Money } from "@leastwise/vocabulary";
import { shareMinor } from "../holds.js";
import type { Budget, Campaign, Guardrails, Policy } from "../policy/policy.js";
import type { Problems } from "../policy/problems.js";
import { leastWorstCost, leastWorth, type LeastAmount, type LeastSetting } from "./least-of-incentive.js";
import { lineRoom, type LineRoom, type NamedGoods } from "./line-room.js";

/**
 * By how much a share must be beyond what a guardrail leaves, basis points, before it is refused. Amounts are whole minor units and limits round in the
 * shopper's favour, up to two and a half minor units a line: a percentage point of 250 minor units is as much, so that no line from there on can have it.
 * Of a smaller line some can: a rung of nearly what is left is not refused, and of others those lines are not looked at.
 */
const BEYOND_ROUNDING_BP = 100;

/** Two things of a policy that do not go together. */
interface Collision {
  /** Path within the incentive's kind; empty: the kind itself. */
  readonly field: string;
  readonly came: unknown;
  /** What would go with the other, with its path. */
  readonly expected: string;
}

/** What a rung is held against. */
interface Rung extends LeastSetting {
  readonly incentive: Incentive;
  readonly policy: Policy;
  readonly guardrails: Guardrails;
  readonly campaign: Campaign;
  /** Path of the campaign. */
  readonly at: string;
  /** What is left of each line that it reaches. */
  readonly room: LineRoom;
}

/**
 * Refuses every rung that some guardrail or budget blocks on each cart of lines from 250 minor units on, other offers in the cart left aside. Each is told once, with the first
 * that it collides with.
 */
export function validateRungsAdmissible(problems: Problems, policy: Policy): void {
  const { guardrails } = policy;
  if (guardrails === undefined) return;
  for (const [i, campaign] of policy.campaigns.entries())
    for (const [k, { incentive }] of campaign.ladder.entries()) {
      if (incentive === undefined) continue;
      const at = `campaigns[${String(i)}]`;
      const collision = collisionOf(rungOf(incentive, policy, guardrails, campaign, at));
      if (collision === undefined) continue;
      const { field, came, expected } = collision;
      const kind = `${at}.ladder[${String(k)}].incentive.${incentive.kind}`;
      problems.add("rung_never_admitted", field === "" ? kind : `${kind}.${field}`, came, expected);
    }
}

function rungOf(incentive: Incentive, policy: Policy, guardrails: Guardrails, campaign: Campaign, at: string): Rung {
  const { approach } = campaign;
  const ofApproach = approach?.kind === "dynamic" ? [{ ...NO_GOODS, categories: approach.categories }] : [];
  const room = lineRoom(guardrails, [...ofApproach, reachOf(incentive)]);
  return {
    ...{ incentive, policy, guardrails, campaign, at, room },
    keepsLines: room.shareBp <= 10_000 - BEYOND_ROUNDING_BP,
    isMarkedDown: approach?.kind === "dynamic" && approach.markdown.length > 0,
    rounding: policy.rounding ?? "half_even",
  };
}

function collisionOf(rung: Rung): Collision | undefined {
  return (
    lineCollision(rung) ??
    cartCollision(rung) ??
    incentiveMaxCollision(rung) ??
    marginCollision(rung) ??
    subjectCollision(rung) ??
    budgetCollision(rung)
  );
}

/** Nothing may be taken off a line, or less than the share that the incentive takes of each. */
function lineCollision({ incentive, room, isMarkedDown }: Rung): Collision | undefined {
  if (!isOffGoods(incentive)) return undefined;
  if (room.shareBp === 0)
    return {
      field: "",
      came: incentive.kind,
      expected: `nothing off goods: ${room.field}, ${room.says}, keeps all of their price`,
    };
  const share = shareOfLines(incentive);
  if (share === undefined || isMarkedDown || share - room.shareBp < BEYOND_ROUNDING_BP) return undefined;
  const expected = `at most ${String(room.shareBp)} bp: ${room.field}, ${room.says}, lets no more of a price be taken off`;
  return { field: "percent_bp", came: share, expected };
}

/** Less may be taken off the goods together. Where some of them may be out of its reach, a cart can hold enough of those. */
function cartCollision({ incentive, guardrails, campaign }: Rung): Collision | undefined {
  const { cartMaxDiscountBp: most } = guardrails;
  if (most === undefined || !isOffGoods(incentive)) return undefined;
  const at = "guardrails.cart_max_discount_bp";
  if (most === 0) return { field: "", came: incentive.kind, expected: `nothing off goods: ${at}, 0 bp, allows none` };
  const isOfAll =
    (incentive.kind === "payment_discount" || (incentive.kind === "percent_off" && incentive.scope === undefined)) &&
    reachesWholeCart(campaign, guardrails);
  const share = isOfAll ? shareOfLines(incentive) : undefined;
  if (share === undefined || share - most < BEYOND_ROUNDING_BP) return undefined;
  const expected = `at most ${String(most)} bp: ${at} lets no more of a cart be taken off`;
  return { field: "percent_bp", came: share, expected };
}

function incentiveMaxCollision(rung: Rung): Collision | undefined {
  const { incentiveMax } = rung.guardrails;
  if (incentiveMax === undefined) return undefined;
  const least = leastWorth(rung.incentive, rung);
  return beyond(least, incentiveMax, `guardrails.incentive_max lets no incentive be worth more`, rung);
}

/** What is given beside the goods comes off the margin; the goods themselves may have cost nothing. */
function marginCollision({ incentive, guardrails, campaign, at }: Rung): Collision | undefined {
  const own = campaign.marginFloorBp;
  const floorBp = own ?? guardrails.marginFloorBp;
  const field = `${own === undefined ? "guardrails" : at}.margin_floor_bp`;
  if (incentive.kind === "tiered_cashback") {
    if (!reachesWholeCart(campaign, guardrails)) return undefined;
    const shares = incentive.tiers.map(({ cashbackBp }) => cashbackBp);
    const least = Math.min(...shares);
    const leftBp = 10_000 - floorBp;
    if (least - leftBp < BEYOND_ROUNDING_BP) return undefined;
    return {
      field: `tiers[${String(shares.indexOf(least))}].cashback_bp`,
      came: least,
      expected: `at most ${String(leftBp)} bp: ${field}, ${String(floorBp)} bp, leaves no more of what is paid`,
    };
  }
  const isBesideGoods =
    incentive.kind === "free_shipping" ||
    incentive.kind === "loyalty_credit" ||
    (incentive.kind === "gift" && incentive.cost.minor > 0);
  if (floorBp < 10_000 || !isBesideGoods) return undefined;
  return {
    field: "",
    came: incentive.kind,
    expected: `nothing that costs: ${field}, ${String(floorBp)} bp, keeps all that is paid`,
  };
}

function subjectCollision(rung: Rung): Collision | undefined {
  const { perSubjectMax } = rung.guardrails;
  if (perSubjectMax === undefined) return undefined;
  const why =
    "guardrails.per_subject_max lets no shopper be given more, and an offer counts with all that is held for it";
  return beyond(leastWorstCost(rung.incentive, rung), perSubjectMax, why, rung);
}

/** A budget whose whole amount does not hold one offer. */
function budgetCollision(rung: Rung): Collision | undefined {
  const { policy, campaign } = rung;
  const least = leastWorstCost(rung.incentive, rung);
  const partnerId = campaign.approach?.kind === "partner" ? campaign.approach.partnerId : undefined;
  const partner = policy.partners.find((one) => one.partnerId === partnerId);
  const merchantShareBp = partner?.merchantShareBp ?? 10_000;
  const ofPartner = budgetsOver(policy.budgets, partner?.budgetId ?? "");
  const ofMerchant = budgetsOver(policy.budgets, campaign.budgetId);
  for (const index of new Set([...ofMerchant, ...ofPartner])) {
    const amount = policy.budgets[index]?.amount;
    if (amount === undefined) continue;
    const isOfBoth = ofMerchant.includes(index) && ofPartner.includes(index);
    const by = isOfBoth ? "both" : ofMerchant.includes(index) ? "merchant" : "partner";
    const share = shareMinor(least.minor, merchantShareBp, by);
    if (share <= amount.minor) continue;
    const ofShare =
      by === "both" || share === least.minor
        ? ""
        : `, of which ${formatMoney({ ...amount, minor: share })} is its share`;
    const why = `budgets[${String(index)}].amount holds no more${ofShare}`;
    return {
      field: least.field,
      came: cameOf(least, rung),
      expected: `what costs at most ${formatMoney(amount)}: ${why}`,
    };
  }
  return undefined;
}

/** Places of a budget and of all that it is part of. */
function budgetsOver(budgets: readonly Budget[], budgetId: string): readonly number[] {
  const index = budgets.findIndex((budget) => budget.budgetId === budgetId);
  const budget = budgets[index];
  return budget === undefined ? [] : [index, ...budgetsOver(budgets, budget.partOf)];
}

function beyond(least: LeastAmount, most: Money, why: string, rung: Rung): Collision | undefined {
  if (least.minor <= most.minor) return undefined;
  return { field: least.field, came: cameOf(least, rung), expected: `at most ${formatMoney(most)}: ${why}` };
}

function cameOf({ minor, field }: LeastAmount, { incentive, policy: { currency } }: Rung): string {
  if (field === "" || !isCurrencyCode(currency)) return incentive.kind;
  return `${field === "tiers" ? "at least " : ""}${formatMoney({ minor, currency })}`;
}

const NO_GOODS: NamedGoods = { productIds: [], categories: [], brands: [] };

/** Lists that every line is in one of from which the incentive takes something. */
function reachOf(incentive: Incentive): NamedGoods {
  switch (incentive.kind) {
    case "percent_off":
    case "amount_off":
      return incentive.scope ?? NO_GOODS;
    case "bundle_credit":
      return { ...NO_GOODS, productIds: incentive.productIds };
    case "buy_x_get_y":
      return incentive.getScope ?? incentive.buyScope ?? NO_GOODS;
    case "free_shipping":
    case "gift":
    case "loyalty_credit":
    case "partner_exclusive":
    case "payment_discount":
    case "tiered_cashback":
      return NO_GOODS;
  }
}

/** False where some goods may be out of the reach of every incentive: a cart can hold any amount of those. */
function reachesWholeCart({ approach }: Campaign, { goodsLimits }: Guardrails): boolean {
  return approach?.kind !== "dynamic" && !goodsLimits.some(({ excluded }) => excluded);
}

/** True if it takes something off the goods' price. */
function isOffGoods({ kind }: Incentive): boolean {
  return kind !== "free_shipping" && kind !== "gift" && kind !== "loyalty_credit" && kind !== "tiered_cashback";
}

/** The share that it takes of every line in its reach, however large; undefined where a cart or a line can be large enough for it. */
function shareOfLines(incentive: Incentive): number | undefined {
  if (incentive.kind !== "percent_off" && incentive.kind !== "payment_discount") return undefined;
  if (incentive.maximum !== undefined) return undefined;
  const isOfSomeUnits = incentive.kind === "percent_off" && incentive.scope?.units !== undefined;
  return isOfSomeUnits ? undefined : incentive.percentBp;
}

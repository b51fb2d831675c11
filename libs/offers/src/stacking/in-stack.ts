import type { RoundingMode } from "@leastwise/vocabulary";
import { appraise, type Appraisal, type AppraisalSetting } from "../appraise.js";
import { lineAmountMinor, listPriceMinor, type Cart } from "../cart.js";
import type { GuardedCart } from "../guardrails/cart-guardrails.js";
import type { Incentive } from "../incentive.js";
import { reaching, StackCourse, type ReachingOffer } from "./stack-course.js";
import {
  basketMinor,
  byApplication,
  costOf,
  STACK_STAGES,
  stageOf,
  type StackCart,
  type StackStage,
} from "./stack-offer.js";

/** A cart as its other offers leave it: what they take off the goods stands on its lines. */
export type LeftCart = Pick<GuardedCart, "cart" | "otherOffersCostMinor">;

/** An incentive of ours among the other offers of a cart. */
export interface StackedAppraisal {
  /** What it gives in its place. */
  readonly appraisal: Appraisal;
  /** The cart as the others leave it with ours among them: what a guardrail has to see. */
  readonly left: LeftCart;
}

/**
 * What an incentive of ours gives in its place among the offers of the cart; undefined if it gives nothing there. Of a stage, the offers of the
 * cart go before ours: they were there first. Minimums are held against the goods before any offer; tiers of a cashback against what is
 * left of the goods. What the shop's own offers come to is not stopped at floors, since nobody knows whether the shop
 * does that: so ours is held against the deeper discount.
 */
export function appraiseInStack(
  incentive: Incentive,
  cart: Cart,
  setting: AppraisalSetting = {},
): StackedAppraisal | undefined {
  const alone = appraise(incentive, cart, setting);
  if (alone === undefined) return undefined;
  if (cart.offers === undefined || cart.offers.length === 0) return { appraisal: alone, left: { cart } };
  const stage = stageOfIncentive(incentive);
  const { course, before, after } = courseOf(cart, setting.rounding, stage);
  const gains = before.map((offer, depth) => course.apply(depth, offer));
  const there = cartAt(cart, course, before.length);
  const appraisal = appraise(withoutMinimum(incentive), there, {
    ...setting,
    goods: undefined,
    ceilingMinor: ceilingOf(incentive, course.toPay(before.length), setting.ceilingMinor),
  });
  if (appraisal === undefined) return undefined;
  course.take(before.length, appraisal.shares, appraisal.shippingMinor);
  gains.push(...after.map((offer, index) => course.apply(before.length + 1 + index, offer)));
  const end = before.length + 1 + after.length;
  return {
    appraisal,
    left: leftBy([...before, ...after], gains, cart, course.amounts(end), appraisal.shares, setting),
  };
}

/** The cart as its offers leave it without ours. */
export function leftByOffers(cart: Cart, rounding?: RoundingMode): LeftCart {
  if (cart.offers === undefined || cart.offers.length === 0) return { cart };
  const { course, before } = courseOf(cart, rounding, "later");
  const gains = before.map((offer, depth) => course.apply(depth, offer));
  return leftBy(before, gains, cart, course.amounts(before.length), [], { rounding });
}

/** The cart's offers that reach their minimum, on both sides of ours, and the cart before any of them. */
function courseOf(cart: Cart, rounding: RoundingMode | undefined, stage: StackStage) {
  const bare = bareCartOf(cart);
  const basket = basketMinor(bare);
  const offers = (cart.offers ?? []).filter(({ minBasketMinor }) => basket >= minBasketMinor).sort(byApplication);
  const sides = { before: [] as ReachingOffer[], after: [] as ReachingOffer[] };
  const ours = STACK_STAGES.indexOf(stage);
  for (const offer of offers)
    sides[STACK_STAGES.indexOf(stageOf(offer)) <= ours ? "before" : "after"].push(reaching(offer, bare));
  return { course: new StackCourse(bare, rounding ?? "half_even"), ...sides };
}

/** The cart without floors: see {@link appraiseInStack}. */
function bareCartOf({ currency, lines, shippingMinor }: Cart): StackCart {
  return { currency, shippingMinor, lines: lines.map((line) => ({ ...line, floorPriceMinor: 0 })) };
}

/** The cart after so many offers, their discounts on its lines. */
function cartAt(cart: Cart, course: StackCourse, depth: number): Cart {
  return { ...cart, lines: withAmounts(cart, course.amounts(depth)), shippingMinor: course.shipping(depth) };
}

function withAmounts({ lines }: Cart, amounts: readonly number[]): Cart["lines"] {
  return lines.map((line, index) => ({ ...line, discountMinor: listPriceMinor(line) - (amounts[index] ?? 0) }));
}

function leftBy(
  offers: readonly ReachingOffer[],
  gains: readonly number[],
  cart: Cart,
  amounts: readonly number[],
  ourShares: readonly number[],
  { rounding }: AppraisalSetting,
): LeftCart {
  const withoutOurs = amounts.map((amount, index) => amount + (ourShares[index] ?? 0));
  let otherOffersCostMinor = 0;
  for (const [place, { offer }] of offers.entries())
    otherOffersCostMinor += costOf(offer, gains[place] ?? 0, rounding ?? "half_even");
  for (const [index, line] of cart.lines.entries())
    otherOffersCostMinor -= lineAmountMinor(line) - (withoutOurs[index] ?? 0);
  return { cart: { ...cart, lines: withAmounts(cart, withoutOurs) }, otherOffersCostMinor };
}

/** Minimums were asked of the cart before any offer. */
function withoutMinimum(incentive: Incentive): Incentive {
  if (incentive.kind !== "amount_off" && incentive.kind !== "gift") return incentive;
  return incentive.cartMin === undefined ? incentive : { ...incentive, cartMin: { ...incentive.cartMin, minor: 0 } };
}

/** A share of the goods is more than is left to pay where a means of payment has paid most of it. */
function ceilingOf(incentive: Incentive, toPayMinor: number, ceilingMinor: number | undefined): number | undefined {
  const isShareOfGoods = incentive.kind === "payment_discount" || incentive.kind === "tiered_cashback";
  return isShareOfGoods ? Math.min(toPayMinor, ceilingMinor ?? toPayMinor) : ceilingMinor;
}

/** The stage that an incentive of ours is applied at. */
function stageOfIncentive(incentive: Incentive): StackStage {
  switch (incentive.kind) {
    case "bundle_credit":
    case "buy_x_get_y":
      return "item";
    case "percent_off":
      return incentive.scope === undefined ? "cart" : "item";
    case "amount_off":
      return incentive.scope === undefined && incentive.per === undefined ? "cart" : "item";
    case "partner_exclusive":
      return "cart";
    case "free_shipping":
      return "shipping";
    case "payment_discount":
      return "payment";
    case "loyalty_credit":
    case "tiered_cashback":
    case "gift":
      return "later";
  }
}

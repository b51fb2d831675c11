export * from "./appraise.js";
export * from "./cart.js";
export * from "./catalog-row.js";
export * from "./codes.js";
export { expire, type ExpireCommand } from "./commands/expire.js";
export {
  actOf,
  redeem,
  replay,
  type AskedRedemption,
  type RedeemCommand,
  type Redeemed,
  type RedeemOutcome,
} from "./commands/redeem.js";
export type { OfferUse } from "./commands/use.js";
export { validate, type ValidateCommand } from "./commands/validate.js";
export { contentDigest, type NamedSubjects, type RedemptionContent } from "./content-digest.js";
export * from "./evolve.js";
export { Goods } from "./goods.js";
export { brokenGuardrail } from "./guardrails/broken-guardrail.js";
export type { CartGuardrailReason, CartGuardrails, GuardedCart } from "./guardrails/cart-guardrails.js";
export { cartLimits, type CartLimits } from "./guardrails/cart-limits.js";
export { cartMaxDiscount } from "./guardrails/cart-max-discount.js";
export { excludedGoods, withoutExcludedGoods, withoutLimitedGoods } from "./guardrails/excluded-goods.js";
export { floorPrice } from "./guardrails/floor-price.js";
export type { GoodsLimit } from "./guardrails/goods-limits.js";
export { incentiveMax } from "./guardrails/incentive-max.js";
export { goodsMarginMinor, lineCostMinor, marginFloor } from "./guardrails/margin-floor.js";
export { maxDiscount } from "./guardrails/max-discount.js";
export * from "./incentive.js";
export * from "./offer.js";
export { orderMargin, type OrderMargin } from "./order-margin.js";
export { isOtherBasis, netOfTax, type PriceBasis, type PriceTax } from "./price-tax.js";
export * from "./reasons.js";
export {
  bestStack,
  type AppliedOffer,
  type LeftOut,
  type LeftOutReason,
  type StackPlan,
} from "./stacking/best-stack.js";
export { wantedMinor, type WantedOn } from "./wanted.js";
export { asStacked, atMostHeld, type StackedTerms } from "./stacking/as-stacked.js";
export { appraiseInStack, leftByOffers, type LeftCart, type StackedAppraisal } from "./stacking/in-stack.js";
export type { StackCart, StackLine, StackOffer } from "./stacking/stack-offer.js";
export { stackCartOf } from "./stacking/stack-floor.js";
export { EXACT_OFFERS_MAX, STACK_OFFERS_MAX, type StackObjective } from "./stacking/stack-search.js";

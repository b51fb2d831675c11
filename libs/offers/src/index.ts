export * from "./accounts/account-names.js";
export { Accounts, type Balances } from "./accounts/accounts.js";
export { budgetPostings, fund, moneyOf, type OfferMoney, type OfferStep } from "./accounts/budget-postings.js";
export { PostingBatch, type Posting, type PostingRefusal, type Postings } from "./accounts/posting-batch.js";
export {
  maturedPostings,
  payableAtMs,
  payoutPostings,
  rewardPostings,
  type Payout,
  type RewardRefusal,
} from "./accounts/reward-postings.js";
export { ACTS_MAX, type ActAnswer, type KeptAct } from "./acts.js";
export * from "./appraise.js";
export type { CartChange } from "./cart-changes.js";
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
export { refund, type RefundCommand, type RefundTaken } from "./commands/refund.js";
export { release, type Released, type ReleaseCommand } from "./commands/release.js";
export {
  RESERVATION_TTL_MS,
  RESERVATION_TTL_MS_MAX,
  reserve,
  type ReserveCommand,
  type Reserved,
} from "./commands/reserve.js";
export { revoke, type RevokeCommand, type Revoked } from "./commands/revoke.js";
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
export { limitsRefused } from "./limits/limit-change.js";
export { PromotionUsage } from "./limits/promotion-usage.js";
export {
  countedUse,
  type CountedUse,
  type Counter,
  type LimitKey,
  type LimitsInForce,
  type PromotionUse,
  type UsageLimit,
  type UsageReading,
} from "./limits/usage-limit.js";
export type { LineUnits } from "./line-units.js";
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
export type { ReturnedLine } from "./returned-lines.js";
export { asOf } from "./standing.js";
export { wantedMinor, type WantedOn } from "./wanted.js";
export { asStacked, atMostHeld, type StackedTerms } from "./stacking/as-stacked.js";
export { appraiseInStack, leftByOffers, type LeftCart, type StackedAppraisal } from "./stacking/in-stack.js";
export type { StackCart, StackLine, StackOffer } from "./stacking/stack-offer.js";
export { stackCartOf } from "./stacking/stack-floor.js";
export { EXACT_OFFERS_MAX, STACK_OFFERS_MAX, type StackObjective } from "./stacking/stack-search.js";

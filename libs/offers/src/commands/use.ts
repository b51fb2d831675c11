import { ok, type Millis, type Result, type RoundingMode, type SubjectId } from "@leastwise/vocabulary";
import { appraise, type Appraisal } from "../appraise.js";
import { goodsMinor, type Cart } from "../cart.js";
import { rowsOfLines, type CatalogRow } from "../catalog-row.js";
import { brokenGuardrail } from "../guardrails/broken-guardrail.js";
import type { CartGuardrails } from "../guardrails/cart-guardrails.js";
import { withoutExcludedGoods } from "../guardrails/excluded-goods.js";
import { unitsOfCart } from "../line-units.js";
import type { LineShare, OfferState, OfferTerms, Redemption } from "../offer.js";
import { countedUse, type CountedUse, type LimitsInForce } from "../limits/usage-limit.js";
import { orderMargin } from "../order-margin.js";
import type { PriceBasis } from "../price-tax.js";
import { wantedMinor } from "../wanted.js";
import type { OfferRefusal } from "../reasons.js";
import { refuse } from "../refuse.js";
import { goodTerms } from "./good-terms.js";

/** Who would use an offer, when and for what. */
export interface OfferUse {
  readonly subject: SubjectId;
  /** The clock that was given to the ledger. */
  readonly nowMs: Millis;
  /** The final cart. */
  readonly cart: Cart;
  /** The order or cart that the offer is for. Absent: not known, and what is reserved is good for nobody. */
  readonly orderId?: string | undefined;
  /** What the catalog says of its products. */
  readonly catalog: readonly CatalogRow[];
  /** Of the policy version that the offer was issued under. */
  readonly guardrails: CartGuardrails;
  /** Whether prices have tax in them, of the same version. Absent: not said. */
  readonly prices?: PriceBasis | undefined;
  /** Of the same version. Absent: half to even. */
  readonly rounding?: RoundingMode | undefined;
  /** Caps of a dynamic campaign on each line, minor units (`dynamicLineCaps` of the decision). Absent: none. */
  readonly lineCapsMinor?: readonly number[];
  /** The promotion's limits, asked in the same step. Absent: it has none. */
  readonly limits?: LimitsInForce | undefined;
  /** The shop's share of what the offer costs, basis points. Absent: all of it. */
  readonly merchantShareBp?: number | undefined;
}

/**
 * What an offer gives on the final cart, by its own terms, computed anew. It is never worth more than what is held
 * for it; the guardrails are asked again.
 */
export function useOffer(state: OfferState, use: OfferUse): Result<Redemption, OfferRefusal> {
  const terms = goodTerms(state, use);
  if (!terms.ok) return terms;
  const { incentive, heldMinor } = terms.value;
  const rows = rowsOfLines(use.cart.lines, use.catalog);
  const lineCapsMinor = withoutExcludedGoods(use.guardrails, use.cart, rows, use.lineCapsMinor);
  const setting = { rows, rounding: use.rounding, lineCapsMinor, ceilingMinor: heldMinor };
  const appraisal = appraise(incentive, use.cart, setting);
  if (appraisal === undefined)
    return refuse(
      "incentive_not_applicable",
      "lines",
      `goods of ${String(goodsMinor(use.cart))}`,
      needs(incentive.kind),
    );
  const broken = brokenGuardrail({ cart: use.cart, rows, appraisal, guardrails: use.guardrails });
  if (broken !== undefined)
    return refuse(broken, "lines", incentive.kind, "a cart on which the offer fits the shop's limits");
  const { worthMinor, costMinor } = appraisal;
  const { assumedMarginBp } = use.guardrails;
  const order = orderMargin({
    cart: use.cart,
    rows,
    appraisal,
    assumedMarginBp,
    priceTax: use.guardrails.priceTax,
    merchantShareBp: use.merchantShareBp ?? 10_000,
  });
  const wanted = wantedMinor(incentive, worthMinor, { cart: use.cart, rows, rounding: use.rounding });
  return ok({
    discountMinor: worthMinor,
    ...(wanted === undefined ? {} : { wantedMinor: wanted }),
    costMinor,
    shares: lineShares(use.cart, appraisal),
    units: unitsOfCart(use.cart, appraisal),
    order,
  });
}

/** What a use counts for its promotion's limits; undefined where it counts for none. */
export function useCounted(
  { limits, orderId, subject, nowMs }: OfferUse,
  { discountMinor }: Redemption,
): Result<CountedUse | undefined, OfferRefusal> {
  if (limits === undefined) return ok(undefined);
  return countedUse(limits, { orderId, subject, attributes: limits.attributes, atMs: nowMs, discountMinor });
}

function needs(kind: OfferTerms["incentive"]["kind"]): string {
  switch (kind) {
    case "bundle_credit":
      return "all products of the bundle in the cart";
    case "buy_x_get_y":
      return "as many units as the offer asks for";
    case "payment_discount":
      return "an order paid in the offer's way";
    case "free_shipping":
      return "a cart with shipping to pay";
    case "percent_off":
    case "amount_off":
    case "loyalty_credit":
    case "tiered_cashback":
    case "partner_exclusive":
    case "gift":
      return "goods that reach the offer's minimum";
  }
}

function lineShares(cart: Cart, { shares }: Appraisal): readonly LineShare[] {
  return cart.lines.flatMap(({ productId, quantity }, line) => {
    const discountMinor = shares[line] ?? 0;
    return discountMinor === 0 ? [] : [{ line, productId, quantity, discountMinor }];
  });
}

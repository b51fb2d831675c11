import type { Incentive } from "../incentive.js";
import type { StackOffer } from "./stack-offer.js";

/** What an incentive of ours gives as an offer of a stack, and from which basket on. */
export type StackedTerms = TermsOf<Extract<StackOffer, { readonly kind: StackedKind }>>;

/** Kinds of stacked offers that an incentive of ours can be the same as. */
type StackedKind = "cart_percent" | "cart_amount" | "shipping_off" | "loyalty_credit";
type TermsOf<T> = T extends StackOffer ? Omit<T, "id" | "priority" | "group" | "partnerShareBp"> : never;

/**
 * An incentive of ours as an offer of a stack; undefined for one that no kind of stacked offer is the same as: parts of a cart by category
 * or unit, bundles, sets, gifts, and what is a share of the goods where a stack has a share of what is left to pay.
 */
export function asStacked(incentive: Incentive): StackedTerms | undefined {
  switch (incentive.kind) {
    case "percent_off": {
      const productIds = reachOf(incentive);
      if (productIds === undefined) return undefined;
      const { percentBp, maximum } = incentive;
      return { kind: "cart_percent", percentBp, productIds, minBasketMinor: 0, ...maximumOf(maximum?.minor) };
    }
    case "amount_off": {
      const { amount, cartMin, per, scope } = incentive;
      if (per !== undefined || scope !== undefined) return undefined;
      return { kind: "cart_amount", amountMinor: amount.minor, productIds: [], minBasketMinor: cartMin?.minor ?? 0 };
    }
    case "partner_exclusive":
      return { kind: "cart_amount", amountMinor: incentive.amount.minor, productIds: [], minBasketMinor: 0 };
    case "free_shipping":
      return { kind: "shipping_off", minBasketMinor: 0, ...maximumOf(incentive.maximum?.minor) };
    case "loyalty_credit":
      return { kind: "loyalty_credit", amountMinor: incentive.amount.minor, minBasketMinor: 0 };
    case "bundle_credit":
    case "buy_x_get_y":
    case "gift":
    case "payment_discount":
    case "tiered_cashback":
      return undefined;
  }
}

/** The same, giving at most so much: what is held for the offer. */
export function atMostHeld(terms: StackedTerms, heldMinor: number): StackedTerms {
  switch (terms.kind) {
    case "cart_percent":
    case "shipping_off":
      return { ...terms, maximumMinor: Math.min(terms.maximumMinor ?? heldMinor, heldMinor) };
    case "cart_amount":
    case "loyalty_credit":
      return { ...terms, amountMinor: Math.min(terms.amountMinor, heldMinor) };
  }
}

/** The products that a share reaches, none for all; undefined where more than products are named. */
function reachOf({ scope }: Extract<Incentive, { kind: "percent_off" }>): readonly string[] | undefined {
  if (scope === undefined) return [];
  const isByProduct = scope.categories.length === 0 && scope.brands.length === 0 && scope.units === undefined;
  return isByProduct ? scope.productIds : undefined;
}

function maximumOf(maximumMinor: number | undefined): { readonly maximumMinor?: number } {
  return maximumMinor === undefined ? {} : { maximumMinor };
}

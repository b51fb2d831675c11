import { mulDiv, type CurrencyCode, type RoundingMode } from "@leastwise/vocabulary";

/** A cart that offers are stacked on. */
export interface StackCart {
  /** Of all amounts here. */
  readonly currency: CurrencyCode;
  /** At least one line. */
  readonly lines: readonly StackLine[];
  /** Shipping before any offer, minor units, not negative. */
  readonly shippingMinor: number;
}

/** A line of a cart, with the least that its units may come to cost. */
export interface StackLine {
  readonly productId: string;
  /** Units, 1 and up. */
  readonly quantity: number;
  /** Price of one unit before any offer, minor units, not negative. */
  readonly unitPriceMinor: number;
  /** What the shop takes off the whole line before any offer, minor units, 0 to the line's price. Absent: nothing. */
  readonly discountMinor?: number;
  /** Lowest price of one unit after all offers, minor units, not negative; one above the price leaves the line alone. */
  readonly floorPriceMinor: number;
}

/**
 * Where in the order of application an offer stands: goods first, item by item and then the whole, then shipping, then what the means of
 * payment takes off, then what is paid back later. All engines that we know apply them so.
 */
export type StackStage = "item" | "cart" | "shipping" | "payment" | "later";

/** Stages in the order of application. */
export const STACK_STAGES: readonly StackStage[] = ["item", "cart", "shipping", "payment", "later"];

/** An offer that could be applied to a cart, whoever made it. */
export type StackOffer =
  | ItemPercent
  | ItemAmount
  | CartPercent
  | CartAmount
  | ShippingOff
  | PaymentPercent
  | CashbackTiered
  | LoyaltyCreditLater;

/** What all offers of a stack have. */
interface StackTerms {
  /** No id twice in a stack. */
  readonly id: string;
  /** Within a stage, lower goes first; of the same, the smaller id. */
  readonly priority: number;
  /** Of the offers of a group, at most one is applied. Absent: it goes with all. */
  readonly group?: string;
  /** Least value of the goods before any offer, minor units; 0: none. */
  readonly minBasketMinor: number;
  /** The partner's share of what it gives, basis points, 0 to 10 000; 0: all of it is the merchant's. */
  readonly partnerShareBp: number;
}

/** What reaches certain lines only. */
interface Reaching {
  /** Products that it reaches. Empty: all. */
  readonly productIds: readonly string[];
}

/** A share off each line in reach. */
export interface ItemPercent extends StackTerms, Reaching {
  readonly kind: "item_percent";
  /** Basis points of the line as earlier offers left it, 0 to 10 000. */
  readonly percentBp: number;
}

/** An amount off each unit in reach. */
export interface ItemAmount extends StackTerms, Reaching {
  readonly kind: "item_amount";
  /** Off each unit, minor units. */
  readonly amountMinor: number;
}

/** A share off the goods, split over the lines. */
export interface CartPercent extends StackTerms, Reaching {
  readonly kind: "cart_percent";
  /** Basis points of the goods as earlier offers left them, 0 to 10 000. */
  readonly percentBp: number;
  /** Most that it gives, minor units. Absent: no maximum of its own. */
  readonly maximumMinor?: number;
}

/** An amount off the goods, split over the lines. */
export interface CartAmount extends StackTerms, Reaching {
  readonly kind: "cart_amount";
  /** Minor units, at most what the goods in reach cost. */
  readonly amountMinor: number;
}

/** The shipping that earlier offers left. */
export interface ShippingOff extends StackTerms {
  readonly kind: "shipping_off";
  /** Most that it gives, minor units. Absent: no maximum of its own. */
  readonly maximumMinor?: number;
}

/** A share of what is left to pay, by a means of payment. Lines and their floors are not touched. */
export interface PaymentPercent extends StackTerms {
  readonly kind: "payment_percent";
  /** Basis points of what is left to pay, 0 to 10 000. */
  readonly percentBp: number;
  /** Most that it gives, minor units. Absent: no maximum of its own. */
  readonly maximumMinor?: number;
}

/** A share paid back later, by the highest tier that what is left to pay reaches. What is paid now stays. */
export interface CashbackTiered extends StackTerms {
  readonly kind: "cashback_tiered";
  /** By ascending minimum, minor units, each with its share, basis points, 0 to 10 000. */
  readonly tiers: readonly { readonly minimumMinor: number; readonly cashbackBp: number }[];
}

/** An amount credited later. What is paid now stays. */
export interface LoyaltyCreditLater extends StackTerms {
  readonly kind: "loyalty_credit";
  /** Minor units. */
  readonly amountMinor: number;
}

/** The stage that an offer is applied at. */
export function stageOf({ kind }: StackOffer): StackStage {
  switch (kind) {
    case "item_percent":
    case "item_amount":
      return "item";
    case "cart_percent":
    case "cart_amount":
      return "cart";
    case "shipping_off":
      return "shipping";
    case "payment_percent":
      return "payment";
    case "cashback_tiered":
    case "loyalty_credit":
      return "later";
  }
}

/** What the goods cost before any offer, minor units: what minimums are held against. */
export function basketMinor({ lines }: StackCart): number {
  return lines.reduce((sum, line) => sum + stackLineMinor(line), 0);
}

/** What a line costs before any offer, minor units. */
export function stackLineMinor({ unitPriceMinor, quantity, discountMinor = 0 }: StackLine): number {
  return Math.max(0, unitPriceMinor * quantity - discountMinor);
}

/** Orders offers as they are applied: by stage, priority, id. */
export function byApplication(a: StackOffer, b: StackOffer): number {
  return (
    STACK_STAGES.indexOf(stageOf(a)) - STACK_STAGES.indexOf(stageOf(b)) ||
    a.priority - b.priority ||
    (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
  );
}

/** What an offer's gain costs the merchant: all but the partner's share, minor units. */
export function costOf({ partnerShareBp }: StackOffer, gain: number, rounding: RoundingMode): number {
  return partnerShareBp === 0 ? gain : gain - mulDiv(gain, partnerShareBp, 10_000, rounding);
}

import { mulDiv, splitByLargestRemainder, type RoundingMode } from "@leastwise/vocabulary";
import { stackLineMinor, type CashbackTiered, type StackCart, type StackOffer } from "./stack-offer.js";

/** An offer with the lines that it reaches. */
export interface ReachingOffer {
  readonly offer: StackOffer;
  /** Places of the lines in reach, ascending. */
  readonly reach: readonly number[];
}

/** An offer with the places of the lines that it reaches. */
export function reaching(offer: StackOffer, { lines }: Pick<StackCart, "lines">): ReachingOffer {
  const named = "productIds" in offer && offer.productIds.length > 0 ? new Set(offer.productIds) : undefined;
  const reach: number[] = [];
  for (const [place, { productId }] of lines.entries())
    if (named === undefined || named.has(productId)) reach.push(place);
  return { offer, reach };
}

/** The cart after some of the offers. */
interface Standing {
  /** Amount of each line, minor units: those of the standing before, until an offer takes something off the goods. */
  amounts: readonly number[];
  /** Where its own amounts go. */
  readonly own: number[];
  /** Their sum. */
  goods: number;
  /** What is left of the shipping. */
  shipping: number;
  /** What means of payment took off. */
  paid: number;
}

/**
 * A cart while offers are applied to it one after the other. Depth n is the cart after n offers; applying an offer at a depth leaves that
 * depth as it was, so that a search can go back and try another without computing anything anew.
 */
export class StackCourse {
  readonly #quantities: readonly number[];
  /** Lowest amount of each line, minor units. */
  readonly #floors: readonly number[];
  readonly #standings: Standing[];
  readonly #scratch: Standing;
  readonly #rounding: RoundingMode;

  constructor({ lines, shippingMinor }: StackCart, rounding: RoundingMode) {
    const amounts = lines.map(stackLineMinor);
    this.#quantities = lines.map((line) => line.quantity);
    this.#floors = lines.map((line, place) => Math.min(line.floorPriceMinor * line.quantity, amounts[place] ?? 0));
    this.#standings = [{ amounts, own: amounts, goods: sum(amounts), shipping: shippingMinor, paid: 0 }];
    this.#scratch = blank(amounts.length);
    this.#rounding = rounding;
  }

  /** Amount of each line after so many offers, minor units. */
  amounts(depth: number): readonly number[] {
    return [...this.#at(depth).amounts];
  }

  /** What is left of the shipping after so many offers, minor units. */
  shipping(depth: number): number {
    return this.#at(depth).shipping;
  }

  /** What is left to pay now after so many offers, minor units. */
  toPay(depth: number): number {
    return leftToPay(this.#at(depth));
  }

  /** Applies an offer to the cart at `depth`, leaves what comes of it at the next, and returns what it gives, minor units. */
  apply(depth: number, offer: ReachingOffer): number {
    const after = (this.#standings[depth + 1] ??= blank(this.#floors.length));
    follow(this.#at(depth), after);
    return this.#take(after, offer);
  }

  /** Applies, in the place of an offer, what was reckoned elsewhere: so much off each line, and off the shipping. */
  take(depth: number, shares: readonly number[], shippingMinor: number): void {
    const after = (this.#standings[depth + 1] ??= blank(this.#floors.length));
    follow(this.#at(depth), after);
    const amounts = owned(after);
    for (const [line, share] of shares.entries()) amounts[line] = (amounts[line] ?? 0) - share;
    after.goods -= sum(shares);
    after.shipping -= shippingMinor;
  }

  /**
   * At least as much as any of the `rest`, applied in their order at `depth`, can give together. What is left to pay after an offer never
   * falls where more was left before it: so none of them leave less to pay than all of them, and what comes later is a share of what is left.
   * An offer on the whole cart is the exception: what it takes off a line depends on the others. It is taken to leave the least that it could.
   */
  gainMax(depth: number, rest: readonly ReachingOffer[]): number {
    const now = this.#at(depth);
    const toPay = leftToPay(now);
    const scratch = this.#scratch;
    follow(now, scratch);
    let [laterBp, laterMinor] = [0, 0];
    for (const reaching of rest) {
      const { offer, reach } = reaching;
      if (offer.kind === "cart_percent" || offer.kind === "cart_amount") {
        this.#takeAtMost(scratch, offer, reach, now);
      } else if (offer.kind === "cashback_tiered") {
        laterBp += mostBp(offer, toPay);
        laterMinor += 1;
      } else if (offer.kind === "loyalty_credit") {
        laterMinor += offer.amountMinor;
      } else {
        this.#take(scratch, reaching);
      }
    }
    const left = laterBp < 10_000 ? leftToPay(scratch) : toPay;
    return toPay - left + Math.floor((left * laterBp) / 10_000) + laterMinor;
  }

  /** Applies an offer to a standing in place. */
  #take(standing: Standing, { offer, reach }: ReachingOffer): number {
    switch (offer.kind) {
      case "item_percent":
      case "item_amount":
      case "cart_percent":
      case "cart_amount":
        return this.#takeOffGoods(standing, offer, reach);
      case "shipping_off": {
        const gain = atMost(standing.shipping, offer.maximumMinor);
        standing.shipping -= gain;
        return gain;
      }
      case "payment_percent": {
        const gain = this.#share(leftToPay(standing), offer.percentBp, offer.maximumMinor);
        standing.paid += gain;
        return gain;
      }
      case "cashback_tiered":
        return this.#share(leftToPay(standing), reachedBp(offer, leftToPay(standing)));
      case "loyalty_credit":
        return offer.amountMinor;
    }
  }

  /** Takes off each line in reach what the offer would, at most down to the line's floor; what the floor stops is lost. */
  #takeOffGoods(standing: Standing, offer: OfferOnGoods, reach: readonly number[]): number {
    const amounts = owned(standing);
    const parts =
      offer.kind === "cart_percent" || offer.kind === "cart_amount" ? this.#parts(amounts, offer, reach) : [];
    let gain = 0;
    for (let place = 0; place < reach.length; place += 1) {
      const line = reach[place] ?? 0;
      const amount = amounts[line] ?? 0;
      const wish = parts[place] ?? this.#itemWish(offer, amount, this.#quantities[line] ?? 0);
      const cut = Math.min(wish, amount - (this.#floors[line] ?? 0));
      amounts[line] = amount - cut;
      gain += cut;
    }
    standing.goods -= gain;
    return gain;
  }

  /**
   * Lowers a standing to at least as low as an offer on the whole cart could, whichever of those before it were applied: as a whole by all that
   * it wishes, line by line by the largest share that it could come to. The higher of the two is true.
   */
  #takeAtMost(standing: Standing, offer: CartOffer, reach: readonly number[], now: Standing): void {
    const amounts = owned(standing);
    const reached = reach.length === amounts.length ? standing.goods : amountOf(now, reach);
    const most = offer.kind === "cart_percent" ? offer.maximumMinor : offer.amountMinor;
    const share = offer.kind === "cart_percent" ? offer.percentBp / 10_000 : 1;
    const ofLine = most === undefined ? share : Math.min(share, most / Math.max(1, amountOf(standing, reach)));
    for (const line of reach) {
      const amount = amounts[line] ?? 0;
      amounts[line] = Math.max(this.#floors[line] ?? 0, amount - Math.floor(amount * ofLine) - ROUNDED_MINOR);
    }
    standing.goods = Math.max(standing.goods - this.#cartWish(offer, reached), sum(amounts));
  }

  /** What an offer on items would take off a line, if there were no floor. */
  #itemWish(offer: OfferOnGoods, amount: number, quantity: number): number {
    switch (offer.kind) {
      case "item_percent":
        return this.#share(amount, offer.percentBp);
      case "item_amount":
        return offer.amountMinor * quantity;
      case "cart_percent":
      case "cart_amount":
        throw new Error("an offer on the whole cart has a part for each line");
    }
  }

  /** What an offer on the whole cart would take off each line in reach, if there were no floors. */
  #parts(amounts: readonly number[], offer: CartOffer, reach: readonly number[]): readonly number[] {
    if (reach.length === 0) return [];
    const reached = reach.map((line) => amounts[line] ?? 0);
    return splitByLargestRemainder(this.#cartWish(offer, sum(reached)), reached);
  }

  /** What an offer on the whole cart would give on goods of this value. */
  #cartWish(offer: CartOffer, goods: number): number {
    return offer.kind === "cart_percent"
      ? this.#share(goods, offer.percentBp, offer.maximumMinor)
      : Math.min(offer.amountMinor, goods);
  }

  #share(ofMinor: number, bp: number, maximumMinor?: number): number {
    return atMost(mulDiv(ofMinor, bp, 10_000, this.#rounding), maximumMinor);
  }

  #at(depth: number): Standing {
    const standing = this.#standings[depth];
    if (standing === undefined) throw new Error(`no offer was applied at depth ${String(depth - 1)}`);
    return standing;
  }
}

/** A line's part of an offer on the whole cart is at most so much more than its share: the whole is rounded, and the part is. */
const ROUNDED_MINOR = 2;

type OfferOnGoods = Extract<StackOffer, { readonly productIds: readonly string[] }>;
type CartOffer = Extract<StackOffer, { readonly kind: "cart_percent" | "cart_amount" }>;

function blank(lines: number): Standing {
  const own = new Array<number>(lines).fill(0);
  return { amounts: own, own, goods: 0, shipping: 0, paid: 0 };
}

/** Makes a standing the same as another. Most offers of a deep search take nothing off the goods: their lines are not copied. */
function follow(from: Standing, to: Standing): void {
  to.amounts = from.amounts;
  to.goods = from.goods;
  to.shipping = from.shipping;
  to.paid = from.paid;
}

/** The standing's lines, its own from here on. */
function owned(standing: Standing): number[] {
  const { own, amounts } = standing;
  if (amounts === own) return own;
  for (let line = 0; line < amounts.length; line += 1) own[line] = amounts[line] ?? 0;
  standing.amounts = own;
  return own;
}

function leftToPay({ goods, shipping, paid }: Standing): number {
  return goods + shipping - paid;
}

function amountOf({ amounts }: Standing, lines: readonly number[]): number {
  return lines.reduce((total, line) => total + (amounts[line] ?? 0), 0);
}

/** Share of the highest tier that is reached, basis points. */
function reachedBp({ tiers }: CashbackTiered, toPay: number): number {
  return tiers.findLast((tier) => toPay >= tier.minimumMinor)?.cashbackBp ?? 0;
}

/** Largest share of the tiers that are reached, basis points: a lower tier may pay more. */
function mostBp({ tiers }: CashbackTiered, toPay: number): number {
  return tiers.reduce((bp, tier) => (toPay >= tier.minimumMinor && tier.cashbackBp > bp ? tier.cashbackBp : bp), 0);
}

function atMost(minor: number, maximumMinor: number | undefined): number {
  return maximumMinor !== undefined && minor > maximumMinor ? maximumMinor : minor;
}

function sum(amounts: readonly number[]): number {
  return amounts.reduce((total, amount) => total + amount, 0);
}

import { STACK_OFFERS_MAX, type StackOffer } from "@leastwise/offers";
import { err, ok, refusal, type CurrencyCode, type Refusal, type Result } from "@leastwise/vocabulary";
import { within } from "./field-path.js";
import { given } from "./given.js";
import { checkMoney, type CurrencySeen } from "./money.js";
import { codeIn, isOfferToken } from "./offer-token.js";
import { checkId, checkText } from "./text.js";
import type * as wire from "./wire.js";

const NAME_BYTES_MAX = 64;
const PRIORITY_MAX = 1_000_000;
const PRODUCTS_MAX = 1_000;
const TIERS_MAX = 16;
const KINDS =
  "item_percent, item_amount, cart_percent, cart_amount, shipping_off, payment_percent, cashback_tiers or credit_later";

/** The offers of a cart, checked. */
export interface ReadStackOffers {
  /** Those that are none of ours. */
  readonly offers: readonly StackOffer[];
  /** Those that name a code of ours. */
  readonly claims: readonly ReadClaim[];
}

/** An offer that names a code of ours: what it says of itself is to be held against what was issued. */
export interface ReadClaim {
  readonly id: string;
  /** As it came, or the one that is in the token that came. */
  readonly code: string;
  /** Path of the offer in the request. */
  readonly field: string;
  /** What it gives, as the request has it. Absent: it does not say. */
  readonly claimed?: StackOffer;
  /** The same without what it gives: 0 and empty where the request does not say. */
  readonly terms: StackTerms;
}

/** What a request says of an offer beside what it gives. */
type StackTerms = Pick<StackOffer, "id" | "priority" | "minBasketMinor" | "partnerShareBp" | "group">;

/** What is checked of the offers, beside each by itself: one currency, no id twice, sums that stay safe integers. */
interface Seen {
  readonly currency: CurrencySeen;
  readonly ids: Set<string>;
  amountsMinor: number;
}

/**
 * Reads the offers of a cart. Reasons: `too_many_offers`, `duplicate_id`, `kind_missing`, `amount_missing`, `percent_out_of_range`,
 * `share_out_of_range`, `priority_out_of_range`, `too_many_products`, `tiers_invalid`, and those of ids, texts and money.
 *
 * @param at path of the message that the offers stand in
 * @param currency that the cart has shown so far
 */
export function readStackOffers(
  offers: readonly wire.StackOffer[],
  at: string,
  currency: CurrencySeen,
): Result<ReadStackOffers, Refusal> {
  const path = within(at, "offers");
  if (offers.length > STACK_OFFERS_MAX)
    return err(refusal("too_many_offers", path, offers.length, `at most ${STACK_OFFERS_MAX} offers`));
  const seen: Seen = { currency, ids: new Set(), amountsMinor: 0 };
  const read: StackOffer[] = [];
  const claims: ReadClaim[] = [];
  for (const [index, offer] of offers.entries()) {
    const field = `${path}[${index}]`;
    const refused = checkOffer(offer, field, seen);
    if (refused !== undefined) return err(refused);
    const terms = termsOf(offer);
    const whole = offer.kind === undefined ? undefined : { ...terms, ...kindOf(offer.kind) };
    if (offer.code !== "")
      claims.push({
        id: offer.offerId,
        code: codeIn(offer.code) ?? offer.code,
        field,
        terms,
        ...given("claimed", whole),
      });
    else if (whole !== undefined) read.push(whole);
    else return err(refusal("kind_missing", field, undefined, `one of ${KINDS}`));
  }
  if (seen.amountsMinor > Number.MAX_SAFE_INTEGER)
    return err(
      refusal(
        "amount_out_of_range",
        path,
        seen.amountsMinor,
        "amounts of at most 9007199254740991 minor units together",
      ),
    );
  return ok({ offers: read, claims });
}

function checkOffer(offer: wire.StackOffer, at: string, seen: Seen): Refusal | undefined {
  const refused =
    checkId(offer.offerId, at, "offer_id") ??
    checkText(offer.group, at, "group", NAME_BYTES_MAX) ??
    (isOfferToken(offer.code) ? undefined : checkText(offer.code, at, "code", NAME_BYTES_MAX)) ??
    checkMoney(offer.minBasket, at, "min_basket", "negative_amount", seen.currency) ??
    checkRange(offer.priority, -PRIORITY_MAX, PRIORITY_MAX, at, "priority", "priority_out_of_range") ??
    checkRange(offer.partnerShareBp, 0, 10_000, at, "partner_share_bp", "share_out_of_range") ??
    (offer.kind === undefined ? undefined : checkKind(offer.kind, at, seen));
  if (refused !== undefined) return refused;
  if (seen.ids.has(offer.offerId))
    return refusal("duplicate_id", within(at, "offer_id"), offer.offerId, "an id that no other offer has");
  seen.ids.add(offer.offerId);
  return undefined;
}

type WireKind = NonNullable<wire.StackOffer["kind"]>;

function checkKind(kind: WireKind, at: string, seen: Seen): Refusal | undefined {
  switch (kind.$case) {
    case "itemPercent":
      return checkPercent(kind.value, within(at, "item_percent"), seen);
    case "cartPercent":
      return checkPercent(kind.value, within(at, "cart_percent"), seen);
    case "paymentPercent":
      return checkPercent(kind.value, within(at, "payment_percent"), seen);
    case "itemAmount":
      return checkAmount(kind.value, within(at, "item_amount"), seen);
    case "cartAmount":
      return checkAmount(kind.value, within(at, "cart_amount"), seen);
    case "creditLater":
      return checkAmount(kind.value, within(at, "credit_later"), seen);
    case "shippingOff":
      return checkMoney(kind.value.maximum, within(at, "shipping_off"), "maximum", "negative_amount", seen.currency);
    case "cashbackTiers":
      return checkTiers(kind.value.tiers, within(at, "cashback_tiers.tiers"), seen);
  }
}

interface WirePercent {
  readonly percentBp: number;
  readonly maximum?: wire.Money | undefined;
  readonly productIds?: readonly string[];
}

function checkPercent({ percentBp, maximum, productIds }: WirePercent, at: string, seen: Seen): Refusal | undefined {
  return (
    checkRange(percentBp, 0, 10_000, at, "percent_bp", "percent_out_of_range") ??
    checkMoney(maximum, at, "maximum", "negative_amount", seen.currency) ??
    checkProducts(productIds ?? [], at)
  );
}

interface WireAmount {
  readonly amount?: wire.Money | undefined;
  readonly productIds?: readonly string[];
}

function checkAmount({ amount, productIds }: WireAmount, at: string, seen: Seen): Refusal | undefined {
  if (amount === undefined)
    return refusal("amount_missing", within(at, "amount"), undefined, "an amount with its currency");
  const refused = checkMoney(amount, at, "amount", "negative_amount", seen.currency);
  seen.amountsMinor += Number(amount.minor);
  return refused ?? checkProducts(productIds ?? [], at);
}

function checkProducts(productIds: readonly string[], at: string): Refusal | undefined {
  const path = within(at, "product_ids");
  if (productIds.length > PRODUCTS_MAX)
    return refusal("too_many_products", path, productIds.length, `at most ${PRODUCTS_MAX} products`);
  for (const [index, productId] of productIds.entries()) {
    const refused = checkId(productId, "", `${path}[${index}]`);
    if (refused !== undefined) return refused;
  }
  return undefined;
}

function checkTiers(tiers: readonly wire.StackOffer_CashbackStep[], path: string, seen: Seen): Refusal | undefined {
  if (tiers.length === 0 || tiers.length > TIERS_MAX)
    return refusal("tiers_invalid", path, `${tiers.length} tiers`, `1 to ${TIERS_MAX} tiers`);
  let before = -1n;
  for (const [index, { minimum, cashbackBp }] of tiers.entries()) {
    const at = `${path}[${index}]`;
    const refused =
      checkMoney(minimum, at, "minimum", "negative_amount", seen.currency) ??
      checkRange(cashbackBp, 0, 10_000, at, "cashback_bp", "percent_out_of_range");
    if (refused !== undefined) return refused;
    const least = minimum?.minor ?? 0n;
    if (least <= before)
      return refusal(
        "tiers_invalid",
        within(at, "minimum.minor"),
        least,
        `more than ${before}, as in the tier before it`,
      );
    before = least;
  }
  return undefined;
}

function checkRange(
  value: number,
  min: number,
  max: number,
  at: string,
  field: string,
  reason: string,
): Refusal | undefined {
  return value >= min && value <= max ? undefined : refusal(reason, within(at, field), value, `${min} to ${max}`);
}

function termsOf({ offerId, priority, group, minBasket, partnerShareBp }: wire.StackOffer): StackTerms {
  return {
    id: offerId,
    priority,
    minBasketMinor: Number(minBasket?.minor ?? 0n),
    partnerShareBp,
    ...given("group", group === "" ? undefined : group),
  };
}

type KindTerms<T> = T extends StackOffer ? Omit<T, keyof StackTerms> : never;

function kindOf(kind: WireKind): KindTerms<StackOffer> {
  switch (kind.$case) {
    case "itemPercent":
      return { kind: "item_percent", percentBp: kind.value.percentBp, productIds: kind.value.productIds };
    case "itemAmount":
      return { kind: "item_amount", amountMinor: minorOf(kind.value.amount), productIds: kind.value.productIds };
    case "cartPercent": {
      const { percentBp, productIds, maximum } = kind.value;
      return { kind: "cart_percent", percentBp, productIds, ...maximumOf(maximum) };
    }
    case "cartAmount":
      return { kind: "cart_amount", amountMinor: minorOf(kind.value.amount), productIds: kind.value.productIds };
    case "shippingOff":
      return { kind: "shipping_off", ...maximumOf(kind.value.maximum) };
    case "paymentPercent":
      return { kind: "payment_percent", percentBp: kind.value.percentBp, ...maximumOf(kind.value.maximum) };
    case "cashbackTiers":
      return {
        kind: "cashback_tiered",
        tiers: kind.value.tiers.map(({ minimum, cashbackBp }) => ({ minimumMinor: minorOf(minimum), cashbackBp })),
      };
    case "creditLater":
      return { kind: "loyalty_credit", amountMinor: minorOf(kind.value.amount) };
  }
}

function minorOf(money: wire.Money | undefined): number {
  return Number(money?.minor ?? 0n);
}

function maximumOf(maximum: wire.Money | undefined): { readonly maximumMinor?: number } {
  return given("maximumMinor", maximum && Number(maximum.minor));
}

/** An offer on the wire. */
export function stackOfferToWire(offer: StackOffer, currency: CurrencyCode): wire.StackOffer {
  const money = (minor: number): wire.Money => ({ minor: BigInt(minor), currency });
  return {
    offerId: offer.id,
    kind: kindToWire(offer, money),
    priority: offer.priority,
    group: offer.group ?? "",
    minBasket: offer.minBasketMinor === 0 ? undefined : money(offer.minBasketMinor),
    partnerShareBp: offer.partnerShareBp,
    code: "",
  };
}

function kindToWire(offer: StackOffer, money: (minor: number) => wire.Money): WireKind {
  const maximum = "maximumMinor" in offer ? money(offer.maximumMinor) : undefined;
  switch (offer.kind) {
    case "item_percent":
      return { $case: "itemPercent", value: { percentBp: offer.percentBp, productIds: [...offer.productIds] } };
    case "item_amount":
      return { $case: "itemAmount", value: { amount: money(offer.amountMinor), productIds: [...offer.productIds] } };
    case "cart_percent": {
      const { percentBp, productIds } = offer;
      return { $case: "cartPercent", value: { percentBp, maximum, productIds: [...productIds] } };
    }
    case "cart_amount":
      return { $case: "cartAmount", value: { amount: money(offer.amountMinor), productIds: [...offer.productIds] } };
    case "shipping_off":
      return { $case: "shippingOff", value: { maximum } };
    case "payment_percent":
      return { $case: "paymentPercent", value: { percentBp: offer.percentBp, maximum } };
    case "cashback_tiered": {
      const tiers = offer.tiers.map(({ minimumMinor, cashbackBp }) => ({ minimum: money(minimumMinor), cashbackBp }));
      return { $case: "cashbackTiers", value: { tiers } };
    }
    case "loyalty_credit":
      return { $case: "creditLater", value: { amount: money(offer.amountMinor) } };
  }
}

import { moneyToWire, readCart, readMoney, readSubjectRef, type ReadCart, type wire } from "@leastwise/contracts";
import type { CompiledPolicy } from "@leastwise/decision";
import {
  asStacked,
  atMostHeld,
  bestStack,
  isOtherBasis,
  stackCartOf,
  type AppliedOffer,
  type StackObjective,
  type StackOffer,
  type StackPlan,
} from "@leastwise/offers";
import type { Catalog } from "@leastwise/references";
import type { Telemetry } from "@leastwise/telemetry";
import { err, ok, refusal, type CurrencyCode, type Refusal, type Result } from "@leastwise/vocabulary";
import { proveStack, type CounterfeitSources, type ProvenClaim } from "./counterfeits.js";

/** Where the facts of a stack are found. */
export interface StackSources extends CounterfeitSources {
  readonly catalog: Pick<Catalog, "row">;
  readonly telemetry: Pick<Telemetry, "metrics">;
}

/**
 * Answers BestStack. Refused: what the request has wrong, and a counterfeit stack, which is counted. The policy in force says to which minor unit
 * amounts are rounded and how low prices may go; without one the catalog's floors hold alone.
 */
export function bestStackOf(
  sources: StackSources,
  request: wire.BestStackRequest,
): Result<wire.BestStackResponse, Refusal> {
  const cart = readCart({ ...request, paymentMethod: "" }, "");
  if (!cart.ok) return cart;
  const objective = objectiveOf(request, cart.value.currency);
  if (!objective.ok) return objective;
  const policy = sources.policies.active()?.compiled;
  if (isOtherBasis(cart.value.prices, policy?.prices)) return err(foreignBasis(cart.value, policy));
  const offers = offersOf(sources, request, cart.value);
  if (!offers.ok) return offers;
  const rows = cart.value.lines.map(({ productId }) => sources.catalog.row(productId));
  const stackCart = stackCartOf(cart.value, rows, policy?.guardrails.cart);
  return ok(planToWire(bestStack(stackCart, offers.value, objective.value, policy?.rounding), cart.value));
}

function foreignBasis({ prices }: ReadCart, policy: CompiledPolicy | undefined): Refusal {
  const expected = `prices ${policy?.prices ?? ""}, as those of the policy in force`;
  return refusal("foreign_price_basis", "prices", prices, expected);
}

function objectiveOf({ objective }: wire.BestStackRequest, currency: CurrencyCode): Result<StackObjective, Refusal> {
  switch (objective?.$case) {
    case undefined:
      return err(refusal("objective_missing", "objective", undefined, "shopper_gain or merchant_cost"));
    case "shopperGain":
      return ok({ kind: "shopper_gain" });
    case "merchantCost": {
      const { gainMin } = objective.value;
      if (gainMin === undefined) return ok({ kind: "merchant_cost", gainMinMinor: 0 });
      const least = readMoney(gainMin, "merchant_cost", "gain_min", "negative_amount", { currency });
      return least.ok ? ok({ kind: "merchant_cost", gainMinMinor: least.value.minor }) : least;
    }
  }
}

/** All offers to choose from, in the order of the request; what of them is ours by the terms that it was issued with. */
function offersOf(
  sources: StackSources,
  request: wire.BestStackRequest,
  cart: ReadCart,
): Result<readonly StackOffer[], Refusal> {
  const isOurs = cart.claims !== undefined;
  const ids = isOurs || request.subject !== undefined ? readSubjectRef(request.subject) : undefined;
  if (ids?.ok === false) return ids;
  const proven = proveStack(sources, ids?.value, cart, "offers");
  if (!proven.ok) {
    sources.telemetry.metrics.counterfeitStacks.with({ method: "BestStack", reason: proven.error.reason }).add();
    return proven;
  }
  const byId = new Map((cart.offers ?? []).map((offer) => [offer.id, offer]));
  for (const claim of proven.value) {
    const offer = ourOffer(claim);
    if (!offer.ok) return offer;
    byId.set(offer.value.id, offer.value);
  }
  return ok(request.offers.flatMap(({ offerId }) => byId.get(offerId) ?? []));
}

function ourOffer({ claim, terms, group, partnerShareBp }: ProvenClaim): Result<StackOffer, Refusal> {
  const stacked = asStacked(terms.incentive);
  if (stacked === undefined) {
    const expected = "a share or an amount off the cart or certain products, free shipping or a credit";
    return err(refusal("offer_not_stackable", `${claim.field}.code`, terms.incentive.kind, expected));
  }
  const { id, priority } = claim.terms;
  const given = atMostHeld(stacked, terms.heldMinor);
  return ok({ ...given, id, priority, partnerShareBp, ...(group === "" ? {} : { group }) });
}

function planToWire(plan: StackPlan, cart: ReadCart): wire.BestStackResponse {
  const money = (minor: number): wire.Money => moneyToWire({ minor, currency: cart.currency });
  return {
    applied: plan.applied.map((offer) => ({
      offerId: offer.id,
      gain: money(offer.gainMinor),
      cost: money(offer.costMinor),
      shares: sharesOf(offer, cart),
    })),
    leftOut: plan.leftOut.map(({ id, reason, by = "" }) => ({ offerId: id, reason, by })),
    gain: money(plan.gainMinor),
    cost: money(plan.costMinor),
    toPay: money(plan.toPayMinor),
    lineAmounts: plan.lineAmountsMinor.map(money),
    exact: plan.exact,
  };
}

function sharesOf({ shares }: AppliedOffer, { lines, currency }: ReadCart): wire.LineShare[] {
  return lines.flatMap(({ productId, quantity }, line) => {
    const minor = shares[line] ?? 0;
    if (minor === 0) return [];
    return [{ line, productId, quantity: BigInt(quantity), discount: moneyToWire({ minor, currency }) }];
  });
}

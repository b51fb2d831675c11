import type { CartLine } from "@leastwise/offers";
import { decide } from "../decide.js";
import type { Candidate, Decision } from "../decision.js";
import type { DecisionInput } from "../input.js";

/** What is thought of otherwise than it was. */
export type Supposition =
  /** One more unit of a product that is in the cart. */
  | { readonly kind: "one_more_unit"; readonly productId: string }
  /** No consent to anything, so that nothing of the person is looked at. */
  | { readonly kind: "no_consent" }
  /** None of the other offers that the cart has. */
  | { readonly kind: "no_other_offers" };

/** What would have been chosen without chance, had one thing been otherwise. */
export interface Counterfactual {
  readonly supposition: Supposition;
  /** The choice that would be made, with what it would give on that cart; rung 0: none. */
  readonly choice: Candidate;
  readonly reason: Decision["reason"];
}

/** Products of the cart that one more unit is supposed of: the cheapest, which says most of what a little more would do, and the dearest. */
const LINES_SUPPOSED = 2;

/**
 * What else would have been chosen: the same decision with one thing otherwise. Only what changes the choice is here. Chance is left out: each is
 * what would be chosen without exploration.
 */
export function counterfactualsOf(input: DecisionInput, decision: Decision): readonly Counterfactual[] {
  const choice = choiceOf(decision);
  // An answer that stands was chosen on another occasion: its record does not say among what.
  if (choice === undefined || decision.reason === "answer_stands") return [];
  return suppositions(input).flatMap((supposition): readonly Counterfactual[] => {
    const outcome = decide(supposed(input, supposition));
    if (outcome.kind === "repeated") return [];
    const other = choiceOf(outcome.decision);
    if (other === undefined || isSame(choice, other)) return [];
    return [{ supposition, choice: other, reason: outcome.decision.reason }];
  });
}

function choiceOf({ candidates, exploit }: Decision): Candidate | undefined {
  return candidates[exploit];
}

function isSame(one: Candidate, other: Candidate): boolean {
  return one.campaignId === other.campaignId && one.rung === other.rung;
}

function suppositions({ cart, consent }: DecisionInput): readonly Supposition[] {
  const byPrice = cart.lines.toSorted((a, b) => unitPrice(a) - unitPrice(b));
  const ends = byPrice.length <= LINES_SUPPOSED ? byPrice : [...byPrice.slice(0, 1), ...byPrice.slice(-1)];
  const productIds = new Set(ends.map(({ productId }) => productId));
  return [
    ...(isCountable(cart)
      ? [...productIds].map((productId): Supposition => ({ kind: "one_more_unit", productId }))
      : []),
    ...(consent.length > 0 ? [{ kind: "no_consent" } as const] : []),
    ...((cart.offers ?? []).length > 0 ? [{ kind: "no_other_offers" } as const] : []),
  ];
}

/** Whether one more unit of anything is still an amount that numbers hold. */
function isCountable({ lines }: DecisionInput["cart"]): boolean {
  const totalMinor = lines.reduce((sum, { quantity, unitPriceMinor }) => sum + (quantity + 1) * unitPriceMinor, 0);
  return totalMinor * 10_000 <= Number.MAX_SAFE_INTEGER;
}

function unitPrice({ unitPriceMinor }: CartLine): number {
  return unitPriceMinor;
}

/** The request gets a name of its own: it is no repetition of the one that was answered. */
function supposed(input: DecisionInput, supposition: Supposition): DecisionInput {
  const named = { ...input, cause: { ...input.cause, requestId: `supposed:${input.cause.requestId}` } };
  const { cart } = input;
  switch (supposition.kind) {
    case "one_more_unit": {
      const first = cart.lines.findIndex(({ productId }) => productId === supposition.productId);
      const lines = cart.lines.map((line, place) =>
        place === first ? { ...line, quantity: line.quantity + 1 } : line,
      );
      return { ...named, cart: { ...cart, lines } };
    }
    case "no_consent":
      return { ...named, consent: [] };
    case "no_other_offers": {
      const { offers, ...without } = cart;
      return { ...named, cart: offers === undefined ? cart : without };
    }
  }
}

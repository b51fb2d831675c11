import type { Situation } from "../situation.js";

/** How many offers a shopper may hold at once. */
export function openOffers(situation: Situation): "open_offers_max" | undefined {
  return isFull(situation) ? "open_offers_max" : undefined;
}

/** True if the shopper holds as many offers as one may, of whichever campaigns. */
export function isFull({ decisionState, policy }: Situation): boolean {
  return decisionState.open.length >= policy.guardrails.openOffersMax;
}

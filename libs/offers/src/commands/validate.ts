import type { Result } from "@leastwise/vocabulary";
import type { OfferState, Redemption } from "../offer.js";
import type { OfferRefusal } from "../reasons.js";
import { useOffer, type OfferUse } from "./use.js";

/** Asks what a redemption would give now. Changes nothing. */
export type ValidateCommand = OfferUse;

/** What a redemption of the same cart now would give, or why it would be refused. */
export function validate(command: ValidateCommand, state: OfferState): Result<Redemption, OfferRefusal> {
  return useOffer(state, command);
}

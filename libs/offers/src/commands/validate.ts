import type { Result } from "@leastwise/vocabulary";
import type { OfferState, Redemption } from "../offer.js";
import type { OfferRefusal } from "../reasons.js";
import { useCounted, useOffer, type OfferUse } from "./use.js";

/** Asks what a redemption would give now. Changes nothing. */
export type ValidateCommand = OfferUse;

/** What a redemption of the same cart now would give, or why it would be refused. */
export function validate(command: ValidateCommand, state: OfferState): Result<Redemption, OfferRefusal> {
  const used = useOffer(state, command);
  if (!used.ok) return used;
  const counted = useCounted(command, used.value);
  return counted.ok ? used : counted;
}

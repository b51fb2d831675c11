import type { CompiledCampaign } from "../policy/compile.js";
import type { Situation } from "../situation.js";

/** A campaign with a quantity gives no more offers than that, and none where the owner does not know how many are left. */
export function quantity(
  { offersLeft }: Pick<Situation, "offersLeft">,
  { campaignId, offersMax }: Pick<CompiledCampaign, "campaignId" | "offersMax">,
): "quantity_unknown" | "quantity_exhausted" | undefined {
  if (offersMax === 0) return undefined;
  const left = Object.hasOwn(offersLeft, campaignId) ? offersLeft[campaignId] : undefined;
  if (left === undefined) return "quantity_unknown";
  return left < 1 ? "quantity_exhausted" : undefined;
}

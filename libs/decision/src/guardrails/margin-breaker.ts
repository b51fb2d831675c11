import type { RealisedMargin } from "../input.js";
import type { CompiledBreaker } from "../policy/compile-breaker.js";
import type { CompiledCampaign } from "../policy/compile.js";
import type { Situation } from "../situation.js";

/** A campaign whose realised margin has left its band gives nothing new; nor does one of which the owner does not know what it came to. */
export function marginBreaker(
  { realisedMargins }: Pick<Situation, "realisedMargins">,
  { campaignId, breaker }: Pick<CompiledCampaign, "campaignId" | "breaker">,
): "margin_unknown" | "margin_breaker" | undefined {
  if (breaker === undefined) return undefined;
  const realised = Object.hasOwn(realisedMargins, campaignId) ? realisedMargins[campaignId] : undefined;
  if (realised === undefined) return "margin_unknown";
  return isOutsideBand(breaker, realised) ? "margin_breaker" : undefined;
}

/** True where enough orders are counted and their margin is outside of the breaker's band. */
export function isOutsideBand(
  { marginMinBp, marginMaxBp, ordersMin }: CompiledBreaker,
  { orders, paidMinor, marginMinor }: RealisedMargin,
): boolean {
  if (orders < ordersMin) return false;
  // Sums over a month: their products with basis points may be larger than what a number holds exactly.
  const [margin, paid] = [BigInt(marginMinor) * 10_000n, BigInt(paidMinor)];
  const isBelow = marginMinBp !== undefined && margin < paid * BigInt(marginMinBp);
  return isBelow || (marginMaxBp !== undefined && margin > paid * BigInt(marginMaxBp));
}

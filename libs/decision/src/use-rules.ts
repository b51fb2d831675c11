import { rowsOfLines, type OfferUse } from "@leastwise/offers";
import { dynamicLineCaps } from "./approaches/dynamic.js";
import type { CompiledPolicy } from "./policy/compile.js";

/** What a version of the policy says of the use of an offer that was issued under it. */
export type UseRules = Pick<OfferUse, "guardrails" | "prices" | "rounding" | "lineCapsMinor" | "merchantShareBp">;

/** What an offer of a campaign is used by, on this cart at this instant, under the version of the policy that it was issued under. */
export function useRules(
  { campaigns, guardrails, prices, rounding }: CompiledPolicy,
  campaignId: string,
  { cart, catalog, nowMs }: Pick<OfferUse, "cart" | "catalog" | "nowMs">,
): UseRules {
  const campaign = campaigns.find((one) => one.campaignId === campaignId);
  const rules = {
    ...{ prices, rounding, guardrails: campaign?.guardrails ?? guardrails.cart },
    merchantShareBp: campaign?.merchantShareBp,
  };
  if (campaign?.approach.kind !== "dynamic") return rules;
  const rows = rowsOfLines(cart.lines, catalog);
  return { ...rules, lineCapsMinor: dynamicLineCaps(campaign.approach, cart, rows, nowMs) };
}

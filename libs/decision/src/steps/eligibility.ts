import { dynamicLineCaps } from "../approaches/dynamic.js";
import { propensityProblem } from "../approaches/propensity.js";
import type { Ineligible } from "../decision.js";
import type { CompiledCampaign } from "../policy/compile.js";
import type { IneligibleReason } from "../reasons.js";
import type { Situation } from "../situation.js";
import type { Permitted } from "./consent.js";
import type { Baseline } from "./response.js";
import type { Segments } from "./segments.js";

/** A campaign that applies, with the caps that its approach sets on the cart's lines. */
export interface EligibleCampaign {
  readonly campaign: CompiledCampaign;
  /** Undefined: none of its own. */
  readonly lineCapsMinor: readonly number[] | undefined;
}

/** Which campaigns apply to this shopper and cart now, and why the others do not. */
export interface Eligibility {
  readonly incentives: readonly EligibleCampaign[];
  readonly entitlements: readonly EligibleCampaign[];
  readonly ineligible: readonly Ineligible[];
  /** True if data of the person decided on a campaign. */
  readonly personalDataUsed: boolean;
}

/** Asks each campaign's schedule and approach, in order of priority. */
export function eligibilityStep(
  situation: Situation,
  permitted: Permitted,
  segments: Segments,
  baseline: Baseline,
): Eligibility {
  const incentives: EligibleCampaign[] = [];
  const entitlements: EligibleCampaign[] = [];
  const ineligible: Ineligible[] = [];
  let personalDataUsed = false;
  for (const campaign of situation.policy.campaigns) {
    const { approach, campaignId } = campaign;
    if (approach.kind === "propensity" && permitted.personalization) personalDataUsed = true;
    const lineCapsMinor =
      approach.kind === "dynamic"
        ? dynamicLineCaps(approach, situation.cart, situation.rows, situation.nowMs)
        : undefined;
    const reason = problemOf(campaign, lineCapsMinor, situation, permitted, segments, baseline);
    if (reason !== undefined) ineligible.push({ campaignId, reason });
    else (campaign.kind === "incentive" ? incentives : entitlements).push({ campaign, lineCapsMinor });
  }
  return { incentives, entitlements, ineligible, personalDataUsed };
}

function problemOf(
  { approach, startsAtMs, endsAtMs }: CompiledCampaign,
  lineCapsMinor: readonly number[] | undefined,
  { nowMs, policy }: Situation,
  { features }: Permitted,
  { verdicts }: Segments,
  baseline: Baseline,
): IneligibleReason | undefined {
  if (nowMs < startsAtMs || nowMs >= endsAtMs) return "not_running";
  switch (approach.kind) {
    case "rules": {
      const verdict = verdicts.get(approach.segment);
      if (verdict === "expression_failed") return "segment_expression_failed";
      return verdict === "holds" ? undefined : "segment_does_not_hold";
    }
    case "propensity": {
      if (features === undefined) return "consent_missing";
      const slots = policy.propensitySlots;
      const seen = {
        cartAbandoned: present(features.values[slots.cartAbandoned]),
        sinceCheckoutStartMs: present(features.values[slots.sinceCheckoutStartMs]),
        sincePurchaseMs: present(features.values[slots.sincePurchaseMs]),
      };
      return propensityProblem(approach, seen, baseline.conversion);
    }
    case "dynamic":
      return lineCapsMinor?.some((cap) => cap > 0) === true ? undefined : "no_line_qualifies";
    case "on_device":
    case "partner":
      return "approach_not_run";
  }
}

function present(value: number | undefined): number | undefined {
  return value === undefined || Number.isNaN(value) ? undefined : value;
}

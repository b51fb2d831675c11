import type { Campaign, Policy } from "../policy/policy.js";
import type { Problems } from "../policy/problems.js";

/**
 * Refuses breakers that the margin floor makes pointless. An offer is used on no order that keeps less than the floor, so the realised margin is never
 * below it: a lower bound at or below it never trips, and an upper bound below it stops the campaign for good.
 */
export function validateBreakerBands(problems: Problems, { campaigns, guardrails }: Policy): void {
  for (const [i, campaign] of campaigns.entries()) {
    const { breaker, marginFloorBp: own } = campaign;
    const floorBp = own ?? guardrails?.marginFloorBp;
    if (breaker === undefined || floorBp === undefined) continue;
    const { marginMinBp, marginMaxBp } = breaker;
    const at = `campaigns[${String(i)}]`;
    const floor = `${own === undefined ? "guardrails" : at}.margin_floor_bp, ${String(floorBp)} bp`;
    if (marginMaxBp !== undefined && marginMaxBp < floorBp)
      problems.add(
        "breaker_always_trips",
        `${at}.breaker.margin_max_bp`,
        marginMaxBp,
        `at least ${String(floorBp)} bp: no order keeps less than ${floor}`,
      );
    else if (marginMinBp !== undefined && marginMinBp <= floorBp && !hasUpperBound(campaign))
      problems.add(
        "breaker_never_trips",
        `${at}.breaker.margin_min_bp`,
        marginMinBp,
        `more than ${String(floorBp)} bp, or a margin_max_bp: no order keeps less than ${floor}`,
      );
  }
}

/** Nothing keeps more than all that was paid, unless a partner pays for it. */
function hasUpperBound({ breaker, approach }: Campaign): boolean {
  const { marginMaxBp } = breaker ?? {};
  return marginMaxBp !== undefined && (marginMaxBp < 10_000 || approach?.kind === "partner");
}

import type { Policy } from "../policy/policy.js";
import type { Problems } from "../policy/problems.js";

/**
 * Refuses breakers that the margin floor makes stop their campaign for good: an offer is used on no order that keeps less than the floor, so that the realised
 * margin comes to stand above an upper bound below it. Of a lower bound below it a notice is given: orders of an earlier version can still be under that.
 */
export function validateBreakerBands(problems: Problems, { campaigns, guardrails }: Policy): void {
  for (const [i, { breaker, marginFloorBp: own }] of campaigns.entries()) {
    const floorBp = own ?? guardrails?.marginFloorBp;
    if (breaker?.marginMaxBp === undefined || floorBp === undefined || breaker.marginMaxBp >= floorBp) continue;
    const at = `campaigns[${String(i)}]`;
    const floor = `${own === undefined ? "guardrails" : at}.margin_floor_bp, ${String(floorBp)} bp`;
    problems.add(
      "breaker_always_trips",
      `${at}.breaker.margin_max_bp`,
      breaker.marginMaxBp,
      `at least ${String(floorBp)} bp: no order keeps less than ${floor}`,
    );
  }
}

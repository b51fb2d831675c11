import { brokenGuardrail, type CartGuardrailReason } from "@leastwise/offers";
import type { GuardedRung } from "./guarded-rung.js";

/** Floor price, maximum discount and margin floor, other offers of the cart included: the same code that a redemption asks again. */
export function cartGuardrails({ situation, rung }: GuardedRung): CartGuardrailReason | undefined {
  if (rung.appraisal === undefined) return undefined;
  const { left, appraisal, campaign } = rung;
  return brokenGuardrail({ ...left, rows: situation.rows, appraisal, guardrails: campaign.guardrails });
}

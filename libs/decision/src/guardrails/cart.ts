import { brokenGuardrail, type CartGuardrailReason } from "@leastwise/offers";
import type { GuardedRung } from "./guarded-rung.js";

/** Floor price, maximum discount and margin floor: the same code that a redemption asks again. */
export function cartGuardrails({ situation, rung }: GuardedRung): CartGuardrailReason | undefined {
  if (rung.appraisal === undefined) return undefined;
  const { cart, rows } = situation;
  return brokenGuardrail({ cart, rows, appraisal: rung.appraisal, guardrails: rung.campaign.guardrails });
}

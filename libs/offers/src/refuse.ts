import { err, refusal } from "@leastwise/vocabulary";
import type { OfferRefusal, OfferRefusalReason } from "./reasons.js";

/** A refusal whose reason is one of the closed set. */
export function refuse(
  reason: OfferRefusalReason,
  field: string,
  came: unknown,
  expected: string,
): { readonly ok: false; readonly error: OfferRefusal } {
  return err({ ...refusal(reason, field, came, expected), reason });
}

/** An instant as refusals tell it: for people, and as the wire has it. */
export function instantTold(atMs: number): string {
  return `${new Date(atMs).toISOString()} (${String(atMs)})`;
}

import type { Decision } from "../decision.js";

/** Answers that were given before: nothing is weighed for them. */
const ANSWERED_BEFORE: ReadonlySet<Decision["reason"]> = new Set(["answer_stands", "offer_outstanding"]);

/** False of an answer that was given before, and of a safe one: no segment is asked for it, and no rung is held against another. */
export function isWeighedAnew({ reason, degradedReason }: Pick<Decision, "reason" | "degradedReason">): boolean {
  return degradedReason === "" && !ANSWERED_BEFORE.has(reason);
}

import type { wire } from "@leastwise/contracts";
import type { Millis } from "@leastwise/vocabulary";
import type { LinkedEvent } from "./link.js";

/** Puts on the event what the collector alone knows: when it came, and through which door. */
export function stamp(
  { event, subject, assignmentKey }: LinkedEvent,
  nowMs: Millis,
  source: string,
): wire.ClickstreamEvent {
  return { subject, assignmentKey, receivedAtMs: BigInt(nowMs), source, event };
}

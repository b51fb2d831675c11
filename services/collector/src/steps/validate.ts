import { readEvent, type CheckedEvent } from "@leastwise/contracts";
import type { Millis } from "@leastwise/vocabulary";
import type { Incoming, Step } from "./step.js";

/** An event that keeps its contract, with every remark on it. */
export interface ValidEvent {
  readonly event: CheckedEvent["event"];
  readonly warnings: readonly string[];
}

/**
 * Holds the event against its contract. One from the future is kept among the dead letters: a clock is wrong somewhere, and the
 * event may be taken again once it is right.
 */
export function validate(incoming: Incoming, nowMs: Millis): Step<ValidEvent> {
  if (incoming.kind === "unread") {
    const { refusal, isDeadLetter } = incoming;
    return isDeadLetter ? { kind: "dead_letter", refusal, event: undefined } : { kind: "drop", refusal };
  }
  const { event, at, warnings } = incoming;
  const read = readEvent(event, nowMs, at);
  if (read.ok) {
    return { kind: "ok", value: { event: read.value.event, warnings: [...warnings, ...read.value.warnings] } };
  }
  if (read.error.reason === "ahead_of_received") return { kind: "dead_letter", refusal: read.error, event };
  return { kind: "drop", refusal: read.error };
}

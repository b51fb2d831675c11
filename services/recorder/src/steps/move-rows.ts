import type { wire } from "@leastwise/contracts";
import { refusal } from "@leastwise/vocabulary";
import type { LogPosition } from "@leastwise/warehouse";
import type { Outcome } from "./outcome.js";

/** `incarnation/topic/partition/offset`. */
const CAUSE = /^[^/]+\/[^/]+\/(\d{1,10})\/(\d{1,16})$/;

/** A state that a login moved → a row of `moves`. Where there was none, but an assignment key, nothing was moved. */
export function moveRows(at: LogPosition, { fromSubject, toSubject, cause, windows }: wire.StateMoved): Outcome {
  if (windows.length === 0) return { outcome: "drop", reason: "no_windows" };
  const [, partition, offset] = CAUSE.exec(cause) ?? [];
  if (partition === undefined || offset === undefined) {
    const expected = "the link's place in the log, as incarnation/topic/partition/offset";
    return { outcome: "dead_letter", refusal: refusal("cause_malformed", "state_moved.cause", cause, expected) };
  }
  const link = { link_partition: Number(partition), link_offset: Number(offset) };
  return { outcome: "ok", rows: { moves: [{ ...at, subject: toSubject, from_subject: fromSubject, ...link }] } };
}

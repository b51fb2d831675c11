import { wire } from "@leastwise/contracts";
import type { LogRecord } from "@leastwise/eventlog";
import { LATEST_MS, refusal } from "@leastwise/vocabulary";
import type { DeadLetterRow } from "@leastwise/warehouse";
import { maskCodes } from "./code-hash.js";
import type { Outcome } from "./outcome.js";
import { logPosition } from "./position.js";

/**
 * A dead letter → a row of `dead_letters`. One that cannot be read itself becomes a row of its bytes: nothing is lost. One without a reason
 * was written by none of us: many bytes that are no message read as one in which nothing is set.
 */
export function deadLetterRows(incarnation: string, record: LogRecord): Outcome {
  const letter = read(record);
  if (letter.reason === "") {
    const missing = refusal("empty_record", "reason", undefined, "why a record was set aside");
    return { outcome: "passed_over", refusal: missing };
  }
  const cause = /^[^/]+\/([^/]+)\/(\d+)\/(\d+)$/.exec(letter.cause);
  const row: DeadLetterRow = {
    ...logPosition(incarnation, record),
    topic: cause?.[1] ?? "",
    partition: Number(cause?.[2] ?? 0),
    offset: cause?.[3] === undefined ? null : Number(cause[3]),
    reason: letter.reason,
    field: letter.field,
    expected: letter.expected,
    received_at: Number(letter.receivedAtMs),
    payload: maskCodes(letter.payload).toString("base64"),
    source: letter.source,
  };
  return { outcome: "ok", rows: { dead_letters: [row] } };
}

/** When a record was written, as the log has it, or the nearest time that a row may have: whoever writes a record says what it likes. */
export function writtenMs({ timestampMs }: LogRecord): bigint {
  return BigInt(Math.min(Math.max(timestampMs, 0), LATEST_MS - 1));
}

function read(record: LogRecord): wire.DeadLetter {
  try {
    return wire.DeadLetter.decode(record.value);
  } catch {
    return wire.DeadLetter.fromPartial({
      reason: "record_malformed",
      receivedAtMs: writtenMs(record),
      payload: Buffer.from(record.value),
    });
  }
}

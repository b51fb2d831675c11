import { wire } from "@leastwise/contracts";
import type { LogRecord } from "@leastwise/eventlog";
import type { DeadLetterRow } from "@leastwise/warehouse";
import { maskCodes } from "./code-hash.js";
import type { Outcome } from "./outcome.js";
import { logPosition } from "./position.js";

/** A dead letter → a row of `dead_letters`. One that cannot be read itself becomes a row of its bytes: nothing is lost. */
export function deadLetterRows(incarnation: string, record: LogRecord): Outcome {
  const letter = read(record);
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

function read(record: LogRecord): wire.DeadLetter {
  try {
    return wire.DeadLetter.decode(record.value);
  } catch {
    return wire.DeadLetter.fromPartial({
      reason: "record_malformed",
      receivedAtMs: BigInt(record.timestampMs),
      payload: Buffer.from(record.value),
    });
  }
}

import { wire, type SubjectHasher } from "@leastwise/contracts";
import type { Millis, Refusal } from "@leastwise/vocabulary";

/** Most bytes of a dead letter's payload. */
const PAYLOAD_BYTES_MAX = 64 * 1024;

/**
 * The dead letter of an event: its bytes with subjects in the place of raw ids. What could not be parsed is kept without its
 * bytes, since raw ids could not be found in them; its size stands in the refusal.
 */
export function deadLetterOf(
  refused: Refusal,
  event: wire.Event | undefined,
  hasher: SubjectHasher,
  receivedAtMs: Millis,
  source: string,
  cause: string,
): wire.DeadLetter {
  const payload = event === undefined ? [] : wire.Event.encode(pseudonymised(event, hasher)).finish();
  return {
    reason: refused.reason,
    field: refused.field,
    expected: `${refused.expected}; got ${refused.came}`,
    source,
    receivedAtMs: BigInt(receivedAtMs),
    payload: Buffer.from(payload).subarray(0, PAYLOAD_BYTES_MAX),
    cause,
  };
}

function pseudonymised(event: wire.Event, hasher: SubjectHasher): wire.Event {
  return {
    ...event,
    anonymousId: event.anonymousId === "" ? "" : hasher.anonymous(event.anonymousId),
    userId: event.userId === "" ? "" : hasher.known(event.userId),
  };
}

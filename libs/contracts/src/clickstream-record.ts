import { err, isSubjectId, ok, refusal, type Refusal, type Result } from "@leastwise/vocabulary";
import * as wire from "./wire.js";

/** What a record of `clickstream` says; exactly one. */
export type ClickstreamBody = NonNullable<wire.ClickstreamRecord["body"]>;

/** The bytes of a record of `clickstream`. */
export function encodeClickstreamRecord(body: ClickstreamBody): Uint8Array {
  return wire.ClickstreamRecord.encode({ body }).finish();
}

/**
 * Reads a record of `clickstream`. Reasons, each for the dead letters: `record_malformed`, `empty_record`,
 * `subject_malformed`.
 */
export function decodeClickstreamRecord(bytes: Uint8Array): Result<ClickstreamBody, Refusal> {
  let record: wire.ClickstreamRecord;
  try {
    record = wire.ClickstreamRecord.decode(bytes);
  } catch {
    return err(refusal("record_malformed", "", `${bytes.length} bytes`, "a ClickstreamRecord"));
  }
  const { body } = record;
  if (body === undefined) return err(refusal("empty_record", "body", undefined, "an event, a link or a moved state"));
  for (const [field, subject] of subjectsOf(body)) {
    if (!isSubjectId(subject)) return err(refusal("subject_malformed", field, subject, "32 lower-case hex digits"));
  }
  return ok(body);
}

function subjectsOf(body: ClickstreamBody): readonly (readonly [field: string, subject: string])[] {
  switch (body.$case) {
    case "event":
      return [["event.subject", body.value.subject]];
    case "link":
      return [
        ["link.anonymous_subject", body.value.anonymousSubject],
        ["link.known_subject", body.value.knownSubject],
      ];
    case "stateMoved":
      return [
        ["state_moved.from_subject", body.value.fromSubject],
        ["state_moved.to_subject", body.value.toSubject],
      ];
  }
}

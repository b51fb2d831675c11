import { err, ok, refusal, type Millis, type Refusal, type Result } from "@leastwise/vocabulary";
import type { JsonObject } from "./json-object.js";

const ISO_8601 = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)$/;

/**
 * When a call happened, by the server's clock. The device's clock may be wrong by hours, but it stamps both the call and its
 * sending: `received − (sentAt − timestamp)`, as the Segment spec has it. Without a time of sending, or with one before the
 * call, the call's own time is taken as it is; without any, the arrival. Reason: `timestamp_malformed`.
 */
export function occurredAt(
  call: JsonObject,
  batchSentAt: unknown,
  receivedAtMs: Millis,
  at: string,
): Result<number, Refusal> {
  const name = call["timestamp"] === undefined ? "originalTimestamp" : "timestamp";
  const stamped = call[name];
  if (stamped === undefined || stamped === null) return ok(receivedAtMs);
  const stampedMs = instantOf(stamped);
  if (stampedMs === undefined) {
    const field = at === "" ? name : `${at}.${name}`;
    return err(
      refusal("timestamp_malformed", field, stamped, "an ISO 8601 instant with its zone, such as 2026-01-31T12:00:00Z"),
    );
  }
  const sentMs = instantOf(call["sentAt"] ?? batchSentAt);
  if (sentMs === undefined || sentMs < stampedMs) return ok(stampedMs);
  return ok(receivedAtMs - (sentMs - stampedMs));
}

function instantOf(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isSafeInteger(value) ? value : undefined;
  if (typeof value !== "string" || !ISO_8601.test(value)) return undefined;
  const ms = Date.parse(value);
  return Number.isNaN(ms) ? undefined : ms;
}

import { err, ok, refusal, type Refusal, type Result } from "@leastwise/vocabulary";
import { within } from "./field-path.js";
import { checkOptionalId } from "./text.js";
import type * as wire from "./wire.js";

/** The shop's own ids of a shopper, checked: at least one is there. They may not be logged, stored or put into an error. */
export interface RawIds {
  /** Absent: the shopper is known by `userId` alone. */
  readonly anonymousId: string | undefined;
  /** Absent: the shopper is not known yet. It outranks `anonymousId`. */
  readonly userId: string | undefined;
}

/** Reads whose request it is. Reasons: `id_missing`, `id_too_long`, `invalid_text`. */
export function readSubjectRef(ref: wire.SubjectRef | undefined, at = "subject"): Result<RawIds, Refusal> {
  return readRawIds(ref?.anonymousId ?? "", ref?.userId ?? "", at);
}

/** Reads the two ids of an event or a reference. */
export function readRawIds(anonymousId: string, userId: string, at: string): Result<RawIds, Refusal> {
  if (anonymousId === "" && userId === "") {
    return err(
      refusal("id_missing", within(at, "anonymous_id"), undefined, "anonymous_id or user_id, of 1 to 256 bytes"),
    );
  }
  const refused = checkOptionalId(anonymousId, at, "anonymous_id") ?? checkOptionalId(userId, at, "user_id");
  if (refused !== undefined) return err(refused);
  return ok({ anonymousId: anonymousId || undefined, userId: userId || undefined });
}

import type { SubjectId } from "@leastwise/vocabulary";
import { createHmac } from "node:crypto";
import type { RawIds } from "./subject-ref.js";

/** Shortest key that is taken, bytes. */
export const SUBJECT_KEY_BYTES_MIN = 16;

/** Turns raw ids into subjects. It is the last to see them. */
export interface SubjectHasher {
  /** The subject of a browser or device. */
  anonymous(anonymousId: string): SubjectId;
  /** The subject of a known shopper. The same text as an anonymous id is another subject. */
  known(userId: string): SubjectId;
  /** Whose a request is: the known shopper if it names one, else the anonymous one. */
  of(ids: RawIds): SubjectId;
}

/**
 * A hasher under a secret key: HMAC-SHA256 (RFC 2104) of the kind of id and the id, cut to its first 128 bits, as 32
 * lower-case hex digits. All doors of one installation share the key.
 *
 * @param key at least {@link SUBJECT_KEY_BYTES_MIN} bytes; less is a RangeError, being checked by the configuration
 */
export function createSubjectHasher(key: Uint8Array): SubjectHasher {
  if (key.length < SUBJECT_KEY_BYTES_MIN) {
    throw new RangeError(`the subject key has ${key.length} bytes, expected at least ${SUBJECT_KEY_BYTES_MIN}`);
  }
  const hash = (kind: string, id: string) =>
    createHmac("sha256", key).update(`${kind}\u0000${id}`).digest("hex").slice(0, 32) as SubjectId;
  const anonymous = (anonymousId: string) => hash("anonymous", anonymousId);
  const known = (userId: string) => hash("user", userId);
  return {
    anonymous,
    known,
    of({ anonymousId, userId }) {
      if (userId !== undefined) return known(userId);
      if (anonymousId !== undefined) return anonymous(anonymousId);
      throw new RangeError("neither id is there: the door has not checked it");
    },
  };
}

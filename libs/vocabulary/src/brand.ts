declare const brand: unique symbol;

/** A string or number that the compiler keeps apart from others of the same shape. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** The pseudonymous shopper: a keyed hash of a raw id, 32 lower-case hex digits. Raw ids never leave the collector. */
export type SubjectId = Brand<string, "SubjectId">;

/**
 * Minted once at the first sight of a shopper and never changed, whatever happens to keys, ids and
 * links. Arms and exploration hash this, so that nobody changes arm by logging in.
 */
export type AssignmentKey = Brand<string, "AssignmentKey">;

/** One of {@link BUCKET_COUNT} fixed slots that subjects hash to. Buckets, not subjects, move between partitions. */
export type Bucket = Brand<number, "Bucket">;

/** Unix time in milliseconds, UTC. Fields of this type end in `Ms` or `_ms`. */
export type Millis = Brand<number, "Millis">;

/** Hundredths of a per cent: 10 000 is the whole. */
export type BasisPoints = Brand<number, "BasisPoints">;

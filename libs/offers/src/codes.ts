import {
  err,
  keyedHash,
  ok,
  refusal,
  toBigint,
  type Bucket,
  type HashKey,
  type Refusal,
  type Result,
} from "@leastwise/vocabulary";

/** Digits and letters without I, L, O and U (Crockford, base 32): nothing in it looks like anything else in it. */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/** Characters of a code: 15 of payload and one that checks them. */
const CODE_LENGTH = 16;
const GROUP_LENGTH = 4;
/** The payload's 75 bits, from the top: 8 of bucket, 4 of key version, and 63 that cannot be guessed. */
const KEY_VERSION_BITS = 4n;
const SECRET_BITS = 63n;

/** Key versions go from 0 to this. */
export const CODE_KEY_VERSION_MAX = 15;

/** Of what a code is made. */
export interface CodeParts {
  /** The offer that the code stands for; the same offer gets the same code. */
  readonly offerId: string;
  /** The subject's bucket, so that any node knows where the offer lives. */
  readonly bucket: Bucket;
  /** Which secret, 0 to {@link CODE_KEY_VERSION_MAX}. */
  readonly keyVersion: number;
  /** The secret itself: without it, 63 bits of the code cannot be guessed (SipHash is a pseudo-random function). */
  readonly secretKey: HashKey;
}

/** What can be read in a code without any secret. */
export interface CodeReading {
  /** The code in upper case and groups of four, as it was minted. */
  readonly canonical: string;
  readonly bucket: Bucket;
  readonly keyVersion: number;
}

/** Makes the code that a shopper types, for example `M7Q0-4Z8K-1XWD-3RVH`. */
export function mintCode({ offerId, bucket, keyVersion, secretKey }: CodeParts): string {
  if (!Number.isInteger(keyVersion) || keyVersion < 0 || keyVersion > CODE_KEY_VERSION_MAX)
    throw new RangeError(`key version ${String(keyVersion)} is not from 0 to ${String(CODE_KEY_VERSION_MAX)}`);
  if (!Number.isInteger(bucket) || bucket < 0 || bucket > 255)
    throw new RangeError(`bucket ${String(bucket)} is not from 0 to 255`);
  const secret = toBigint(keyedHash(secretKey, `offer-code/1/${offerId}`)) >> (64n - SECRET_BITS);
  const payload = (((BigInt(bucket) << KEY_VERSION_BITS) | BigInt(keyVersion)) << SECRET_BITS) | secret;
  const values = Array.from({ length: CODE_LENGTH - 1 }, (_, i) =>
    Number((payload >> BigInt(5 * (CODE_LENGTH - 2 - i))) & 31n),
  );
  return inGroups([...values, timesAlpha(fold(values))]);
}

/**
 * Reads a code as typed: case, spaces and dashes do not matter, O is read as 0, I and L as 1. Refused (`code_malformed`):
 * a wrong length or character, or a check character that does not fit, which is so for every single wrong character and
 * every two characters exchanged.
 */
export function readCode(text: string): Result<CodeReading, Refusal> {
  const values = symbols(text);
  if (values === undefined || values.length !== CODE_LENGTH || fold(values) !== 0) {
    return err(refusal("code_malformed", "code", text, "16 letters and digits of an offer code, as it was issued"));
  }
  const payload = values.slice(0, -1).reduce((bits, value) => (bits << 5n) | BigInt(value), 0n);
  const head = Number(payload >> SECRET_BITS);
  return ok({
    canonical: inGroups(values),
    bucket: (head >> Number(KEY_VERSION_BITS)) as Bucket,
    keyVersion: head & ((1 << Number(KEY_VERSION_BITS)) - 1),
  });
}

/** Longest text looked at: a code with a separator after each character. */
const TYPED_LENGTH_MAX = 64;

function symbols(text: string): number[] | undefined {
  if (text.length > TYPED_LENGTH_MAX) return undefined;
  const values: number[] = [];
  for (const char of text.toUpperCase().replace(/[\s\-‐-―]/gu, "")) {
    const value = ALPHABET.indexOf(char === "O" ? "0" : char === "I" || char === "L" ? "1" : char);
    if (value < 0) return undefined;
    values.push(value);
  }
  return values;
}

function inGroups(values: readonly number[]): string {
  const text = values.map((value) => ALPHABET.charAt(value)).join("");
  return Array.from({ length: CODE_LENGTH / GROUP_LENGTH }, (_, group) =>
    text.slice(group * GROUP_LENGTH, (group + 1) * GROUP_LENGTH),
  ).join("-");
}

/**
 * The check: the characters as a polynomial over the field of 32 elements, evaluated at a generator (a Reed–Solomon code
 * with one check symbol). A code's value is 0. All weights differ and none is 0, so that one wrong character, or any two
 * exchanged, always changes it.
 */
function fold(values: readonly number[]): number {
  return values.reduce((sum, value) => timesAlpha(sum) ^ value, 0);
}

/** Times x modulo x⁵ + x² + 1, which is primitive: powers of x reach all 31 elements that are not 0. */
function timesAlpha(element: number): number {
  return (element << 1) ^ ((element & 16) === 0 ? 0 : 0b100101);
}

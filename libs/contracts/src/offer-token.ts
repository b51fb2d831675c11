import { readCode } from "@leastwise/offers";
import { err, isSubjectId, ok, refusal, type Refusal, type Result, type SubjectId } from "@leastwise/vocabulary";
import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import { readWrittenJson, writeJson } from "./json.js";
import type * as wire from "./wire.js";

/** Longest token that is made and read, characters: one of ours has some 700, and as much more as its incentive names goods. */
const TOKEN_LENGTH_MAX = 4_096;

/** Sets tokens apart from all else that the key is for. */
const KEY_PURPOSE = "leastwise offer token 1";

/** What was read of a token. */
export interface TokenReading {
  /** Whom it was issued to. */
  readonly subject: SubjectId;
  /** As the answer had it, its code included; of a newer version of the program's what this one knows of it. */
  readonly offer: wire.Offer;
}

/**
 * Makes and reads the signed tokens of offers: JSON Web Tokens (RFC 7519) in the compact form, signed with HMAC-SHA256 (`HS256`, RFC 7518) under a key that is derived
 * from the codes' own (HKDF, RFC 5869). Anybody can read one; only who has the key can make one. The same offer on the same cart has the same token.
 */
export class OfferTokens {
  readonly #key: Uint8Array;
  readonly #header: string;
  readonly #keyId: string;

  /**
   * @param key the key of codes, as it is configured
   * @param keyVersion which key it is
   */
  constructor(key: Uint8Array, keyVersion: number) {
    this.#key = new Uint8Array(hkdfSync("sha256", key, "", KEY_PURPOSE, 32));
    this.#keyId = `codes-${keyVersion}`;
    this.#header = base64url(JSON.stringify({ alg: "HS256", typ: "JWT", kid: this.#keyId }));
  }

  /** The token of an offer as an answer has it; empty where it would be longer than is read: its code stands for the offer then. */
  mint(offer: wire.Offer, subject: SubjectId): string {
    const claims = {
      iss: "leastwise",
      sub: subject,
      jti: offer.offerId,
      iat: Number(offer.issuedAtMs) / 1_000,
      exp: Number(offer.expiresAtMs) / 1_000,
      offer: writeJson("Offer", { ...offer, token: "" }),
    };
    const signed = `${this.#header}.${base64url(JSON.stringify(claims))}`;
    const token = `${signed}.${this.#signatureOf(signed)}`;
    return token.length > TOKEN_LENGTH_MAX ? "" : token;
  }

  /**
   * Reads a token that was made with this key, be it that its offer is over, or that a newer version of the program made it: what it says beyond what is known here is
   * passed over, since it is signed. Refused: `token_malformed`, `token_key_unknown` (made with another version of
   * the key), `token_forged`.
   */
  read(token: string, field: string): Result<TokenReading, Refusal> {
    const refused = (reason: string, came: string) =>
      err(refusal(reason, field, came, "the token of an offer, as an answer had it"));
    const parts = partsOf(token);
    if (parts === undefined || token.length > TOKEN_LENGTH_MAX) return refused("token_malformed", "no token");
    const { alg, kid, crit } = objectIn(parts.header);
    if (typeof kid === "string" && kid !== this.#keyId) return refused("token_key_unknown", kid);
    // What is said to be critical has to be understood (RFC 7515), and nothing of it is here.
    if (kid !== this.#keyId || alg !== "HS256" || crit !== undefined)
      return refused("token_malformed", "another header");
    if (!isSame(parts.signature, this.#signatureOf(`${parts.header}.${parts.claims}`)))
      return refused("token_forged", "another signature");
    const { sub, offer } = objectIn(parts.claims);
    const read = readWrittenJson("Offer", offer);
    if (read === undefined || typeof sub !== "string" || !isSubjectId(sub))
      return refused("token_malformed", "other claims");
    return ok({ subject: sub, offer: read });
  }

  #signatureOf(signed: string): string {
    return createHmac("sha256", this.#key).update(signed).digest("base64url");
  }
}

/** Whether a text has the form of a token with a code of ours in it, rather than that of a code, and may be read: others' tokens are none. */
export function isOfferToken(text: string): boolean {
  return text.length <= TOKEN_LENGTH_MAX && partsOf(text) !== undefined && codeIn(text) !== undefined;
}

/** The code of ours that a text is, or that is inside of it, a token, however long, which is taken at its word; undefined: neither. */
export function codeIn(text: string): string | undefined {
  const parts = partsOf(text);
  const code = parts === undefined ? text : codeOf(objectIn(parts.claims));
  const read = typeof code === "string" ? readCode(code) : undefined;
  return read?.ok === true ? read.value.canonical : undefined;
}

function codeOf({ offer }: Readonly<Record<string, unknown>>): unknown {
  return typeof offer === "object" && offer !== null && "code" in offer ? offer.code : undefined;
}

/** The three parts of a compact token; undefined: it is none. */
function partsOf(token: string): { header: string; claims: string; signature: string } | undefined {
  const [, header, claims, signature] = /^(eyJ[\w-]+)\.([\w-]+)\.([\w-]+)$/u.exec(token) ?? [];
  return header === undefined || claims === undefined || signature === undefined
    ? undefined
    : { header, claims, signature };
}

/** The object that a part says; an empty one where it says none. */
function objectIn(part: string): Readonly<Record<string, unknown>> {
  try {
    const said: unknown = JSON.parse(Buffer.from(part, "base64url").toString());
    return typeof said === "object" && said !== null ? { ...said } : {};
  } catch {
    return {};
  }
}

function base64url(text: string): string {
  return Buffer.from(text).toString("base64url");
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

import { mintCode } from "@leastwise/offers";
import type { Bucket, SubjectId } from "@leastwise/vocabulary";
import { describe, expect, it } from "@jest/globals";
import { createHmac, hkdfSync } from "node:crypto";
import { codeIn, isOfferToken, OfferTokens } from "./offer-token.js";
import * as wire from "./wire.js";

const KEY = Buffer.alloc(32, 9);
const SUBJECT = "5f".repeat(16) as SubjectId;
const CODE = mintCode({ offerId: "o-1", bucket: 95 as Bucket, keyVersion: 1, secretKey: { k0: 1n, k1: 2n } });
const OFFER = wire.Offer.fromPartial({
  offerId: "o-1",
  code: CODE,
  campaignId: "autumn",
  incentive: { kind: { $case: "percentOff", value: { percentBp: 1_000 } } },
  faceValue: { minor: 1_000n, currency: "EUR" },
  issuedAtMs: 1_795_435_200_123n,
  expiresAtMs: 1_795_442_400_000n,
  status: wire.OfferStatus.OFFER_STATUS_ISSUED,
});

const tokens = new OfferTokens(KEY, 1);
const TOKEN = tokens.mint(OFFER, SUBJECT);

function reasonOf(token: string, by = tokens): string {
  const read = by.read(token, "offer_token");
  return read.ok ? "read" : `${read.error.reason} at ${read.error.field}`;
}

/** The same token with another part. */
function changed(part: 0 | 1 | 2, said: string): string {
  return TOKEN.split(".").with(part, said).join(".");
}

/** A token with these claims, signed as ours are. */
function signed(claims: object): string {
  const unsigned = changed(1, Buffer.from(JSON.stringify(claims)).toString("base64url"))
    .split(".")
    .slice(0, 2)
    .join(".");
  const own = Buffer.from(hkdfSync("sha256", KEY, "", "leastwise offer token 1", 32));
  return `${unsigned}.${createHmac("sha256", own).update(unsigned).digest("base64url")}`;
}

describe("the token of an offer", () => {
  it("is read as it was made, and made the same again", () => {
    expect(tokens.read(TOKEN, "")).toEqual({ ok: true, value: { subject: SUBJECT, offer: OFFER } });
    expect(new OfferTokens(KEY, 1).mint({ ...OFFER, token: "whatever" }, SUBJECT)).toBe(TOKEN);
  });

  it("says what it is to whoever reads it, as any JSON Web Token", () => {
    const [header, claims] = TOKEN.split(".").map((part) => Buffer.from(part, "base64url").toString());
    expect(JSON.parse(header!)).toEqual({ alg: "HS256", typ: "JWT", kid: "codes-1" });
    expect(JSON.parse(claims!)).toEqual({
      ...{ iss: "leastwise", sub: SUBJECT, jti: "o-1", iat: 1_795_435_200.123, exp: 1_795_442_400 },
      offer: {
        ...{ offer_id: "o-1", code: CODE, campaign_id: "autumn", status: "OFFER_STATUS_ISSUED" },
        incentive: { percent_off: { percent_bp: 1_000 } },
        face_value: { minor: "1000", currency: "EUR" },
        ...{ issued_at_ms: "1795435200123", expires_at_ms: "1795442400000" },
      },
    });
  });

  it("is signed by HMAC-SHA256 under a key of its own, which the key of codes gives", () => {
    const [header, claims, signature] = TOKEN.split(".");
    const own = Buffer.from(hkdfSync("sha256", KEY, "", "leastwise offer token 1", 32));
    expect(createHmac("sha256", own).update(`${header}.${claims}`).digest("base64url")).toBe(signature);
    expect(createHmac("sha256", KEY).update(`${header}.${claims}`).digest("base64url")).not.toBe(signature);
  });

  it("is refused where a part of it was made by somebody else", () => {
    const richer = tokens.mint({ ...OFFER, faceValue: { minor: 9_000n, currency: "EUR" } }, SUBJECT).split(".")[1]!;
    expect(reasonOf(changed(1, richer))).toBe("token_forged at offer_token");
    expect(reasonOf(changed(2, "AAAA"))).toBe("token_forged at offer_token");
    expect(reasonOf(TOKEN, new OfferTokens(Buffer.alloc(32, 8), 1))).toBe("token_forged at offer_token");
    const unsigned = Buffer.from(JSON.stringify({ alg: "none", typ: "JWT" })).toString("base64url");
    expect(reasonOf(changed(0, unsigned))).toBe("token_malformed at offer_token");
  });

  it("is told to be of another version of the key", () => {
    expect(reasonOf(TOKEN, new OfferTokens(KEY, 2))).toBe("token_key_unknown at offer_token");
  });

  it.each(["", "token", CODE, "a.b.c", "eyJ.eyJ.eyJ", `${TOKEN}.x`, `eyJ${"x".repeat(5_000)}.y.z`])(
    "is not %p",
    (text) => {
      expect(reasonOf(text)).toBe("token_malformed at offer_token");
    },
  );

  it("is none where it would be longer than is read, and whatever is made is read", () => {
    const scopedTo = (count: number) => {
      const scope = wire.Scope.fromPartial({
        productIds: Array.from({ length: count }, (_, i) => `${"s".repeat(15)}${10_000 + i}`),
      });
      return {
        ...OFFER,
        incentive: { kind: { $case: "percentOff" as const, value: { percentBp: 1_000, maximum: undefined, scope } } },
      };
    };
    const made = Array.from({ length: 140 }, (_, count) => tokens.mint(scopedTo(count), SUBJECT));
    expect(new Set(made.filter((token) => token !== "").map((token) => reasonOf(token)))).toEqual(new Set(["read"]));
    expect(made.indexOf("")).toBeGreaterThan(80);
    expect(tokens.mint(scopedTo(1_000), SUBJECT)).toBe("");
  });

  it("of a newer version is read: what is not known of it is passed over", () => {
    const claims = JSON.parse(Buffer.from(TOKEN.split(".")[1]!, "base64url").toString()) as Record<string, object>;
    const signedWith = (offer: object) => signed({ ...claims, more: 1, offer: { ...claims["offer"], ...offer } });
    const token = signedWith({ newer: { a: 1 }, incentive: { percent_off: { percent_bp: 1_000, newer: ["x"] } } });
    expect(tokens.read(token, "")).toEqual({ ok: true, value: { subject: SUBJECT, offer: OFFER } });
    const other = signedWith({ incentive: { newer_kind: {} }, status: "OFFER_STATUS_NEWER" });
    expect(tokens.read(other, "")).toMatchObject({ ok: true, value: { offer: { incentive: { kind: undefined } } } });
    expect(codeIn(other)).toBe(CODE);
    expect(reasonOf(signedWith({ issued_at_ms: {} }))).toBe("token_malformed at offer_token");
  });

  it("is refused if its claims are no offer's, be it that they are signed", () => {
    expect(reasonOf(tokens.mint(OFFER, "ada" as SubjectId))).toBe("token_malformed at offer_token");
  });

  it("stands for the code that is in it", () => {
    expect([isOfferToken(TOKEN), isOfferToken(CODE)]).toEqual([true, false]);
    expect([codeIn(TOKEN), codeIn(CODE.toLowerCase()), codeIn("SAVE10")]).toEqual([CODE, CODE, undefined]);
    expect(codeIn(changed(1, Buffer.from('{"offer":{"code":7}}').toString("base64url")))).toBeUndefined();
    expect(codeIn("eyJ9.x.y")).toBeUndefined();
    // However long, so that it is known for one where it is no longer read.
    const long = signed({ offer: { code: CODE, padding: "x".repeat(5_000) } });
    expect([codeIn(long), isOfferToken(long), reasonOf(long)]).toEqual([CODE, false, "token_malformed at offer_token"]);
  });
});

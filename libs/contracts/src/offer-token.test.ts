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

  it("is refused if its claims are no offer's, be it that they are signed", () => {
    expect(reasonOf(tokens.mint(OFFER, "ada" as SubjectId))).toBe("token_malformed at offer_token");
  });

  it("stands for the code that is in it", () => {
    expect([isOfferToken(TOKEN), isOfferToken(CODE)]).toEqual([true, false]);
    expect([codeIn(TOKEN), codeIn(CODE.toLowerCase()), codeIn("SAVE10")]).toEqual([CODE, CODE, undefined]);
    expect(codeIn(changed(1, Buffer.from('{"offer":{"code":7}}').toString("base64url")))).toBeUndefined();
    expect(codeIn("eyJ9.x.y")).toBeUndefined();
  });
});

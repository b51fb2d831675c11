import { OfferTokens, wire } from "@leastwise/contracts";
import { mintCode } from "@leastwise/offers";
import type { Bucket, SubjectId } from "@leastwise/vocabulary";
import { describe, expect, it } from "@jest/globals";
import { codeHash, maskCodes, reportedCode } from "./code-hash.js";

const CODE = mintCode({ offerId: "o-1", bucket: 7 as Bucket, keyVersion: 1, secretKey: { k0: 1n, k1: 2n } });
const TOKEN = new OfferTokens(Buffer.alloc(32, 1), 1).mint(
  wire.Offer.fromPartial({ offerId: "o-1", code: CODE }),
  "5f".repeat(16) as SubjectId,
);

const masked = (text: string) => maskCodes(Buffer.from(text)).toString();

describe("a code that a shop reports", () => {
  it("is its hash, be it in a token, and others' codes and tokens stay what they are", () => {
    expect([reportedCode(CODE.toLowerCase()), reportedCode(TOKEN)]).toEqual([codeHash(CODE), codeHash(CODE)]);
    expect([reportedCode("SAVE10"), reportedCode("eyJhIjoxfQ.eyJiIjoxfQ.x")]).toEqual([
      ...["SAVE10", "eyJhIjoxfQ.eyJiIjoxfQ.x"],
    ]);
  });
});

describe("a text longer than any code", () => {
  it("never stays what it is: it may have a code in it", () => {
    const [header, , signature] = TOKEN.split(".");
    const claims = Buffer.from(JSON.stringify({ offer: { code: CODE, padding: "x".repeat(30_000) } })).toString(
      "base64url",
    );
    expect(reportedCode(`${header}.${claims}.${signature}`)).toBe(codeHash(CODE));
    const short = TOKEN.slice(0, -50);
    expect(reportedCode(short)).toBe(codeHash(short));
    expect(reportedCode(`the code is ${TOKEN}`)).toBe(codeHash(`the code is ${TOKEN}`));
  });
});

describe("a text that may have codes in it", () => {
  it("has none of them any more, nor tokens, whole or cut short, and is as long as before", () => {
    const stars = (text: string) => "*".repeat(text.length);
    expect(masked(`a ${CODE} b`)).toBe(`a ${stars(CODE)} b`);
    expect(masked(`a ${TOKEN} b`)).toBe(`a ${stars(TOKEN)} b`);
    const short = TOKEN.slice(0, TOKEN.length / 2);
    expect(masked(`a "${short}`)).toBe(`a "${stars(short)}`);
  });

  it("is gone through once, however many tokens seem to begin in it", () => {
    // Gone through from each of them to its end, it would take minutes.
    expect(masked("eyJ".repeat(300_000))).toBe("*".repeat(900_000));
  });
});

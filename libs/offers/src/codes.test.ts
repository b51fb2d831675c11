import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { Bucket } from "@leastwise/vocabulary";
import { mintCode, readCode } from "./codes.js";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const SECRET = { k0: 3n, k1: 5n };
const OPTIONS = { seed: 20_261_123, numRuns: 300 };

const parts = fc.record({
  offerId: fc.string(),
  bucket: fc.integer({ min: 0, max: 255 }).map((bucket) => bucket as Bucket),
  keyVersion: fc.integer({ min: 0, max: 15 }),
  secretKey: fc.constant(SECRET),
});

describe("an offer's code", () => {
  it("is read back as it was minted", () => {
    fc.assert(
      fc.property(parts, (given) => {
        const code = mintCode(given);
        expect(code).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$/);
        expect(readCode(code)).toEqual({
          ok: true,
          value: { canonical: code, bucket: given.bucket, keyVersion: given.keyVersion },
        });
      }),
      OPTIONS,
    );
  });

  it("is the same for the same offer, another for another offer or secret", () => {
    const given = { offerId: "o1", bucket: 7 as Bucket, keyVersion: 2, secretKey: SECRET };
    expect(mintCode(given)).toBe(mintCode({ ...given }));
    expect(mintCode({ ...given, offerId: "o2" })).not.toBe(mintCode(given));
    expect(mintCode({ ...given, secretKey: { k0: 3n, k1: 6n } })).not.toBe(mintCode(given));
  });

  it("spreads what cannot be guessed over all of its characters", () => {
    const seen = Array.from({ length: 16 }, () => new Set<string>());
    for (let i = 0; i < 2_000; i += 1) {
      const code = mintCode({ offerId: String(i), bucket: 0 as Bucket, keyVersion: 0, secretKey: SECRET });
      for (const [place, char] of Array.from(code.replaceAll("-", "")).entries()) seen[place]!.add(char);
    }
    // 8 bits of bucket and 4 of version fill the first two characters and the top of the third.
    expect(seen.slice(3).map((chars) => chars.size)).toEqual(new Array(13).fill(32));
  });

  it.each([
    ["lower case", (code: string) => code.toLowerCase()],
    ["no dashes", (code: string) => code.replaceAll("-", "")],
    ["spaces and long dashes", (code: string) => ` ${code.replaceAll("-", " – ")} `],
    ["the letter O for 0", (code: string) => code.replaceAll("0", "o")],
    ["I and L for 1", (code: string) => code.replace("1", "I").replaceAll("1", "l")],
  ])("is read with %s", (_how, typed) => {
    for (let i = 0; i < 50; i += 1) {
      const code = mintCode({ offerId: String(i), bucket: 8 as Bucket, keyVersion: 1, secretKey: SECRET });
      expect(readCode(typed(code))).toMatchObject({ ok: true, value: { canonical: code } });
    }
  });

  it("detects every single wrong character and every exchange of two", () => {
    fc.assert(
      fc.property(parts, fc.nat(15), fc.nat(15), fc.nat(31), (given, first, second, value) => {
        const chars = Array.from(mintCode(given).replaceAll("-", ""));
        const wrong = [...chars];
        wrong[first] = ALPHABET[value]!;
        expect(readCode(wrong.join("")).ok).toBe(wrong[first] === chars[first]);
        const exchanged = [...chars];
        [exchanged[first], exchanged[second]] = [chars[second]!, chars[first]!];
        expect(readCode(exchanged.join("")).ok).toBe(chars[first] === chars[second]);
      }),
      { ...OPTIONS, numRuns: 3_000 },
    );
  });

  it.each(["", "1234", "U".repeat(16), "0000-0000-0000-0001", "é".repeat(16), "0".repeat(1_000), "\ud800".repeat(16)])(
    "refuses %j",
    (text) => {
      expect(readCode(text)).toMatchObject({ ok: false, error: { reason: "code_malformed", field: "code" } });
    },
  );
});

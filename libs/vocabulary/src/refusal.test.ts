import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import {
  InWords,
  isWellFormed,
  printable,
  refusal,
  REFUSAL_CAME_LENGTH_MAX,
  REFUSAL_WORDS_LENGTH_MAX,
  sayRefusal,
} from "./refusal.js";

describe("refusal", () => {
  it("names the field, what came and what was expected", () => {
    const refused = refusal("quantity_out_of_range", "lines[0].quantity", -1, "an integer from 1 to 2147483647");
    expect(sayRefusal(refused)).toBe(
      "lines[0].quantity: expected an integer from 1 to 2147483647, got -1 (quantity_out_of_range)",
    );
  });

  it("begins with what was expected where the whole input is meant", () => {
    expect(sayRefusal(refusal("json_malformed", "", "{", "JSON"))).toBe('expected JSON, got "{" (json_malformed)');
  });

  it("says in words of our own what came: whole and without quotation marks, within bounds", () => {
    const came = (words: string) => refusal("reason", "field", new InWords(words), "something else").came;
    expect(came("no line")).toBe("no line");
    expect(came("x".repeat(256))).toBe("x".repeat(256));
    expect(came("x".repeat(257))).toBe(`${"x".repeat(REFUSAL_WORDS_LENGTH_MAX - 1)}…`);
    expect(came("a\nb")).toBe("a\uFFFDb");
  });

  it("can be sent through any door, whatever came: encodeURI does not throw, and the quotation is short", () => {
    const anyText = fc.string({
      unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
      maxLength: 200,
    });
    fc.assert(
      fc.property(anyText, anyText, (field, came) => {
        const refused = refusal("reason", field, came, "something else");
        expect(() => encodeURI(sayRefusal(refused))).not.toThrow();
        expect(refused.came.length).toBeLessThanOrEqual(REFUSAL_CAME_LENGTH_MAX);
      }),
    );
  });

  it("tells well-formed text", () => {
    expect(["a", "😀", "\ud83d", "\ude00\ud83d"].map(isWellFormed)).toEqual([true, true, false, false]);
    expect(printable("a\u0000b\ud800c\n")).toBe("a\uFFFDb\uFFFDc\uFFFD");
  });
});

import { describe, expect, it } from "@jest/globals";
import { textIn } from "./document-text.js";

describe("the text of a document", () => {
  it.each<readonly [string, Buffer, number, number]>([
    ["Latin-1", Buffer.from("version: a\nauthor: J\u00fcrgen\n", "latin1"), 2, 10],
    ["Latin-1 behind UTF-8", Buffer.concat([Buffer.from("reason: für "), Buffer.from([0xe4, 0x0a])]), 1, 13],
    ["UTF-16", Buffer.from("\ufeffversion: a\n", "utf16le"), 1, 1],
    ["a character cut off", Buffer.from("a: ü").subarray(0, 4), 1, 4],
  ])("is refused where it is %s, with the place", (_name, bytes, line, column) => {
    expect(textIn(bytes)).toMatchObject({
      ok: false,
      error: [{ reason: "text_not_utf8", came: '"other bytes"', expected: "text in UTF-8", line, column }],
    });
  });

  it("is taken in UTF-8, U+FFFD itself as well", () => {
    const text = "reason: für \ufffd 👍\n";
    expect(textIn(Buffer.from(text))).toEqual({ ok: true, value: text });
  });
});

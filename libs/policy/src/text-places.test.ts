import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { Document, isScalar, parseDocument, Scalar } from "yaml";
import { offsetInDocument } from "./text-places.js";

const STYLES = ["PLAIN", "QUOTE_SINGLE", "QUOTE_DOUBLE", "BLOCK_LITERAL", "BLOCK_FOLDED"] as const;

/** A document with the text in that style, where the style can hold it. */
function documentOf(text: string, style: Scalar.Type, lineWidth: number): string {
  const scalar = new Scalar(text);
  scalar.type = style;
  return new Document({ list: [{ expression: scalar }] }).toString({ lineWidth, minContentWidth: 0 });
}

function scalarIn(document: string): Scalar {
  const node = parseDocument(document).getIn(["list", 0, "expression"], true);
  if (!isScalar(node)) throw new Error(document);
  return node;
}

/** What stands where each character of the text does. */
const seen = (document: string) => {
  const scalar = scalarIn(document);
  const text = String(scalar.value);
  return Array.from({ length: text.length }, (_, i) => [text[i], document[offsetInDocument(document, scalar, i)]]);
};

describe("the place of a character", () => {
  it("is where it stands in the document, however the text is written", () => {
    const piece = fc.constantFrom(
      "a",
      "features.x",
      "'",
      '"',
      "\\",
      " ",
      "  ",
      "\n",
      "\n\n",
      "\t",
      "#",
      ": ",
      "é",
      "😀",
      "\u0007",
      "&&",
      "|",
      ">",
    );
    const text = fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join(""));
    fc.assert(
      fc.property(text, fc.constantFrom(...STYLES), fc.constantFrom(0, 20, 80), (value, style, lineWidth) => {
        const document = documentOf(value, style, lineWidth);
        for (const [is, stands] of seen(document)) if (!/\s/.test(is ?? "")) expect([is, "\\", "'"]).toContain(stands);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ["a plain text", "list: [{expression: profile.x && y > 3}]", "y", 1, 34],
    ["a plain text of two lines", "list:\n- expression: profile.x\n    && y > 3", "y", 3, 8],
    ["a block", "list:\n- expression: |- # why\n    profile.x\n\n      && y > 3\n", "y", 5, 10],
    ["a folded block", "list:\n- expression: >\n    profile.x &&\n    y > 3\n", "y", 4, 5],
    [
      "a block with the ends of lines of Windows",
      "list:\r\n- expression: >\r\n    profile.x &&\r\n    y > 3\r\n",
      "y",
      4,
      5,
    ],
    ["a text in quotation marks", "list: [{expression: 'it''s == y'}]", "y", 1, 31],
    ["a text with escapes", 'list: [{expression: "\\x22\\u0061\\U0001F600\\" \\t== y"}]', "y", 1, 50],
    ["a text that goes over a line's end", 'list: [{expression: "a \\\n   == y"}]', "y", 2, 7],
    ["an anchor's text", "list: [{expression: &one x == y}]", "y", 1, 31],
  ])("is found in %s", (_, document, what, line, column) => {
    const scalar = scalarIn(document);
    const offset = offsetInDocument(document, scalar, String(scalar.value).indexOf(what));
    const before = document.slice(0, offset).split("\n");
    expect({ stands: document[offset], line: before.length, column: 1 + (before.at(-1) ?? "").length }).toEqual({
      ...{ stands: what, line, column },
    });
  });

  it.each([
    ["list: [{expression: x >}]", "list: [{expression: x >"],
    ['list: [{expression: "x > "}]', 'list: [{expression: "x >'],
    ["list:\n- expression: |\n    x >\n", "list:\n- expression: |\n    x >"],
  ])("is behind the last one where a text ends too soon: %p", (document, before) => {
    const scalar = scalarIn(document);
    expect(document.slice(0, offsetInDocument(document, scalar, String(scalar.value).length))).toBe(before);
  });
});

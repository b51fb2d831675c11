import { describe, expect, it } from "@jest/globals";
import { refusal, type CurrencyCode } from "@leastwise/vocabulary";
import { inDocumentUnits } from "./document-units.js";

const said = (field: string, came: unknown, expected: string) => {
  const problem = inDocumentUnits(refusal("r", field, came, expected), "EUR" as CurrencyCode);
  expect(problem).toMatchObject({ reason: "r", field });
  return `expected ${problem.expected}, got ${problem.came}`;
};

describe("what is wrong with a policy", () => {
  it.each([
    [
      "guardrails.floor_price_bp",
      12_000,
      "an integer from 0 to 10000",
      "expected a percentage from 0% to 100%, got 120%",
    ],
    ["guardrails.margin_floor_bp", -10_250, "at least -10000", "expected at least -100%, got -102.5%"],
    [
      "guardrails.goods_limits[0].floor_price_bp",
      4_000,
      "at least guardrails.floor_price_bp, 5000",
      "expected at least guardrails.floor_price_bp, 50%, got 40%",
    ],
    [
      "partners[0].merchant_share_bp",
      4_999,
      "5000: with partner_share_bp, 5000, 100 % together",
      "expected 50%: with partner_share_bp, 50%, 100 % together, got 49.99%",
    ],
    [
      "campaigns[0].horizon_ms",
      3_600_000,
      "at least the offer's life, 86400000 ms",
      "expected at least the offer's life, 1d, got 1h",
    ],
    [
      "campaigns[12].schedule.ends_at_ms",
      1_764_547_200_000,
      "an instant after 1764547200000",
      "expected an instant after 2025-12-01T00:00:00.000Z, got 2025-12-01T00:00:00.000Z",
    ],
    [
      "campaigns[0].schedule.weekly[0].from_minute",
      90,
      "an integer from 0 to 1439",
      "expected a time of day from 00:00 to 23:59, got 01:30",
    ],
    ["campaigns[0].schedule.ends_at_ms", 1e300, "an integer from 0 to 5", undefined],
    [
      "campaigns[0].ladder",
      17,
      "1 to 16 rungs; rung 0 is not listed",
      "expected 1 to 16 rungs; rung 0 is not listed, got 17",
    ],
    [
      "campaigns[0].schedule.ends_at_ms",
      "2026-11-30T23:00:00.000Z",
      "an end after now, 2026-12-01T08:00:00.000Z",
      undefined,
    ],
    ["budgets[0].amount.minor", -500, "more than 1250", "expected more than 12.50 EUR, got -5.00 EUR"],
    ["segments[0].name", "5 bp", "at most 50 bp", 'expected at most 0.5%, got "5 bp"'],
  ])("is said in the units of the document: %s", (field, came, expected, words) => {
    if (words !== undefined) expect(said(field, came, expected)).toBe(words);
    else expect(() => said(field, came, expected)).not.toThrow();
  });

  it("leaves instants that are written out as they are", () => {
    const expected = "an end after now, 2026-12-01T08:00:00.000Z";
    expect(said("a.ends_at_ms", "2026-11-30T23:00:00.000Z", expected)).toBe(
      `expected ${expected}, got "2026-11-30T23:00:00.000Z"`,
    );
  });
});

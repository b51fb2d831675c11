import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { isCurrencyCode, type CurrencyCode } from "./currency.js";
import { addMoney, formatMoney, minorFromDecimal } from "./money.js";

const EUR = "EUR" as CurrencyCode;

describe("money", () => {
  it.each([
    [1250, "EUR", "12.50 EUR"],
    [-5, "EUR", "-0.05 EUR"],
    [1250, "JPY", "1250 JPY"],
    [1, "KWD", "0.001 KWD"],
    [0, "EUR", "0.00 EUR"],
  ])("%d %s is written %s", (minor, currency, text) => {
    expect(formatMoney({ minor, currency: currency as CurrencyCode })).toBe(text);
  });

  it.each([
    ["35.79", "EUR", 3579],
    ["0.125", "EUR", 12],
    ["0.135", "EUR", 14],
    ["0.1250001", "EUR", 13],
    ["-2.62", "EUR", -262],
    ["1499", "JPY", 1499],
    ["1.", "EUR", 100],
    ["1e3", "EUR", undefined],
    ["", "EUR", undefined],
    ["99999999999999999999", "EUR", undefined],
  ])("%j in %s is %p minor units", (text, currency, minor) => {
    expect(minorFromDecimal(text, currency as CurrencyCode)).toBe(minor);
  });

  it("reads back what it writes", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (minor) => {
        const [decimal = ""] = formatMoney({ minor, currency: EUR }).split(" ");
        expect(minorFromDecimal(decimal, EUR)).toBe(minor === 0 ? 0 : minor);
      }),
    );
  });

  it("does not add two currencies", () => {
    expect(() => addMoney({ minor: 1, currency: EUR }, { minor: 1, currency: "USD" as CurrencyCode })).toThrow("USD");
  });

  it("knows currencies by their exact code", () => {
    expect(["EUR", "JPY", "XXX", "eur", "XAU", ""].map(isCurrencyCode)).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
  });
});

import { describe, expect, it } from "@jest/globals";
import { isCountryCode, isPlaceCode } from "./country.js";

const LETTERS = Array.from("ABCDEFGHIJKLMNOPQRSTUVWXYZ");
const PAIRS = LETTERS.flatMap((first) => LETTERS.map((second) => first + second));
/** What CLDR has a name for beside what ISO 3166-1 assigned: reserved codes, and those of countries that are no more. */
const BESIDE =
  "AC AN BU CP CQ CS DD DG DY EA EU EZ FX HV IC NH NT QO RH SU TA TP UK UN VD XA XB YD YU ZR ZZ QU NQ PC PU PZ JT MI WK FQ CT".split(
    " ",
  );

describe("a country's code", () => {
  it("is one of the 249 that ISO 3166-1 assigned, or Kosovo's: those that the runtime has a name for, without what is reserved or gone", () => {
    const names = new Intl.DisplayNames("en", { type: "region", fallback: "none" });
    const known = PAIRS.filter(isCountryCode);
    expect(known).toHaveLength(250);
    expect(known).toEqual(PAIRS.filter((pair) => names.of(pair) !== undefined && !BESIDE.includes(pair)));
  });

  it.each(["", "de", "DEU", "UK", "EL", "NY", "XX", "EU", " DE"])("is not %j", (text) => {
    expect(isCountryCode(text)).toBe(false);
  });

  it("may be one that ISO leaves to its users where a shopper is, or the European Union's, but none that is nobody's", () => {
    expect(["DE", "XK", "EU", "XX", "ZZ", "AA", "QM", "QZ"].map(isPlaceCode)).toEqual(Array(8).fill(true));
    expect(["UK", "EL", "NY", "us", "USA", "QL", "T1", ""].map(isPlaceCode)).toEqual(Array(8).fill(false));
  });
});

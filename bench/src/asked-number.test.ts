import { describe, expect, it } from "@jest/globals";
import { askedNumber } from "./asked-number.js";

const ASKED = { name: "BENCH_SUBJECTS", otherwise: 1_000, min: 10, max: 5_000 };

describe("askedNumber", () => {
  it("is what the environment says, else what holds otherwise", () => {
    expect(askedNumber(ASKED, {})).toBe(1_000);
    expect(askedNumber(ASKED, { BENCH_SUBJECTS: "20" })).toBe(20);
  });

  it.each(["", " ", "9", "5001", "20.5", "many"])("refuses %j in words", (said) => {
    expect(() => askedNumber(ASKED, { BENCH_SUBJECTS: said })).toThrow(
      `BENCH_SUBJECTS: expected an integer from 10 to 5000, got ${JSON.stringify(said)}`,
    );
  });
});

import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { chiSquareSurvival } from "./sample-ratio.js";
import { studentCdf, studentQuantile, studentTwoSided } from "./student-t.js";

describe("Student's t", () => {
  it("is the Cauchy distribution for one degree of freedom, quantiles in closed form", () => {
    for (const p of [0.5, 0.05, 1e-6]) {
      expect(studentQuantile(p, 1) * Math.tan((Math.PI * p) / 2)).toBeCloseTo(1, 12);
    }
  });

  it("has a closed form for two degrees of freedom, t = (1 − p)√(2/(1 − (1 − p)²))", () => {
    for (const p of [0.9, 0.05, 0.001]) {
      const c = 1 - p;
      expect(studentQuantile(p, 2) / (c * Math.sqrt(2 / (1 - c * c)))).toBeCloseTo(1, 12);
    }
  });

  it("comes to the normal quantile as the degrees of freedom grow", () => {
    expect(studentQuantile(0.05, 1e12)).toBeCloseTo(1.959963984540054, 9);
  });

  it("quantile and tail undo each other, whatever the degrees of freedom", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-9, max: 0.999, noNaN: true }),
        fc.double({ min: 0.6, max: 1e7, noNaN: true }),
        (p, dof) => {
          expect(studentTwoSided(studentQuantile(p, dof), dof) / p).toBeCloseTo(1, 9);
        },
      ),
      { seed: 7 },
    );
  });

  it("is symmetric", () => {
    expect(studentCdf(1.3, 5.5) + studentCdf(-1.3, 5.5)).toBeCloseTo(1, 15);
    expect(studentCdf(0, 3)).toBeCloseTo(0.5, 15);
  });
});

describe("chi-square", () => {
  it("has the closed form exp(−x/2) for two degrees of freedom, far into the tail", () => {
    for (const x of [0, 0.1, 1, 3, 50, 1_000]) expect(chiSquareSurvival(x, 2) / Math.exp(-x / 2)).toBeCloseTo(1, 11);
  });
});

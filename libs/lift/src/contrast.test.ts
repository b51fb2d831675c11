import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { readFileSync } from "node:fs";
import { differenceOf, relativeOf, type Contrast } from "./contrast.js";
import { sampleRatio } from "./sample-ratio.js";
import { addSums, meanOf, NO_SUMS, sumsOf, varianceOf, type SufficientSums } from "./sufficient-sums.js";

const oracle = (name: string): string =>
  readFileSync(new URL(`../../../tests/oracles/lift/${name}`, import.meta.url), "utf8");

interface Test {
  readonly estimate: number;
  readonly ci: readonly [number, number];
  readonly p_value: number;
  readonly se: number;
  readonly dof: number;
}
interface ArmSums {
  readonly n: number;
  readonly sum: number;
  readonly mean: number;
  readonly variance_sample: number | null;
}
interface Metric {
  readonly arm_sums: Record<"holdout" | "treatment", ArmSums>;
  readonly gbstats?: Record<string, Test>;
  readonly gbstats_as_mean?: Record<string, Test>;
}
interface EdgeCase {
  readonly input: { readonly holdout: number[]; readonly treatment: number[] };
  readonly exact_sample_variance: Record<"holdout" | "treatment", number | null>;
  readonly welch: { t: number | null; dof?: number; p_value: number | null; ci_abs?: [number, number] } | null;
}
interface SampleRatioCase {
  readonly observed: number[];
  readonly weights: number[];
  readonly chi2: number;
  readonly p_value_scipy: number;
  readonly "flag_at_0.001": boolean;
}
interface Oracle {
  readonly metrics: Record<string, Metric>;
  readonly srm: SampleRatioCase;
  readonly srm_cases: SampleRatioCase[];
  readonly edge_cases: Record<string, EdgeCase>;
}

const EXPECTED = JSON.parse(oracle("expected.json")) as Oracle;
const CURRENT = JSON.parse(oracle("expected_gbstats_current.json")) as {
  readonly edge_cases: Record<string, Record<string, Test>>;
};

const ROWS = oracle("users.csv")
  .trim()
  .split("\n")
  .map((line) => line.split(","));
const HEADER = ROWS[0]!;

function armSums(column: string, arm: string): SufficientSums {
  const at = HEADER.indexOf(column);
  return sumsOf(
    ROWS.slice(1)
      .filter((row) => row[1] === arm)
      .map((row) => Number(row[at])),
  );
}

function close(actual: number | undefined, expected: number, relative = 1e-9): void {
  expect(Math.abs((actual ?? NaN) - expected)).toBeLessThanOrEqual(relative * Math.abs(expected) + 1e-300);
}

function agrees(actual: Contrast, expected: Test): void {
  expect(actual.reason).toBeUndefined();
  close(actual.estimate, expected.estimate);
  close(actual.standardError, expected.se);
  close(actual.interval?.[0], expected.ci[0]);
  close(actual.interval?.[1], expected.ci[1]);
  expect(Math.abs(actual.pValue! - expected.p_value)).toBeLessThanOrEqual(1e-9);
}

describe.each([
  ["conversion", "converted"],
  ["revenue_minor", "revenue_minor"],
  ["margin_minor", "margin_minor"],
  ["orders", "orders"],
  ["sessions", "sessions"],
])("the reference numbers of %s", (metric, column) => {
  const { arm_sums, gbstats, gbstats_as_mean } = EXPECTED.metrics[metric]!;
  const tests = gbstats_as_mean ?? gbstats!;
  const treatment = armSums(column, "treatment");
  const holdout = armSums(column, "holdout");

  it.each([
    ["treatment", treatment],
    ["holdout", holdout],
  ] as const)("has the sums of the arm %s", (arm, sums) => {
    expect([Number(sums.n), Number(sums.sum)]).toEqual([arm_sums[arm].n, arm_sums[arm].sum]);
    close(varianceOf(sums), arm_sums[arm].variance_sample!);
  });

  it("has the absolute difference", () => {
    agrees(differenceOf(treatment, holdout), tests["absolute_fixed"]!);
    close(differenceOf(treatment, holdout).dof, tests["absolute_fixed"]!.dof);
  });

  it("has the relative difference", () => {
    agrees(relativeOf(treatment, holdout), tests["relative_fixed"]!);
  });
});

describe("edge cases of the reference numbers", () => {
  it.each(Object.entries(EXPECTED.edge_cases))("%s", (name, { input, exact_sample_variance, welch }) => {
    const treatment = sumsOf(input.treatment);
    const holdout = sumsOf(input.holdout);
    for (const [sums, exact] of [
      [treatment, exact_sample_variance.treatment],
      [holdout, exact_sample_variance.holdout],
    ] as const) {
      if (exact === null) expect(varianceOf(sums)).toBeUndefined();
      else close(varianceOf(sums), exact);
    }
    const absolute = differenceOf(treatment, holdout);
    const relative = relativeOf(treatment, holdout);
    expect({ absolute: absolute.reason, relative: relative.reason }).toEqual(REASONS[name] ?? {});
    for (const contrast of [absolute, relative]) {
      expect(contrast.interval === undefined).toBe(contrast.reason !== undefined);
      expect(contrast.pValue === undefined).toBe(contrast.reason !== undefined);
    }
    if (treatment.n > 0n && holdout.n > 0n) close(absolute.estimate, meanOf(treatment)! - meanOf(holdout)!, 1e-7);
    if (absolute.reason === undefined) {
      close(absolute.interval?.[0], welch!.ci_abs![0]);
      close(absolute.interval?.[1], welch!.ci_abs![1]);
      expect(Math.abs(absolute.pValue! - welch!.p_value!)).toBeLessThanOrEqual(1e-9);
    }
  });

  it("keeps the difference's sign where the holdout loses money", () => {
    const { input } = EXPECTED.edge_cases["negative_margin"]!;
    agrees(
      relativeOf(sumsOf(input.treatment), sumsOf(input.holdout)),
      CURRENT.edge_cases["negative_margin"]!["relative_fixed"]!,
    );
  });
});

const REASONS: Record<string, { absolute?: string; relative?: string }> = {
  zero_variance_both_equal: { absolute: "zero_variance", relative: "zero_variance" },
  zero_variance_one_arm: { absolute: "zero_variance", relative: "zero_variance" },
  empty_treatment: { absolute: "no_subjects", relative: "no_subjects" },
  empty_both: { absolute: "no_subjects", relative: "no_subjects" },
  one_user_each: { absolute: "one_subject", relative: "one_subject" },
  one_user_treatment: { absolute: "one_subject", relative: "one_subject" },
  all_converted_both: { absolute: "zero_variance", relative: "zero_variance" },
  all_converted_treatment: { absolute: "zero_variance", relative: "zero_variance" },
  none_converted_holdout: { absolute: "zero_variance", relative: "holdout_mean_zero" },
  none_converted_both: { absolute: "zero_variance", relative: "holdout_mean_zero" },
  zero_mean_holdout_nonzero_variance: { relative: "holdout_mean_zero" },
};

describe("sampleRatio", () => {
  it.each([EXPECTED.srm, ...EXPECTED.srm_cases])("agrees with scipy: %j", (given) => {
    const checked = sampleRatio(given.observed, given.weights);
    if (!checked.ok) throw new Error(checked.error.reason);
    expect(Math.abs(checked.value.chiSquare - given.chi2)).toBeLessThanOrEqual(1e-9 * (1 + given.chi2));
    close(checked.value.pValue, given.p_value_scipy);
    expect(checked.value.alarm).toBe(given["flag_at_0.001"]);
  });

  it.each([
    [[1], [1], "arms_mismatch"],
    [[1, 2], [1], "arms_mismatch"],
    [[1, 2], [1, 0], "share_out_of_range"],
    [[1, -2], [1, 1], "count_out_of_range"],
    [[0, 0], [1, 1], "no_subjects"],
  ])("refuses %j against %j: %s", (counts, shares, reason) => {
    const checked = sampleRatio(counts, shares);
    expect(checked.ok ? "" : checked.error.reason).toBe(reason);
  });
});

const figures = fc.array(fc.integer({ min: -1_000_000_000, max: 1_000_000_000 }), { maxLength: 40 });
const seed = 20_261_123;

describe("laws", () => {
  it("sums of parts are the sums of the whole", () => {
    fc.assert(
      fc.property(figures, figures, (a, b) => {
        expect(addSums(sumsOf(a), sumsOf(b))).toEqual(sumsOf([...a, ...b]));
        expect(addSums(sumsOf(a), NO_SUMS)).toEqual(sumsOf(a));
      }),
      { seed },
    );
  });

  it("a shift moves no variance", () => {
    fc.assert(
      fc.property(figures, fc.integer({ min: -(2 ** 50), max: 2 ** 50 }), (values, shift) => {
        const before = varianceOf(sumsOf(values));
        const after = varianceOf(sumsOf(values.map((value) => value + shift)));
        if (before === undefined) expect(after).toBeUndefined();
        else close(after, before, 1e-12);
      }),
      { seed },
    );
  });

  it("the difference turned around is the difference with the other sign", () => {
    fc.assert(
      fc.property(figures, figures, (a, b) => {
        const there = differenceOf(sumsOf(a), sumsOf(b));
        const back = differenceOf(sumsOf(b), sumsOf(a));
        expect(back.reason).toBe(there.reason);
        if (there.estimate !== undefined) expect(back.estimate! + there.estimate).toBe(0);
        expect(back.pValue).toBe(there.pValue);
        if (there.interval !== undefined) close(back.interval![0], -there.interval[1], 1e-12);
      }),
      { seed },
    );
  });
});

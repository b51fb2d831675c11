import { describe, expect, it } from "@jest/globals";
import { degradedPartitionSeconds, type Answer } from "./rolling-answers.js";

const answer = (partition: number, atMs: number, isDegraded = false): Answer => ({ partition, atMs, isDegraded });

describe("degradedPartitionSeconds", () => {
  it("adds up what each degraded answer stands for, partition by partition", () => {
    const answers = [
      answer(0, 1_010),
      answer(1, 1_100, true),
      answer(0, 1_500, true),
      answer(0, 2_000, true),
      answer(1, 2_100),
      answer(0, 2_500),
    ];
    expect(degradedPartitionSeconds(answers, 1_000)).toBeCloseTo(0.1 + 0.49 + 0.5, 9);
  });

  it("is a third of the time where every third answer is degraded", () => {
    const answers = Array.from({ length: 300 }, (_, index) => answer(0, (index + 1) * 10, index % 3 === 0));
    expect(degradedPartitionSeconds(answers, 0)).toBeCloseTo(1, 9);
  });

  it("leaves out what came before", () => {
    expect(degradedPartitionSeconds([answer(0, 10, true), answer(0, 90)], 50)).toBe(0);
    expect(degradedPartitionSeconds([], 0)).toBe(0);
  });
});

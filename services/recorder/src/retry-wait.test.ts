import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { retryWaitMs } from "./retry-wait.js";

describe("the wait before a block is sent again", () => {
  it("doubles from the first one to half a minute, and stays there", () => {
    const attempts = [1, 2, 3, 7, 8, 9, 59, 10_000];
    expect(attempts.map((attempt) => retryWaitMs(200, attempt))).toEqual([
      200, 400, 800, 12_800, 25_600, 30_000, 30_000, 30_000,
    ]);
  });

  it("never gets shorter, and never longer than half a minute", () => {
    fc.assert(
      fc.property(fc.nat(100_000), fc.integer({ min: 1, max: 10_000 }), (firstMs, attempts) => {
        const waitMs = retryWaitMs(firstMs, attempts);
        expect(waitMs).toBeLessThanOrEqual(30_000);
        expect(waitMs).toBeLessThanOrEqual(retryWaitMs(firstMs, attempts + 1));
      }),
    );
  });
});

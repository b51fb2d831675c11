import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { readFileSync } from "node:fs";
import { aliveProbability, BGNBD_PRIOR, type BgNbd, type Orders } from "./bgnbd.js";

const WEEK_MS = 7 * 86_400_000;

interface Reference {
  readonly sets: Readonly<
    Record<
      string,
      {
        readonly params: BgNbd;
        readonly customers: readonly { frequency: number; recency: number; T: number; p_alive: number }[];
      }
    >
  >;
}

const REFERENCE = JSON.parse(
  readFileSync(new URL("../../../../tests/oracles/ltv/p_alive.json", import.meta.url), "utf8"),
) as Reference;

const positive = fc.double({ min: 0.01, max: 50, noNaN: true });
const params = fc.record({ r: positive, alpha: positive, a: positive, b: positive });
const orders: fc.Arbitrary<Orders> = fc
  .record({ repeats: fc.nat(500), recencyMs: fc.nat(400 * WEEK_MS), silenceMs: fc.nat(400 * WEEK_MS) })
  .map(({ silenceMs, ...known }) => ({ ...known, ageMs: known.recencyMs + silenceMs }));

describe("the chance that a shopper is alive", () => {
  it.each(Object.entries(REFERENCE.sets))("is that of lifetimes and of the plain formula: %s", (_, set) => {
    expect(set.customers.length).toBeGreaterThan(20);
    for (const { frequency: repeats, recency, T, p_alive: expected } of set.customers) {
      const came = aliveProbability(set.params, { repeats, recencyMs: recency * WEEK_MS, ageMs: T * WEEK_MS });
      expect(Math.abs(came - expected)).toBeLessThanOrEqual(1e-8 * expected);
    }
  });

  it("is a chance, falls with silence, and more steeply for who ordered more often", () => {
    fc.assert(
      fc.property(params, orders, fc.nat(200 * WEEK_MS), (model, known, moreMs) => {
        const [now, later] = [known, { ...known, ageMs: known.ageMs + moreMs }].map((at) =>
          aliveProbability(model, at),
        );
        expect(now).toBeGreaterThanOrEqual(0);
        expect(now).toBeLessThanOrEqual(1);
        expect(later).toBeLessThanOrEqual(now!);
      }),
    );
    const silent = (repeats: number) =>
      aliveProbability(BGNBD_PRIOR, { repeats, recencyMs: 26 * WEEK_MS, ageMs: 52 * WEEK_MS });
    expect(silent(12)).toBeLessThan(silent(4));
    expect(silent(4)).toBeLessThan(silent(1));
  });

  it("is certain after one order, and nothing after many and years of silence", () => {
    const years = { recencyMs: 10 * WEEK_MS, ageMs: 500 * WEEK_MS };
    expect(aliveProbability(BGNBD_PRIOR, { repeats: 0, ...years })).toBe(1);
    expect(aliveProbability(BGNBD_PRIOR, { repeats: 500, ...years })).toBe(0);
  });
});

import { describe, expect, it } from "@jest/globals";
import { wire } from "@leastwise/contracts";
import { canonicalJson, EMPTY_STATE } from "@leastwise/decision";
import { catalogueDigest } from "@leastwise/scorer";
import type { CurrencyCode, Millis } from "@leastwise/vocabulary";
import { LoggedShop } from "./logged-shop.js";

const EUR = "EUR" as CurrencyCode;
const STATE = canonicalJson({
  ...{ v: 1, decisionState: EMPTY_STATE, budgets: {}, explorationSpentMinor: {}, decisionsPerRung: {}, texts: {} },
  ...{ killSwitch: false, language: "en", place: {}, freshness: "fresh" },
});

/** What becomes of a decision whose record has so many features, of a catalogue. */
async function outcomeOf(catalogue: string | undefined, count: number): Promise<readonly unknown[]> {
  const record = wire.DecisionRecord.fromPartial({
    ...{ subject: "a".repeat(32), decisionId: "d1", decidedAtMs: 5n, decisionState: Buffer.from(STATE) },
    cart: { lines: [{ productId: "tea", quantity: 1n, unitPrice: { currency: EUR, minor: 500n } }] },
    features: { catalogue: catalogue ?? "", values: Array<number>(count).fill(Number.NaN) },
  });
  const unreadable: string[] = [];
  const shop = new LoggedShop(
    {
      async *inOrder() {
        yield await Promise.resolve({ kind: "decided" as const, atMs: 5 as Millis, record });
      },
    },
    {
      ...{ period: { fromMs: 0, toMs: 10 }, currency: EUR, inForce: undefined },
      onUnreadable: ({ why }) => unreadable.push(why),
    },
  );
  const moments = [];
  for await (const { kind } of shop.moments()) moments.push(kind);
  return [moments, [...shop.skipped], unreadable];
}

describe("a decision on the log of an earlier version", () => {
  it("is made again where its features are the first of ours", async () => {
    const now = await outcomeOf(catalogueDigest(84), 84);
    expect(now).toEqual([["cart"], [], []]);
    expect(await outcomeOf(catalogueDigest(80), 80)).toEqual(now);
  });

  it("is skipped, and counted, where they are others, or not as many as their catalogue has", async () => {
    const skipped = [[], [["other_features", 1]], []];
    for (const [catalogue, count] of [
      ["0".repeat(16), 80],
      [catalogueDigest(80), 79],
      [catalogueDigest(84), 85],
      [catalogueDigest(85), 85],
      ["", 0],
    ] as const)
      expect(await outcomeOf(catalogue, count)).toEqual(skipped);
  });
});

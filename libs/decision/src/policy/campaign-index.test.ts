import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { CampaignIndex } from "./campaign-index.js";
import type { CompiledCampaign } from "./compile.js";

const SEGMENTS = ["a", "b", "c", "d"];
const campaigns: fc.Arbitrary<readonly CompiledCampaign[]> = fc.array(
  fc
    .oneof(
      fc.record({ kind: fc.constantFrom("rules", "partner"), segment: fc.constantFrom(...SEGMENTS) }),
      fc.record({ kind: fc.constantFrom("propensity", "dynamic", "on_device") }),
    )
    .map((approach) => ({ approach }) as unknown as CompiledCampaign),
  { maxLength: 20 },
);

describe("campaigns by whom they are for", () => {
  it("are those whose segment holds, and those without one, in their order (a law)", () => {
    const law = fc.property(campaigns, fc.subarray(SEGMENTS), (all, holding) => {
      const could = all.filter(({ approach }) => !("segment" in approach) || holding.includes(approach.segment));
      expect(new CampaignIndex(all).campaignsFor(holding)).toEqual(could);
      expect(new CampaignIndex(all).campaignsFor(holding.toReversed())).toEqual(could);
    });
    fc.assert(law, { seed: 20_261_130, numRuns: 500 });
  });
});

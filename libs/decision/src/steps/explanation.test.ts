import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { PURPOSES, type AssignmentKey } from "@leastwise/vocabulary";
import { decide } from "../decide.js";
import {
  campaign,
  CATALOGUE,
  compiled,
  features,
  input,
  percentOff,
  policy,
  PROFILE,
  sureModel,
} from "../given/store.js";
import type { DecisionInput } from "../input.js";
import { compilePolicy } from "../policy/compile.js";

const OPTIONS = { seed: 20_261_130, numRuns: 300 };

/** A shop that knows much, aims by all of it, and gives one thing to everybody whom it aims at. */
const KNOWING = compiled({
  segments: [
    {
      name: "everyone",
      expression:
        'features.purchases_30d >= 0 || features.last_channel != null || profile.attributes.city != "" || "bank/gold" in context.partner_segments || true',
    },
  ],
  campaigns: [
    campaign({ ladder: [{ incentive: percentOff(1_000) }], exploration: { floorBp: 0, coldStartDecisionsPerRung: 0 } }),
  ],
});

/** What is known of a shopper, all of it with a mark that no sentence of ours has. */
const known: fc.Arbitrary<Partial<DecisionInput>> = fc
  .record({
    mark: fc.stringMatching(/^[A-Z][a-z]{5,9}$/).map((word) => `zq${word}`),
    purchases: fc.nat(90),
    abandoned: fc.nat(1),
    member: fc.boolean(),
    hasClass: fc.boolean(),
  })
  .map(({ mark, purchases, abandoned, member, hasClass }) => ({
    features: {
      ...features({ purchases_30d: purchases, cart_abandoned: abandoned, since_purchase_ms: 3_600_000 * purchases }),
      texts: { last_channel: mark, last_place: mark },
    },
    profile: {
      ...{ ...PROFILE, member, loyaltyTier: mark, tags: [mark], birthday: "02-29" },
      attributes: { city: mark, employer: mark, viewed: `https://shop.example/${mark}` },
    },
    ...{ partnerSegments: [mark], proposedClass: hasClass ? mark : "", place: { country: "DE", region: mark } },
    ...{ consent: PURPOSES, cause: { caller: mark, requestId: mark, sessionId: mark } },
  }));

function sentence(of: Partial<DecisionInput>): string {
  const outcome = decide(input({ policy: KNOWING, model: sureModel(3), assignmentKey: "k" as AssignmentKey, ...of }));
  if (outcome.kind !== "decided") throw new Error("nothing was answered before");
  return outcome.decision.message;
}

describe("the sentence for a shopper", () => {
  it("is the same for whoever is given the same, whatever is known of them, and tells nothing of it (a law)", () => {
    const ofNobody = sentence({ consent: [] });
    expect(ofNobody).toBe("For shoppers like you: 10 % off, until 23 Nov 2026, 14:00 UTC.");
    const law = fc.property(known, (of) => {
      expect(sentence(of)).toBe(ofNobody);
      expect(sentence(of).toLowerCase()).not.toContain("zq");
    });
    fc.assert(law, OPTIONS);
  });

  it.each([
    "Since you looked at {last_page} three times: {incentive}",
    "{features.product_views_24h} views later: {incentive}",
    "For everybody in {profile.attributes.city}: {incentive}",
    "For {segment}: {incentive}",
    "{subject}, for you: {incentive}",
    "Happy birthday on {birthday}: {incentive}",
  ])("cannot be made to tell more by a template: %s", (text) => {
    const template = { language: "en", placement: "checkout", campaignId: "", text };
    const compiledOrNot = compilePolicy(policy({ templates: [template] }), CATALOGUE);
    expect(compiledOrNot.ok ? [] : compiledOrNot.error).toMatchObject([
      { reason: "unknown_placeholder", field: "templates[0].text" },
    ]);
  });
});

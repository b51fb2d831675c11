import type { Millis } from "@leastwise/vocabulary";
import { describe, expect, it } from "@jest/globals";
import { decide } from "./decide.js";
import type { DecideOutcome } from "./decision.js";
import { campaign, compiled, features, input, NOON, sureModel } from "./given/store.js";
import type { DecisionInput } from "./input.js";

// The same cart asked about again from another place or in another language: the same answer, told as that place and language have it told.

const NEW_YORK = { jurisdictions: ["US-NY"], language: "en", text: "Set by an algorithm." };
const SEGMENTS = [{ name: "everyone", expression: "features.purchases_30d >= 0" }];
const AUTUMN = campaign({ exploration: { floorBp: 0, coldStartDecisionsPerRung: 0 } });

function shop(slope: number, place: { country: string; region: string }, language: string): Partial<DecisionInput> {
  return {
    policy: compiled({ campaigns: [AUTUMN], segments: SEGMENTS, disclosures: [NEW_YORK] }),
    ...{ model: sureModel(slope), features: features({ purchases_30d: 1 }), consent: ["personalization"] },
    ...{ place, language },
  };
}

function told(outcome: DecideOutcome) {
  const { offer, message, disclosure = "" } = outcome.kind === "repeated" ? outcome.answer : outcome.decision;
  return { kind: outcome.kind, offerId: offer?.offerId, message, disclosure };
}

const AT_HOME = { country: "US", region: "NY" };
const ELSEWHERE = { country: "US", region: "NJ" };

describe.each([
  ["an offer", 3],
  ["a none", 0],
] as const)("%s that stands", (_what, slope) => {
  const first = decide(input(shop(slope, ELSEWHERE, "en")));
  if (first.kind === "repeated") throw new Error("nothing was answered before");
  const again = (place: typeof AT_HOME, language: string) =>
    told(
      decide(
        input({ ...shop(slope, place, language), decisionState: first.nextState, nowMs: (NOON + 1_000) as Millis }),
      ),
    );

  it("is repeated where it would be told alike", () => {
    expect(told(first).disclosure).toBe("");
    expect(again(ELSEWHERE, "en")).toEqual({ ...told(first), kind: "repeated" });
  });

  it("is told with the disclosure of the place that the call names now", () => {
    const { kind, offerId, message, disclosure } = again(AT_HOME, "en");
    expect({ kind, disclosure }).toEqual({ kind: "decided", disclosure: NEW_YORK.text });
    expect({ offerId, message }).toEqual({ offerId: told(first).offerId, message: told(first).message });
  });

  it("is told in the language that the call names now", () => {
    const { offerId, message } = again(ELSEWHERE, "de");
    expect(offerId).toBe(told(first).offerId);
    expect(message === told(first).message).toBe(slope === 0);
  });
});

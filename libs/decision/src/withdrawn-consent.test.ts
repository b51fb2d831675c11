import { PURPOSES, type Millis, type Purpose } from "@leastwise/vocabulary";
import { describe, expect, it } from "@jest/globals";
import { canonicalJson } from "./canonical-json.js";
import { decide } from "./decide.js";
import type { DecisionInput } from "./input.js";
import { campaign, compiled, features, input, NOON, PROFILE, sureModel } from "./given/store.js";
import { situationOf } from "./situation.js";
import { decodeRecordedState, encodeRecordedState } from "./state/encoding.js";
import { choiceStep } from "./steps/choice.js";
import type { ValuedRung } from "./steps/value.js";

// A consent that is withdrawn acts on the next Decide: nothing of an answer that it was needed for goes on, but for what was promised.

const EXPLOIT_ONLY = { floorBp: 0, coldStartDecisionsPerRung: 0 };
const LATER = (NOON + 1_000) as Millis;

function without(...purposes: readonly Purpose[]): readonly Purpose[] {
  return PURPOSES.filter((purpose) => !purposes.includes(purpose));
}

/** What was decided; undefined where the earlier answer was given again. */
function decided(changes: Partial<DecisionInput>) {
  const outcome = decide(input(changes));
  return outcome.kind === "decided" ? outcome : undefined;
}

/** Whoever is no gold member gets something, so that the profile moves an answer of none. */
function shop(expression = 'profile.loyalty_tier != "gold"'): Partial<DecisionInput> {
  const segments = [
    { name: "others", expression },
    { name: "everyone", expression: "true" },
  ];
  const others = campaign({ exploration: EXPLOIT_ONLY, approach: { kind: "rules", segment: "others" } });
  const known = { profile: PROFILE, features: features({ purchases_30d: 1 }) };
  return { policy: compiled({ segments, campaigns: [others] }), model: sureModel(3), ...known };
}

describe("an answer of none that personal data moved", () => {
  const first = decided({ ...shop(), consent: PURPOSES })!;

  it("stands while the shopper agrees, and to whatever else", () => {
    expect(first.decision).toMatchObject({ offer: undefined, personalDataUsed: true });
    for (const consent of [PURPOSES, without("marketing", "learning", "research")])
      expect(decided({ ...shop(), consent, decisionState: first.nextState, nowMs: LATER })).toBeUndefined();
  });

  it("stands no longer once consent to any of it is withdrawn: the cart is decided on anew, in the same episode, and that stands", () => {
    for (const consent of [[], without("personalization"), without("profile")]) {
      for (const requestId of ["", "another"]) {
        const cause = { caller: "shop", requestId, sessionId: "visit-1" };
        const asked = { ...shop(), cause, consent, decisionState: first.nextState, nowMs: LATER };
        const again = decided(asked)!;
        expect(again.decision).toMatchObject({ episodeId: first.decision.episodeId, draw: first.decision.draw });
        expect(again.decision.reason).not.toBe("answer_stands");
        expect(again.decision.profileDigest).toBe("");
        const then = { ...asked, cause: { ...cause, requestId: "" }, decisionState: again.nextState };
        expect(decided(then)).toBeUndefined();
      }
    }
  });

  it("is given again to a repeated request id", () => {
    const cause = { caller: "shop", requestId: "r-1", sessionId: "visit-1" };
    const named = decided({ ...shop(), cause, consent: PURPOSES })!;
    const asked = input({ ...shop(), cause, consent: [], decisionState: named.nextState, nowMs: LATER });
    expect(decide(asked)).toMatchObject({ kind: "repeated", answer: { decisionId: named.decision.decisionId } });
  });

  it("is what it was for an answer of before consent was kept with answers: personalization is what it needed", () => {
    const recent = first.nextState.recent.map(({ caller, requestId, cartDigest, episodeId, atMs, answer }) => {
      return { caller, requestId, cartDigest, episodeId, atMs, answer };
    });
    const asked = { ...shop(), decisionState: { ...first.nextState, recent }, nowMs: LATER };
    expect(decided({ ...asked, consent: ["personalization"] })).toBeUndefined();
    expect(decided({ ...asked, consent: [] })).toBeDefined();
  });
});

describe("an offer that personal data moved", () => {
  it("is honoured: it was promised", () => {
    const gold = shop('profile.loyalty_tier == "gold"');
    const first = decided({ ...gold, consent: PURPOSES })!;
    expect(first.decision.offer).toBeDefined();
    const cause = { caller: "shop", requestId: "another", sessionId: "visit-1" };
    const again = decided({ ...gold, cause, consent: [], decisionState: first.nextState, nowMs: LATER })!;
    expect(again.decision.offer?.offerId).toBe(first.decision.offer?.offerId);
    expect(again.decision).toMatchObject({ reason: "offer_outstanding", profileDigest: "" });
  });
});

describe("a decision of before each purpose was asked for what it gates", () => {
  const seen: Partial<DecisionInput> = {
    ...shop('profile.member && features.last_channel == "app" && "bank/gold" in context.partner_segments'),
    features: { ...features({}), texts: { last_channel: "app" } },
    ...{ partnerSegments: ["bank/gold"], consent: ["personalization"] },
  };

  const earlierRules = { owedUntold: true, purposesUntold: true };

  it("is made again as it was, with consent to personalization standing for all", () => {
    const text = encodeRecordedState(input({ ...seen, earlierRules }));
    expect(text).not.toContain("purposesTold");
    const state = decodeRecordedState(text);
    if (!state.ok) throw new Error(state.error.reason);
    expect(state.value).toMatchObject({ earlierRules, texts: { last_channel: "app" } });
    const before = decided({ ...seen, earlierRules: state.value.earlierRules })!;
    expect(before.decision).toMatchObject({ offer: { campaignId: "autumn" }, partnerSegments: ["bank/gold"] });
    expect(canonicalJson(before)).toBe(canonicalJson(decided({ ...seen, earlierRules })));
    expect(decided(seen)!.decision).toMatchObject({ offer: undefined, partnerSegments: [], profileDigest: "" });
  });

  it("is told from later ones by the record, which keeps what each purpose opened and what the caller did not say", () => {
    const consent = ["personalization", "device"] as const;
    const texts = { last_channel: "app", last_place: "DE-BW" };
    const asked = { ...seen, consent, channel: "", features: { ...features({}), texts } };
    const state = decodeRecordedState(encodeRecordedState(input(asked)));
    if (!state.ok) throw new Error(state.error.reason);
    expect(state.value.earlierRules).toBeUndefined();
    expect(state.value).toMatchObject({ texts: { last_channel: "app" }, unsaid: ["channel"] });
    expect(decided(asked)!.decision).toMatchObject({ channel: "app", device: "mobile" });
  });
});

describe("what would have been chosen with the help of personal data", () => {
  // Evidence of 0.77 for what is given: enough for who would have been given it a moment ago, and for nobody else.
  const held = { campaignId: "autumn", rung: 1 };
  const asked = (exploitConsent: readonly Purpose[] | undefined, consent: readonly Purpose[]) => {
    const first = decided({ ...shop("true"), consent: PURPOSES })!;
    const episode = {
      ...{ id: "e", ordersFromMs: NOON, endsAtMs: (NOON + 10_000) as Millis, draw: 0, propensity: 1, exploit: held },
      ...(exploitConsent === undefined ? {} : { exploitConsent }),
    };
    return situationOf(
      input({ consent, decisionState: { ...first.nextState, open: [], recent: [], history: [], episode } }),
    );
  };
  const rung = (situation: ReturnType<typeof asked>) =>
    ({
      campaign: situation.policy.campaigns[0],
      rung: 1,
      value: 10,
      evidence: 0.77,
      expectedCost: 1,
    }) as unknown as ValuedRung;
  const isChosen = (situation: ReturnType<typeof asked>) => choiceStep(situation, [rung(situation)]) === 0;

  it("is held on to while the shopper agrees, and no longer", () => {
    expect(isChosen(asked(PURPOSES, PURPOSES))).toBe(true);
    expect(isChosen(asked(PURPOSES, without("marketing", "learning", "research")))).toBe(true);
    expect(isChosen(asked(PURPOSES, without("profile")))).toBe(false);
    expect(isChosen(asked(PURPOSES, []))).toBe(false);
    expect(isChosen(asked(undefined, []))).toBe(true);
  });

  it("is kept with the consent that it was found with, where personal data moved it", () => {
    const knowing = decided({ ...shop(), consent: PURPOSES })!.nextState.episode;
    expect(knowing?.exploitConsent).toEqual(PURPOSES);
    expect(decided({ ...shop("true"), consent: [] })!.nextState.episode).not.toHaveProperty("exploitConsent");
  });
});

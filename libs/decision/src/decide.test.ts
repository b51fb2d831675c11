import { describe, expect, it } from "@jest/globals";
import {
  DAY_MS,
  PURPOSES,
  type AssignmentKey,
  type CurrencyCode,
  type Millis,
  type Purpose,
  type SubjectId,
} from "@leastwise/vocabulary";
import { decide } from "./decide.js";
import type { Decided, Decision } from "./decision.js";
import { degradedDecision } from "./degraded.js";
import { ineligibleFor } from "./explain/ineligible.js";
import { explainDecision } from "./explain/sentences.js";
import {
  CART,
  NOON,
  PROFILE,
  amountOff,
  campaign,
  compiled,
  compiledModel,
  features,
  input,
  percentOff,
  policy,
  sureModel,
} from "./given/store.js";
import type { DecisionInput } from "./input.js";
import { PRIOR_MODEL } from "./priors.js";
import { EMPTY_STATE, type DecisionState } from "./state/decision-state.js";
import { evolve } from "./state/evolve.js";

function decided(changes: Partial<DecisionInput>): Decided {
  const outcome = decide(input(changes));
  if (outcome.kind !== "decided") throw new Error("repeated");
  return outcome;
}

const decision = (changes: Partial<DecisionInput> = {}): Decision => decided(changes).decision;

/** No cold start, no floor: the exploit choice alone. */
const EXPLOIT_ONLY = { floorBp: 0, coldStartDecisionsPerRung: 0 };
const exploiting = (changes: Parameters<typeof campaign>[0] = {}) =>
  compiled({ campaigns: [campaign({ exploration: EXPLOIT_ONLY, ...changes })] });

const keyed = (key: string) => ({ assignmentKey: key as AssignmentKey });

describe("the least converting incentive", () => {
  it("given a model sure of a strong response, gives the rung that is worth most, and it pays", () => {
    const { reason, chosen, candidates, offer, heldMinor } = decision({ policy: exploiting(), model: sureModel(3) });
    expect(reason).toBe("granted");
    expect(chosen).toBeGreaterThan(0);
    expect(candidates[chosen]!.valueMinor).toBeGreaterThan(0);
    expect(candidates[chosen]!.valueMinor).toBeGreaterThanOrEqual(
      0.98 * Math.max(...candidates.map((candidate) => candidate.valueMinor)) - 1,
    );
    expect(offer!.faceValueMinor).toBe(candidates[chosen]!.faceValueMinor);
    expect(heldMinor).toBe(candidates[chosen]!.worstCostMinor);
  });

  it("given a model without response, gives none", () => {
    expect(decision({ policy: exploiting(), model: sureModel(0) })).toMatchObject({
      reason: "least_is_none",
      chosen: 0,
    });
  });

  it("given the prior alone, gives nothing outside exploration: a bounded slope is no evidence", () => {
    expect(decision({ policy: exploiting() })).toMatchObject({ reason: "least_is_none", exploit: 0 });
  });

  it("given two rungs of nearly the same value, takes the cheaper", () => {
    const ladder = [{ incentive: amountOff(1_000) }, { incentive: amountOff(1_001) }];
    const { chosen, candidates } = decision({ policy: exploiting({ ladder }), model: sureModel(3) });
    expect(candidates[chosen]).toMatchObject({ rung: 1, faceValueMinor: 1_000 });
  });

  it("lists all rungs from rung 0 by expected cost, weights summing to 2^32", () => {
    const { candidates } = decision();
    expect(candidates.map(({ rung }) => rung)).toEqual([0, 1, 2, 3]);
    expect(candidates.reduce((sum, { weight }) => sum + weight, 0)).toBe(2 ** 32);
    expect(candidates.map(({ depthBp }) => depthBp)).toEqual([0, 500, 1_000, 1_500]);
  });

  it("lets the rungs of all eligible campaigns compete", () => {
    const campaigns = [
      campaign({ exploration: EXPLOIT_ONLY, ladder: [{ incentive: percentOff(2_500) }] }),
      campaign({ campaignId: "small", exploration: EXPLOIT_ONLY, ladder: [{ incentive: percentOff(800) }] }),
    ];
    const { chosen, candidates } = decision({ policy: compiled({ campaigns }), model: sureModel(1.2) });
    expect(candidates).toHaveLength(3);
    expect(candidates[chosen]!.campaignId).toBe("small");
  });
});

describe("who is asked", () => {
  it("enrols before consent and eligibility, alike whatever follows", () => {
    const nobody = compiled({ segments: [{ name: "everyone", expression: "false" }] });
    expect(decision({ policy: nobody, consent: [] })).toMatchObject({
      reason: "not_eligible",
      enrolments: [{ experimentId: "autumn-holdout", arm: "treatment", first: true, enrolledAtMs: NOON }],
    });
  });

  it.each([
    ["before its start", { startsAtMs: NOON + 1 }, 0],
    ["at its start", { startsAtMs: NOON }, 1],
    ["at its end", { endsAtMs: NOON }, 0],
    ["before its end", { endsAtMs: NOON + 1 }, 1],
  ])("given an experiment asked %s, enrols half-open", (_when, span, count) => {
    const experiments = [{ experimentId: "autumn-holdout", salt: "s", holdoutBp: 100, ...span }];
    expect(decision({ policy: compiled({ experiments }) }).enrolments).toHaveLength(count);
  });

  it("keeps an enrolment for ever, whatever becomes of the share", () => {
    const before = decided({}).nextState;
    const experiments = [{ experimentId: "autumn-holdout", salt: "autumn-2026", holdoutBp: 9_999 }];
    const after = decision({ decisionState: before, policy: compiled({ experiments }), nowMs: (NOON + 1e9) as Millis });
    expect(after.enrolments).toEqual([{ ...before.enrolments[0], first: false }]);
  });

  it("holds out the stated share of subjects", () => {
    const experiments = [{ experimentId: "autumn-holdout", salt: "autumn-2026", holdoutBp: 1_000 }];
    const held = compiled({ experiments });
    const ghosts = Array.from({ length: 2_000 }, (_, i) => decision({ policy: held, ...keyed(`k${String(i)}`) }).ghost);
    expect(ghosts.filter(Boolean).length).toBeGreaterThan(150);
    expect(ghosts.filter(Boolean).length).toBeLessThan(250);
  });

  it("without consent uses neither features nor profile", () => {
    const segments = [{ name: "everyone", expression: "features.purchases_30d == null && cart.value_minor == 10000" }];
    const seen = { features: features({ purchases_30d: 4 }), profile: PROFILE };
    const without = decision({ policy: compiled({ segments }), ...seen, consent: [] });
    expect(without.segments).toEqual(["everyone"]);
    expect(without.personalDataUsed).toBe(false);
    expect(without.profileDigest).toBe("");
    expect(without.features.values.every(Number.isNaN)).toBe(true);
    const same = decision({ policy: compiled({ segments }), features: features(), consent: [] });
    expect(without.candidates).toEqual(same.candidates);
    expect(decision({ policy: compiled({ segments }), ...seen }).segments).toEqual([]);
  });

  it("counts an expression that fails at run time as false, and says so", () => {
    const segments = [{ name: "everyone", expression: "features.purchases_30d > 2" }];
    expect(ineligibleFor(input({ policy: compiled({ segments }) }))).toEqual([
      { campaignId: "autumn", reason: "segment_expression_failed" },
    ]);
  });

  it.each([
    [
      "dormant",
      { kind: "propensity", of: "dormant", propensityMinBp: 0, propensityMaxBp: 0, awayMs: 0 },
      "not_dormant",
    ],
    [
      "too sure",
      { kind: "propensity", of: "abandonment", propensityMinBp: 0, propensityMaxBp: 100, awayMs: 0 },
      "propensity_too_high",
    ],
    [
      "too lost",
      { kind: "propensity", of: "abandonment", propensityMinBp: 9_000, propensityMaxBp: 0, awayMs: 0 },
      "propensity_too_low",
    ],
  ] as const)("given a campaign by %s, says why it does not apply", (_name, approach, reason) => {
    const seen = features({ cart_abandoned: 1, since_purchase_ms: 1_000 });
    const policy = compiled({ campaigns: [campaign({ approach })] });
    expect(ineligibleFor(input({ policy, features: seen }))).toEqual([{ campaignId: "autumn", reason }]);
  });

  it("takes a class that the device proposes, with consent, and says that it did", () => {
    const device = { signals: [], classes: [{ name: "hesitant", expression: "true" }], bundleTtlMs: 0 };
    const campaigns = [campaign({ approach: { kind: "on_device", classes: ["hesitant"] } })];
    const policy = compiled({ device, campaigns });
    const proposing = (proposedClass: string, consent: readonly Purpose[] = PURPOSES) => {
      const asked = { policy, proposedClass, consent };
      const { personalDataUsed, proposedClass: recorded } = decision(asked);
      return { reason: ineligibleFor(input(asked))[0]?.reason, personalDataUsed, recorded };
    };
    expect(proposing("hesitant")).toEqual({ reason: undefined, personalDataUsed: true, recorded: "hesitant" });
    expect(proposing("of-an-older-bundle")).toMatchObject({
      reason: "class_not_proposed",
      recorded: "of-an-older-bundle",
    });
    expect(proposing("")).toEqual({ reason: "class_not_proposed", personalDataUsed: false, recorded: "" });
    for (const consent of [[], ["personalization"], ["device"]] as const)
      expect(proposing("hesitant", consent)).toEqual({
        reason: "consent_missing",
        personalDataUsed: false,
        recorded: "",
      });
  });

  it("runs an abandonment campaign for a cart that was left", () => {
    const approach = {
      kind: "propensity",
      of: "abandonment",
      propensityMinBp: 0,
      propensityMaxBp: 0,
      awayMs: 0,
    } as const;
    const { candidates } = decision({
      policy: compiled({ campaigns: [campaign({ approach })] }),
      features: features({ cart_abandoned: 1 }),
    });
    expect(candidates).toHaveLength(4);
  });

  it("deepens a dynamic campaign as shelf life runs out, on the lines that qualify alone", () => {
    const approach = {
      kind: "dynamic",
      categories: ["socks"],
      inventoryMin: 5,
      inventoryReserved: 0,
      shelfLifeMaxMs: 1_000_000,
      markdown: [
        { leftBp: 10_000, depthMaxBp: 0 },
        { leftBp: 0, depthMaxBp: 3_000 },
      ],
    } as const;
    const worth = (leftMs: number) =>
      decision({
        policy: compiled({ campaigns: [campaign({ approach, ladder: [{ incentive: percentOff(3_000) }] })] }),
        catalog: [
          { productId: "sock", unitCostMinor: 300, category: "socks", inventory: 9, perishableUntilMs: NOON + leftMs },
        ],
      }).candidates[1]?.faceValueMinor;
    expect(worth(2_000_000)).toBeUndefined();
    expect(worth(500_000)).toBe(300);
    expect(worth(100_000)).toBe(540);
    expect(worth(0)).toBe(600);
  });
});

describe("what must never happen", () => {
  it.each([
    ["kill switch", { killSwitch: true }, "kill_switch"],
    ["an empty budget", { budgets: { marketing: { remainingMinor: 0, shadowPriceBp: 0 } } }, "budget_exhausted"],
    ["an unknown budget", { budgets: {} }, "budget_unknown"],
    [
      "a catalog floor",
      { catalog: [{ productId: "shoe", unitCostMinor: 1, floorPriceMinor: 7_999 }] },
      "guardrail_floor_price",
    ],
    [
      "a catalog maximum",
      { catalog: [{ productId: "shoe", unitCostMinor: 1, maxDiscountBp: 1 }] },
      "guardrail_max_discount",
    ],
    ["goods without margin", { catalog: [{ productId: "shoe", unitCostMinor: 9_000 }] }, "guardrail_margin_floor"],
  ] as const)("given %s, blocks every rung", (_name, changes, blockedBy) => {
    const { candidates, chosen } = decision(changes);
    expect(candidates.slice(1).map((candidate) => candidate.blockedBy)).toEqual([blockedBy, blockedBy, blockedBy]);
    expect(chosen).toBe(0);
  });

  it("given a cart in another currency, gives none", () => {
    const cart = { ...CART, currency: "USD" as CurrencyCode };
    expect(decision({ cart })).toMatchObject({ reason: "foreign_currency", chosen: 0 });
  });

  it.each([
    ["a cent of goods", 1],
    ["goods of nothing", 0],
  ])("given shipping beyond measure on %s, says a depth that 32 bits hold", (_name, unitPriceMinor) => {
    const ladder = [{ incentive: { kind: "free_shipping" } as const }];
    const lines = [{ productId: "sample", quantity: 1, unitPriceMinor }];
    const cart = { ...CART, lines, shippingMinor: 900_000_000_000_000 };
    const { candidates } = decision({ policy: compiled({ campaigns: [campaign({ ladder })] }), cart });
    expect(candidates[1]!.depthBp).toBe(unitPriceMinor === 0 ? 0 : 2_147_483_647);
  });

  it("keeps the subject's maximum for what is owed too, which takes the rung that fits", () => {
    const perSubjectMax = { minor: 400, currency: "EUR" as CurrencyCode };
    const guardrails = { ...policy().guardrails!, perSubjectMax, perSubjectPeriodMs: 60_000 };
    const owes = (...bps: readonly number[]) =>
      compiled({
        guardrails,
        campaigns: [
          campaign({ kind: "entitlement", experimentId: "", ladder: bps.map((bp) => ({ incentive: percentOff(bp) })) }),
        ],
      });
    expect(decision({ policy: owes(300, 500) }).offer!.faceValueMinor).toBe(300);
    const none = decision({ policy: owes(500) });
    expect([none.offer, none.candidates[0]!.faceValueMinor]).toEqual([undefined, 0]);
  });

  it("keeps frequency caps and the subject's maximum", () => {
    const grant = {
      offerId: "o",
      campaignId: "autumn",
      atMs: (NOON - 1_000) as Millis,
      costMinor: 400,
      faceValueMinor: 400,
      cartDigest: "other",
      episodeId: "earlier",
      ended: true,
    };
    const state: DecisionState = { ...EMPTY_STATE, history: [grant] };
    const capped = compiled({ campaigns: [campaign({ frequencyCaps: [{ offersMax: 1, periodMs: 60_000 }] })] });
    expect(decision({ policy: capped, decisionState: state }).candidates[1]!.blockedBy).toBe("frequency_cap");
    const guardrails = {
      ...policy().guardrails!,
      perSubjectMax: { minor: 1_000, currency: "EUR" as CurrencyCode },
      perSubjectPeriodMs: 60_000,
    };
    expect(
      decision({ policy: compiled({ guardrails }), decisionState: state }).candidates.map((c) => c.blockedBy),
    ).toEqual(["", "", "guardrail_subject_max", "guardrail_subject_max"]);
  });
});

describe("asking again", () => {
  const granting = { policy: exploiting({ stackingGroup: "one-at-a-time" }), model: sureModel(3) };
  const first = decided(granting);
  const later = (changes: Partial<DecisionInput>) => ({
    ...granting,
    decisionState: first.nextState,
    nowMs: (NOON + 60_000) as Millis,
    ...changes,
  });

  it("with the same cart gets the same answer, and nothing is recorded", () => {
    expect(decide(input(later({})))).toEqual({ kind: "repeated", answer: first.nextState.recent[0]!.answer });
  });

  it("with the same request id gets the same answer for 24 hours, whatever the cart", () => {
    const cause = { caller: "shop", requestId: "r1", sessionId: "visit-1" };
    const asked = decided({ ...granting, cause });
    const cart = { ...CART, shippingMinor: 0 };
    const again = { ...granting, cause, cart, decisionState: asked.nextState };
    expect(decide(input({ ...again, nowMs: (NOON + 86_399_999) as Millis })).kind).toBe("repeated");
    expect(decide(input({ ...again, nowMs: (NOON + 86_400_000) as Millis })).kind).toBe("decided");
    expect(decide(input({ ...again, cause: { ...cause, caller: "other" } })).kind).toBe("decided");
  });

  it("with the same request id a day later is another decision, with another offer", () => {
    const cause = { caller: "shop", requestId: "r1", sessionId: "visit-1" };
    const asked = decided({ ...granting, cause });
    const { offerId } = asked.decision.offer!;
    const used = evolve(asked.nextState, { kind: "redeemed", offerId, costMinor: 500 });
    const nextDay = { decisionState: used, nowMs: (NOON + 86_400_000) as Millis };
    const again = decision({ ...granting, cause, ...nextDay });
    expect(again.offer!.offerId).not.toBe(offerId);
    expect(again.offer!.code).not.toBe(asked.decision.offer!.code);
    expect(again.decisionId).not.toBe(asked.decision.decisionId);
  });

  it("once the code is used gets another, on a clock that stands still as well", () => {
    const { offerId, code } = first.decision.offer!;
    const used = evolve(first.nextState, { kind: "redeemed", offerId, costMinor: 500 });
    const again = decided({ ...granting, decisionState: evolve(used, { kind: "ordered", atMs: NOON }) });
    expect(again.decision.offer!.code).not.toBe(code);
    expect(again.decision.decisionId).not.toBe(first.decision.decisionId);
    const third = decision({ ...granting, decisionState: again.nextState, cart: { ...CART, shippingMinor: 0 } });
    expect(third.decisionId).not.toBe(again.decision.decisionId);
    expect(decision(granting).decisionId).toBe(first.decision.decisionId);
  });

  it("is another decision also while the grant before it is in doubt, and in no answer yet", () => {
    const inDoubt = { ...EMPTY_STATE, history: first.nextState.history };
    expect(decision({ ...granting, decisionState: inDoubt }).decisionId).not.toBe(first.decision.decisionId);
  });

  it("counts once, however often its record comes", () => {
    expect(evolve(first.nextState, { kind: "decided", decision: first.decision })).toBe(first.nextState);
  });

  it("with the same request id gets the same answer while it is among the newest 64", () => {
    const ask = (requestId: string) => ({ caller: "shop", requestId, sessionId: "visit-1" });
    let state = decided({ ...granting, cause: ask("first") }).nextState;
    const again = () => decide(input({ ...granting, cause: ask("first"), decisionState: state })).kind;
    for (let n = 1; n < 64; n += 1)
      state = decided({ ...granting, cause: ask(`r${String(n)}`), decisionState: state }).nextState;
    expect(again()).toBe("repeated");
    state = decided({ ...granting, cause: ask("one more"), decisionState: state }).nextState;
    expect(again()).toBe("decided");
  });

  it("with another cart is honoured by the outstanding offer, never issued another", () => {
    const cart = { ...CART, lines: [...CART.lines, { productId: "hat", quantity: 1, unitPriceMinor: 2_000 }] };
    const answer = decision(later({ cart }));
    expect(answer).toMatchObject({ reason: "offer_outstanding", continued: true, heldMinor: 0 });
    expect(answer.offer).toEqual({ ...first.decision.offer, wantedMinor: 1_800 });
    expect(answer.propensity).toBe(first.decision.propensity);
  });

  it("is honoured although the kill switch is on and the state is degraded", () => {
    expect(decision(later({ killSwitch: true, cart: { ...CART, shippingMinor: 0 } })).offer).toEqual(
      first.decision.offer,
    );
    const rest = input(later({ cause: { caller: "shop", requestId: "x", sessionId: "" } }));
    const degraded = degradedDecision({ ...rest, policy: undefined }, "no_policy");
    expect(degraded).toMatchObject({
      decision: { freshness: "degraded", degradedReason: "no_policy", offer: first.decision.offer },
    });
  });

  it("after a none keeps the episode's draw for a changed cart, and the first propensity", () => {
    const none = decided({});
    const noneFor = Array.from({ length: 50 }, (_, i) => decided(keyed(`n${String(i)}`))).find(
      (d) => d.decision.chosen === 0,
    );
    const asked = noneFor ?? none;
    const again = decision({
      ...keyed(asked.decision.assignmentKey),
      decisionState: asked.nextState,
      cart: { ...CART, shippingMinor: 0 },
    });
    expect(again).toMatchObject({ continued: true, episodeId: asked.decision.episodeId, draw: asked.decision.draw });
    expect(again.propensity).toBe(asked.decision.propensity);
  });

  it("is not offered more for the same cart when the first offer ran out", () => {
    const expired = (NOON + 3 * 3_600_000) as Millis;
    const state = evolve(first.nextState, { kind: "expired", offerId: first.decision.offer!.offerId });
    const deeper = exploiting({ ladder: [500, 1_000, 1_500, 2_500].map((bp) => ({ incentive: percentOff(bp) })) });
    const face = first.decision.offer!.faceValueMinor;
    const { candidates } = decision({ ...granting, policy: deeper, decisionState: state, nowMs: expired });
    for (const candidate of candidates.slice(1))
      expect(candidate.blockedBy).toBe(candidate.faceValueMinor > face ? "deeper_than_before" : "");
  });

  it("blocks other campaigns of the stacking group while an offer is good but does not fit", () => {
    const small = { ...CART, lines: [{ productId: "sock", quantity: 1, unitPriceMinor: 1_000 }] };
    const held = amountOff(1_000, 5_000);
    const offered = compiled({
      campaigns: [
        campaign({ exploration: EXPLOIT_ONLY, stackingGroup: "one-at-a-time", ladder: [{ incentive: held }] }),
      ],
    });
    const given = decided({ policy: offered, model: sureModel(3) });
    expect(given.decision.reason).toBe("granted");
    const both = compiled({
      campaigns: [
        campaign({ exploration: EXPLOIT_ONLY, stackingGroup: "one-at-a-time", ladder: [{ incentive: held }] }),
        campaign({ campaignId: "other", stackingGroup: "one-at-a-time" }),
      ],
    });
    const after = decision({ policy: both, model: sureModel(3), cart: small, decisionState: given.nextState });
    expect(new Set(after.candidates.slice(1).map((c) => c.blockedBy))).toEqual(
      new Set(["incentive_not_applicable", "stacking_group"]),
    );
  });

  it("is repeated, not recorded anew, also when the offer outlives its episode", () => {
    const long = exploiting({ offerTtlMs: 5 * 86_400_000 });
    const offered = decided({ ...granting, policy: long });
    const nextDay = { ...granting, policy: long, nowMs: (NOON + 30 * 3_600_000) as Millis };
    const again = decided({ ...nextDay, decisionState: offered.nextState });
    expect(again.decision).toMatchObject({ reason: "offer_outstanding", propensity: offered.decision.propensity });
    expect(decide(input({ ...nextDay, decisionState: again.nextState })).kind).toBe("repeated");
  });

  it("after an order opens another episode", () => {
    const state = evolve(first.nextState, {
      kind: "redeemed",
      offerId: first.decision.offer!.offerId,
      costMinor: 500,
    });
    const next = decision({
      ...granting,
      decisionState: evolve(state, { kind: "ordered", atMs: NOON }),
      nowMs: (NOON + 1) as Millis,
    });
    expect(next.continued).toBe(false);
    expect(next.episodeId).not.toBe(first.decision.episodeId);
  });

  it.each([
    ["from a browser whose clock is ahead", 240_000, 60_000],
    ["in the same millisecond", 0, 0],
  ])("after an order %s draws once", (_name, aheadMs, laterMs) => {
    const none = { policy: exploiting(), model: sureModel(0) };
    const ordered = evolve(decided(none).nextState, { kind: "ordered", atMs: (NOON + aheadMs) as Millis });
    const ask = (decisionState: DecisionState, shippingMinor: number) =>
      decided({ ...none, decisionState, cart: { ...CART, shippingMinor }, nowMs: (NOON + laterMs) as Millis });
    const opening = ask(ordered, 1);
    expect(opening.decision).toMatchObject({ continued: false, lastOrderMs: NOON + aheadMs });
    expect(ask(opening.nextState, 2).decision).toMatchObject({
      continued: true,
      episodeId: opening.decision.episodeId,
    });
    const later = evolve(opening.nextState, { kind: "ordered", atMs: (NOON + aheadMs + 1) as Millis });
    expect(ask(later, 2).decision.continued).toBe(false);
  });

  it("after a late message of an earlier order stays in its episode", () => {
    const none = { policy: exploiting(), model: sureModel(0) };
    const asked = decided(none);
    const told = evolve(asked.nextState, { kind: "ordered", atMs: (NOON - 1) as Millis });
    const again = decision({ ...none, decisionState: told, cart: { ...CART, shippingMinor: 0 } });
    expect(again).toMatchObject({ continued: true, episodeId: asked.decision.episodeId });
  });
});

describe("held out and observed", () => {
  const experiments = [{ experimentId: "autumn-holdout", salt: "autumn-2026", holdoutBp: 9_999 }];
  const heldOut = {
    policy: compiled({ experiments, campaigns: [campaign({ exploration: EXPLOIT_ONLY })] }),
    model: sureModel(3),
  };

  it("makes the same decision with the same draw, and gives nothing", () => {
    const real = decision({ policy: exploiting(), model: sureModel(3) });
    const ghost = decision(heldOut);
    expect(ghost).toMatchObject({
      ghost: true,
      reason: "holdout",
      chosen: real.chosen,
      draw: real.draw,
      heldMinor: 0,
      message: "",
    });
    expect(ghost.offer).toBeUndefined();
    expect(ghost.candidates).toEqual(real.candidates);
    expect(ghost.validUntilMs).toBe(real.validUntilMs);
  });

  it("keeps its own shadow caps and shadow offer", () => {
    const { nextState } = decided(heldOut);
    expect(nextState.open).toMatchObject([{ withheld: true, campaignId: "autumn" }]);
    const cart = { ...CART, shippingMinor: 0 };
    const again = decision({ ...heldOut, decisionState: nextState, cart });
    expect(again).toMatchObject({ reason: "offer_outstanding", ghost: true, continued: true });
    expect(again.offer).toBeUndefined();
  });

  it("does not say that what was withheld moved an answer, though it teaches like its twin", () => {
    const later = (first: Partial<DecisionInput>) =>
      decision({
        ...first,
        decisionState: decided(first).nextState,
        nowMs: (NOON + 30 * DAY_MS) as Millis,
      });
    const treated = { ...heldOut, policy: exploiting() };
    expect([later(treated), later(heldOut)]).toMatchObject([
      { personalDataUsed: true, personalDataClasses: ["purchase"] },
      { personalDataUsed: false, personalDataClasses: [] },
    ]);
    expect(later(heldOut).candidates).toEqual(later(treated).candidates);
  });

  it("says the same of personal data, asked again, as an answer of none in treatment", () => {
    const segments = [{ name: "everyone", expression: "features.purchases_30d != 7.0" }];
    const campaigns = [campaign({ exploration: EXPLOIT_ONLY })];
    const asked = (holdoutBp: number, slope: number, consentThen: DecisionInput["consent"]) => {
      const arms = [{ ...experiments[0]!, holdoutBp }];
      const disclosures = [{ jurisdictions: ["DE"], language: "en", text: "By your data." }];
      const held = {
        policy: compiled({ segments, campaigns, experiments: arms, disclosures }),
        model: sureModel(slope),
      };
      const first = decided(held);
      const then = { decisionState: first.nextState, nowMs: (NOON + 1) as Millis, consent: consentThen };
      const again = decision({ ...held, ...then, cart: { ...CART, shippingMinor: 0 } });
      const degraded = degradedDecision(input({ ...held, ...then, cart: { ...CART, shippingMinor: 1 } }), "no_policy");
      if (degraded.kind !== "decided") throw new Error("repeated");
      return [first.decision, again, degraded.decision].map(({ offer, message, validUntilMs, ...told }) => {
        const { personalDataUsed, personalDataClasses, disclosure } = told;
        return { offer, message, personalDataUsed, personalDataClasses, disclosure, validUntilMs };
      });
    };
    expect(asked(9_999, 3, ["personalization"])[1]).toMatchObject({
      ...{ personalDataUsed: true, personalDataClasses: ["behaviour"], disclosure: "By your data." },
    });
    for (const consent of [["personalization"], []] as const)
      expect(asked(9_999, 3, consent)).toEqual(asked(0, 0, consent));
  });

  it("is a ghost for the campaigns that are weighed, first and asked again, and by a degraded answer", () => {
    const policy = compiled({
      campaigns: [campaign({ exploration: EXPLOIT_ONLY })],
      experiments: [
        { experimentId: "autumn-holdout", salt: "a", holdoutBp: 0 },
        { experimentId: "other", salt: "b", holdoutBp: 9_999 },
      ],
    });
    const ask = (requestId: string) => ({ caller: "shop", requestId, sessionId: "visit-1" });
    const none = { policy, model: sureModel(0) };
    const asked = decided({ ...none, cause: ask("r1") });
    expect(asked.decision).toMatchObject({ reason: "least_is_none", ghost: false });
    expect(asked.decision.enrolments.map(({ arm }) => arm)).toEqual(["treatment", "holdout"]);
    const again = decision({ ...none, cause: ask("r2"), decisionState: asked.nextState });
    expect(again).toMatchObject({ reason: "answer_stands", ghost: false });
    expect(explainDecision(again).join(" ")).not.toContain("The subject is held out");
    const degraded = degradedDecision(input({ ...none, cause: ask("r3") }), "deadline_near");
    expect(degraded).toMatchObject({ decision: { reason: "degraded", ghost: false } });
  });

  describe("by caps", () => {
    const perSubjectMax = { minor: 1_800, currency: "EUR" as CurrencyCode };
    const guardrails = { ...policy().guardrails!, perSubjectMax, perSubjectPeriodMs: 30 * DAY_MS };
    const gift = campaign({ exploration: EXPLOIT_ONLY, ladder: [{ incentive: percentOff(1_500) }] });
    const welcome = campaign({
      campaignId: "welcome",
      kind: "entitlement",
      experimentId: "",
      approach: { kind: "rules", segment: "member" },
      ladder: [{ incentive: amountOff(500) }],
    });
    const segments = [...policy().segments, { name: "member", expression: "features.purchases_30d >= 1" }];
    const asked = (holdoutBp: number, campaigns = [gift]) => ({
      policy: compiled({ guardrails, segments, campaigns, experiments: [{ ...experiments[0]!, holdoutBp }] }),
      model: sureModel(3),
    });
    const after = (decisionState: DecisionState, ms: number) => ({ decisionState, nowMs: (NOON + ms) as Millis });

    it("is given what it is owed, whatever was withheld", () => {
      const both = asked(9_999, [gift, { ...welcome, frequencyCaps: [{ offersMax: 1, periodMs: 30 * DAY_MS }] }]);
      const ghost = decided(both);
      expect(ghost.decision).toMatchObject({ reason: "holdout", offer: undefined });
      expect(ghost.nextState.history).toMatchObject([{ costMinor: 1_500 }]);
      const used = evolve(ghost.nextState, { kind: "ordered", atMs: (NOON + 1) as Millis });
      for (const state of [ghost.nextState, used]) {
        const owed = decided({ ...both, ...after(state, 3 * DAY_MS), features: features({ purchases_30d: 1 }) });
        expect(owed.decision.offer).toMatchObject({ campaignId: "welcome", faceValueMinor: 500 });
        // Once it was given, its own cap holds.
        const offerId = owed.decision.offer!.offerId;
        const spent = evolve(owed.nextState, { kind: "redeemed", offerId, costMinor: 500 });
        const again = { ...both, ...after(spent, 4 * DAY_MS), features: features({ purchases_30d: 1 }) };
        expect(decision(again).offer).toBeUndefined();
      }
    });

    it("pays for what is withheld as its twin pays: worst case while open, nothing of what ran out, what was used", () => {
      const [ghost, twin] = [decided(asked(9_999)), decided(asked(0))];
      const { offerId, expiresAtMs } = twin.decision.offer!;
      expect(ghost.decision.withheldUntilMs).toBe(expiresAtMs);
      expect(twin.decision.withheldUntilMs).toBe(0);
      const blocked = (holdoutBp: number, state: DecisionState, ms: number) =>
        decision({ ...asked(holdoutBp), ...after(state, ms), cart: { ...CART, shippingMinor: 0 } }).candidates.map(
          ({ blockedBy }) => blockedBy,
        );
      const ranOut = evolve(twin.nextState, { kind: "expired", offerId });
      const order = { kind: "ordered", atMs: (NOON + 60_000) as Millis } as const;
      const used = evolve(evolve(twin.nextState, { kind: "redeemed", offerId, costMinor: 1_500 }), order);
      const afterwards = { kind: "ordered", atMs: expiresAtMs } as const;
      for (const [ghosts, twins, expected] of [
        [ghost.nextState, ranOut, ""],
        [evolve(ghost.nextState, afterwards), evolve(ranOut, afterwards), ""],
        [evolve(ghost.nextState, order), used, "guardrail_subject_max"],
      ] as const) {
        expect(blocked(9_999, ghosts, 3 * DAY_MS)).toEqual(["", expected]);
        expect(blocked(0, twins, 3 * DAY_MS)).toEqual(["", expected]);
      }
    });
  });

  it("issues nothing where it only observes", () => {
    const observed = decision({ policy: exploiting(), model: sureModel(3), observeOnly: true });
    expect(observed).toMatchObject({ reason: "observe_only", ghost: false, heldMinor: 0 });
    expect(observed.offer).toBeUndefined();
  });
});

describe("what is owed", () => {
  const owed = campaign({
    campaignId: "welcome",
    kind: "entitlement",
    experimentId: "",
    ladder: [{ incentive: amountOff(300) }, { incentive: amountOff(600, 9_000) }],
    frequencyCaps: [{ offersMax: 1, periodMs: 366 * 86_400_000 }],
  });
  const withOwed = (holdoutBp: number) => ({
    policy: compiled({
      campaigns: [owed, campaign({ exploration: EXPLOIT_ONLY })],
      experiments: [{ experimentId: "autumn-holdout", salt: "autumn-2026", holdoutBp }],
    }),
  });

  it("is rung 0, at the highest rung the cart reaches, and is issued where no incentive wins", () => {
    const answer = decision({ ...withOwed(0), model: sureModel(0) });
    expect(answer).toMatchObject({ reason: "entitlement", chosen: 0, heldMinor: 600, budgetId: "marketing" });
    expect(answer.offer).toMatchObject({ campaignId: "welcome", faceValueMinor: 600 });
    expect(answer.candidates[0]).toMatchObject({ faceValueMinor: 600, rung: 0 });
  });

  it("is issued to the held out too, whose incentive stays a ghost", () => {
    const answer = decision({ ...withOwed(9_999), model: sureModel(3) });
    expect(answer).toMatchObject({ ghost: true, reason: "holdout" });
    expect(answer.chosen).toBeGreaterThan(0);
    expect(answer.offer!.campaignId).toBe("welcome");
  });

  it("is never undercut: rungs below it are blocked, and an incentive above it stands in its place", () => {
    const answer = decision({ ...withOwed(0), model: sureModel(3) });
    expect(answer.candidates.find((c) => c.faceValueMinor === 500)!.blockedBy).toBe("below_entitlement");
    expect(answer.reason).toBe("granted");
    expect(answer.offer!.faceValueMinor).toBeGreaterThanOrEqual(600);
  });

  describe("while a held-out shopper's incentive is outstanding", () => {
    const heldOut = { ...withOwed(9_999), model: sureModel(3) };
    const first = decided(heldOut);
    const later = (changes: Partial<DecisionInput> = {}) => ({
      ...heldOut,
      decisionState: first.nextState,
      cart: { ...CART, shippingMinor: 0 },
      nowMs: (NOON + 60_000) as Millis,
      ...changes,
    });

    it("stays the answer's offer for another cart, and for the same one asked for by another id", () => {
      for (const changes of [{}, { cart: CART, cause: { caller: "shop", requestId: "r2", sessionId: "visit-1" } }]) {
        const again = decision(later(changes));
        expect(again).toMatchObject({ reason: "offer_outstanding", ghost: true, heldMinor: 0, budgetId: "" });
        expect(again.offer).toEqual(first.decision.offer);
        expect(again.candidates[0]).toMatchObject({ faceValueMinor: 600, weight: 0 });
        expect(again.message).toBe(first.decision.message);
      }
    });

    it("is issued as soon as the shopper qualifies, and counts", () => {
      const fromNinetyEuros = { ...owed, ladder: [{ incentive: amountOff(600, 9_000) }] };
      const campaigns = [fromNinetyEuros, campaign({ exploration: EXPLOIT_ONLY })];
      const experiments = [{ experimentId: "autumn-holdout", salt: "autumn-2026", holdoutBp: 9_999 }];
      const policy = compiled({ campaigns, experiments });
      const small = { ...CART, lines: [{ productId: "shoe", quantity: 1, unitPriceMinor: 8_000 }] };
      const none = decided({ ...heldOut, policy, cart: small });
      expect(none.decision).toMatchObject({ reason: "holdout", offer: undefined });
      const again = decided(later({ policy, decisionState: none.nextState }));
      expect(again.decision).toMatchObject({ reason: "offer_outstanding", heldMinor: 600, budgetId: "marketing" });
      expect(again.decision.offer!.campaignId).toBe("welcome");
      expect(again.nextState.open.map(({ campaignId, withheld }) => [campaignId, withheld])).toEqual([
        ["autumn", true],
        ["welcome", false],
      ]);
      expect(again.nextState.history.at(-1)).toMatchObject({ campaignId: "welcome", costMinor: 600 });
      expect(again.nextState.episode).toEqual(none.nextState.episode);
    });

    it("is told by a degraded answer too, in every arm", () => {
      const asked = later({ cause: { caller: "shop", requestId: "r3", sessionId: "" } });
      expect(degradedDecision(input(asked), "deadline_near")).toMatchObject({
        decision: { freshness: "degraded", offer: { offerId: first.decision.offer!.offerId }, heldMinor: 0 },
      });
      const plain = decided({ ...withOwed(0), model: sureModel(0) });
      const told = { ...withOwed(0), ...later(), policy: withOwed(0).policy, decisionState: plain.nextState };
      expect(degradedDecision(input(told), "deadline_near")).toMatchObject({
        decision: { reason: "degraded", offer: { offerId: plain.decision.offer!.offerId }, heldMinor: 0 },
      });
    });
  });

  it("is not issued twice, and stays the answer's offer while it is open", () => {
    const given = decided({ ...withOwed(0), model: sureModel(0) });
    const again = decided({
      ...withOwed(0),
      model: sureModel(0),
      decisionState: given.nextState,
      cart: { ...CART, shippingMinor: 0 },
    });
    expect(again.decision.offer).toEqual(given.decision.offer);
    expect(again.decision.heldMinor).toBe(0);
    expect(again.nextState.open).toHaveLength(1);
    const used = evolve(given.nextState, {
      kind: "redeemed",
      offerId: given.decision.offer!.offerId,
      costMinor: 600,
    });
    expect(decision({ ...withOwed(0), model: sureModel(0), decisionState: used }).offer).toBeUndefined();
  });
});

describe("words", () => {
  it("fills the campaign's template in the shopper's language", () => {
    const templates = [
      { language: "de", placement: "checkout", campaignId: "", text: "Für {cohort}: {incentive}." },
      { language: "en", placement: "checkout", campaignId: "autumn", text: "{incentive} today, to {expires}" },
    ];
    const told = (language: string) =>
      decision({
        policy: compiled({
          templates,
          campaigns: [campaign({ exploration: EXPLOIT_ONLY, ladder: [{ incentive: percentOff(1_000) }] })],
        }),
        model: sureModel(3),
        language,
      }).message;
    expect(told("en-GB")).toBe("10 % off today, to 23 Nov 2026, 14:00 UTC");
    expect(told("de-CH")).toBe("Für Kundinnen und Kunden wie Sie: 10 % Rabatt.");
    expect(told("fr")).toBe("For shoppers like you: 10 % off, until 23 Nov 2026, 14:00 UTC.");
  });

  it("explains itself to engineers without naming a page", () => {
    const sentences = explainDecision(decision({ policy: exploiting(), model: sureModel(3) }));
    expect(sentences[0]).toBe("Decided under policy 2026-11-23.1 with model sure.");
    expect(sentences.join(" ")).toContain("chosen");
  });
});

describe("a degraded answer", () => {
  it("is none, enrols, opens no episode and stands for this moment only", () => {
    const outcome = degradedDecision(input(), "features_restoring");
    expect(outcome).toMatchObject({
      decision: {
        reason: "degraded",
        freshness: "degraded",
        validUntilMs: NOON,
        episodeId: "",
        enrolments: [{ first: true }],
      },
    });
    if (outcome.kind !== "decided") throw new Error("repeated");
    expect(outcome.nextState.episode).toBeUndefined();
    expect(decide(input({ decisionState: outcome.nextState })).kind).toBe("decided");
  });

  it("of an owner who may be about to be followed by another is stale, and says why it is none", () => {
    expect(degradedDecision(input(), "owner_changing")).toMatchObject({
      decision: { reason: "degraded", freshness: "stale", degradedReason: "owner_changing", offer: undefined },
    });
  });
});

describe("a model that says of a shopper what nobody would believe", () => {
  /** Answers nearly 1.0 for whoever ordered before, whatever is offered. */
  const gone = compiledModel({
    ...PRIOR_MODEL,
    version: "gone-wrong",
    baseline: [
      { feature: "intercept", mean: 0, sd: 0.1 },
      { feature: "purchases_30d", mean: 3, sd: 0.1 },
    ],
  });
  const regular = { model: gone, features: features({ purchases_30d: 4 }) };

  it("decides nothing: the answer is the safe one, and says why", () => {
    expect(decided(regular)).toEqual(degradedDecision(input(regular), "model_unbelievable"));
    expect(decision(regular)).toMatchObject({
      ...{ reason: "degraded", freshness: "degraded", degradedReason: "model_unbelievable", offer: undefined },
      ...{ modelVersion: "gone-wrong", validUntilMs: NOON, episodeId: "" },
      ...{ personalDataUsed: true, personalDataClasses: ["behaviour"] },
    });
  });

  it("is believed of others, and of who is not looked at", () => {
    expect(decision({ ...regular, features: features({ purchases_30d: 1 }) }).degradedReason).toBe("");
    expect(decision({ ...regular, consent: [] }).degradedReason).toBe("");
  });

  it("is believed where it was trained on less", () => {
    const bounded = compiledModel({
      ...PRIOR_MODEL,
      version: "bounded",
      baseline: [
        { feature: "intercept", mean: 0, sd: 0.1 },
        { feature: "purchases_30d", mean: 2, sd: 0.1, max: 1 },
      ],
    });
    expect(decision({ ...regular, model: bounded }).degradedReason).toBe("");
  });

  it("takes nothing back: what is outstanding is honoured", () => {
    const first = decided({ policy: exploiting(), model: sureModel(3) });
    const then = { ...regular, policy: exploiting(), decisionState: first.nextState };
    const again = decision({ ...then, cause: { caller: "shop", requestId: "r-2", sessionId: "" } });
    expect(again.offer?.offerId).toBe(first.decision.offer?.offerId);
  });

  it("does not touch what the priors decide", () => {
    const often = { features: features({ purchases_30d: 40 }) };
    expect(decision(often)).toMatchObject({ degradedReason: "", modelVersion: PRIOR_MODEL.version });
  });
});

describe("subjects", () => {
  it("another subject gets another offer id and code", () => {
    const granting = { policy: exploiting(), model: sureModel(3) };
    const a = decision(granting).offer!;
    const b = decision({ ...granting, subject: "a0".repeat(16) as SubjectId }).offer!;
    expect(a.offerId).not.toBe(b.offerId);
    expect(a.code).not.toBe(b.code);
  });
});

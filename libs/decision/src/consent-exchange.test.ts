import { DAY_MS, PURPOSES, type AssignmentKey, type Millis, type Purpose } from "@leastwise/vocabulary";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { canonicalJson } from "./canonical-json.js";
import { decide } from "./decide.js";
import type { Decided, Decision } from "./decision.js";
import { degradedDecision } from "./degraded.js";
import { accountOf } from "./explain/account.js";
import { explainDecision } from "./explain/sentences.js";
import {
  amountOff,
  campaign,
  CART,
  CATALOGUE,
  compiled,
  features,
  guardrails,
  input,
  NOON,
  percentOff,
  sureModel,
} from "./given/store.js";
import type { AnsweredExchange, DecisionInput } from "./input.js";
import type { Campaign, ConsentExchangeApproach, Policy } from "./policy/policy.js";
import { decodeRecordedState, encodeRecordedState } from "./state/encoding.js";
import { EXCHANGES_MAX, type DecisionState } from "./state/decision-state.js";
import { evolve } from "./state/evolve.js";

// Consent for a better offer: asked in words, answered once, given once, and taken back at any time.

const LATER = (NOON + 1_000) as Millis;
/** Gives what the model says, without chance. */
const AUTUMN = campaign({ exploration: { floorBp: 0, coldStartDecisionsPerRung: 0 } });
const AGREED: readonly Purpose[] = ["personalization", "profile"];
const YES: AnsweredExchange = { campaignId: "welcome", accepted: true, answeredAtMs: NOON };

function exchange(changes: Partial<Campaign> = {}, asks: Partial<ConsentExchangeApproach> = {}): Campaign {
  const approach = {
    ...({ kind: "consent_exchange", segment: "everyone", purposes: ["profile"], words: [] } as const),
    ...asks,
  };
  return campaign({
    ...{
      campaignId: "welcome",
      kind: "entitlement",
      experimentId: "",
      approach,
      ladder: [{ incentive: percentOff(500) }],
    },
    ...changes,
  });
}

function shop(campaigns: readonly Campaign[] = [exchange()], more: Partial<Policy> = {}): Partial<DecisionInput> {
  return { policy: compiled({ campaigns, ...more }), consent: ["personalization"], model: sureModel(0) };
}

function named(requestId: string): Partial<DecisionInput> {
  return { cause: { caller: "shop", requestId, sessionId: "visit-1" } };
}

function made(changes: Partial<DecisionInput>): Decided {
  const outcome = decide(input(changes));
  if (outcome.kind === "repeated") throw new Error("it was answered before");
  return outcome;
}

function decided(changes: Partial<DecisionInput>): Decision {
  return made(changes).decision;
}

/** What the shopper is asked, by the campaign; undefined: nothing. */
function asked(changes: Partial<DecisionInput>): string | undefined {
  return decided(changes).consentExchange?.campaignId;
}

describe("the invitation", () => {
  it("says what is asked for, what is given on this cart, and the exchange in words; nothing of it is given", () => {
    const decision = decided(shop());
    expect(decision.consentExchange).toEqual({
      ...{ campaignId: "welcome", purposes: ["profile"], incentive: percentOff(500), currency: "EUR", worthMinor: 500 },
      words:
        "You get 5 % off if you agree to this: we use what we know of you as a customer. You can take it back at any time, and keep what you got.",
    });
    expect(decision).toMatchObject({ offer: undefined, heldMinor: 0, holds: [], reason: "not_eligible" });
    expect(decision.candidates).toHaveLength(1);
  });

  it("asks only for what was not agreed to yet, and nobody who has agreed to all of it", () => {
    const both = shop([exchange({}, { purposes: ["profile", "location"] })]);
    expect(decided({ ...both, consent: [] }).consentExchange?.purposes).toEqual(["location", "profile"]);
    expect(decided({ ...both, consent: ["profile"] }).consentExchange?.purposes).toEqual(["location"]);
    expect(asked({ ...both, consent: ["profile", "location"] })).toBeUndefined();
  });

  it("is for those of the segment, while the campaign runs, and no partner has the group alone", () => {
    const segments = [
      { name: "everyone", expression: "true" },
      { name: "large", expression: "cart.value_minor > 20000" },
    ];
    expect(asked(shop([exchange({}, { segment: "large" })], { segments }))).toBeUndefined();
    const past = { startsAtMs: 0, endsAtMs: NOON, timeZone: "", weekly: [] };
    expect(asked(shop([exchange({ schedule: past })]))).toBeUndefined();
    const bank = { partnerId: "bank", partnerShareBp: 0, merchantShareBp: 10_000, budgetId: "" };
    const partners = [{ ...bank, exclusive: [{ stackingGroup: "one-at-a-time" }] }];
    expect(asked(shop([exchange({ stackingGroup: "one-at-a-time" })], { partners }))).toBeUndefined();
    expect(asked(shop([exchange({ stackingGroup: "one-at-a-time" })]))).toBe("welcome");
  });

  it("is for who never answered it, be it with no", () => {
    for (const accepted of [true, false])
      expect(asked({ ...shop(), exchanges: [{ ...YES, accepted }] })).toBeUndefined();
    expect(asked({ ...shop(), exchanges: [{ ...YES, campaignId: "another", accepted: false }] })).toBe("welcome");
    const many = Array.from({ length: EXCHANGES_MAX }, (_, i) => ({ ...YES, campaignId: `c${String(i)}` }));
    expect(asked({ ...shop(), exchanges: many })).toBeUndefined();
    expect(asked({ ...shop(), exchanges: many.slice(1) })).toBe("welcome");
  });

  it("is for who was given nothing of the campaign before, when it was no exchange", () => {
    const before = made(shop([exchange({ approach: { kind: "rules", segment: "everyone" } })]));
    const { offerId } = before.decision.offer!;
    const used = evolve(before.nextState, { kind: "redeemed", offerId, costMinor: 500 });
    const next = { ...shop(), ...named("r"), cart: { ...CART, shippingMinor: 0 }, nowMs: LATER };
    for (const decisionState of [before.nextState, used]) expect(asked({ ...next, decisionState })).toBeUndefined();
  });

  it("is made where a rung could be given now: switch, budget, guardrails, caps and cart", () => {
    expect(asked({ ...shop(), killSwitch: true })).toBeUndefined();
    expect(asked(shop([exchange()], { killSwitch: true }))).toBeUndefined();
    expect(asked({ ...shop(), budgets: { marketing: { remainingMinor: 499, shadowPriceBp: 0 } } })).toBeUndefined();
    expect(asked(shop([exchange()], { guardrails: guardrails({ maxDiscountBp: 400 }) }))).toBeUndefined();
    expect(asked(shop([exchange({ offersMax: 1 })]))).toBeUndefined();
    expect(asked({ ...shop([exchange({ offersMax: 1 })]), offersLeft: { welcome: 1 } })).toBe("welcome");
    expect(asked(shop([exchange({ ladder: [{ incentive: amountOff(500, 10_001) }] })]))).toBeUndefined();
  });

  it("is made where it is worth more on this cart than what the shopper gets anyway", () => {
    const owed = (minor: number) =>
      exchange({
        campaignId: "owed",
        approach: { kind: "rules", segment: "everyone" },
        ladder: [{ incentive: amountOff(minor) }],
      });
    expect(asked(shop([exchange(), owed(499)]))).toBe("welcome");
    expect(asked(shop([exchange(), owed(500)]))).toBeUndefined();
    const sure = { model: sureModel(3) };
    expect(decided({ ...shop([exchange(), AUTUMN]), ...sure }).offer?.faceValueMinor).toBeGreaterThanOrEqual(500);
    expect(asked({ ...shop([exchange(), AUTUMN]), ...sure })).toBeUndefined();
    const dear = exchange({ ladder: [{ incentive: percentOff(3_000) }] });
    expect(asked({ ...shop([dear, AUTUMN]), ...sure })).toBe("welcome");
  });

  it("is made where it is worth more than what is owed, too, while an offer of less is outstanding", () => {
    const before = made({ ...shop([AUTUMN]), model: sureModel(3) });
    const worth = before.decision.offer!.faceValueMinor;
    const owed = exchange({
      ...{ campaignId: "owed", approach: { kind: "rules", segment: "everyone" } },
      ladder: [{ incentive: amountOff(worth + 500) }],
    });
    const next = (minor: number) => {
      const asking = exchange({ ladder: [{ incentive: amountOff(minor) }] });
      const then = { ...shop([AUTUMN, owed, asking]), ...named("r"), cart: { ...CART, shippingMinor: 0 } };
      const decision = decided({ ...then, decisionState: before.nextState, nowMs: LATER });
      expect(decision).toMatchObject({ reason: "offer_outstanding", offer: { faceValueMinor: worth } });
      return decision.consentExchange?.worthMinor;
    };
    expect([worth + 500, worth + 501].map(next)).toEqual([undefined, worth + 501]);
  });

  it("is one: that which is worth most, of the same the one with the greater priority", () => {
    const more = exchange({ campaignId: "more", ladder: [{ incentive: percentOff(600) }] });
    expect(asked(shop([exchange({ priority: 5 }), more]))).toBe("more");
    expect(asked(shop([exchange(), exchange({ campaignId: "first", priority: 1 })]))).toBe("first");
  });

  it("is for no cart in another currency, no replay, and no safe answer", () => {
    expect(asked(shop([exchange()], { prices: "with_tax" }))).toBe("welcome");
    expect(
      asked({ ...shop([exchange()], { prices: "with_tax" }), cart: { ...CART, prices: "without_tax" } }),
    ).toBeUndefined();
    expect(asked({ ...shop(), observeOnly: true })).toBeUndefined();
    for (const reason of ["deadline_near", "owner_changing"] as const) {
      const outcome = degradedDecision(input(shop()), reason);
      expect(outcome).toMatchObject({ kind: "decided", decision: { consentExchange: undefined } });
    }
    const unbelievable = decide(
      input({ ...shop(), model: { ...sureModel(0), version: "m", intercept: { mean: 100, sd: 1 } } }),
    );
    expect(unbelievable).toMatchObject({
      decision: { degradedReason: "model_unbelievable", consentExchange: undefined },
    });
  });

  it("is in the policy's words for the language, or else in its first, and ours are short enough for an answer", () => {
    const words = [
      { language: "fr", text: "Dites oui : {offer}." },
      { language: "de", text: "Sagen Sie Ja: {offer}." },
    ];
    const said = (language: string, own = words) =>
      decided({ ...shop([exchange({}, { words: own })]), language }).consentExchange?.words;
    expect(["de-AT", "fr", "en"].map((language) => said(language))).toEqual([
      ...["Sagen Sie Ja: 5 % Rabatt.", "Dites oui : 5 % off.", "Dites oui : 5 % off."],
    ]);
    expect(said("de", [])).toBe(
      "Sie erhalten 5 % Rabatt, wenn Sie dem zustimmen: wir nutzen, was wir von Ihnen als Kundin oder Kunde wissen. Sie können es jederzeit widerrufen und behalten, was Sie erhalten haben.",
    );
    for (const language of ["en", "de"]) {
      const all = { ...shop([exchange({}, { purposes: PURPOSES })]), consent: [], language };
      const text = decided(all).consentExchange?.words ?? "";
      expect(new TextEncoder().encode(text).length).toBeLessThan(1_024 - 300);
    }
  });

  it("is said again with the answer that is repeated, and by another request for the same cart", () => {
    const first = made(shop([exchange(), AUTUMN]));
    expect(first.decision).toMatchObject({ offer: undefined, consentExchange: { campaignId: "welcome" } });
    const then = { ...shop([exchange(), AUTUMN]), decisionState: first.nextState, nowMs: LATER };
    const again = decide(input(then));
    expect(again).toMatchObject({ kind: "repeated", answer: { consentExchange: first.decision.consentExchange } });
    const stands = decided({ ...then, ...named("another") });
    expect(stands).toMatchObject({ reason: "answer_stands", consentExchange: first.decision.consentExchange });
  });

  it("is not said again once it would not be asked: stopped, agreed to otherwise, or after a withdrawal of what it was found by", () => {
    const segments = [{ name: "everyone", expression: "features.purchases_30d > 0" }];
    const known = { ...shop([exchange(), AUTUMN], { segments }), features: features({ purchases_30d: 1 }) };
    const first = made(known);
    expect(first.decision.consentExchange?.campaignId).toBe("welcome");
    const then = { ...known, decisionState: first.nextState, nowMs: LATER };
    const askedAgain = (changes: Partial<DecisionInput>) => {
      const outcome = decide(input({ ...then, ...changes }));
      return outcome.kind === "repeated" ? outcome.answer.consentExchange : outcome.decision.consentExchange;
    };
    expect(askedAgain({})).toEqual(first.decision.consentExchange);
    expect(askedAgain({ killSwitch: true })).toBeUndefined();
    expect(askedAgain({ consent: AGREED })).toBeUndefined();
    expect(askedAgain({ consent: [] })).toBeUndefined();
  });

  it("with an offer is not said again either after a withdrawal of what it was found by, and the offer is", () => {
    const segments = [
      { name: "everyone", expression: "true" },
      { name: "buyers", expression: "features.purchases_30d > 0" },
    ];
    const asking = exchange({ ladder: [{ incentive: percentOff(3_000) }] }, { segment: "buyers" });
    const known = { ...shop([asking, AUTUMN], { segments }), features: features({ purchases_30d: 1 }) };
    const first = made({ ...known, model: sureModel(3) });
    expect(first.decision).toMatchObject({ offer: { campaignId: "autumn" }, consentExchange: { worthMinor: 3_000 } });
    const then = { ...known, model: sureModel(3), decisionState: first.nextState, nowMs: LATER, consent: [] };
    expect(decide(input(then))).toMatchObject({
      kind: "repeated",
      answer: { offer: { offerId: first.decision.offer!.offerId }, consentExchange: undefined },
    });
  });

  it("is told by Explain, and why it is not", () => {
    const explained = (changes: Partial<DecisionInput>) => {
      const whole = input(changes);
      return explainDecision(decided(changes), accountOf(whole, decided(changes), CATALOGUE.names)).join("\n");
    };
    expect(explained(shop())).toContain(
      "Consent to profile was asked for in exchange for an offer of welcome, worth 5.00 EUR, in these words: “You get 5 % off",
    );
    expect(explained(shop())).toContain(
      "Did not apply: welcome, as what it asks for in exchange is not agreed to (exchange_not_accepted).",
    );
    const agreed = { ...shop(), consent: AGREED, exchanges: [YES] };
    expect(explained({ ...agreed, consent: [] })).toContain(
      "welcome, as consent that it needs is missing (consent_missing)",
    );
    expect(explained({ ...agreed, nowMs: (NOON + 30 * DAY_MS) as Millis })).toContain(
      "welcome, as the time for its exchange is over (exchange_over)",
    );
    const given = made(agreed);
    const used = evolve(given.nextState, { kind: "redeemed", offerId: given.decision.offer!.offerId, costMinor: 500 });
    expect(explained({ ...agreed, ...named("r"), decisionState: used, nowMs: LATER })).toContain(
      "welcome, as what it promised in exchange was given (exchange_given)",
    );
  });
});

describe("an exchange that was accepted", () => {
  const accepted = { ...shop(), consent: AGREED, exchanges: [YES] };

  it("is given, on the very cart whose answer asked, and shown while it is open", () => {
    const first = made(shop());
    const given = made({ ...accepted, decisionState: first.nextState, nowMs: LATER });
    expect(given.decision).toMatchObject({
      offer: { campaignId: "welcome", faceValueMinor: 500 },
      reason: "entitlement",
    });
    expect(given.decision).toMatchObject({ heldMinor: 500, consentExchange: undefined });
    const cart = { ...CART, shippingMinor: 0 };
    const again = decided({ ...accepted, cart, decisionState: given.nextState, nowMs: (NOON + 2_000) as Millis });
    expect(again).toMatchObject({ offer: { offerId: given.decision.offer!.offerId }, heldMinor: 0 });
  });

  it("is given once: not after it was used, nor after it has run out", () => {
    const given = made(accepted);
    const { offerId } = given.decision.offer!;
    const ends = [
      evolve(given.nextState, { kind: "redeemed", offerId, costMinor: 500 }),
      evolve(given.nextState, { kind: "expired", offerId }),
    ];
    for (const decisionState of ends) {
      const next = { ...accepted, ...named("next"), decisionState, nowMs: (NOON + DAY_MS) as Millis };
      expect(decided(next)).toMatchObject({ offer: undefined, consentExchange: undefined });
    }
  });

  it("is not given without any of the consent that it was for: withdrawn, nothing new comes, and what was issued stays; agreed to again, neither", () => {
    const both = { ...shop([exchange({}, { purposes: AGREED })]), exchanges: [YES] };
    for (const consent of [[], ["profile"], ["personalization"]] as const)
      expect(decided({ ...both, consent })).toMatchObject({ offer: undefined, consentExchange: undefined });
    const given = made({ ...both, consent: AGREED });
    const withdrawn = { ...both, ...named("other"), consent: [], cart: { ...CART, shippingMinor: 0 } };
    const next = made({ ...withdrawn, decisionState: given.nextState, nowMs: LATER });
    expect(next.decision).toMatchObject({ offer: { offerId: given.decision.offer!.offerId }, heldMinor: 0 });
    expect(next.nextState.open).toHaveLength(1);
    const used = evolve(next.nextState, { kind: "redeemed", offerId: given.decision.offer!.offerId, costMinor: 500 });
    const back = { ...both, ...named("back"), consent: AGREED, decisionState: used, nowMs: (NOON + 2_000) as Millis };
    expect(decided(back)).toMatchObject({ offer: undefined, consentExchange: undefined });
  });

  it("is shown as long as it is open, in the same group too, whatever became of the consent, the segment and the campaign", () => {
    const group = { stackingGroup: "one-at-a-time" };
    const dear = [exchange({ ...group, ladder: [{ incentive: percentOff(3_000) }] }), { ...AUTUMN, ...group }];
    const given = made({ ...shop(dear), consent: AGREED, exchanges: [YES], model: sureModel(3) });
    expect(given.decision.offer).toMatchObject({ campaignId: "welcome", faceValueMinor: 3_000 });
    const ended = { startsAtMs: 0, endsAtMs: NOON, timeZone: "", weekly: [] };
    const segments = [{ name: "everyone", expression: "cart.value_minor > 20000" }];
    const worlds: readonly Partial<DecisionInput>[] = [
      { consent: [] },
      shop(
        dear.map((one) => ({ ...one, schedule: ended })),
        { segments },
      ),
      shop(dear.slice(1)),
    ];
    for (const world of worlds) {
      const then = { ...shop(dear), model: sureModel(3), exchanges: [YES], ...world, nowMs: LATER };
      const asking = { ...then, ...named("r"), cart: { ...CART, shippingMinor: 0 }, decisionState: given.nextState };
      const { offer } = given.decision;
      expect(decided(asking).offer).toMatchObject({ offerId: offer!.offerId, faceValueMinor: 3_000 });
      const safe = degradedDecision(input({ ...asking, features: features({}) }), "owner_unavailable");
      expect(safe).toMatchObject({ decision: { offer: { offerId: offer!.offerId } } });
    }
  });

  it("is what was said when it was asked, though the policy gives less by then; more, where it gives more", () => {
    const first = made(shop([exchange({ ladder: [{ incentive: percentOff(2_000) }] })]));
    const gives = (percentBp: number) => {
      const now = shop([exchange({ ladder: [{ incentive: percentOff(percentBp) }] })]);
      const then = { ...now, consent: AGREED, exchanges: [YES], decisionState: first.nextState, nowMs: LATER };
      return decided(then).offer?.faceValueMinor;
    };
    expect([100, 2_000, 3_000].map(gives)).toEqual([2_000, 2_000, 3_000]);
  });

  it("is given within its time, after the campaign's end, and to who is not of the segment any more", () => {
    const ended = { startsAtMs: 0, endsAtMs: NOON, timeZone: "", weekly: [] };
    const segments = [{ name: "everyone", expression: "cart.value_minor > 20000" }];
    const late = shop([exchange({ schedule: ended }, { acceptedWithinMs: DAY_MS })], { segments });
    const at = (nowMs: number) => decided({ ...late, consent: AGREED, exchanges: [YES], nowMs: nowMs as Millis });
    expect(at(NOON + DAY_MS - 1).offer?.campaignId).toBe("welcome");
    expect(at(NOON + DAY_MS).offer).toBeUndefined();
  });

  it("is shown to its end where it was issued just before its time was over", () => {
    const nowMs = (NOON + 30 * DAY_MS - 1) as Millis;
    const given = made({ ...accepted, nowMs });
    const then = { ...accepted, ...named("r"), decisionState: given.nextState, nowMs: (nowMs + 60_000) as Millis };
    expect(decided(then).offer?.offerId).toBe(given.decision.offer!.offerId);
  });

  it("stands in the place of an offer that is outstanding and worth less, and not of one that is worth more", () => {
    for (const [percentBp, campaignId] of [
      [3_000, "welcome"],
      [100, "autumn"],
    ] as const) {
      const both = [exchange({ ladder: [{ incentive: percentOff(percentBp) }] }), AUTUMN];
      const before = made({ ...shop(both), model: sureModel(3) });
      expect(before.decision.offer?.campaignId).toBe("autumn");
      const then = { ...shop(both), model: sureModel(3), consent: AGREED, exchanges: [YES], nowMs: LATER };
      const next = made({ ...then, decisionState: before.nextState });
      expect(next.decision.offer?.campaignId).toBe(campaignId);
      const again = decided({ ...then, ...named("r"), decisionState: next.nextState });
      expect(again.offer).toMatchObject({ campaignId, offerId: next.decision.offer!.offerId });
    }
  });

  it("makes answers of before it stand no longer, and one that was declined asks no more", () => {
    const first = made(shop());
    const declined = {
      ...shop(),
      exchanges: [{ ...YES, accepted: false }],
      decisionState: first.nextState,
      nowMs: LATER,
    };
    expect(decided(declined)).toMatchObject({ offer: undefined, consentExchange: undefined });
    const small = { ...CART, lines: [CART.lines[1]!] };
    const large = shop([exchange({ ladder: [{ incentive: amountOff(300, 5_000) }] })]);
    const other = made({ ...large, cart: small });
    const then = { ...large, cart: small, consent: AGREED, decisionState: other.nextState, nowMs: LATER };
    expect(decide(input(then)).kind).toBe("repeated");
    expect(decide(input({ ...then, exchanges: [YES] })).kind).toBe("decided");
    const unrelated = { ...YES, campaignId: "another", accepted: false };
    expect(decide(input({ ...then, exchanges: [unrelated] })).kind).toBe("repeated");
  });

  it("is given on a cart that was answered while the consent was away, once it is back, and by a clock that is behind", () => {
    const dear = [exchange({ ladder: [{ incentive: percentOff(3_000) }] }), AUTUMN];
    const first = made({ ...shop(dear), model: sureModel(3), exchanges: [YES] });
    expect(first.decision.offer?.campaignId).toBe("autumn");
    const back = { ...shop(dear), model: sureModel(3), exchanges: [YES], consent: AGREED };
    const early = { ...back, exchanges: [{ ...YES, answeredAtMs: NOON - 1_000 }] };
    for (const then of [back, early])
      expect(decided({ ...then, decisionState: first.nextState, nowMs: LATER }).offer?.campaignId).toBe("welcome");
  });

  it("stands in the record of what is decided with it, and only there", () => {
    expect(encodeRecordedState(input(shop()))).not.toContain("exchanges");
    expect(encodeRecordedState(input({ ...shop(), exchanges: [] }))).not.toContain("exchanges");
    const read = decodeRecordedState(encodeRecordedState(input(accepted)));
    expect(read).toMatchObject({ ok: true, value: { exchanges: [YES] } });
  });
});

describe("a held-out shopper", () => {
  const experiments = [{ experimentId: "autumn-holdout", salt: "autumn-2026", holdoutBp: 9_900 }];
  const nobody = [{ experimentId: "autumn-holdout", salt: "autumn-2026", holdoutBp: 0 }];
  const dear = [exchange({ ladder: [{ incentive: percentOff(3_000) }] }), AUTUMN];
  const heldOut = { ...shop(dear, { experiments }), model: sureModel(3) };
  /** The same shop for who would be given nothing by it. */
  const none = { ...shop(dear, { experiments: nobody }), model: sureModel(0) };

  it("is asked the same as who is given nothing, at once and again", () => {
    const [ghost, other] = [made(heldOut), made(none)];
    expect(ghost.decision).toMatchObject({ ghost: true, reason: "holdout", consentExchange: { worthMinor: 3_000 } });
    expect(ghost.decision.offer).toBeUndefined();
    expect(ghost.decision.consentExchange).toEqual(other.decision.consentExchange);
    const again = (before: Decided, shopOf: Partial<DecisionInput>, changes: Partial<DecisionInput>) =>
      decided({ ...shopOf, ...named("r"), ...changes, decisionState: before.nextState, nowMs: LATER }).consentExchange;
    for (const changes of [{}, { cart: { ...CART, shippingMinor: 0 } }, { language: "de" }])
      expect(again(ghost, heldOut, changes)).toEqual(again(other, none, changes));
  });

  it("is given what was promised by the same way as who is treated: what is weighed beside it is the same", () => {
    const treated = { ...shop(dear, { experiments: nobody }), model: sureModel(3) };
    const [ghost, twin] = [heldOut, treated].map((of) => {
      const before = made({ ...of, assignmentKey: "key-2" as AssignmentKey });
      const then = { ...of, assignmentKey: "key-2" as AssignmentKey, consent: AGREED, exchanges: [YES] };
      return { before, next: decided({ ...then, decisionState: before.nextState, nowMs: LATER }) };
    });
    expect([ghost!.before.decision.reason, twin!.before.decision.reason]).toEqual(["holdout", "granted"]);
    expect(ghost!.next.candidates).toEqual(twin!.next.candidates);
    for (const { next } of [ghost!, twin!]) {
      expect(next).toMatchObject({ reason: "entitlement", heldMinor: 3_000, offer: { campaignId: "welcome" } });
      expect(next.message).toBe(twin!.next.message);
    }
  });

  it("is not given what was promised after its time, though an offer of the campaign is withheld, from when it was none", () => {
    const incentive = { ...AUTUMN, campaignId: "welcome", offerTtlMs: DAY_MS };
    const before = made({ ...shop([incentive], { experiments }), model: sureModel(3) });
    expect(before.decision.reason).toBe("holdout");
    const asks = shop([exchange({}, { acceptedWithinMs: 60_000 })]);
    const then = { ...asks, consent: AGREED, exchanges: [YES], decisionState: before.nextState };
    const at = (nowMs: number) => decided({ ...then, ...named("r"), nowMs: nowMs as Millis }).offer?.campaignId;
    expect([at(NOON + 59_999), at(NOON + 60_000)]).toEqual(["welcome", undefined]);
  });

  it("is asked for less than what is withheld, as who is given nothing is, and given what was promised", () => {
    const little = [exchange({ ladder: [{ incentive: percentOff(100) }] }), AUTUMN];
    const withheld = { ...shop(little, { experiments }), model: sureModel(3) };
    const ghost = made(withheld);
    expect(ghost.decision).toMatchObject({ reason: "holdout", consentExchange: { worthMinor: 100 } });
    const then = { ...withheld, consent: AGREED, exchanges: [YES], decisionState: ghost.nextState, nowMs: LATER };
    expect(decided(then).offer).toMatchObject({ campaignId: "welcome", faceValueMinor: 100 });
  });
});

describe("without an acceptance", () => {
  const consents = fc.subarray([...PURPOSES]);
  const world = fc.record({
    purposes: fc.subarray([...PURPOSES], { minLength: 1 }),
    consent: consents,
    then: consents,
    declined: fc.boolean(),
    percentBp: fc.integer({ min: 1, max: 4_000 }),
    owedMinor: fc.constantFrom(0, 1, 300, 2_000),
    holdoutBp: fc.constantFrom(0, 5_000, 9_900),
    slope: fc.constantFrom(0, 1, 3, 5),
    units: fc.integer({ min: 1, max: 4 }),
    key: fc.string(),
  });

  /** What three answers one after the other give and weigh, and how often something is asked. */
  function given(changes: Partial<DecisionInput>, then: readonly Purpose[]) {
    const first = made(changes);
    const next = (more: Partial<DecisionInput>, decisionState: DecisionState) =>
      made({ ...changes, ...more, consent: then, decisionState, nowMs: LATER });
    const second = next(named("r"), first.nextState);
    const third = next({ ...named("s"), cart: { ...CART, shippingMinor: 0 } }, second.nextState);
    const decisions = [first, second, third].map(({ decision }) => decision);
    return {
      bytes: canonicalJson(decisions.map((decision) => ({ ...decision, consentExchange: undefined }))),
      asked: decisions.filter(({ consentExchange }) => consentExchange !== undefined).length,
    };
  }

  it("no byte of what is given and weighed differs from what it would be without the exchange", () => {
    let times = 0;
    fc.assert(
      fc.property(
        world,
        ({ purposes, consent, then, declined, percentBp, owedMinor, holdoutBp, slope, units, key }) => {
          const experiments = [{ experimentId: "autumn-holdout", salt: "autumn-2026", holdoutBp }];
          const owed = exchange({
            ...{ campaignId: "owed", approach: { kind: "rules", segment: "everyone" } },
            ladder: [{ incentive: amountOff(owedMinor) }],
          });
          const others = owedMinor === 0 ? [campaign()] : [campaign(), owed];
          const asking = exchange({ ladder: [{ incentive: percentOff(percentBp) }] }, { purposes });
          const cart = { ...CART, lines: CART.lines.map((line) => ({ ...line, quantity: units })) };
          const changes = {
            ...{ consent, cart, model: sureModel(slope), assignmentKey: key as AssignmentKey },
            ...(declined && { exchanges: [{ ...YES, accepted: false }] }),
          };
          const without = given({ ...shop(others, { experiments }), ...changes }, then);
          const withIt = given({ ...shop([...others, asking], { experiments }), ...changes }, then);
          expect(withIt.bytes).toBe(without.bytes);
          times += withIt.asked;
        },
      ),
      { numRuns: 60 },
    );
    expect(times).toBeGreaterThan(0);
  });
});

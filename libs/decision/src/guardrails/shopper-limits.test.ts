import { describe, expect, it } from "@jest/globals";
import { HOUR_MS, type Millis } from "@leastwise/vocabulary";
import { campaign, compiled, EUR, guardrails, input, NOON, percentOff } from "../given/store.js";
import type { Campaign, Guardrails } from "../policy/policy.js";
import { situationOf, type Situation } from "../situation.js";
import { EMPTY_STATE, HISTORY_MAX, type Grant, type OpenOffer } from "../state/decision-state.js";
import { coolDown } from "./cool-down.js";
import { frequencyCap, incentivesCap, isCapReached } from "./frequency-cap.js";
import { killSwitch } from "./kill-switch.js";
import { openOffers } from "./open-offers.js";
import { givenMinor, subjectMax } from "./subject-max.js";

const grant = (agoMs: number, changes: Partial<Grant> = {}): Grant => ({
  offerId: `o${String(agoMs)}`,
  campaignId: "autumn",
  atMs: (NOON - agoMs) as Millis,
  costMinor: 400,
  faceValueMinor: 400,
  cartDigest: "other",
  episodeId: "earlier",
  ended: true,
  ...changes,
});

const held = (offerId: string): OpenOffer => ({
  ...{ campaignId: "winter", rung: 1, worstCostMinor: 400, withheld: false, episodeId: "e", draw: 0, propensity: 1 },
  offer: {
    ...{ offerId, code: offerId, campaignId: "winter", incentive: percentOff(500), currency: EUR, faceValueMinor: 400 },
    ...{ issuedAtMs: NOON, expiresAtMs: (NOON + HOUR_MS) as Millis },
  },
});

/** Noon, after some grants, under limits of the policy and caps of its one incentive campaign; what is owed is of the campaign `welcome`. */
function after(
  history: readonly Grant[],
  limits: Partial<Guardrails> = {},
  caps: Campaign["frequencyCaps"] = [],
): Situation {
  const welcome = campaign({ campaignId: "welcome", kind: "entitlement", experimentId: "" });
  const policy = compiled({
    campaigns: [campaign({ frequencyCaps: caps }), welcome],
    guardrails: guardrails(limits),
  });
  return situationOf(input({ policy, decisionState: { ...EMPTY_STATE, history } }));
}

const autumn = (situation: Situation) => situation.policy.campaigns.find(({ campaignId }) => campaignId === "autumn")!;

describe("a shopper's limits at their ends", () => {
  it("a cool-down is over when it has lasted as long as it says, and never begins where there is none", () => {
    const coolDownMs = HOUR_MS;
    expect(coolDown(after([grant(HOUR_MS - 1)], { coolDownMs }))).toBe("cool_down");
    expect(coolDown(after([grant(HOUR_MS)], { coolDownMs }))).toBeUndefined();
    expect(coolDown(after([grant(0)]))).toBeUndefined();
    expect(coolDown(after([grant(HOUR_MS - 1, { campaignId: "welcome" })], { coolDownMs }))).toBeUndefined();
  });

  it("a cool-down counts from any of the grants, not from all of them", () => {
    expect(coolDown(after([grant(9 * HOUR_MS), grant(1)], { coolDownMs: HOUR_MS }))).toBe("cool_down");
  });

  it("a campaign's cap counts its own offers within the period, up to the most there may be", () => {
    const caps = [{ offersMax: 2, periodMs: HOUR_MS }];
    const reached = (...history: readonly Grant[]) => {
      const situation = after(history, {}, caps);
      return frequencyCap(situation, autumn(situation));
    };
    expect(reached(grant(2), grant(1))).toBe("frequency_cap");
    expect(reached(grant(1))).toBeUndefined();
    expect(reached(grant(HOUR_MS), grant(1))).toBeUndefined();
    expect(reached(grant(HOUR_MS - 1), grant(1))).toBe("frequency_cap");
    expect(reached(grant(2, { campaignId: "winter" }), grant(1))).toBeUndefined();
  });

  it("the cap on all offers counts those of every campaign, and not what is owed", () => {
    const frequencyCaps = [{ offersMax: 2, periodMs: HOUR_MS }];
    const reached = (campaignId: string) => {
      return incentivesCap(after([grant(2, { campaignId }), grant(1)], { frequencyCaps }));
    };
    expect([reached("winter"), reached("welcome")]).toEqual(["frequency_cap", undefined]);
  });

  it("one of several caps is enough", () => {
    const caps = [
      { offersMax: 9, periodMs: HOUR_MS },
      { offersMax: 1, periodMs: HOUR_MS },
    ];
    const situation = after([grant(1)], {}, caps);
    expect(isCapReached(situation, autumn(situation))).toBe(true);
  });

  it("a memory of grants that is full passes every cap, though none counts so far back", () => {
    const reached = (grants: number) => {
      const situation = after(Array.from({ length: grants }, (_, n) => grant(100 * HOUR_MS + n)));
      return isCapReached(situation, autumn(situation));
    };
    expect([reached(HISTORY_MAX - 1), reached(HISTORY_MAX)]).toEqual([false, true]);
  });

  it("what a shopper was given is the sum within the period, and the new offer's worst case may just reach the most", () => {
    const limits = { perSubjectMax: { minor: 1_000, currency: EUR }, perSubjectPeriodMs: HOUR_MS };
    const situation = after([grant(HOUR_MS), grant(HOUR_MS - 1), grant(1, { costMinor: 150 })], limits);
    expect(givenMinor(situation)).toBe(550);
    expect([subjectMax(situation, 550, 450), subjectMax(situation, 550, 451)]).toEqual([
      ...[undefined, "guardrail_subject_max"],
    ]);
    expect(subjectMax(after([]), 550, 1_000_000)).toBeUndefined();
  });

  it("a shopper may hold as many offers as the policy says, of whichever campaigns", () => {
    const none = after([], { openOffersMax: 2 });
    const holding = (offers: number): Situation => ({
      ...none,
      decisionState: { ...none.decisionState, open: Array.from({ length: offers }, (_, n) => held(`o${String(n)}`)) },
    });
    expect([1, 2, 3].map((offers) => openOffers(holding(offers)))).toEqual([
      ...[undefined, "open_offers_max", "open_offers_max"],
    ]);
  });

  it("the switch stops whatever else holds", () => {
    expect([killSwitch(after([])), killSwitch({ ...after([]), stopped: true })]).toEqual([undefined, "kill_switch"]);
  });
});

import {
  BLOCK_REASONS,
  DECISION_REASONS,
  decodeRecordedState,
  DEGRADED_REASONS,
  type Answer,
  type Candidate,
  type ConsentExchange,
  type Decision,
  type DecisionFacts,
  type IssuedOffer,
  type RecordableInput,
} from "@leastwise/decision";
import {
  PERSONAL_DATA_CLASSES,
  PURPOSES,
  type AssignmentKey,
  type CurrencyCode,
  type Millis,
  type Purpose,
  type SubjectId,
} from "@leastwise/vocabulary";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { encodeDecision, leadingDecisionId } from "./decision-encoding.js";
import {
  answerToWire,
  decisionFacts,
  decisionRecord,
  offerOf,
  offerToWire,
  unwrittenDecision,
} from "./decision-record.js";
import { failedDraw } from "./failed-draw.js";
import { framed } from "./registry-frame.js";
import * as wire from "./wire.js";

const EUR = "EUR" as CurrencyCode;
const CODE = "ABCD-EFGH-JKLM-NPQR";
const { Freshness, OfferStatus } = wire;

const minor = fc.integer({ min: 0, max: 1_000_000_000_000 });
const instant = fc.integer({ min: 946_684_800_000, max: 4_102_444_799_999 }).map((ms) => ms as Millis);
const share = fc.double({ min: 0, max: 1, noNaN: true });
const id = fc.string({ maxLength: 12, unit: "grapheme" });
const hex = fc.stringMatching(/^[0-9a-f]{32}$/);

const incentive = fc.record({
  kind: fc.constant("percent_off" as const),
  percentBp: fc.integer({ min: 1, max: 10_000 }),
});

const offer: fc.Arbitrary<IssuedOffer> = fc.record({
  offerId: hex,
  code: fc.constant(CODE),
  campaignId: id,
  incentive,
  currency: fc.constant(EUR),
  faceValueMinor: minor,
  issuedAtMs: instant,
  expiresAtMs: instant,
});

const exchange: fc.Arbitrary<ConsentExchange> = fc.record({
  campaignId: id,
  purposes: fc.subarray([...PURPOSES], { minLength: 1 }),
  incentive,
  currency: fc.constant(EUR),
  worthMinor: minor,
  words: id,
});

const weighed = {
  campaignId: id,
  rung: fc.integer({ min: 0, max: 16 }),
  depthBp: fc.integer({ min: 0, max: 10_000 }),
  faceValueMinor: minor,
  expectedCostMinor: minor,
  worstCostMinor: minor,
  conversion: share,
  // The wire knows one zero, not one below it.
  valueMinor: fc.double({ min: -1e9, max: 1e9, noNaN: true }).map((value) => value + 0),
  evidence: share,
  weight: fc.integer({ min: 0, max: 2 ** 32 }),
  blockedBy: fc.constantFrom("" as const, ...BLOCK_REASONS),
};

/** A rung with an incentive, or the baseline. */
const candidate: fc.Arbitrary<Candidate> = fc.oneof(fc.record(weighed), fc.record({ ...weighed, incentive }));

const enrolment = fc.record({
  experimentId: id,
  arm: fc.constantFrom("treatment" as const, "holdout" as const),
  enrolledAtMs: instant,
  first: fc.boolean(),
  holdoutBp: fc.integer({ min: 0, max: 9_999 }),
});

const line = fc.record({
  productId: id,
  quantity: fc.integer({ min: 1, max: 2_147_483_647 }),
  unitPriceMinor: minor,
  discountMinor: minor,
});

/** What moves a subject's state, and the owner's books. */
const facts: fc.Arbitrary<DecisionFacts> = fc.record({
  decisionId: hex,
  decidedAtMs: instant,
  caller: id,
  requestId: id,
  cart: fc.record({
    currency: fc.constant(EUR),
    lines: fc.array(line, { minLength: 1, maxLength: 4 }),
    shippingMinor: minor,
  }),
  cartDigest: hex,
  enrolments: fc.array(enrolment, { maxLength: 3 }),
  episodeId: fc.oneof(fc.constant(""), hex),
  continued: fc.boolean(),
  candidates: fc.array(candidate, { minLength: 1, maxLength: 5 }),
  chosen: fc.integer({ min: 0, max: 4 }),
  exploit: fc.integer({ min: 0, max: 4 }),
  draw: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  propensity: share,
  ghost: fc.boolean(),
  observeOnly: fc.boolean(),
  offer: fc.option(offer, { nil: undefined }),
  freshness: fc.constantFrom("fresh" as const, "stale" as const, "degraded" as const),
  degradedReason: fc.constantFrom("" as const, ...DEGRADED_REASONS),
  reason: fc.constantFrom(...DECISION_REASONS),
  policyVersion: id,
  policyPrices: fc.constantFrom(undefined, "with_tax" as const, "without_tax" as const),
  message: id,
  personalDataUsed: fc.boolean(),
  personalDataClasses: fc.subarray(PERSONAL_DATA_CLASSES.filter((dataClass) => dataClass !== "none")),
  disclosure: id,
  classFreshness: fc
    .subarray(PERSONAL_DATA_CLASSES.filter((dataClass) => dataClass !== "none"))
    .map((classes) => classes.map((dataClass, i) => ({ dataClass, ...(i > 0 && { lagMs: i, newestAgeMs: i - 1 }) }))),
  consentExchange: fc.option(exchange, { nil: undefined }),
  consent: fc.subarray([...PURPOSES]),
  validUntilMs: instant,
  withheldUntilMs: instant,
  lastOrderMs: instant,
});

const SUBJECT = "5f".repeat(16) as SubjectId;

/** The rest of a decision, which moves nothing. */
function decisionOf(moving: DecisionFacts, changes: Partial<Decision> = {}): Decision {
  return {
    ...{ subject: SUBJECT, assignmentKey: "key" as AssignmentKey, clock: "wall", sessionId: "visit" },
    ...{
      channel: "app",
      device: "tablet",
      place: { country: "DE", region: "BW" },
      partnerSegments: [],
      proposedClass: "",
    },
    features: {
      catalogue: "c",
      values: [1.5, Number.NaN],
      texts: { last_channel: "app" },
      asOfOffset: 41,
      partition: 3,
    },
    ...{ heldMinor: 0, budgetId: "", holds: [], modelVersion: "prior", horizonMs: 5 },
    ...{ segments: ["everyone"], catalog: [], profileDigest: "", explorationCostMinor: 0 },
    ...moving,
    ...changes,
  };
}

function inputOf(decision: Decision, changes: Partial<RecordableInput> = {}): RecordableInput {
  const { subject, assignmentKey, clock, cart, channel, device, place, partnerSegments, proposedClass } = decision;
  const { features, consent, catalog } = decision;
  return {
    ...{
      subject,
      assignmentKey,
      clock,
      cart,
      channel,
      device,
      place,
      partnerSegments,
      proposedClass,
      features,
      consent,
      catalog,
    },
    cause: { caller: decision.caller, requestId: decision.requestId, sessionId: decision.sessionId },
    nowMs: decision.decidedAtMs,
    decisionState: { enrolments: [], open: [], history: [], orders: [], recent: [] },
    ...{
      budgets: {},
      explorationSpentMinor: {},
      decisionsPerRung: {},
      realisedMargins: {},
      offersLeft: {},
      killSwitch: false,
    },
    ...{ observeOnly: decision.observeOnly, language: "en", freshness: "fresh" },
    codeKey: { secret: { k0: 1n, k1: 2n }, version: 1 },
    ...changes,
  };
}

function onTheLog(decision: Decision, changes: Partial<RecordableInput> = {}): wire.DecisionRecord {
  const record = decisionRecord(decision, inputOf(decision, changes));
  return wire.DecisionRecord.decode(wire.DecisionRecord.encode(record).finish());
}

/** A decision to change; what it says does not matter. */
const [PLAIN] = fc.sample(facts, { numRuns: 1, seed: 1 });
const plain = (changes: Partial<Decision> = {}): Decision => decisionOf(PLAIN!, changes);

describe("a decision's record", () => {
  it("gives back from the log all that moves the subject's state (a law)", () => {
    fc.assert(
      fc.property(facts, (moving) => {
        // A discount of nothing is none, on the wire and off it.
        const lines = moving.cart.lines.map(({ discountMinor, ...rest }) =>
          discountMinor === 0 ? rest : { ...rest, discountMinor },
        );
        const read = decisionFacts(onTheLog(decisionOf(moving)));
        expect(read).toEqual({ ...moving, cart: { ...moving.cart, lines } });
      }),
    );
  });

  it("is read again into the same record (a law)", () => {
    fc.assert(
      fc.property(facts, (moving) => {
        const record = onTheLog(decisionOf(moving));
        expect(onTheLog(decisionOf(decisionFacts(record)))).toEqual(record);
      }),
    );
  });

  it("is written straight from the decision in the bytes that the generated code writes (a law)", () => {
    const amounts = { wantedMinor: fc.option(fc.integer({ min: -5, max: 2 ** 40 }), { nil: undefined }) };
    const more = fc.record({ ...amounts, isOwed: fc.boolean() });
    fc.assert(
      fc.property(facts, fc.array(more, { maxLength: 4 }), (moving, extras) => {
        const candidates = moving.candidates.map((one, index) => {
          const { wantedMinor, isOwed } = extras[index] ?? {};
          return {
            ...one,
            ...(wantedMinor === undefined ? {} : { wantedMinor }),
            ...(isOwed === true ? { isOwed } : {}),
          };
        });
        const decision = decisionOf({ ...moving, candidates });
        const input = inputOf(decision, {});
        const generated = wire.DecisionRecord.encode(decisionRecord(decision, input)).finish();
        const unwritten = unwrittenDecision(decision, input);
        expect(encodeDecision(unwritten)).toEqual(generated);
        expect(decisionFacts(unwritten).candidates).toEqual(decisionFacts(decisionRecord(decision, input)).candidates);
      }),
    );
  });

  it("is encoded once, and anew when it is changed", () => {
    const decision = plain();
    const input = inputOf(decision, {});
    const unwritten = unwrittenDecision(decision, input);
    expect(encodeDecision(unwritten)).toBe(encodeDecision(unwritten));
    const owned = { ownerEpoch: 7n };
    const generated = wire.DecisionRecord.encode({ ...decisionRecord(decision, input), ...owned }).finish();
    expect(encodeDecision({ ...unwritten, ...owned })).toEqual(generated);
    const failed = wire.DecisionRecord.encode(failedDraw(decisionRecord(decision, input), "log_unavailable")).finish();
    expect(encodeDecision(failedDraw(unwritten, "log_unavailable"))).toEqual(failed);
  });

  it("is written as ever after one that could not be", () => {
    const [first, second] = [plain(), plain()];
    const sound = encodeDecision(unwrittenDecision(first, inputOf(first, {})));
    const [candidate] = fc.sample(fc.record(weighed), { numRuns: 1, seed: 1 });
    const broken = unwrittenDecision({ ...first, candidates: [{ ...candidate!, rung: 0.5 }] }, inputOf(first, {}));
    expect(() => encodeDecision(broken)).toThrow();
    expect(encodeDecision(unwrittenDecision(second, inputOf(second, {})))).toEqual(sound);
  });

  it("begins with the decision's id, framed or not", () => {
    const bytes = encodeDecision(unwrittenDecision(plain(), inputOf(plain(), {})));
    expect(leadingDecisionId(bytes)).toBe(plain().decisionId);
    expect(leadingDecisionId(framed(3, [9], bytes))).toBe(plain().decisionId);
    for (const none of [Buffer.alloc(0), Buffer.of(10, 200), Buffer.of(8, 3)]) expect(leadingDecisionId(none)).toBe("");
  });

  it("says what is held of which budget, and nothing where nothing is", () => {
    const holds = [
      { budgetId: "marketing", period: "2026-11-01", minor: 600, isPartners: false },
      { budgetId: "bank", period: "", minor: 100, isPartners: true },
    ];
    const written = plain({ heldMinor: 700, budgetId: "marketing", holds, explorationCostMinor: 5 });
    expect(onTheLog(written)).toMatchObject({
      held: { minor: 700n, currency: "EUR" },
      budgetId: "marketing",
      holds: [
        { budgetId: "marketing", period: "2026-11-01", amount: { minor: 600n, currency: "EUR" }, isPartners: false },
        { budgetId: "bank", period: "", amount: { minor: 100n, currency: "EUR" }, isPartners: true },
      ],
      explorationCostMinor: 5n,
    });
    expect(onTheLog(plain({ heldMinor: 0 })).held).toBeUndefined();
  });

  it("says where the shopper was, and keeps what is not known apart", () => {
    expect(onTheLog(plain({ consent: PURPOSES }))).toMatchObject({
      channel: wire.Channel.CHANNEL_APP,
      device: wire.Device.DEVICE_TABLET,
      consent: [1, 2, 3, 4, 5, 6, 7, 8],
    });
    expect(onTheLog(plain({ channel: "", device: "carrier pigeon", consent: [] }))).toMatchObject({
      channel: wire.Channel.CHANNEL_UNSPECIFIED,
      device: wire.Device.DEVICE_UNSPECIFIED,
      consent: [],
    });
  });

  it("has the features, an absent one as NaN, and the catalog's rows with what is known of them", () => {
    const full = { productId: "a", unitCostMinor: 0, floorPriceMinor: 2, maxDiscountBp: 0, inventory: 3, taxBp: 0 };
    const catalog = [{ ...full, perishableUntilMs: 4, category: "c" }, { productId: "b" }];
    expect(onTheLog(plain({ catalog }))).toMatchObject({
      features: { catalogue: "c", values: [1.5, Number.NaN], asOfOffset: 41n, partition: 3 },
      catalog: [
        {
          ...{ productId: "a", unitCostMinor: 0n, floorPriceMinor: 2n, maxDiscountBp: 0, inventory: 3n, taxBp: 0 },
          ...{ perishableUntilMs: 4n, category: "c" },
        },
        { productId: "b", unitCostMinor: undefined, floorPriceMinor: undefined, inventory: undefined, category: "" },
      ],
    });
  });

  it("keeps the profile only where it might be read", () => {
    const profile = {
      ...{ loyaltyTier: "gold", member: true, birthday: "11-23", customerSinceMs: 1_500_000_000_000 },
      ...{ tags: ["vip"], attributes: { city: "Ulm" } },
    };
    const kept = (consent: readonly Purpose[]) => onTheLog(plain({ consent }), { profile }).profile;
    expect(kept(["personalization", "profile"])).toEqual({ ...profile, customerSinceMs: 1_500_000_000_000n });
    for (const consent of [[], ["personalization"], ["profile"]] as const) expect(kept(consent)).toBeUndefined();
    expect(onTheLog(plain({ consent: PURPOSES })).profile).toBeUndefined();
  });

  it("keeps text features only where the decision might look at them", () => {
    const seen = { ...plain().features, texts: { last_place: "DE-BW" } };
    const textsOf = (consent: readonly Purpose[]) => {
      const record = onTheLog(plain({ consent, features: seen }));
      const state = decodeRecordedState(record.decisionState.toString());
      return state.ok ? state.value.texts : state.error.reason;
    };
    expect(textsOf(["personalization", "location"])).toEqual({ last_place: "DE-BW" });
    for (const consent of [[], ["personalization"], ["location"]] as const) expect(textsOf(consent)).toEqual({});
  });

  it("that this version does not know all words of is read as far as it goes", () => {
    const record = {
      ...onTheLog(plain()),
      reason: "of later",
      degradedReason: "of later",
      freshness: Freshness.UNRECOGNIZED,
    };
    const candidates = [wire.Candidate.fromPartial({ blockedBy: "of later" })];
    expect(decisionFacts({ ...record, candidates })).toMatchObject({
      ...{ reason: "degraded", degradedReason: "", freshness: "fresh" },
      candidates: [{ blockedBy: "", faceValueMinor: 0 }],
    });
  });

  it("without a cart is a bug", () => {
    expect(() => decisionFacts({ ...onTheLog(plain()), cart: undefined })).toThrow(RangeError);
  });
});

describe("an offer", () => {
  it("comes back from the wire as it went (a law)", () => {
    fc.assert(
      fc.property(offer, (issued) => {
        const sent = wire.Offer.decode(
          wire.Offer.encode(offerToWire(issued, OfferStatus.OFFER_STATUS_REDEEMED)).finish(),
        );
        expect(sent.status).toBe(OfferStatus.OFFER_STATUS_REDEEMED);
        expect(offerOf(sent)).toEqual(issued);
      }),
    );
  });

  it("on the log that is not whole is a bug", () => {
    expect(() => offerOf(wire.Offer.fromPartial({ faceValue: { minor: 1n, currency: "EUR" } }))).toThrow(RangeError);
    expect(() => offerOf(wire.Offer.fromPartial({ incentive: {} }))).toThrow(RangeError);
  });
});

describe("an answer", () => {
  const none: Answer = {
    ...{ decisionId: "d", message: "", degradedReason: "", policyVersion: "v" },
    ...{ freshness: "stale", personalDataUsed: true, validUntilMs: 7 as Millis },
  };

  it("says how good the state was that it stands on", () => {
    expect(answerToWire(none, 12)).toEqual({
      ...{ decisionId: "d", offer: undefined, message: "", degradedReason: "", policyVersion: "v" },
      ...{ freshness: Freshness.FRESHNESS_STALE, staleMs: 12n, validUntilMs: 7n },
      ...{ personalDataUsed: true, personalDataClasses: [], disclosure: "", consentExchange: undefined },
      classFreshness: PERSONAL_DATA_CLASSES.slice(1).map((dataClass) => ({
        ...{ dataClass, state: wire.ClassState.CLASS_STATE_DEFAULT, lagMs: 0n, newestAgeMs: undefined },
      })),
    });
  });

  it("shows an offer as issued", () => {
    const [issued] = fc.sample(offer, { numRuns: 1, seed: 1 });
    expect(answerToWire({ ...none, offer: issued }, 0).offer).toMatchObject({
      code: CODE,
      status: OfferStatus.OFFER_STATUS_ISSUED,
    });
  });
});

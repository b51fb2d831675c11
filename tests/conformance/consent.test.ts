import { answerToWire, decisionRecord, wire } from "@leastwise/contracts";
import {
  accountOf,
  answerOf,
  compileModel,
  compilePolicy,
  consentStep,
  decide,
  degradedDecision,
  EMPTY_STATE,
  EXPRESSION_FIELDS,
  explainDecision,
  PRIOR_MODEL,
  type Approach,
  type Campaign,
  type CompiledPolicy,
  type DecideOutcome,
  type DecisionInput,
  type Profile,
  type Segment,
} from "@leastwise/decision";
import type { Cart } from "@leastwise/offers";
import { FEATURE_CATALOGUE } from "@leastwise/references";
import {
  CLASS_OF_INPUT,
  DAY_MS,
  GATING_PURPOSES,
  HOUR_MS,
  PURPOSES,
  PURPOSES_OF_CLASS,
  type AssignmentKey,
  type CurrencyCode,
  type Millis,
  type PersonalDataClass,
  type Purpose,
  type SubjectId,
} from "@leastwise/vocabulary";
import { FEATURES, TEXT_FEATURES } from "@leastwise/windows";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";

// Every datum of a person that a decision can read, each by itself: without the consent that gates it no byte of the answer or of the record changes with
// it, and with it the answer does.

const EUR = "EUR" as CurrencyCode;
const NOON = Date.UTC(2026, 10, 23, 12) as Millis;
const CART: Cart = {
  currency: EUR,
  lines: [{ productId: "shoe", quantity: 1, unitPriceMinor: 10_000 }],
  shippingMinor: 490,
};
const DISCLOSURE = "This price was set with the help of your personal data.";
const PROFILE: Profile = { loyaltyTier: "", member: false, birthday: "", tags: [], attributes: {} };

/** A datum of a person, with a value for which its expression does not hold, and one for which it does. */
interface Datum {
  readonly name: string;
  readonly purposes: readonly Purpose[];
  /** What the answer says that it moved it. */
  readonly dataClass: PersonalDataClass;
  /** What else is looked at with it. Absent: nothing. */
  readonly beside?: readonly PersonalDataClass[];
  /** What a campaign asks of it: an expression, or a class that the device proposes. */
  readonly asks: string | Approach;
  readonly without: Partial<DecisionInput>;
  readonly withIt: Partial<DecisionInput>;
}

function numbers(values: Readonly<Record<string, number>>): Pick<DecisionInput, "features"> {
  const inOrder = FEATURE_CATALOGUE.names.map((name) => values[name] ?? 0);
  return { features: { catalogue: "c", values: inOrder, texts: {}, asOfOffset: 41, partition: 3 } };
}

function words(texts: Readonly<Record<string, string>>): Pick<DecisionInput, "features"> {
  return { features: { ...numbers({}).features, texts } };
}

const profile = (changes: Partial<Profile>) => ({ profile: { ...PROFILE, ...changes } });

function of(dataClass: PersonalDataClass): Pick<Datum, "dataClass" | "purposes"> {
  return { dataClass, purposes: PURPOSES_OF_CLASS[dataClass] };
}

const NUMBERS: readonly Datum[] = FEATURES.map(({ name, consentPurposes, personalData }) => ({
  ...{ name, dataClass: personalData, asks: `features.${name} >= 1` },
  // The hour tells nothing of a person, and stands in the vector, which is read as a whole.
  purposes: consentPurposes.length === 0 ? ["personalization"] : consentPurposes,
  ...{ without: numbers({}), withIt: numbers({ [name]: 1 }) },
}));

const ANOTHER: Readonly<Record<string, readonly [string, string]>> = {
  last_channel: ["web", "app"],
  last_device: ["mobile", "tablet"],
  last_place: ["DE-BY", "DE-BW"],
};

const WORDS: readonly Datum[] = TEXT_FEATURES.map(({ name, consentPurposes, personalData }) => {
  const [before, after] = ANOTHER[name]!;
  const [without, withIt] = [words({ [name]: before }), words({ [name]: after })];
  const asks = `features.${name} == "${after}"`;
  return { name, dataClass: personalData, purposes: consentPurposes, asks, without, withIt };
});

/** What the request leaves out, and the windows know. */
const UNSAID: readonly Datum[] = (["channel", "device"] as const).map((name) => {
  const [before, after] = ANOTHER[`last_${name}`]!;
  const [without, withIt] = [words({ [`last_${name}`]: before }), words({ [`last_${name}`]: after })];
  return {
    ...{ name: `context.${name}`, ...of("device"), asks: `context.${name} == "${after}"` },
    ...{ without: { ...without, [name]: "" }, withIt: { ...withIt, [name]: "" } },
  };
});

const OF_PROFILE: readonly Datum[] = (
  [
    ["loyalty_tier", 'profile.loyalty_tier == "gold"', { loyaltyTier: "gold" }],
    ["member", "profile.member", { member: true }],
    ["tags", '"vip" in profile.tags', { tags: ["vip"] }],
    ["attributes", 'profile.attributes.city == "Ulm"', { attributes: { city: "Ulm" } }],
    ["birthday", 'profile.birthday == "11-23"', { birthday: "11-23" }],
    ["days_to_birthday", "profile.days_to_birthday <= 7", { birthday: "11-25" }],
    ["customer_since_ms", "profile.customer_since_ms > 1", { customerSinceMs: 1_500_000_000_000 }],
  ] as const
).map(([name, asks, changes]) => ({
  ...{ name: `profile.${name}`, ...of("profile"), asks },
  ...{ without: profile({}), withIt: profile(changes) },
}));

const bought = { purchases_all: 9, revenue_minor_all: 90_000, since_purchase_ms: DAY_MS };
const RFM: readonly Datum[] = (["recency", "frequency", "monetary"] as const).map((name) => ({
  ...{ name: `rfm.${name}`, ...of("purchase"), asks: `rfm.${name} >= 2` },
  ...{ without: numbers({ since_purchase_ms: 400 * DAY_MS, purchases_all: 1 }), withIt: numbers(bought) },
}));

const known = { purchase_days_all: 6, revenue_minor_all: 90_000, since_purchase_ms: DAY_MS };
const LIFETIME: readonly Datum[] = (
  [
    ["alive", "lifetime.alive > 0.5"],
    ["orders", "lifetime.orders > 3"],
    ["value_minor", "lifetime.value_minor > 1000"],
  ] as const
).map(([name, asks]) => ({
  ...{ name: `lifetime.${name}`, ...of("purchase"), asks },
  ...{ without: numbers({}), withIt: numbers({ ...known, since_first_purchase_ms: 90 * DAY_MS }) },
}));

const propensity: Approach = {
  ...{ kind: "propensity", of: "abandonment", propensityMinBp: 0, propensityMaxBp: 10_000 },
  awayMs: 0,
};
const OTHERS: readonly Datum[] = [
  {
    ...{ name: "partner_segments", ...of(CLASS_OF_INPUT.partner_segments) },
    asks: '"bank/gold" in context.partner_segments',
    ...{ without: { partnerSegments: ["bank/silver"] }, withIt: { partnerSegments: ["bank/gold"] } },
  },
  {
    ...{ name: "proposed_class", ...of(CLASS_OF_INPUT.proposed_class) },
    asks: { kind: "on_device", classes: ["hesitant"] },
    ...{ without: { proposedClass: "" }, withIt: { proposedClass: "hesitant" } },
  },
  {
    ...{ name: "propensity", ...of("behaviour"), asks: propensity, beside: ["purchase"] },
    without: numbers({}),
    withIt: numbers({ cart_abandoned: 1, since_checkout_start_ms: HOUR_MS }),
  },
];

const ALL: readonly Datum[] = [...NUMBERS, ...WORDS, ...UNSAID, ...OF_PROFILE, ...RFM, ...LIFETIME, ...OTHERS];

/** A campaign that is owed to whom it asks for, so that nothing but the datum decides on it. */
function campaign(datum: Datum, place: number): Campaign {
  const approach: Approach = typeof datum.asks === "string" ? { kind: "rules", segment: datum.name } : datum.asks;
  return {
    ...{ campaignId: `c${String(place)}`, kind: "entitlement", approach, experimentId: "", budgetId: "all" },
    ladder: [{ incentive: { kind: "percent_off", percentBp: 100 + place } }],
    ...{ offerTtlMs: 2 * HOUR_MS, frequencyCaps: [], stackingGroup: "", priority: 0 },
  };
}

function compiled(data: readonly Datum[], more: readonly Campaign[] = []): CompiledPolicy {
  const segments: readonly Segment[] = data.flatMap(({ name, asks }) =>
    typeof asks === "string" ? [{ name, expression: asks }] : [],
  );
  const policy = compilePolicy(
    {
      ...{ version: "v", author: "a", reason: "r", currency: "EUR", killSwitch: false, timeZone: "Europe/Berlin" },
      segments: [...segments, { name: "everyone", expression: "true" }],
      campaigns: [...data.map(campaign), ...more],
      guardrails: {
        ...{ floorPriceBp: 0, maxDiscountBp: 10_000, marginFloorBp: -10_000, assumedMarginBp: 5_000 },
        ...{ goodsLimits: [], openOffersMax: 0, frequencyCaps: [], coolDownMs: 0 },
      },
      ...{ stackingGroups: [], partners: [] },
      disclosures: [{ jurisdictions: ["EU"], language: "en", text: DISCLOSURE }],
      experiments: [{ experimentId: "x", salt: "s", holdoutBp: 0 }],
      templates: [{ campaignId: "", language: "en", placement: "checkout", text: "{incentive} {cohort} {expires}" }],
      budgets: [{ budgetId: "all", amount: { minor: 1e9, currency: EUR }, shadowPriceBp: 0, partOf: "" }],
      rfm: {
        recencyMs: [7, 30, 90, 180].map((days) => days * DAY_MS),
        ...{
          frequency: [2, 4, 8, 16],
          monetary: [50, 150, 500, 1_500].map((euros) => ({ minor: euros * 100, currency: EUR })),
        },
      },
      device: {
        ...{ signals: ["returns"], bundleTtlMs: 0 },
        classes: [{ name: "hesitant", expression: "local.returns >= 2" }],
      },
    },
    FEATURE_CATALOGUE,
  );
  if (!policy.ok) throw new Error(JSON.stringify(policy.error));
  return policy.value;
}

function model(): DecisionInput["model"] {
  const compiledPriors = compileModel(PRIOR_MODEL, FEATURE_CATALOGUE.names, FEATURE_CATALOGUE.classes);
  if (!compiledPriors.ok) throw new Error(JSON.stringify(compiledPriors.error));
  return compiledPriors.value;
}

const MODEL = model();

function input(policy: CompiledPolicy, consent: readonly Purpose[], changes: Partial<DecisionInput>): DecisionInput {
  return {
    cause: { caller: "shop", requestId: "r", sessionId: "visit" },
    ...{ subject: "5f".repeat(16) as SubjectId, assignmentKey: "key" as AssignmentKey, nowMs: NOON, clock: "wall" },
    ...{ cart: CART, channel: "web", device: "mobile", place: { country: "DE", region: "" } },
    ...{ partnerSegments: [], proposedClass: "", ...numbers({}), ...profile({}), consent, catalog: [] },
    ...{ decisionState: EMPTY_STATE, budgets: { all: { remainingMinor: 1e9, shadowPriceBp: 0 } } },
    ...{ explorationSpentMinor: {}, decisionsPerRung: {}, realisedMargins: {}, offersLeft: {}, policy, model: MODEL },
    ...{ killSwitch: false, observeOnly: false, language: "en", freshness: "fresh" },
    codeKey: { secret: { k0: 7n, k1: 11n }, version: 1 },
    ...changes,
  };
}

function made(outcome: DecideOutcome, asked: DecisionInput) {
  if (outcome.kind === "repeated") throw new Error("it was answered before");
  const { decision } = outcome;
  const record = wire.DecisionRecord.encode(decisionRecord(decision, asked)).finish();
  const answer = wire.DecideResponse.encode(answerToWire(answerOf(decision), 0)).finish();
  return { decision, nextState: outcome.nextState, record: hex(record), answer: hex(answer) };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** All bytes that leave: answer, record and account of a decision, of the next one on another cart, and of one that is made when something is missing. */
function bytesOf(asked: DecisionInput): readonly string[] {
  const first = made(decide(asked), asked);
  const account = explainDecision(first.decision, accountOf(asked, first.decision, FEATURE_CATALOGUE.names));
  const later: DecisionInput = {
    ...asked,
    cause: { ...asked.cause, requestId: "later" },
    ...{ decisionState: first.nextState, nowMs: (NOON + 1_000) as Millis, cart: { ...CART, shippingMinor: 0 } },
  };
  const next = made(decide(later), later);
  const degraded = made(degradedDecision(asked, "deadline_near"), asked);
  return [first, next, degraded].flatMap(({ answer, record }) => [answer, record]).concat(account);
}

describe("a datum of the person", () => {
  it("is of a class that the catalogue gates, every feature, word and field that expressions read of one included", () => {
    const named = new Set(ALL.map(({ name }) => name));
    for (const { name } of [...FEATURES, ...TEXT_FEATURES]) expect(named).toContain(name);
    for (const field of Object.keys(EXPRESSION_FIELDS.profile)) expect(named).toContain(`profile.${field}`);
    for (const field of Object.keys(EXPRESSION_FIELDS.rfm)) expect(named).toContain(`rfm.${field}`);
    for (const field of Object.keys(EXPRESSION_FIELDS.lifetime)) expect(named).toContain(`lifetime.${field}`);
    for (const { purposes } of ALL) {
      expect(purposes).toContain("personalization");
      for (const purpose of purposes) expect(GATING_PURPOSES).toContain(purpose);
    }
  });

  it.each(ALL.map((datum) => [datum.name, datum] as const))(
    "%s: moves no byte without its consent, and moves the answer with it",
    (_, datum) => {
      const policy = compiled([datum]);
      const both = (consent: readonly Purpose[]) =>
        [datum.without, datum.withIt].map((changes) => input(policy, consent, changes));
      const withheld = [[], ...datum.purposes.map((needed) => PURPOSES.filter((purpose) => purpose !== needed))];
      for (const consent of withheld) {
        const [one, other] = both(consent).map(bytesOf);
        expect(other).toEqual(one);
      }
      for (const consent of [PURPOSES, datum.purposes]) {
        const [without, withIt] = both(consent).map((asked) => made(decide(asked), asked));
        expect(without!.decision.offer).toBeUndefined();
        expect(withIt!.decision.offer?.campaignId).toBe("c0");
        expect(withIt!.answer).not.toBe(without!.answer);
        const told = datum.dataClass === "none" ? [] : [datum.dataClass, ...(datum.beside ?? [])];
        expect(withIt!.decision.personalDataClasses).toEqual(told);
        expect(withIt!.decision.personalDataUsed).toBe(told.length > 0);
        expect(withIt!.decision.disclosure).toBe(told.length > 0 ? DISCLOSURE : "");
      }
    },
  );
});

describe("consent", () => {
  /** A person of whom any of the data may be there. */
  const person = fc
    .record({
      values: fc.array(fc.constantFrom(0, 1, 2, Number.NaN), {
        minLength: FEATURE_CATALOGUE.names.length,
        maxLength: FEATURE_CATALOGUE.names.length,
      }),
      last_channel: fc.constantFrom("", "web", "app"),
      last_device: fc.constantFrom("", "mobile", "tablet"),
      last_place: fc.constantFrom("", "DE-BY", "DE-BW"),
      isMember: fc.boolean(),
      loyaltyTier: fc.constantFrom("", "gold"),
      partnerSegments: fc.subarray(["bank/gold", "bank/silver"]),
      proposedClass: fc.constantFrom("", "hesitant"),
    })
    .map(({ values, isMember, loyaltyTier, partnerSegments, proposedClass, ...texts }) => ({
      features: {
        ...numbers({}).features,
        values,
        texts: Object.fromEntries(Object.entries<string>(texts).filter(([, text]) => text !== "")),
      },
      ...profile({ member: isMember, loyaltyTier }),
      ...{ partnerSegments, proposedClass },
    }));
  const offered = campaign(
    { name: "everyone", dataClass: "none", purposes: [], asks: "true", without: {}, withIt: {} },
    999,
  );
  const incentive: Campaign = { ...offered, campaignId: "open", kind: "incentive", experimentId: "x" };
  const policy = compiled(ALL, [incentive]);
  const said = fc.constantFrom({ channel: "", device: "" }, { channel: "web", device: "mobile" });

  it("lets of two persons who differ in what they did not agree to nobody tell which one was decided on (a law)", () => {
    fc.assert(
      fc.property(person, person, fc.subarray([...PURPOSES]), said, (one, other, consent, stated) => {
        const has = (...needed: readonly Purpose[]) => needed.every((purpose) => consent.includes(purpose));
        const of = <T>(isShared: boolean, get: (of: typeof one) => T): T => get(isShared ? one : other);
        const mine = has("personalization");
        const texts = {
          ...pick(
            of(mine && has("device"), ({ features }) => features.texts),
            "last_channel",
            "last_device",
          ),
          ...pick(
            of(mine && has("location"), ({ features }) => features.texts),
            "last_place",
          ),
        };
        const alike: typeof one = {
          features: { ...one.features, values: of(mine, ({ features }) => features.values), texts },
          profile: of(mine && has("profile"), (whose) => whose.profile),
          partnerSegments: of(mine && has("partner_sharing"), (whose) => whose.partnerSegments),
          proposedClass: of(mine && has("device"), (whose) => whose.proposedClass),
        };
        const asked = [one, alike].map((whose) => input(policy, consent, { ...whose, ...stated }));
        expect(bytesOf(asked[1]!)).toEqual(bytesOf(asked[0]!));
      }),
      { numRuns: 60 },
    );
  });

  it("to what moves no decision moves none: contact, training and research (a law)", () => {
    const others = PURPOSES.filter((purpose) => !GATING_PURPOSES.has(purpose));
    expect(others).toEqual(["marketing", "learning", "research"]);
    fc.assert(
      fc.property(person, fc.subarray([...GATING_PURPOSES]), fc.subarray(others), (whose, consent, more) => {
        const [one, other] = [consent, [...consent, ...more]].map((all) => consentStep(input(policy, all, whose)));
        const seen = JSON.stringify(one);
        expect(JSON.stringify(other)).toBe(seen);
      }),
      { numRuns: 60 },
    );
  });

  it("says that personal data moved the answer only where it opened any that is read", () => {
    const tier = compiled(ALL.filter(({ name }) => name === "profile.loyalty_tier"));
    const used = (consent: readonly Purpose[]) => {
      const asked = input(tier, consent, profile({ loyaltyTier: "gold" }));
      return made(decide(asked), asked).decision.personalDataUsed;
    };
    expect([used(["personalization"]), used(["personalization", "profile"])]).toEqual([false, true]);
  });
});

/** A campaign that asks whom the datum is for to agree to something, in exchange for a share of the goods. */
function exchange(segment: string, purposes: readonly Purpose[]): Campaign {
  return {
    ...{ campaignId: "exchange", kind: "entitlement", experimentId: "", budgetId: "all" },
    approach: { kind: "consent_exchange", segment, purposes, words: [] },
    ladder: [{ incentive: { kind: "percent_off", percentBp: 2_000 } }],
    ...{ offerTtlMs: 2 * HOUR_MS, frequencyCaps: [], stackingGroup: "", priority: 0 },
  };
}

describe("consent for a better offer", () => {
  const asking = ALL.filter(({ asks }) => typeof asks === "string");

  it.each(asking.map((datum) => [datum.name, datum] as const))(
    "is asked by %s only where that may be read: without its consent no byte changes",
    (_, datum) => {
      // Something is left to ask for, whatever was agreed to.
      const policy = compiled([datum], [exchange(datum.name, ["marketing"])]);
      const both = (consent: readonly Purpose[]) =>
        [datum.without, datum.withIt].map((changes) => input(policy, consent, changes));
      for (const needed of datum.purposes) {
        const [one, other] = both(datum.purposes.filter((purpose) => purpose !== needed)).map(bytesOf);
        expect(other).toEqual(one);
      }
      const asked = both(datum.purposes).map((whole) => made(decide(whole), whole).decision.consentExchange);
      expect(asked).toMatchObject([undefined, { campaignId: "exchange", purposes: ["marketing"] }]);
    },
  );

  it.each(PURPOSES)("that was agreed to is given for while consent to %s stands, and not without", (purpose) => {
    const policy = compiled([], [exchange("everyone", [purpose])]);
    const exchanges = [{ campaignId: "exchange", accepted: true, answeredAtMs: NOON }];
    const answer = (consent: readonly Purpose[]) => {
      const whole = input(policy, consent, { exchanges });
      return made(decide(whole), whole).decision;
    };
    expect(answer([purpose])).toMatchObject({ offer: { campaignId: "exchange" }, consentExchange: undefined });
    for (const without of [[], PURPOSES.filter((other) => other !== purpose)])
      expect(answer(without)).toMatchObject({ offer: undefined, consentExchange: undefined });
  });

  it("comes with the answer as it stands on the record, and never with a safe one", () => {
    const policy = compiled([], [exchange("everyone", ["profile"])]);
    const asked = input(policy, ["personalization"], {});
    const { decision, record, answer } = made(decide(asked), asked);
    const told = wire.DecideResponse.decode(Buffer.from(answer, "hex")).consentExchange;
    expect(told).toMatchObject({ campaignId: "exchange", purposes: [wire.Purpose.PURPOSE_PROFILE] });
    expect(told?.worth).toEqual({ minor: 2_000n, currency: EUR });
    expect(told?.words).toContain("You get 20 % off if you agree to this");
    expect(wire.DecisionRecord.decode(Buffer.from(record, "hex")).consentExchange).toEqual(told);
    expect(decision.offer).toBeUndefined();
    const safe = made(degradedDecision(asked, "owner_unavailable"), asked);
    expect(safe.decision.consentExchange).toBeUndefined();
  });
});

function pick(texts: Readonly<Record<string, string>>, ...names: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).filter(([name]) => names.includes(name)));
}

import { TOPICS, wire } from "@leastwise/contracts";
import { PRIOR_MODEL } from "@leastwise/decision";
import { DAY_MS, HOUR_MS, type Millis, type SubjectId } from "@leastwise/vocabulary";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { decidedAgain } from "./decided-again.js";
import { catalogueDigest } from "./decision-input.js";
import {
  applied,
  did,
  euros,
  GONE_WRONG,
  kept,
  modelled,
  nearlyAllHeldOut,
  NOON,
  percentages,
  sells,
} from "./given/records.js";
import {
  checkout,
  CODE_KEY,
  givenLog,
  hasher,
  openShop,
  recordOf,
  standing,
  type GivenLog,
  type Shop,
} from "./given/shop.js";

let given: GivenLog;
let shop: Shop;

beforeEach(async () => {
  given = await givenLog();
});

afterEach(async () => {
  await shop.close();
  await given.end();
});

async function ask(fields: wire.DeepPartial<wire.DecideRequest>, deadlineMs?: number): Promise<void> {
  const answer = await shop.decider.decide(checkout(fields), deadlineMs);
  if (!answer.ok) throw new Error(answer.error.reason);
  // A record of none may be written after its answer has left.
  await recordOf(given.log, answer.value.decisionId);
}

/** The decision of a record, made again from it alone, as its record's bytes. */
function again(record: wire.DecisionRecord): string {
  const policyOf = (version: string) => shop.policies.version(version)?.compiled;
  const modelOf = (version: string) => shop.models.version(version);
  const made = decidedAgain(record, { policyOf, modelOf, codeKey: CODE_KEY });
  if (!made.ok) throw new Error(JSON.stringify(made.error));
  return hex(wire.DecisionRecord.encode(made.value.record).finish());
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** Runs every decision on the log again; what they came out as, in the order of their times. */
async function runAgain(): Promise<string[]> {
  const records = await standing(given.log, TOPICS.decisions);
  const decisions = records.map(({ value }) => ({ bytes: hex(value), record: wire.DecisionRecord.decode(value) }));
  for (const { bytes, record } of decisions) expect(again(record)).toBe(bytes);
  return decisions
    .map(({ record }) => record)
    .sort((a, b) => Number(a.decidedAtMs - b.decidedAtMs))
    .map(({ reason }) => reason);
}

/** A known shopper of whom the shop knows a lot. */
function wellKnown(subject: SubjectId) {
  const { PURPOSE_PERSONALIZATION, PURPOSE_LOCATION, PURPOSE_DEVICE, PURPOSE_PROFILE } = wire.Purpose;
  const consent = { purposes: [PURPOSE_PERSONALIZATION, PURPOSE_LOCATION, PURPOSE_DEVICE, PURPOSE_PROFILE] };
  const profile = {
    ...{ loyaltyTier: "gold", member: true, birthday: "11-23", customerSinceMs: BigInt(NOON - 900 * DAY_MS) },
    ...{ tags: ["vip", "early"], attributes: { city: "Ulm", size: "42" } },
  };
  const shoe = { kind: wire.EventKind.EVENT_KIND_CART_ADD, product: { productId: "shoe", unitPrice: euros(10_000) } };
  const place = {
    channel: wire.Channel.CHANNEL_APP,
    device: wire.Device.DEVICE_TABLET,
    place: { country: "DE", region: "BW" },
  };
  return [kept(subject, { consent, profile }), did(subject, shoe), did(subject, place)];
}

const CATALOG = [
  sells({
    ...{ productId: "shoe", price: euros(10_000), unitCost: euros(3_000), floorPrice: euros(4_000), category: "shoes" },
    ...{ maxDiscountBp: 2_500, inventory: 0n, perishableUntilMs: BigInt(NOON + 30 * DAY_MS) },
  }),
  sells({ productId: "sock", price: euros(500) }),
];

function withBreaker(breaker: wire.DeepPartial<wire.MarginBreaker>): wire.Policy {
  const policy = percentages();
  return {
    ...policy,
    campaigns: policy.campaigns.map((one) => ({ ...one, breaker: wire.MarginBreaker.fromPartial(breaker) })),
  };
}

/** Tries rungs out, and owes free shipping to members. */
function curious(): wire.Policy {
  const [autumn] = percentages().campaigns;
  const membersShipping = {
    campaignId: "members-shipping",
    kind: wire.CampaignKind.CAMPAIGN_KIND_ENTITLEMENT,
    approach: { $case: "rules" as const, value: { segment: "members" } },
    ladder: [{ incentive: { kind: { $case: "freeShipping" as const, value: {} } } }],
    budgetId: "marketing",
    offerTtlMs: BigInt(HOUR_MS),
  };
  const exploration = { floorBp: 1_000, coldStartDecisionsPerRung: 10, budget: euros(1_000_000) };
  return percentages({
    version: "curious-1",
    segments: [
      { name: "everyone", expression: "true" },
      { name: "members", expression: 'profile.member == true && features.last_channel == "app"' },
    ],
    campaigns: [{ ...autumn, objective: {}, exploration }, membersShipping],
    experiments: [{ experimentId: "autumn-holdout", salt: "autumn-2026", holdoutBp: 3_000 }],
    templates: [{ language: "en", placement: "checkout", text: "{incentive} until {expires}" }],
  });
}

describe("a decision run again from its own record on the log", () => {
  it("gives the same bytes: a grant, the offer honoured, a cart it no longer fits", async () => {
    await given.log.append([applied(percentages()), ...CATALOG, ...wellKnown(hasher.known("ada"))]);
    shop = await openShop(given.log);
    await ask({ requestId: "r-1", language: "de", place: { country: "AT" } });
    shop.time.nowMs = (NOON + 1) as Millis;
    await ask({ requestId: "r-2" });
    shop.time.nowMs = (NOON + 2) as Millis;
    await ask({
      requestId: "r-3",
      cart: { lines: [{ productId: "car", quantity: 1n, unitPrice: { minor: 9n, currency: "USD" } }] },
    });
    expect(await runAgain()).toEqual(["granted", "offer_outstanding", "foreign_currency"]);
  });

  it("gives the same bytes where an earlier version wrote it, which had the first of our features, and not where it has more", async () => {
    await given.log.append([applied(percentages()), ...CATALOG, ...wellKnown(hasher.known("ada"))]);
    shop = await openShop(given.log);
    await ask({ requestId: "r-1" });
    const [standingRecord] = await standing(given.log, TOPICS.decisions);
    const record = wire.DecisionRecord.decode(standingRecord!.value);
    const { features, ...rest } = record;
    const withValues = (values: number[]) =>
      wire.DecisionRecord.fromPartial({
        ...rest,
        features: { ...features, catalogue: catalogueDigest(values.length) ?? "", values },
      });
    const older = withValues(features!.values.slice(0, 80));
    expect(again(older)).toBe(hex(wire.DecisionRecord.encode(older).finish()));
    expect(() => again(withValues([...features!.values, 1]))).toThrow("features_unknown");
  });

  it("gives the same bytes with other offers in the cart, and with a code of its own", async () => {
    await given.log.append([applied(percentages({ stackingGroups: [{ name: "bank" }] })), ...CATALOG]);
    shop = await openShop(given.log);
    const lines = [{ productId: "shoe", quantity: 1n, unitPrice: euros(10_000) }];
    const card = {
      offerId: "card",
      group: "bank",
      kind: { $case: "paymentPercent" as const, value: { percentBp: 300 } },
    };
    const back = {
      offerId: "back",
      partnerShareBp: 5_000,
      kind: { $case: "cashbackTiers" as const, value: { tiers: [{ minimum: euros(5_000), cashbackBp: 200 }] } },
    };
    await ask({ requestId: "r-1", cart: { lines, offers: [card, back] } });
    const [granted] = await standing(given.log, TOPICS.decisions);
    const { offer } = wire.DecisionRecord.decode(granted!.value);
    shop.time.nowMs = (NOON + 1) as Millis;
    await ask({ requestId: "r-2", cart: { lines, offers: [card, { offerId: "ours", code: offer!.code }] } });
    expect(await runAgain()).toEqual(["granted", "offer_outstanding"]);
  });

  it("gives the same bytes on prices with tax, whose rates the catalog names, and on others", async () => {
    const taxed = { prices: wire.PriceBasis.PRICE_BASIS_WITH_TAX, taxBp: 1_900 };
    const shoe = sells({ productId: "shoe", price: euros(10_000), unitCost: euros(3_000), taxBp: 700 });
    await given.log.append([applied(percentages(taxed)), shoe]);
    shop = await openShop(given.log);
    const lines = [{ productId: "shoe", quantity: 1n, unitPrice: euros(10_000) }];
    await ask({ requestId: "r-1", cart: { lines, prices: wire.PriceBasis.PRICE_BASIS_WITH_TAX } });
    shop.time.nowMs = (NOON + 1) as Millis;
    await ask({ requestId: "r-2", cart: { lines, prices: wire.PriceBasis.PRICE_BASIS_WITHOUT_TAX } });
    expect(await runAgain()).toEqual(["granted", "foreign_price_basis"]);
  });

  it("gives the same bytes with consent to some of what is known, also of channel and device where the caller does not say them", async () => {
    const ada = hasher.known("ada");
    const { PURPOSE_PERSONALIZATION, PURPOSE_DEVICE, PURPOSE_LOCATION, PURPOSE_PROFILE } = wire.Purpose;
    const aimed = percentages({
      segments: [
        { name: "everyone", expression: 'context.channel == "app" || profile.member || features.last_place != null' },
      ],
    });
    await given.log.append([applied(aimed), ...CATALOG, ...wellKnown(ada)]);
    shop = await openShop(given.log);
    const consents = [[PURPOSE_DEVICE], [PURPOSE_LOCATION], [PURPOSE_PROFILE], []];
    for (const [place, more] of consents.entries()) {
      await given.log.append([kept(ada, { consent: { purposes: [PURPOSE_PERSONALIZATION, ...more] } })]);
      shop.time.nowMs = (NOON + place) as Millis;
      await ask({ requestId: `r-${String(place)}`, partnerSegments: ["bank/gold"], proposedClass: "hesitant" });
    }
    expect(await runAgain()).toHaveLength(consents.length);
  });

  it("gives the same bytes by the model that it names, whichever is in force now", async () => {
    await given.log.append([applied(percentages()), ...CATALOG, ...wellKnown(hasher.known("ada"))]);
    shop = await openShop(given.log);
    await ask({ requestId: "r-1" });
    const bob = { subject: { userId: "bob" }, sessionId: "visit-2" };
    const cleo = { subject: { userId: "cleo" }, sessionId: "visit-3" };
    const [format] = PRIOR_MODEL.formats;
    for (const [at, version, changes, whose] of [
      [1, "learned-1", { formats: [{ ...format!, slopeMean: 0 }] }, bob],
      [2, "learned-2", { baseline: [{ feature: "intercept", mean: -2, sd: 0.1 }] }, cleo],
      [
        3,
        "learned-3",
        {
          baseline: [
            { feature: "intercept", mean: 0, sd: 0.1 },
            { feature: "page_views_24h", mean: 1, sd: 1, max: 1 },
          ],
        },
        {},
      ],
    ] as const) {
      await given.log.append([modelled(version, changes)]);
      await shop.models.appears(version);
      shop.time.nowMs = (NOON + at) as Millis;
      const lines = [{ productId: "shoe", quantity: 2n, unitPrice: euros(10_000 * at) }];
      await ask({ ...whose, requestId: version, cart: { lines } });
    }
    const reasons = await runAgain();
    expect([reasons[0], reasons.length]).toEqual(["granted", 4]);
    const records = (await standing(given.log, TOPICS.decisions)).map(({ value }) => wire.DecisionRecord.decode(value));
    const versions = records.map(({ modelVersion }) => modelVersion);
    expect(versions.toSorted()).toEqual(["learned-1", "learned-2", "learned-3", PRIOR_MODEL.version]);
    const unknown = { ...records[0]!, modelVersion: "learned-9" };
    expect(() => again(unknown)).toThrow("model_unknown");
  });

  it("gives the same bytes where the model was not to be believed", async () => {
    await given.log.append([applied(percentages()), modelled("gone-wrong", GONE_WRONG)]);
    await given.log.append([...CATALOG, ...wellKnown(hasher.known("ada"))]);
    shop = await openShop(given.log);
    await ask({ requestId: "r-1" });
    expect(await runAgain()).toEqual(["degraded"]);
  });

  it("gives the same bytes without consent, and for a held-out shopper", async () => {
    await given.log.append([
      applied(nearlyAllHeldOut()),
      did(hasher.known("ada"), { channel: wire.Channel.CHANNEL_WEB }),
    ]);
    shop = await openShop(given.log);
    await ask({});
    expect(await runAgain()).toEqual(["holdout"]);
  });

  it("gives the same bytes for what a held-out shopper is owed meanwhile, also told by the books read again", async () => {
    const owed = wire.Campaign.fromPartial({
      campaignId: "welcome",
      kind: wire.CampaignKind.CAMPAIGN_KIND_ENTITLEMENT,
      approach: { $case: "rules", value: { segment: "everyone" } },
      ladder: [{ incentive: { kind: { $case: "amountOff", value: { amount: euros(100), cartMin: euros(10_000) } } } }],
      budgetId: "marketing",
      offerTtlMs: BigInt(HOUR_MS),
    });
    const policy = nearlyAllHeldOut();
    await given.log.append([applied({ ...policy, campaigns: [...policy.campaigns, owed] })]);
    shop = await openShop(given.log);
    const small = { lines: [{ productId: "shoe", quantity: 1n, unitPrice: euros(8_000) }] };
    await ask({ requestId: "r-1", cart: small });
    shop.time.nowMs = (NOON + 1) as Millis;
    await ask({ requestId: "r-2" });
    shop.time.nowMs = (NOON + 2) as Millis;
    await ask({ requestId: "r-3", cart: small });
    await ask({ requestId: "r-4" }, shop.time.wallMs);
    shop.time.nowMs = (NOON + DAY_MS + 2) as Millis;
    await ask({ requestId: "r-1", cart: small });
    expect(await runAgain()).toEqual([
      "holdout",
      "offer_outstanding",
      "offer_outstanding",
      "offer_outstanding",
      "holdout",
    ]);
    const ada = shop.ledger.stateOf(hasher.known("ada"));
    await shop.close();
    shop = await openShop(given.log);
    shop.time.nowMs = (NOON + DAY_MS + 2) as Millis;
    shop.ledger.books([], []); // ends what is due
    expect(shop.ledger.stateOf(hasher.known("ada"))).toEqual(ada);
  });

  it("gives the same bytes where consent was asked for in exchange, agreed to, given for, and withdrawn", async () => {
    const welcome = wire.Campaign.fromPartial({
      campaignId: "welcome",
      kind: wire.CampaignKind.CAMPAIGN_KIND_ENTITLEMENT,
      approach: {
        $case: "consentExchange",
        value: { segment: "everyone", purposes: [wire.Purpose.PURPOSE_PROFILE, wire.Purpose.PURPOSE_PERSONALIZATION] },
      },
      ladder: [{ incentive: { kind: { $case: "percentOff", value: { percentBp: 1_500 } } } }],
      ...{ budgetId: "marketing", offerTtlMs: BigInt(HOUR_MS) },
    });
    const ada = hasher.known("ada");
    const policy = nearlyAllHeldOut();
    await given.log.append([applied({ ...policy, campaigns: [...policy.campaigns, welcome] })]);
    shop = await openShop(given.log);
    await ask({ requestId: "r-1", language: "de" });
    const [asking] = await standing(given.log, TOPICS.decisions);
    const { consentExchange, decisionId } = wire.DecisionRecord.decode(asking!.value);
    expect(consentExchange).toMatchObject({ campaignId: "welcome", worth: euros(1_500) });
    expect(consentExchange?.words).toContain("Sie erhalten 15 % Rabatt, wenn Sie dem zustimmen");
    const answered = { campaignId: "welcome", decisionId, accepted: true, answeredAtMs: BigInt(NOON), words: "yes" };
    const consents = [[wire.Purpose.PURPOSE_PROFILE, wire.Purpose.PURPOSE_PERSONALIZATION], []];
    for (const [place, purposes] of consents.entries()) {
      await given.log.append([kept(ada, { consent: { purposes }, exchanges: [answered] })]);
      const { end } = await given.log.offsets(TOPICS.subjects, 0);
      while (!shop.subjects.hasTaken(end - 1)) await new Promise(setImmediate);
      shop.time.nowMs = (NOON + 1 + place) as Millis;
      const lines = [{ productId: "shoe", quantity: 1n, unitPrice: euros(10_000 + place) }];
      await ask({ requestId: `r-${String(2 + place)}`, cart: { lines } });
    }
    const records = (await standing(given.log, TOPICS.decisions)).map(({ value }) => wire.DecisionRecord.decode(value));
    expect(records.map(({ offer }) => offer?.campaignId).toSorted()).toEqual(["welcome", "welcome", undefined]);
    expect(await runAgain()).toHaveLength(3);
  });

  it("gives the same bytes under a breaker that has stopped the campaign since", async () => {
    const breaker = { marginMinBp: 9_000, ordersMin: 1, period: wire.BudgetPeriod.BUDGET_PERIOD_DAY };
    await given.log.append([applied(withBreaker(breaker))]);
    shop = await openShop(given.log);
    await ask({ requestId: "r-1" });
    const open = shop.ledger.stateOf(hasher.known("ada")).open[0]!;
    const order = { paidMinor: 9_000, marginMinor: 1_000 };
    await shop.ledger.redeemed({
      ...{ kind: "redeemed", offerId: open.offer.offerId, atMs: NOON, orderId: "o-1" },
      act: { idempotencyKey: "k", contentDigest: "d" },
      redemption: { discountMinor: 1, costMinor: 1, shares: [], order },
    });
    shop.time.nowMs = (NOON + 1) as Millis;
    await ask({ requestId: "r-2", subject: { userId: "bob" } });
    shop.time.nowMs = (NOON + DAY_MS) as Millis;
    await ask({ requestId: "r-3", subject: { userId: "cyd" } });
    expect(await runAgain()).toEqual(["granted", "no_admissible_rung", "granted"]);
  });

  it("gives the same bytes under a quantity that was given out since", async () => {
    const policy = percentages();
    await given.log.append([
      applied({ ...policy, campaigns: policy.campaigns.map((one) => ({ ...one, offersMax: 1n })) }),
    ]);
    shop = await openShop(given.log);
    await ask({ requestId: "r-1" });
    shop.time.nowMs = (NOON + 1) as Millis;
    await ask({ requestId: "r-2", subject: { userId: "bob" } });
    shop.time.nowMs = (NOON + DAY_MS) as Millis;
    await ask({ requestId: "r-3", subject: { userId: "bob" } });
    expect(await runAgain()).toEqual(["granted", "no_admissible_rung", "granted"]);
  });

  it("gives the same bytes for degraded answers", async () => {
    shop = await openShop(given.log);
    await ask({ requestId: "r-1" });
    await given.log.append([applied(percentages())]);
    await shop.policies.appears("percentages-1");
    shop.time.nowMs = (NOON + 1) as Millis;
    await ask({ requestId: "r-2" }, shop.time.wallMs);
    shop.time.nowMs = (NOON + 2) as Millis;
    await ask({ requestId: "r-3" });
    shop.time.nowMs = (NOON + 3) as Millis;
    await ask({ requestId: "r-4" }, shop.time.wallMs);
    expect(await runAgain()).toEqual(["degraded", "degraded", "granted", "offer_outstanding"]);
  });

  it("gives the same bytes whatever was drawn, for many shoppers, and after the policy has changed", async () => {
    const shoppers = Array.from({ length: 40 }, (_, index) => `shopper-${index}`);
    const known = shoppers.filter((_, index) => index % 3 === 0).flatMap((userId) => wellKnown(hasher.known(userId)));
    await given.log.append([applied(curious()), ...CATALOG, ...known]);
    shop = await openShop(given.log);
    for (const [index, userId] of shoppers.entries()) {
      const sock = { productId: "sock", quantity: BigInt(1 + index), unitPrice: euros(500), discount: euros(index) };
      const shoe = { productId: "shoe", quantity: 1n, unitPrice: euros(10_000) };
      shop.time.nowMs = (NOON + index) as Millis;
      await ask({ subject: { userId }, cart: { lines: [shoe, sock], shipping: euros(index % 2 === 0 ? 490 : 0) } });
    }
    await given.log.append([applied(percentages({ killSwitch: true }))]);
    await shop.policies.appears("percentages-1");
    shop.time.nowMs = (NOON + 3 * HOUR_MS) as Millis;
    await ask({ subject: { userId: "shopper-0" } });

    const reasons = new Set(await runAgain());
    for (const reason of ["granted", "least_is_none", "holdout", "entitlement", "kill_switch"])
      expect(reasons).toContain(reason);
  });
});

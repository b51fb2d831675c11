import { formatPosition, TOPICS, wire } from "@leastwise/contracts";
import { DAY_MS, type Millis, type SubjectId } from "@leastwise/vocabulary";
import { featureIndex } from "@leastwise/windows";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { on } from "@leastwise/testkit";
import {
  applied,
  did,
  euros,
  GONE_WRONG,
  kept,
  linked,
  loggedIn,
  modelled,
  nearlyAllHeldOut,
  NOON,
  partitionOf,
  percentages,
  sells,
} from "./given/records.js";
import {
  checkout,
  counted,
  givenLog,
  hasher,
  openShop,
  recordOf,
  standing,
  TOKENS,
  type GivenLog,
  type Shop,
  type ShopOptions,
} from "./given/shop.js";

/** An assignment key that is no subject here. */
const FIRST_KEY = "1".repeat(32);
const ADA = hasher.known("ada");
const BROWSER = hasher.anonymous("browser");
const { FRESHNESS_FRESH, FRESHNESS_STALE, FRESHNESS_DEGRADED } = wire.Freshness;
/** Longer than any test lasts. */
const LONG_MS = 3_600_000;

let given: GivenLog;
const shops: Shop[] = [];

beforeEach(async () => {
  given = await givenLog();
});

afterEach(async () => {
  for (const shop of shops.splice(0)) await shop.close();
  await given.end();
});

async function open(options: ShopOptions = {}): Promise<Shop> {
  const shop = await openShop(given.log, options);
  shops.push(shop);
  return shop;
}

/** A shop under a policy that gives a percentage to everybody. */
async function openGenerous(options: ShopOptions = {}): Promise<Shop> {
  await given.log.append([applied(percentages())]);
  return open(options);
}

async function ask(
  shop: Shop,
  fields: wire.DeepPartial<wire.DecideRequest> = {},
  deadlineMs?: number,
): Promise<wire.DecideResponse> {
  const answer = await shop.decider.decide(checkout(fields), deadlineMs);
  if (!answer.ok) throw new Error(`${answer.error.reason} at ${answer.error.field}`);
  return answer.value;
}

const bytesOf = (answer: wire.DecideResponse) =>
  Buffer.from(wire.DecideResponse.encode(answer).finish()).toString("hex");
const decisionsOnLog = async () => (await standing(given.log, TOPICS.decisions)).length;

describe("a rehearsal", () => {
  it("gives, records and counts nothing, with a policy and without", async () => {
    const bare = await open();
    bare.decider.rehearse();
    const { decider, telemetry, ledger } = await openGenerous();
    const counts = async () => (await telemetry.render()).split("\n").filter((line) => line.startsWith("leastwise_"));
    const before = await counts();
    decider.rehearse();
    expect(await counts()).toEqual(before);
    expect(await standing(given.log, TOPICS.decisions)).toEqual([]);
    expect(ledger.books([], [])).toEqual(bare.ledger.books([], []));
  });
});

describe("Decide", () => {
  it("gives what the policy allows, and its record stands on the log before the answer leaves", async () => {
    const shop = await openGenerous();
    const answer = await ask(shop);
    expect(answer).toMatchObject({
      freshness: FRESHNESS_FRESH,
      staleMs: 0n,
      degradedReason: "",
      policyVersion: "percentages-1",
      offer: { campaignId: "autumn", status: wire.OfferStatus.OFFER_STATUS_ISSUED, issuedAtMs: BigInt(NOON) },
    });
    const [record] = await standing(given.log, TOPICS.decisions);
    expect(record).toMatchObject({ key: ADA, partition: partitionOf(ADA) });
    expect(await recordOf(given.log, answer.decisionId)).toMatchObject({
      subject: ADA,
      offer: { ...answer.offer, token: "" },
    });
  });

  it("refuses what it cannot understand, and records nothing of it", async () => {
    const shop = await openGenerous();
    const refused = await shop.decider.decide(checkout({ cart: { lines: [] } }), undefined);
    expect(refused).toMatchObject({ ok: false, error: { reason: "empty_cart" } });
    expect(await decisionsOnLog()).toBe(0);
  });

  it("gives the same bytes for the same request id of the same caller, whatever came between", async () => {
    const shop = await openGenerous();
    const request = { requestId: "r-1", caller: "checkout" };
    const first = await ask(shop, request);
    shop.time.nowMs = (NOON + 60_000) as typeof NOON;
    const bigger = { lines: [{ productId: "coat", quantity: 2n, unitPrice: euros(20_000) }] };
    await ask(shop, { requestId: "r-2", caller: "checkout", cart: bigger });
    expect(bytesOf(await ask(shop, { ...request, cart: bigger }))).toBe(bytesOf(first));
    // Another caller's id of the same name is another request.
    expect((await ask(shop, { ...request, caller: "banner" })).decisionId).not.toBe(first.decisionId);
    expect(await counted(shop.telemetry, "leastwise_decisions_total", 'outcome="granted"')).toBe(1);
  });

  it("gives the same bytes for a repeated request after a restart", async () => {
    const first = await ask(await openGenerous(), { requestId: "r-1" });
    const again = await open();
    expect(bytesOf(await ask(again, { requestId: "r-1" }))).toBe(bytesOf(first));
  });

  it("makes one offer of two calls at once", async () => {
    const shop = await openGenerous();
    const [one, other] = await Promise.all([ask(shop, { requestId: "r-1" }), ask(shop, { requestId: "r-2" })]);
    expect(one.offer).toBeDefined();
    expect(other.offer).toEqual(one.offer);
    expect(await counted(shop.telemetry, "leastwise_offers_total", 'event="issued"')).toBe(1);
  });

  it("looks at profile and behaviour only with consent", async () => {
    const everyone = percentages({ segments: [{ name: "everyone", expression: "context.channel == null" }] });
    const web = did(ADA, { channel: wire.Channel.CHANNEL_WEB, device: wire.Device.DEVICE_MOBILE });
    await given.log.append([applied(everyone), web, kept(ADA, { profile: { loyaltyTier: "gold" } })]);
    const record = await recordOf(given.log, (await ask(await open())).decisionId);
    expect(record).toMatchObject({ channel: 0, device: 0, profileDigest: "", segments: ["everyone"] });
    expect(record.profile).toBeUndefined();
    expect(record.features?.values.every(Number.isNaN)).toBe(true);
    expect(Buffer.from(record.decisionState).toString()).toContain('"texts":{}');
  });

  it("looks no more at what consent was withdrawn from, at the next call", async () => {
    const { PURPOSE_PERSONALIZATION, PURPOSE_PROFILE, PURPOSE_DEVICE, PURPOSE_PARTNER_SHARING } = wire.Purpose;
    const segments = [
      // Nothing is given, so that each call is decided by itself.
      { name: "everyone", expression: "cart.units > 5" },
      { name: "gold", expression: 'profile.loyalty_tier == "gold"' },
      { name: "app", expression: 'context.channel == "app"' },
      { name: "bank", expression: '"bank/gold" in context.partner_segments' },
    ];
    const gold = { profile: { loyaltyTier: "gold" } };
    const agreed = (...more: wire.Purpose[]) =>
      kept(ADA, { ...gold, consent: { purposes: [PURPOSE_PERSONALIZATION, ...more] } });
    const app = did(ADA, { channel: wire.Channel.CHANNEL_APP });
    await given.log.append([
      applied(percentages({ segments })),
      app,
      agreed(PURPOSE_PROFILE, PURPOSE_DEVICE, PURPOSE_PARTNER_SHARING),
    ]);
    const shop = await open();
    const seen = async (requestId: string, ...more: wire.Purpose[]) => {
      await given.log.append([agreed(...more)]);
      const cart = { lines: [{ productId: requestId, quantity: 1n, unitPrice: euros(100) }] };
      const { decisionId } = await ask(shop, { requestId, cart, partnerSegments: ["bank/gold"] });
      return await recordOf(given.log, decisionId);
    };
    expect((await seen("all", PURPOSE_PROFILE, PURPOSE_DEVICE, PURPOSE_PARTNER_SHARING)).segments).toEqual([
      "gold",
      "app",
      "bank",
    ]);
    const withdrawn = await seen("no-profile", PURPOSE_DEVICE, PURPOSE_PARTNER_SHARING);
    expect(withdrawn).toMatchObject({ segments: ["app", "bank"], profile: undefined, profileDigest: "" });
    expect(await seen("no-device", PURPOSE_PARTNER_SHARING)).toMatchObject({ segments: ["bank"], channel: 0 });
    expect(await seen("no-more")).toMatchObject({ segments: [], partnerSegments: [], personalDataUsed: false });
  });

  it("says how far behind the log what it knows of the shopper was, and reads nothing that lags more than the call accepts", async () => {
    const { PURPOSE_PERSONALIZATION, PURPOSE_PROFILE, PURPOSE_DEVICE } = wire.Purpose;
    const consent = { purposes: [PURPOSE_PERSONALIZATION, PURPOSE_DEVICE, PURPOSE_PROFILE] };
    const gold = { profile: { loyaltyTier: "gold" }, consent };
    await given.log.append([
      applied(percentages()),
      kept(ADA, { ...gold, updatedAtMs: BigInt(NOON - 700) }),
      did(ADA, { channel: wire.Channel.CHANNEL_APP }),
    ]);
    const lags = {
      clickstreamMs: (partition: number) => (partition === partitionOf(ADA) ? 1_200 : 0),
      subjectsMs: () => 0,
    };
    const shop = await open({ lags });
    const told = async (requestId: string, maxLagMs?: bigint) => {
      const { classFreshness, decisionId } = await ask(shop, {
        requestId,
        ...(maxLagMs !== undefined && { maxLagMs }),
      });
      return { classFreshness, record: await recordOf(given.log, decisionId) };
    };
    const { CLASS_STATE_FRESH, CLASS_STATE_STALE, CLASS_STATE_DEFAULT } = wire.ClassState;
    const profile = { dataClass: "profile", state: CLASS_STATE_FRESH, lagMs: 0n, newestAgeMs: 700n };
    const late = { state: CLASS_STATE_STALE, lagMs: 1_200n };
    const first = await told("r-1");
    expect(first.classFreshness).toEqual([
      { dataClass: "behaviour", ...late, newestAgeMs: expect.any(BigInt) },
      { dataClass: "purchase", ...late, newestAgeMs: undefined },
      { dataClass: "device", ...late, newestAgeMs: expect.any(BigInt) },
      { dataClass: "coarse_location", state: CLASS_STATE_DEFAULT, lagMs: 0n, newestAgeMs: undefined },
      profile,
      { dataClass: "partner_group", state: CLASS_STATE_DEFAULT, lagMs: 0n, newestAgeMs: undefined },
    ]);
    expect(first.record.classFreshness).toHaveLength(4);
    const strict = await told("r-2", 1_199n);
    expect(strict.classFreshness.filter(({ state }) => state !== CLASS_STATE_DEFAULT)).toEqual([profile]);
    expect(strict.record).toMatchObject({ classFreshness: [profile], channel: 0 });
    expect(strict.record.features?.values.every(Number.isNaN)).toBe(true);
  });

  it("says how old the profile is, whatever else was written of the shopper since", async () => {
    const { PURPOSE_PERSONALIZATION, PURPOSE_PROFILE } = wire.Purpose;
    const profileUpdatedAtMs = BigInt(NOON - 365 * DAY_MS);
    await given.log.append([
      applied(percentages()),
      kept(ADA, {
        profile: { loyaltyTier: "gold" },
        consent: { purposes: [PURPOSE_PERSONALIZATION, PURPOSE_PROFILE] },
        ...{ profileUpdatedAtMs, updatedAtMs: BigInt(NOON) },
      }),
    ]);
    const { classFreshness } = await ask(await open());
    const ofProfile = classFreshness.find(({ dataClass }) => dataClass === "profile");
    expect(ofProfile?.newestAgeMs).toBe(BigInt(365 * DAY_MS));
  });

  it("has all that it decided on in its record: features, consent, profile, catalog, where the shopper was last", async () => {
    const { PURPOSE_PERSONALIZATION, PURPOSE_LOCATION, PURPOSE_DEVICE, PURPOSE_PROFILE } = wire.Purpose;
    const consent = { purposes: [PURPOSE_PERSONALIZATION, PURPOSE_LOCATION, PURPOSE_DEVICE, PURPOSE_PROFILE] };
    await given.log.append([
      applied(percentages()),
      sells({ productId: "shoe", price: euros(10_000), unitCost: euros(3_000), category: "shoes" }),
      kept(ADA, { consent, profile: { loyaltyTier: "gold", customerSinceMs: 1_500_000_000_000n } }),
      did(ADA, { channel: wire.Channel.CHANNEL_WEB, device: wire.Device.DEVICE_MOBILE, place: { country: "DE" } }),
    ]);
    const record = await recordOf(given.log, (await ask(await open())).decisionId);
    expect(record).toMatchObject({
      consent: consent.purposes,
      channel: wire.Channel.CHANNEL_WEB,
      device: wire.Device.DEVICE_MOBILE,
      profile: { loyaltyTier: "gold", customerSinceMs: 1_500_000_000_000n },
      catalog: [{ productId: "shoe", unitCostMinor: 3_000n, category: "shoes" }],
      features: { asOfOffset: 0n, partition: partitionOf(ADA) },
    });
    expect(Buffer.from(record.decisionState).toString()).toContain('"last_place":"DE"');
  });

  it("says up to which record of the shopper its features reach, whoever's came later", async () => {
    const neighbour = `${ADA.slice(0, -1)}${ADA.endsWith("0") ? "1" : "0"}` as SubjectId;
    await given.log.append([applied(percentages()), did(ADA, {}), did(neighbour, {})]);
    const { features } = await recordOf(given.log, (await ask(await open())).decisionId);
    expect(features).toMatchObject({ asOfOffset: 0n, partition: partitionOf(ADA) });
  });
});

describe("a held-out shopper", () => {
  it("is shown nothing and issued nothing, and what it would have had is recorded", async () => {
    await given.log.append([applied(nearlyAllHeldOut())]);
    const shop = await open();
    const answer = await ask(shop);
    expect(answer).toMatchObject({ message: "", degradedReason: "", freshness: FRESHNESS_FRESH });
    expect(answer.offer).toBeUndefined();

    const record = await recordOf(given.log, answer.decisionId);
    expect(record).toMatchObject({ ghost: true, reason: "holdout", budgetId: "", enrolments: [{ arm: "holdout" }] });
    expect(record.chosen).toBeGreaterThan(0);
    expect([record.offer, record.held]).toEqual([undefined, undefined]);
    expect(await counted(shop.telemetry, "leastwise_offers_total")).toBe(0);
    expect(await counted(shop.telemetry, "leastwise_decisions_total", 'outcome="ghost"')).toBe(1);
  });

  it("is answered no faster than its twin that is given something: not before the record is durable", async () => {
    await given.log.append([applied(nearlyAllHeldOut())]);
    const shop = await open();
    const release = given.log.hold(on(TOPICS.decisions));
    let isAnswered = false;
    const answering = ask(shop).then((answer) => {
      isAnswered = true;
      return answer;
    });
    await shop.ledger.exclusively(hasher.known("bob"), () => Promise.resolve());
    for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
    expect(isAnswered).toBe(false);
    release();
    expect(await answering).toMatchObject({ degradedReason: "", freshness: FRESHNESS_FRESH });
  });

  it("is answered as its twin when the log is late, or takes no appends", async () => {
    await given.log.append([applied(nearlyAllHeldOut())]);
    const shop = await open();
    const release = given.log.hold(on(TOPICS.decisions));
    const late = await ask(shop, { requestId: "r-1" }, shop.time.wallMs + 6);
    expect(late).toMatchObject({ freshness: FRESHNESS_DEGRADED, degradedReason: "deadline_near", message: "" });
    release();
    await shop.ledger.exclusively(ADA, () => Promise.resolve());
    given.log.refuse(on(TOPICS.decisions));
    const bob = { subject: { userId: "bob" } };
    const failed = await ask(shop, { ...bob, requestId: "r-2" });
    expect(failed).toMatchObject({ freshness: FRESHNESS_DEGRADED, degradedReason: "log_unavailable", message: "" });
    expect(await counted(shop.telemetry, "leastwise_decisions_total", 'outcome="ghost"')).toBe(0);
    expect(shop.recent.explain(late.decisionId)?.sentences[0]).toContain("left without it (deadline_near)");
    expect(shop.recent.explain(failed.decisionId)?.sentences[0]).toContain("left without it (log_unavailable)");
  });
});

describe("a shop that only observes", () => {
  it("decides and issues nothing", async () => {
    const shop = await openGenerous({ observeOnly: true });
    const answer = await ask(shop);
    expect(answer.offer).toBeUndefined();
    const record = await recordOf(given.log, answer.decisionId);
    expect(record).toMatchObject({ observeOnly: true, reason: "observe_only", budgetId: "" });
    expect([record.offer, record.held]).toEqual([undefined, undefined]);
    expect(await counted(shop.telemetry, "leastwise_offers_total")).toBe(0);
  });
});

describe("without a policy", () => {
  it("the answer is none, says so, and is recorded", async () => {
    const shop = await open();
    const answer = await ask(shop);
    expect(answer).toMatchObject({ freshness: FRESHNESS_DEGRADED, degradedReason: "no_policy", policyVersion: "" });
    expect(answer.offer).toBeUndefined();
    expect(await recordOf(given.log, answer.decisionId)).toMatchObject({
      degradedReason: "no_policy",
      reason: "degraded",
    });
    expect(await counted(shop.telemetry, "leastwise_degraded_total", 'reason="no_policy"')).toBe(1);
  });
});

describe("a scorer among others", () => {
  let unsettledMs: number | undefined;
  const openAmong = () => openGenerous({ standings: { unsettledMs: () => unsettledMs } });
  beforeEach(() => {
    unsettledMs = 0;
  });

  it("grants while nobody is about to follow it, and gives nothing new while somebody is", async () => {
    const shop = await openAmong();
    unsettledMs = 40;
    const meanwhile = await ask(shop, { requestId: "r-1" });
    expect(meanwhile).toMatchObject({
      ...{ offer: undefined, freshness: FRESHNESS_STALE, staleMs: 40n },
      degradedReason: "owner_changing",
    });
    expect(await recordOf(given.log, meanwhile.decisionId)).toMatchObject({ episodeId: "", reason: "degraded" });
    unsettledMs = 0;
    const granted = await ask(shop, { requestId: "r-2" });
    expect(granted).toMatchObject({ freshness: FRESHNESS_FRESH, staleMs: 0n, degradedReason: "" });
    expect(granted.offer).toBeDefined();
    unsettledMs = 7;
    const honoured = await ask(shop, { requestId: "r-3" });
    expect([honoured.offer?.code, honoured.freshness]).toEqual([granted.offer?.code, FRESHNESS_STALE]);
    expect(await counted(shop.telemetry, "leastwise_degraded_total", 'reason="owner_changing"')).toBe(2);
  });

  it("tells what was granted to a shopper of another's, and makes no record of it", async () => {
    const shop = await openAmong();
    const granted = await ask(shop, { requestId: "r-1" });
    unsettledMs = undefined;
    const asked = checkout({ requestId: "r-2" });
    const safe = { degradedReason: "owner_unavailable", freshness: FRESHNESS_DEGRADED, offer: granted.offer };
    expect(await ask(shop, { requestId: "r-2" })).toMatchObject(safe);
    expect(shop.decider.degraded(asked, "owner_unavailable")).toMatchObject({ ok: true, value: safe });
    expect(await standing(given.log, TOPICS.decisions)).toHaveLength(1);
  });

  it("tells what stands, and makes no record, where it has let go of the shopper's windows meanwhile", async () => {
    const shop = await openAmong();
    unsettledMs = 40;
    await shop.feed.hold([]);
    const safe = { degradedReason: "owner_changing", freshness: FRESHNESS_STALE, staleMs: 40n, decisionId: "" };
    expect(await ask(shop, { requestId: "r-1" })).toMatchObject(safe);
    expect(await standing(given.log, TOPICS.decisions)).toHaveLength(0);
  });

  it("honours a token where its own ledger has not heard of the offer, and makes no record of it", async () => {
    const elsewhere = await openGenerous();
    const { offer } = await ask(elsewhere);
    const offerToken = offer?.token ?? "";
    const other = await givenLog();
    const here = await openShop(other.log);
    const answered = here.decider.degraded(checkout({ offerToken }), "owner_unavailable");
    expect(answered).toMatchObject({ ok: true, value: { offer: { code: offer?.code, faceValue: euros(1_000) } } });
    expect(here.decider.degraded(checkout(), "owner_unavailable")).toMatchObject({ value: { offer: undefined } });
    expect(await standing(other.log, TOPICS.decisions)).toEqual([]);
    await here.close();
    await other.end();
  });

  it("decides as without a token where it cannot read it, or does not know what its offer gives", async () => {
    const shop = await openGenerous();
    const { offer } = await ask(shop);
    const { token = "" } = offer ?? {};
    const newer = TOKENS.mint({ ...wire.Offer.fromPartial(offer ?? {}), incentive: { kind: undefined } }, ADA);
    for (const [place, offerToken] of [`${token}x`, "mine", newer].entries()) {
      const again = await ask(shop, { requestId: `again-${place}`, offerToken });
      expect(again).toMatchObject({ degradedReason: "", offer: { offerId: offer?.offerId } });
      const other = await shop.decider.decide(checkout({ subject: { userId: "bob" }, offerToken }), undefined);
      expect(other).toMatchObject({ ok: true });
    }
    for (const outcome of ["token_forged", "token_malformed", "offer_unknown"])
      expect(await counted(shop.telemetry, "leastwise_offer_tokens_total", `outcome="${outcome}"`)).toBe(2);
  });

  it("answers with an offer that is too long for a token, and takes it for what it is", async () => {
    const productIds = ["shoe", ...Array.from({ length: 999 }, (_, i) => `${"s".repeat(16)}${1_000 + i}`)];
    const { campaigns, ...policy } = percentages();
    const long = { kind: { $case: "percentOff" as const, value: { percentBp: 1_000, scope: { productIds } } } };
    const scoped = campaigns.map((campaign) => ({ ...campaign, ladder: [{ incentive: long }] }));
    await given.log.append([applied(wire.Policy.fromPartial({ ...policy, campaigns: scoped }))]);
    const shop = await open();
    const { offer } = await ask(shop);
    expect(offer).toMatchObject({ token: "", faceValue: { currency: "EUR" } });
    expect((await ask(shop, { requestId: "r-2", offerToken: offer?.token ?? "none" })).offer).toEqual(offer);
  });

  it("refuses what it cannot understand, whoever's it is", async () => {
    const shop = await openAmong();
    const nobody = checkout({ subject: {} });
    for (const refused of [shop.decider.degraded(nobody, "owner_unavailable"), shop.decider.subjectOf(nobody)])
      expect(refused).toMatchObject({ ok: false, error: { reason: "id_missing" } });
    expect(shop.decider.subjectOf(checkout())).toEqual({ ok: true, value: ADA });
  });
});

describe("the response model", () => {
  const modelOf = async ({ decisionId }: wire.DecideResponse) => (await recordOf(given.log, decisionId)).modelVersion;

  it("is the priors until one stands on the log, from then on that one, and stays it where the next cannot be used", async () => {
    const shop = await openGenerous();
    expect(await modelOf(await ask(shop, { requestId: "r-1" }))).toMatch(/^prior-/);
    await given.log.append([modelled("learned-1")]);
    await shop.models.appears("learned-1");
    expect(await modelOf(await ask(shop, { requestId: "r-2" }))).toBe("learned-1");
    await given.log.append([modelled("bad", { horizonMs: 0 })]);
    expect(await shop.models.reachesEnd(new AbortController().signal)).toBe(true);
    expect(await modelOf(await ask(shop, { requestId: "r-3" }))).toBe("learned-1");
  });

  it("that is not to be believed of a shopper gives the safe answer: counted each time, said once", async () => {
    const consent = { purposes: [wire.Purpose.PURPOSE_PERSONALIZATION] };
    await given.log.append([modelled("gone-wrong", GONE_WRONG), kept(ADA, { consent }), did(ADA)]);
    const shop = await openGenerous();
    const said: unknown[] = [];
    shop.telemetry.logger.error = (fields: unknown) => said.push(fields);
    for (const requestId of ["r-1", "r-2"])
      expect(await ask(shop, { requestId })).toMatchObject({
        ...{ freshness: FRESHNESS_DEGRADED, degradedReason: "model_unbelievable", offer: undefined, message: "" },
      });
    expect(await counted(shop.telemetry, "leastwise_degraded_total", 'reason="model_unbelievable"')).toBe(2);
    expect(said).toEqual([{ modelVersion: "gone-wrong", conversion: 1, leftOut: 0 }]);
    // Of whom nothing is looked at, it says what anybody would believe.
    const bob = { subject: { userId: "bob" }, sessionId: "visit-2" };
    expect(await ask(shop, { ...bob, requestId: "r-3" })).toMatchObject({ degradedReason: "" });
  });
});

describe("a scorer that has lost sight of the policy", () => {
  /** Answers nothing from the moment it is told to, as a broker that hangs. */
  class Sight {
    isSeen = true;
    returns = false;
    readonly waits: number[] = [];

    look(waitMs: number): Promise<boolean> {
      this.waits.push(waitMs);
      this.isSeen = this.returns;
      return Promise.resolve(this.isSeen);
    }
  }

  it("gives nothing new, honours what stands, and is whole again once it sees", async () => {
    const sight = new Sight();
    const shop = await openGenerous({ sight });
    const granted = await ask(shop, { requestId: "r-1" });
    expect(granted.offer).toBeDefined();
    sight.isSeen = false;
    const bob = { subject: { userId: "bob" }, sessionId: "visit-2" };
    const unseen = await ask(shop, { ...bob, requestId: "r-2" });
    expect(unseen).toMatchObject({ freshness: FRESHNESS_DEGRADED, degradedReason: "policy_unseen", message: "" });
    expect(unseen.offer).toBeUndefined();
    expect(await recordOf(given.log, unseen.decisionId)).toMatchObject({ reason: "degraded", episodeId: "" });
    const honoured = await ask(shop, { requestId: "r-3" });
    expect(honoured).toMatchObject({ degradedReason: "policy_unseen", offer: { code: granted.offer?.code } });
    expect(await counted(shop.telemetry, "leastwise_degraded_total", 'reason="policy_unseen"')).toBe(2);

    sight.returns = true;
    expect(await ask(shop, { ...bob, requestId: "r-4" })).toMatchObject({
      ...{ freshness: FRESHNESS_FRESH, degradedReason: "" },
      offer: { campaignId: "autumn" },
    });
  });

  it("waits to see it again for half of the call's time, a quarter of a second at most, and not once its time is over", async () => {
    const sight = new Sight();
    sight.isSeen = false;
    const shop = await openGenerous({ sight, marginMs: 5 });
    await ask(shop, { requestId: "r-1" });
    await ask(shop, { requestId: "r-2" }, shop.time.wallMs + 200);
    expect(await ask(shop, { requestId: "r-3" }, shop.time.wallMs)).toMatchObject({ degradedReason: "deadline_near" });
    expect(sight.waits).toEqual([250, 90, -2.5]);
  });

  it("decides under what it sees after it has waited", async () => {
    const shop = await openGenerous();
    expect((await ask(shop, { requestId: "r-1" })).policyVersion).toBe("percentages-1");
    // The process stood still, and the kill switch was turned meanwhile.
    shop.time.monotonicMs += 60_000;
    await given.log.append([applied({ ...percentages(), version: "stopped-1", killSwitch: true })]);
    const bob = { subject: { userId: "bob" }, sessionId: "visit-2" };
    const answer = await ask(shop, { ...bob, requestId: "r-2" });
    expect(answer).toMatchObject({ degradedReason: "", policyVersion: "stopped-1" });
    expect(answer.offer).toBeUndefined();
  });
});

describe("a call under a newest policy that cannot be compiled", () => {
  it("is given nothing new where that has its kill switch on", async () => {
    const shop = await openGenerous();
    const unusable = { ...percentages(), version: "newer-1", currency: "" };
    const stopped = { ...unusable, version: "newer-2", killSwitch: true };
    shop.time.monotonicMs += 60_000;
    await given.log.append([applied(unusable)]);
    expect((await ask(shop, { requestId: "r-1" })).offer).toBeDefined();
    shop.time.monotonicMs += 60_000;
    await given.log.append([applied(stopped)]);
    const bob = { subject: { userId: "bob" }, sessionId: "visit-2" };
    const answer = await ask(shop, { ...bob, requestId: "r-2" });
    expect(answer).toMatchObject({ degradedReason: "", policyVersion: "percentages-1" });
    expect(answer.offer).toBeUndefined();
  });
});

describe("a call that names an event it must have seen", () => {
  const after = (offset: number, incarnation = given.log.incarnation) =>
    formatPosition({ incarnation, offsets: new Map([[partitionOf(ADA), offset]]) });

  it("is answered fresh when the event was seen, or comes in time", async () => {
    const shop = await openGenerous();
    const answering = ask(shop, { after: after(0) });
    await given.log.append([did(ADA)]);
    expect(await answering).toMatchObject({ freshness: FRESHNESS_FRESH, staleMs: 0n });
    expect(await ask(shop, { requestId: "r-2", after: after(0), maxWaitMs: 0 })).toMatchObject({ staleMs: 0n });
  });

  it("is answered with what is there when it does not come in time, marked stale", async () => {
    const answer = await ask(await openGenerous(), { after: after(0), maxWaitMs: 0 });
    expect(answer).toMatchObject({ freshness: FRESHNESS_STALE, degradedReason: "" });
    expect(answer.staleMs).toBeGreaterThan(0n);
  });

  it("waits no longer than its deadline lets it", async () => {
    // Where nothing is issued, the answer does not wait for the log either.
    const shop = await openGenerous({ afterWaitMs: LONG_MS, observeOnly: true });
    const answer = await ask(shop, { after: after(0) }, shop.time.wallMs + 6);
    expect(answer.freshness).toBe(FRESHNESS_STALE);
  });

  it("does not wait for what other shoppers did in partitions that are read elsewhere", async () => {
    const own = partitionOf(ADA);
    const elsewhere = (own + 1) % 4;
    const shop = await openGenerous({ partitions: [own], afterWaitMs: LONG_MS });
    await given.log.append([did(ADA)]);
    const offsets = new Map([
      [own, 0],
      [elsewhere, 5],
    ]);
    const several = formatPosition({ incarnation: given.log.incarnation, offsets });
    expect(await ask(shop, { after: several })).toMatchObject({ freshness: FRESHNESS_FRESH, staleMs: 0n });
    const others = formatPosition({ incarnation: given.log.incarnation, offsets: new Map([[elsewhere, 5]]) });
    expect(await ask(shop, { requestId: "r-2", after: others })).toMatchObject({
      freshness: FRESHNESS_STALE,
      staleMs: 1n,
    });
  });

  it("is stale where the position is another log's, whose offsets say nothing here", async () => {
    await given.log.append([did(ADA)]);
    const shop = await openGenerous({ afterWaitMs: LONG_MS });
    expect(await ask(shop, { after: after(0, "another-log") })).toMatchObject({
      freshness: FRESHNESS_STALE,
      staleMs: 1n,
    });
  });
});

describe("a deadline that is near", () => {
  it("gets the safe answer, which is none, and a record of it", async () => {
    const shop = await openGenerous({ marginMs: 5 });
    const answer = await ask(shop, {}, shop.time.wallMs + 5);
    expect(answer).toMatchObject({ freshness: FRESHNESS_DEGRADED, degradedReason: "deadline_near" });
    expect(answer.offer).toBeUndefined();
    expect(await recordOf(given.log, answer.decisionId)).toMatchObject({ degradedReason: "deadline_near" });
  });

  it("is told an offer that stands all the same", async () => {
    const shop = await openGenerous();
    const { offer } = await ask(shop);
    expect(await ask(shop, { requestId: "late" }, shop.time.wallMs)).toMatchObject({
      freshness: FRESHNESS_DEGRADED,
      offer: { offerId: offer?.offerId },
    });
  });

  it("is that of a call that has waited for all its time before it was taken up", async () => {
    const shop = await openGenerous({ budgetMs: 50 });
    const waited = async (waitedMs: number) => {
      const answer = await shop.decider.decide(checkout({ requestId: `r-${waitedMs}` }), undefined, {}, waitedMs);
      return answer.ok ? answer.value.degradedReason : answer.error.reason;
    };
    expect(await waited(50)).toBe("deadline_near");
    expect(await waited(0)).toBe("");
  });

  it("is not kept waiting for its turn: what stands is told, without a decision", async () => {
    const shop = await openGenerous();
    const { offer } = await ask(shop);
    let finish: () => void = () => undefined;
    const busy = shop.ledger.exclusively(ADA, () => new Promise<void>((resolve) => (finish = resolve)));
    const told = await ask(shop, { requestId: "late" }, shop.time.wallMs);
    expect(told).toMatchObject({ decisionId: "", degradedReason: "deadline_near", offer: { offerId: offer?.offerId } });
    finish();
    await busy;
    // The turn that was given up comes and goes: whoever comes after it finds what stood before.
    const answers = await shop.ledger.exclusively(ADA, () => Promise.resolve(shop.ledger.stateOf(ADA).recent));
    expect(answers).toHaveLength(1);
    expect(await counted(shop.telemetry, "leastwise_degraded_total", 'reason="deadline_near"')).toBe(1);
  });

  it("is not kept waiting for the log: nothing is promised, and the next call is told what stands by then", async () => {
    const shop = await openGenerous();
    const release = given.log.hold(on(TOPICS.decisions));
    const early = await ask(shop, { requestId: "r-1" }, shop.time.wallMs + 6);
    expect(early).toMatchObject({ freshness: FRESHNESS_DEGRADED, degradedReason: "deadline_near", message: "" });
    expect(early.offer).toBeUndefined();

    const next = ask(shop, { requestId: "r-2" });
    release();
    const told = await next;
    expect(told.offer).toBeDefined();
    const { token = "", ...offer } = told.offer ?? {};
    expect(token).not.toBe("");
    expect({ ...offer, token: "" }).toEqual((await recordOf(given.log, early.decisionId)).offer);
    expect(await counted(shop.telemetry, "leastwise_offers_total", 'event="issued"')).toBe(1);
    // The same request asked again has its answer with its id: why it came out so is asked by that.
    expect((await ask(shop, { requestId: "r-1" })).decisionId).toBe(early.decisionId);
    expect(shop.recent.explain(early.decisionId)).toMatchObject({
      record: { decisionId: early.decisionId, reason: "granted" },
      sentences: expect.arrayContaining([expect.stringContaining("left without it (deadline_near)")]),
    });
  });
});

describe("a clock that is behind the log", () => {
  const AN_HOUR_BEFORE = (NOON - 3_600_000) as Millis;

  it("knows nothing of what it takes for the future, and still answers", async () => {
    const consent = { purposes: [wire.Purpose.PURPOSE_PERSONALIZATION] };
    await given.log.append([applied(percentages()), kept(ADA, { consent }), did(ADA)]);
    const shop = await open();
    shop.time.nowMs = AN_HOUR_BEFORE;
    const answer = await ask(shop);
    expect(answer).toMatchObject({ degradedReason: "", freshness: FRESHNESS_FRESH });
    const { features } = await recordOf(given.log, answer.decisionId);
    expect(features?.values[featureIndex("since_event_ms")]).toBeNaN();
    expect(features?.values[featureIndex("product_views_5m")]).toBe(0);
  });

  it("honours what was given, gives and holds nothing twice, and says the same to the same request", async () => {
    const shop = await openGenerous();
    const first = await ask(shop, { requestId: "r-1" });
    expect(first.offer).toBeDefined();
    shop.time.nowMs = AN_HOUR_BEFORE;
    expect(bytesOf(await ask(shop, { requestId: "r-1" }))).toBe(bytesOf(first));
    const again = await ask(shop, { requestId: "r-2" });
    expect(again.offer).toEqual(first.offer);
    expect(await counted(shop.telemetry, "leastwise_offers_total", 'event="issued"')).toBe(1);
    expect((await recordOf(given.log, again.decisionId)).held).toBeUndefined();
  });
});

/** Asks for consent in exchange for a fifth off. */
const ASKING = wire.Campaign.fromPartial({
  ...{ campaignId: "welcome", kind: wire.CampaignKind.CAMPAIGN_KIND_ENTITLEMENT, budgetId: "marketing" },
  approach: {
    $case: "consentExchange",
    value: { segment: "everyone", purposes: [wire.Purpose.PURPOSE_PROFILE] },
  },
  ladder: [{ incentive: { kind: { $case: "percentOff", value: { percentBp: 2_000 } } } }],
  offerTtlMs: 60_000n,
});

describe("a question of consent", () => {
  it("is told to nobody before its record is durable, by a second call neither", async () => {
    await given.log.append([applied(percentages({ campaigns: [ASKING] }))]);
    const shop = await open();
    const release = given.log.hold(on(TOPICS.decisions));
    const first = ask(shop);
    for (const fields of [{}, { requestId: "r-2" }]) {
      const untold = await ask(shop, fields, shop.time.wallMs);
      expect(untold).toMatchObject({ decisionId: "", degradedReason: "deadline_near", consentExchange: undefined });
    }
    expect(await standing(given.log, TOPICS.decisions)).toEqual([]);
    release();
    expect((await first).consentExchange?.campaignId).toBe("welcome");
    expect((await ask(shop)).consentExchange?.campaignId).toBe("welcome");
    // The safe answer asks nothing, be it of before.
    const late = await ask(shop, {}, shop.time.wallMs);
    expect([late.decisionId, late.consentExchange]).toEqual([(await first).decisionId, undefined]);
  });
});

describe("a log that takes no appends", () => {
  it("lets nothing be promised, and nobody else the money: the grant may stand on the log all the same", async () => {
    const shop = await openGenerous();
    given.log.refuse(on(TOPICS.decisions));
    const answer = await ask(shop);
    expect(answer).toMatchObject({ freshness: FRESHNESS_DEGRADED, degradedReason: "log_unavailable", message: "" });
    expect(answer.offer).toBeUndefined();
    expect(shop.ledger.stateOf(ADA).open).toEqual([]);
    expect(shop.ledger.books(shop.policies.active()?.compiled.budgets ?? [], []).budgets).toMatchObject({
      marketing: { remainingMinor: 9_999_000 },
    });
    expect(await counted(shop.telemetry, "leastwise_degraded_total", 'reason="log_unavailable"')).toBe(1);
    expect(shop.recent.explain(answer.decisionId)?.sentences[0]).toContain("left without it (log_unavailable)");

    given.log.recover();
    expect((await ask(shop)).offer).toBeDefined();
  });

  it("lets nobody be asked for consent in exchange, with an offer or with none, and gives the rest of the answer", async () => {
    const policy = percentages();
    await given.log.append([applied({ ...policy, campaigns: [...policy.campaigns, ASKING] })]);
    const shop = await open();
    const granted = await ask(shop);
    expect([granted.offer?.campaignId, granted.consentExchange?.campaignId]).toEqual(["autumn", "welcome"]);
    const small = { lines: [{ productId: "shoe", quantity: 1n, unitPrice: euros(9_000) }] };
    const again = await ask(shop, { requestId: "r-2", cart: small });
    expect(again.consentExchange?.campaignId).toBe("welcome");
    expect((await recordOf(given.log, again.decisionId)).consentExchange).toEqual(again.consentExchange);

    given.log.refuse(on(TOPICS.decisions));
    const smaller = { lines: [{ productId: "shoe", quantity: 1n, unitPrice: euros(8_000) }] };
    const unproved = await ask(shop, { requestId: "r-3", cart: smaller });
    expect(unproved).toMatchObject({ freshness: FRESHNESS_FRESH, offer: { offerId: granted.offer?.offerId } });
    expect(unproved.consentExchange).toBeUndefined();
    const bob = await ask(shop, { requestId: "r-4", subject: { userId: "bob" } });
    expect(bob).toMatchObject({ degradedReason: "log_unavailable", consentExchange: undefined });
  });
});

describe("a shopper who logs in", () => {
  const asBrowser = { subject: { anonymousId: "browser" } };

  async function subjectOf(shop: Shop, fields: wire.DeepPartial<wire.DecideRequest>): Promise<SubjectId | string> {
    return (await recordOf(given.log, (await ask(shop, fields)).decisionId)).subject;
  }

  it("is the browser before, and the known shopper for that session after, without changing arm", async () => {
    const shop = await openGenerous();
    await given.log.append([did(BROWSER)]);
    expect(await subjectOf(shop, { ...asBrowser, requestId: "before" })).toBe(BROWSER);

    await given.log.append([loggedIn(BROWSER, ADA, "visit-1"), linked(BROWSER, ADA, "visit-1")]);
    await shop.feed.waitFor(partitionOf(BROWSER), 1, LONG_MS);
    const reopened = await open();
    const { decisionId } = await ask(reopened, { ...asBrowser, requestId: "after" });
    expect(await recordOf(given.log, decisionId)).toMatchObject({ subject: ADA, assignmentKey: BROWSER });
    // Whoever comes in another session to a shared device is somebody else.
    expect(await subjectOf(reopened, { ...asBrowser, requestId: "other", sessionId: "visit-2" })).toBe(BROWSER);
  });

  it("is the known one wherever the call says so, and takes the browser's assignment key if it was never seen", async () => {
    const shop = await openGenerous();
    const both = { anonymousId: "browser", userId: "ada" };
    const { decisionId } = await ask(shop, { subject: both });
    expect(await recordOf(given.log, decisionId)).toMatchObject({ subject: ADA, assignmentKey: BROWSER });
  });

  it("is known by the browser's key at once, before the windows have told it", async () => {
    const shop = await openGenerous();
    given.log.refuse(({ key, topic }) => key === ADA && topic === TOPICS.clickstream);
    await given.log.append([did(BROWSER, {}, FIRST_KEY), loggedIn(BROWSER, ADA, "visit-1", FIRST_KEY)]);
    await shop.feed.waitFor(partitionOf(BROWSER), 1, LONG_MS);
    const both = await ask(shop, { requestId: "both", subject: { anonymousId: "browser", userId: "ada" } });
    expect(await recordOf(given.log, both.decisionId)).toMatchObject({ subject: ADA, assignmentKey: FIRST_KEY });

    await given.log.append([linked(BROWSER, ADA, "visit-1", FIRST_KEY)]);
    const reopened = await open();
    const alone = await ask(reopened, { requestId: "alone" });
    expect(await recordOf(given.log, alone.decisionId)).toMatchObject({ subject: ADA, assignmentKey: FIRST_KEY });
  });

  describe("and whose browser's state is still on its way", () => {
    const toAda = ({ key, topic }: { key?: string; topic: string }) => key === ADA && topic === TOPICS.clickstream;

    /** A shop that has seen the login; the state that it moves is held back. */
    async function loggedInShop() {
      await given.log.append([kept(ADA, { consent: { purposes: [wire.Purpose.PURPOSE_PERSONALIZATION] } })]);
      const shop = await openGenerous();
      const release = given.log.hold(toAda);
      await given.log.append([did(BROWSER), loggedIn(BROWSER, ADA)]);
      const offsets = new Map([[partitionOf(BROWSER), 1]]);
      return { shop, release, after: formatPosition({ incarnation: given.log.incarnation, offsets }) };
    }

    it("is decided on with it, where the call names the login", async () => {
      const { shop, release, after } = await loggedInShop();
      await shop.feed.waitFor(partitionOf(BROWSER), 1, LONG_MS);
      const answering = ask(shop, { after });
      release();
      const { decisionId, freshness } = await answering;
      expect(freshness).toBe(FRESHNESS_FRESH);
      const { features } = await recordOf(given.log, decisionId);
      expect(features?.values[featureIndex("page_views_24h")]).toBe(1);
    });

    it("is answered with what is there when it does not come in time, marked stale", async () => {
      const { shop, release, after } = await loggedInShop();
      await shop.feed.waitFor(partitionOf(BROWSER), 1, LONG_MS);
      expect(await ask(shop, { after, maxWaitMs: 1 })).toMatchObject({ freshness: FRESHNESS_STALE });
      release();
    });
  });

  it("keeps the key that it was first seen with", async () => {
    await given.log.append([did(ADA, {}, FIRST_KEY)]);
    const shop = await openGenerous();
    const { decisionId } = await ask(shop, { subject: { anonymousId: "browser", userId: "ada" } });
    expect(await recordOf(given.log, decisionId)).toMatchObject({ assignmentKey: FIRST_KEY });
  });
});

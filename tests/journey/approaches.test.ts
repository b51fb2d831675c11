import { wire } from "@leastwise/contracts";
import { readPolicyDocument } from "@leastwise/policy";
import { callUnary } from "@leastwise/rpc";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { newFolder, serve, type Program } from "./program.js";
import { eur, line, need, RAW_MARK, Shop } from "./shop.js";
import { until } from "./until.js";

// The approaches by which campaigns find shoppers, all in one policy, each from the shop's own doors to an offer that is used.

jest.setTimeout(120_000);

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const CALL = { timeoutMs: 15_000 };

// Nobody is held out and nothing is tried out, and a campaign asks for no evidence: what is best by the built-in priors is given.
const EACH = `
    kind: incentive
    experiment_id: everybody
    offer_ttl: 24h
    objective: { evidence: 0% }
    exploration: { floor: 0%, cold_start_decisions_per_rung: 0 }
    budget_id: ours`;

const DOCUMENT = `
version: approaches-1
author: ada
reason: one campaign of each approach
currency: EUR
segments:
  - { name: gold, expression: 'profile.loyalty_tier == "gold"' }
  - { name: bank, expression: '"acme-bank/gold" in context.partner_segments' }
  - { name: champions, expression: rfm.recency == 5 && rfm.frequency >= 2 && rfm.monetary == 3 }
rfm: { recency: [1d, 30d, 90d, 180d], frequency: [3, 4, 8, 16], monetary: [50.00, 350.00, 500.00, 1000.00] }
campaigns:
  - campaign_id: gold-tier
    rules: { segment: gold }
    ladder: [{ incentive: { percent_off: { percent: 10% } } }]${EACH}
  - campaign_id: left-cart
    propensity: { kind: abandonment, propensity_min: 1%, propensity_max: 90% }
    ladder: [{ incentive: { amount_off: { amount: 6.00 } } }]${EACH}
  - campaign_id: long-away
    propensity: { kind: dormant, away: 30d, propensity_min: 1%, propensity_max: 90% }
    ladder: [{ incentive: { percent_off: { percent: 15% } } }]${EACH}
  - campaign_id: falling-silent
    propensity: { kind: churn, churn_min: 60% }
    ladder: [{ incentive: { amount_off: { amount: 6.50 } } }]${EACH}
  - campaign_id: best-customers
    rules: { segment: champions }
    ladder: [{ incentive: { amount_off: { amount: 7.00 } } }]${EACH}
  - campaign_id: last-days
    dynamic:
      categories: [bakery]
      shelf_life_max: 48h
      inventory_reserved: 5
      markdown: [{ left: 100%, depth_max: 0% }, { left: 50%, depth_max: 20% }, { left: 0%, depth_max: 60% }]
    ladder:
      - incentive: { percent_off: { percent: 10% } }
      - incentive: { percent_off: { percent: 50% } }
    margin_floor: -100%${EACH}
  - campaign_id: bank-exclusive
    partner: { partner_id: acme-bank, segment: bank }
    ladder: [{ incentive: { partner_exclusive: { partner_id: acme-bank, amount: 10.00 } } }]${EACH}
guardrails: { floor_price: 30%, max_discount: 70%, margin_floor: 5%, assumed_margin: 40% }
partners: [{ partner_id: acme-bank, partner_share: 40%, merchant_share: 60%, budget_id: banks }]
experiments: [{ experiment_id: everybody, salt: approaches/1, holdout: 0% }]
# The bank pays four of ten: of six it can pay one offer, and not a second.
budgets: [{ budget_id: ours, amount: 1000.00 }, { budget_id: banks, amount: 6.00 }]
`;

let program: Program;
let shop: Shop;
let asked = 0;

beforeAll(async () => {
  program = await serve(newFolder());
  shop = new Shop(program.ports);
  const document = readPolicyDocument(DOCUMENT);
  if (!document.ok) throw new Error(JSON.stringify(document.error));
  need(await callUnary(shop.policies.applyPolicy.bind(shop.policies), { policy: document.value.policy }, CALL));
  await shelve({ productId: "coat", price: eur(12_000), unitCost: eur(5_000), category: "coats" });
});

afterAll(async () => {
  shop.close();
  await program.stop();
});

/** Puts a product, and waits until the catalog shows it. */
async function shelve(product: wire.DeepPartial<wire.Product> & { readonly productId: string }): Promise<void> {
  need(await shop.putProducts(product));
  const wanted = JSON.stringify(shown(wire.Product.fromPartial(product)));
  await until(async () => {
    const read = await callUnary(shop.catalog.getProduct.bind(shop.catalog), { productId: product.productId }, CALL);
    return read.ok && JSON.stringify(shown(read.value.product)) === wanted ? true : undefined;
  }, `the catalog shows ${product.productId}`);
}

const shown = (product: wire.Product | undefined) => [
  String(product?.perishableUntilMs),
  String(product?.inventory),
  String(product?.price?.minor),
];

/** A customer who has agreed to personalization, by profile and by what partners say, and of whom the shop may know something. */
async function customer(name: string, profile: wire.DeepPartial<wire.Profile> = {}): Promise<string> {
  const userId = `${RAW_MARK}-${name}`;
  const request = wire.PutProfileRequest.fromPartial({ subject: { userId }, profile });
  need(await callUnary(shop.subjects.putProfile.bind(shop.subjects), request, CALL));
  const { PURPOSE_PERSONALIZATION, PURPOSE_PROFILE, PURPOSE_PARTNER_SHARING } = wire.Purpose;
  need(await shop.putConsent(userId, PURPOSE_PERSONALIZATION, PURPOSE_PROFILE, PURPOSE_PARTNER_SHARING));
  await until(async () => {
    const read = await callUnary(shop.subjects.getSubject.bind(shop.subjects), { subject: request.subject }, CALL);
    return read.ok && read.value.profile !== undefined && read.value.consent !== undefined ? true : undefined;
  }, `${name} is known`);
  return userId;
}

/** Something that a customer did, so long ago; where it stands. */
async function did(userId: string, kind: wire.EventKind, agoMs: number, more: wire.DeepPartial<wire.Event> = {}) {
  const event = {
    eventId: `${userId}-${kind}-${agoMs}`,
    kind,
    userId,
    occurredAtMs: BigInt(Date.now() - agoMs),
    ...more,
  };
  return need(await shop.record(event)).position;
}

const coat = { productId: "coat", quantity: 1n, unitPrice: eur(12_000) };
const COAT = { lines: [line("coat", 1, 12_000)] };

async function decided(userId: string, more: wire.DeepPartial<wire.DecideRequest> = {}): Promise<wire.DecideResponse> {
  const request = { requestId: `r-${(asked += 1)}`, subject: { userId }, cart: COAT, maxWaitMs: 1_000, ...more };
  const answer = need(await shop.decide(request));
  expect(answer).toMatchObject({ policyVersion: "approaches-1", degradedReason: "" });
  return answer;
}

async function recordOf({ decisionId }: wire.DecideResponse): Promise<wire.DecisionRecord> {
  const request = wire.ExplainRequest.fromPartial({ decisionId });
  return need(await callUnary(shop.decisions.explain.bind(shop.decisions), request, CALL)).record!;
}

/** Uses an offer on a cart; what it took off, minor units. */
async function used(userId: string, { offer }: wire.DecideResponse, lines: wire.DeepPartial<wire.Line>[] = COAT.lines) {
  const order = `o-${(asked += 1)}`;
  const request = { code: offer!.code, subject: { userId }, orderId: order, idempotencyKey: order, lines };
  return Number(need(await shop.redeem(request)).discount!.minor);
}

describe("segments by rules", () => {
  it("give a loyalty tier its campaign as soon as the profile says so, and nobody else", async () => {
    const [gold, bronze] = [
      await customer("gold", { loyaltyTier: "gold" }),
      await customer("bronze", { loyaltyTier: "bronze" }),
    ];
    const answer = await decided(gold);
    expect(answer).toMatchObject({ offer: { campaignId: "gold-tier" }, personalDataUsed: true });
    expect(await used(gold, answer)).toBe(1_200);
    expect(await decided(bronze)).toMatchObject({ offer: undefined });
    const promoted = await customer("promoted", { loyaltyTier: "gold" });
    expect(await decided(promoted)).toMatchObject({ offer: { campaignId: "gold-tier" } });
  });

  it("do not see a profile without consent", async () => {
    const userId = `${RAW_MARK}-silent`;
    const request = wire.PutProfileRequest.fromPartial({ subject: { userId }, profile: { loyaltyTier: "gold" } });
    need(await callUnary(shop.subjects.putProfile.bind(shop.subjects), request, CALL));
    expect(await decided(userId)).toMatchObject({ offer: undefined, personalDataUsed: false });
  });

  it("do not see it any more once consent to it is withdrawn, whatever else the shopper still agrees to", async () => {
    const userId = await customer("withdrawing", { loyaltyTier: "gold" });
    const { PURPOSE_PERSONALIZATION, PURPOSE_PROFILE, PURPOSE_PARTNER_SHARING } = wire.Purpose;
    const tier = async (...purposes: wire.Purpose[]) => {
      need(await shop.putConsent(userId, ...purposes));
      await until(async () => {
        const read = await callUnary(
          shop.subjects.getSubject.bind(shop.subjects),
          { subject: { userId, anonymousId: "" } },
          CALL,
        );
        return read.ok && read.value.consent?.purposes.length === purposes.length ? true : undefined;
      }, "the consent is known");
      const answer = await decided(userId);
      return { offer: answer.offer?.campaignId, profile: (await recordOf(answer)).profile?.loyaltyTier };
    };
    const withdrawn = await tier(PURPOSE_PERSONALIZATION, PURPOSE_PARTNER_SHARING);
    expect(withdrawn).toEqual({ offer: undefined, profile: undefined });
    const both = await tier(PURPOSE_PERSONALIZATION, PURPOSE_PROFILE, PURPOSE_PARTNER_SHARING);
    // The answer of none stands, since nothing of the person moved it; what is agreed to is looked at again all the same.
    expect(both).toEqual({ offer: undefined, profile: "gold" });
  });
});

describe("propensities", () => {
  it("find who left a cart for more than half an hour and is back, and not who is still filling one", async () => {
    const [left, busy] = [await customer("left"), await customer("busy")];
    await did(left, wire.EventKind.EVENT_KIND_CART_ADD, 45 * MINUTE_MS, { product: coat });
    const back = await did(left, wire.EventKind.EVENT_KIND_PAGE_VIEW, 1_000);
    const answer = await decided(left, { after: back });
    expect(answer).toMatchObject({ offer: { campaignId: "left-cart" } });
    expect(await used(left, answer)).toBe(600);
    const filling = await did(busy, wire.EventKind.EVENT_KIND_CART_ADD, 10 * MINUTE_MS, { product: coat });
    expect(await decided(busy, { after: filling })).toMatchObject({ offer: undefined });
  });

  it("find who began a checkout, left it, and is back, unless they bought", async () => {
    const [left, bought] = [await customer("checkout-left"), await customer("checkout-done")];
    const order = { orderId: "", lines: [coat] };
    await did(left, wire.EventKind.EVENT_KIND_CHECKOUT_START, 2 * HOUR_MS, { order });
    const back = await did(left, wire.EventKind.EVENT_KIND_PAGE_VIEW, 1_000);
    expect(await decided(left, { after: back })).toMatchObject({ offer: { campaignId: "left-cart" } });
    await did(bought, wire.EventKind.EVENT_KIND_CHECKOUT_START, 2 * HOUR_MS, { order });
    const paid = { orderId: "o-bought", lines: [coat], total: eur(12_000) };
    const done = await did(bought, wire.EventKind.EVENT_KIND_PURCHASE, HOUR_MS, { order: paid });
    expect(await decided(bought, { after: done })).toMatchObject({ offer: undefined });
  });

  it("win back who bought, and not for thirty days; not who bought last week, or never", async () => {
    const [away, recent, never] = [await customer("away"), await customer("recent"), await customer("never")];
    const order = (id: string) => ({ order: { orderId: id, lines: [coat], total: eur(12_000) } });
    await did(away, wire.EventKind.EVENT_KIND_PURCHASE, 40 * DAY_MS, order("o-away"));
    const back = await did(away, wire.EventKind.EVENT_KIND_PAGE_VIEW, 1_000);
    const answer = await decided(away, { after: back });
    expect(answer).toMatchObject({ offer: { campaignId: "long-away" } });
    expect(await used(away, answer)).toBe(1_800);
    const week = await did(recent, wire.EventKind.EVENT_KIND_PURCHASE, 7 * DAY_MS, order("o-recent"));
    expect(await decided(recent, { after: week })).toMatchObject({ offer: undefined });
    const first = await did(never, wire.EventKind.EVENT_KIND_PAGE_VIEW, 1_000);
    expect(await decided(never, { after: first })).toMatchObject({ offer: undefined });
  });
});

describe("purchase history", () => {
  const order = (id: string) => ({ order: { orderId: id, lines: [coat], total: eur(12_000) } });
  async function ordered(userId: string, daysAgo: readonly number[]): Promise<void> {
    for (const days of daysAgo)
      await did(userId, wire.EventKind.EVENT_KIND_PURCHASE, days * DAY_MS + HOUR_MS, order(`o-${userId}-${days}`));
  }

  it("wins back who is silent against their own rhythm, however long a rhythm it is", async () => {
    const [silent, slow] = [await customer("silent-for-long"), await customer("slow")];
    // Both have ordered last 28 days ago; the one every second day until then, the other every eighth week.
    await ordered(silent, [46, 44, 42, 40, 38, 36, 34, 32, 30, 28]);
    await ordered(slow, [140, 84, 28]);
    const answer = await decided(silent, { after: await did(silent, wire.EventKind.EVENT_KIND_PAGE_VIEW, 1_000) });
    expect(answer).toMatchObject({ offer: { campaignId: "falling-silent" }, personalDataUsed: true });
    expect(await used(silent, answer)).toBe(650);
    const back = await did(slow, wire.EventKind.EVENT_KIND_PAGE_VIEW, 1_000);
    expect(await decided(slow, { after: back })).toMatchObject({ offer: undefined });
  });

  it("tells classes of shoppers by all that they ever ordered", async () => {
    const [champion, newcomer] = [await customer("champion"), await customer("newcomer")];
    await ordered(champion, [70, 35, 0]);
    await ordered(newcomer, [0]);
    const answer = await decided(champion, { after: await did(champion, wire.EventKind.EVENT_KIND_PAGE_VIEW, 1_000) });
    expect(answer).toMatchObject({ offer: { campaignId: "best-customers" }, personalDataUsed: true });
    const back = await did(newcomer, wire.EventKind.EVENT_KIND_PAGE_VIEW, 1_000);
    expect(await decided(newcomer, { after: back })).toMatchObject({ offer: undefined });
  });
});

describe("a dynamic discount", () => {
  const bread = { productId: "bread", price: eur(2_000), unitCost: eur(900), category: "bakery" };
  const lines = [line("bread", 1, 2_000)];

  /** What is offered off bread that keeps so long, of which so many are there; and what each rung could have been, minor units. */
  async function askedFor(name: string, leftMs: number, inventory: bigint) {
    await shelve({ ...bread, inventory, perishableUntilMs: BigInt(Date.now() + leftMs) });
    const answer = await decided(await customer(name), { cart: { lines } });
    const { candidates } = await recordOf(answer);
    const rungs = candidates.filter(({ campaignId }) => campaignId === "last-days");
    return { offer: answer.offer, rungs: rungs.map(({ faceValue }) => Number(faceValue!.minor)) };
  }

  it("deepens with the shelf life that the catalog says, from one update to the next", async () => {
    const fresh = await askedFor("fresh", 5 * DAY_MS, 100n);
    const atHalf = await askedFor("at-half", 24 * HOUR_MS, 100n);
    const atEnd = await askedFor("at-end", HOUR_MS, 100n);
    expect([fresh.offer, fresh.rungs]).toEqual([undefined, []]);
    // A tenth, and a half: cut to the curve's fifth with half of the time left, and whole at its end.
    expect(atHalf.rungs).toEqual([200, 400]);
    expect(atEnd.rungs).toEqual([200, 1_000]);
    expect([atHalf, atEnd].map(({ offer }) => offer?.campaignId)).toEqual(["last-days", "last-days"]);
  });

  it("leaves the units that are kept for full price", async () => {
    expect((await askedFor("plenty", HOUR_MS, 6n)).offer).toMatchObject({ campaignId: "last-days" });
    expect(await askedFor("scarce", HOUR_MS, 5n)).toEqual({ offer: undefined, rungs: [] });
  });
});

describe("a partner's exclusive", () => {
  const partnerSegments = ["acme-bank/gold"];

  it("is for whom the partner brings; its cost is held by the stated shares, until the partner's own money is gone", async () => {
    const [member, other, late] = [await customer("member"), await customer("other"), await customer("late")];
    const answer = await decided(member, { partnerSegments });
    expect(answer).toMatchObject({ offer: { campaignId: "bank-exclusive", faceValue: eur(1_000) } });
    const { holds } = await recordOf(answer);
    const held = holds.map(({ budgetId, isPartners, amount }) => [budgetId, isPartners, Number(amount?.minor)]);
    expect(held.sort()).toEqual([
      ["banks", true, 400],
      ["ours", false, 600],
    ]);
    expect(await used(member, answer)).toBe(1_000);
    expect(await decided(other)).toMatchObject({ offer: undefined });
    const refused = await decided(late, { partnerSegments });
    expect(refused.offer).toBeUndefined();
    expect((await recordOf(refused)).candidates.map(({ blockedBy }) => blockedBy)).toContain("budget_exhausted");
  });
});

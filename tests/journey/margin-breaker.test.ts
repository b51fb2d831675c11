import { readPolicyDocument } from "@leastwise/policy";
import { callUnary } from "@leastwise/rpc";
import { afterAll, beforeAll, expect, it, jest } from "@jest/globals";
import { newFolder, serve, type Program } from "./program.js";
import { eur, line, need, RAW_MARK, Shop } from "./shop.js";
import { until } from "./until.js";

// What a coat costs the shop rises while offers are out: the breaker stops the campaign, and a person lets it go on.

jest.setTimeout(120_000);

const CALL = { timeoutMs: 15_000 };

/** Nobody is held out and nothing is tried out: what is best by the built-in priors is given. */
const document = (version: string, resumed: string) => `
version: ${version}
author: ada
reason: a campaign with a breaker
currency: EUR
segments: [{ name: everyone, expression: "true" }]
campaigns:
  - campaign_id: coats
    kind: incentive
    rules: { segment: everyone }
    ladder: [{ incentive: { percent_off: { percent: 20% } } }]
    experiment_id: everybody
    budget_id: ours
    offer_ttl: 24h
    objective: { evidence: 0% }
    exploration: { floor: 0%, cold_start_decisions_per_rung: 0 }
    breaker: { margin_min: 10%, orders_min: 3, period: month${resumed} }
guardrails: { floor_price: 30%, max_discount: 70%, margin_floor: 5%, assumed_margin: 40% }
experiments: [{ experiment_id: everybody, salt: breaker/1, holdout: 0% }]
budgets: [{ budget_id: ours, amount: 10000.00 }]
`;

let program: Program;
let shop: Shop;
let asked = 0;

beforeAll(async () => {
  program = await serve(newFolder());
  shop = new Shop(program.ports);
  await apply("breaker-1");
});

afterAll(async () => {
  shop.close();
  await program.stop();
});

async function apply(version: string, resumed = ""): Promise<void> {
  const read = readPolicyDocument(document(version, resumed));
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  need(await callUnary(shop.policies.applyPolicy.bind(shop.policies), { policy: read.value.policy }, CALL));
}

/** Puts what a coat costs the shop, and waits until the catalog shows it. */
async function coatCosts(minor: number): Promise<void> {
  need(await shop.putProducts({ productId: "coat", price: eur(12_000), unitCost: eur(minor) }));
  await until(async () => {
    const read = await callUnary(shop.catalog.getProduct.bind(shop.catalog), { productId: "coat" }, CALL);
    return read.ok && Number(read.value.product?.unitCost?.minor) === minor ? true : undefined;
  }, "the catalog shows what a coat costs");
}

const lines = [line("coat", 1, 12_000)];

/** A shopper whom nobody has seen before, with a coat in the cart; what is decided, under a version that may only just be applied. */
async function arrives(policyVersion: string) {
  return until(async () => {
    const userId = `${RAW_MARK}-${(asked += 1)}`;
    const answer = need(await shop.decide({ requestId: `r-${asked}`, subject: { userId }, cart: { lines } }));
    return answer.policyVersion === policyVersion ? { userId, answer } : undefined;
  }, `decisions are made under ${policyVersion}`);
}

async function buys({ userId, answer }: Awaited<ReturnType<typeof arrives>>): Promise<void> {
  const orderId = `o-${(asked += 1)}`;
  const request = { code: answer.offer!.code, subject: { userId }, orderId, idempotencyKey: orderId, lines };
  expect(Number(need(await shop.redeem(request)).discount!.minor)).toBe(2_400);
}

async function blockedBy({ answer }: Awaited<ReturnType<typeof arrives>>): Promise<string[]> {
  const { candidates } = need(await shop.explain(answer.decisionId)).record!;
  return candidates.slice(1).map((candidate) => candidate.blockedBy);
}

const stoppedCampaigns = async () =>
  /^leastwise_stopped_campaigns (\d+)$/m.exec((await shop.ops("/metrics")).text)?.[1];

it("a campaign that brings in too little is stopped, honours what it gave, and goes on when a person says so", async () => {
  await coatCosts(2_000);
  const shoppers = [];
  for (let shopper = 0; shopper < 4; shopper += 1) shoppers.push(await arrives("breaker-1"));
  expect(shoppers.map(({ answer }) => answer.offer?.campaignId)).toEqual(Array(4).fill("coats"));

  // Of 9 600 that are paid for a coat of 9 000 a sixteenth is kept.
  await coatCosts(9_000);
  const [late, ...early] = shoppers;
  for (const shopper of early) await buys(shopper);
  await coatCosts(2_000);
  const stopped = await arrives("breaker-1");
  expect(stopped.answer).toMatchObject({ offer: undefined, degradedReason: "" });
  expect(await blockedBy(stopped)).toEqual(["margin_breaker"]);
  await until(
    async () => ((await stoppedCampaigns()) === "1" ? true : undefined),
    "the metrics show the stopped campaign",
  );
  await buys(late!);

  await apply("breaker-2", `, resumed: ${new Date().toISOString()}`);
  expect((await arrives("breaker-2")).answer.offer?.campaignId).toBe("coats");
  await until(async () => ((await stoppedCampaigns()) === "0" ? true : undefined), "the metrics show that it goes on");
});

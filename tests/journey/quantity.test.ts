import { readPolicyDocument } from "@leastwise/policy";
import { callUnary } from "@leastwise/rpc";
import { afterEach, beforeAll, expect, it, jest } from "@jest/globals";
import { newFolder, serve, type Program } from "./program.js";
import { CART, need, RAW_MARK, Shop } from "./shop.js";

// A flash sale of seven offers, at which forty shoppers come at once.

jest.setTimeout(120_000);

const DOCUMENT = `
version: flash-1
author: ada
reason: a flash sale
currency: EUR
segments: [{ name: everyone, expression: "true" }]
campaigns:
  - campaign_id: flash
    kind: entitlement
    rules: { segment: everyone }
    ladder: [{ incentive: { percent_off: { percent: 10% } } }]
    budget_id: ours
    offer_ttl: 24h
    offers_max: 7
guardrails: { floor_price: 30%, max_discount: 70%, margin_floor: 5%, assumed_margin: 40% }
budgets: [{ budget_id: ours, amount: 10000.00 }]
`;

const folder = newFolder();
let program: Program;
let shop: Shop;

async function begin(): Promise<void> {
  program = await serve(folder);
  shop = new Shop(program.ports);
}

beforeAll(async () => {
  await begin();
  const read = readPolicyDocument(DOCUMENT);
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  const apply = shop.policies.applyPolicy.bind(shop.policies);
  need(await callUnary(apply, { policy: read.value.policy }, { timeoutMs: 15_000 }));
});

afterEach(async () => {
  shop.close();
  await program.stop();
});

/** How many of so many shoppers who come at once, and were not there before, are offered something. */
async function offered(wave: string, shoppers: number): Promise<number> {
  const asked = Array.from({ length: shoppers }, async (_, n) => {
    const request = { requestId: `${wave}-${n}`, subject: { userId: `${RAW_MARK}-${wave}-${n}` }, cart: CART };
    return need(await shop.decide(request));
  });
  return (await Promise.all(asked)).filter(({ offer }) => offer?.campaignId === "flash").length;
}

it("a flash sale gives out its quantity and not one more, also after a power cut", async () => {
  expect(await offered("first", 40)).toBe(7);
  await program.kill();
  shop.close();
  await begin();
  expect(await offered("second", 20)).toBe(0);
});

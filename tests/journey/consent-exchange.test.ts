import { wire } from "@leastwise/contracts";
import { readPolicyDocument } from "@leastwise/policy";
import { callUnary } from "@leastwise/rpc";
import { afterAll, beforeAll, expect, it, jest } from "@jest/globals";
import { newFolder, serve, type Program } from "./program.js";
import { CART, eur, line, need, RAW_MARK, refusalOf, Shop } from "./shop.js";
import { until } from "./until.js";

// A shopper who is asked for consent in exchange for an offer, agrees, gets it once, and takes the consent back.

jest.setTimeout(120_000);

const DOCUMENT = `
version: exchange-1
author: ada
reason: consent for a better offer
currency: EUR
segments: [{ name: everyone, expression: "true" }]
campaigns:
  - campaign_id: welcome-exchange
    kind: entitlement
    consent_exchange:
      segment: everyone
      purposes: [personalization, profile]
      words:
        - { language: en, text: "Let us use what you bought here, and get {offer}. You can take it back at any time, and keep what you got." }
      accepted_within: 14d
    ladder: [{ incentive: { percent_off: { percent: 5% } } }]
    budget_id: ours
    offer_ttl: 24h
guardrails: { floor_price: 30%, max_discount: 70%, margin_floor: 5%, assumed_margin: 40% }
budgets: [{ budget_id: ours, amount: 10000.00 }]
`;

const { PURPOSE_PERSONALIZATION, PURPOSE_PROFILE } = wire.Purpose;
const USER = `${RAW_MARK}-exchange`;
const OTHER_CART = { lines: [line("p-hat", 1, 9_000)], shipping: eur(495) };
/** One that nothing was answered about before: an answer that gives something stands as long as what it gives. */
const NEW_CART = { lines: [line("p-hat", 2, 9_000)], shipping: eur(495) };

const folder = newFolder();
let program: Program;
let shop: Shop;

beforeAll(async () => {
  program = await serve(folder);
  shop = new Shop(program.ports);
  const read = readPolicyDocument(DOCUMENT);
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  const apply = shop.policies.applyPolicy.bind(shop.policies);
  need(await callUnary(apply, { policy: read.value.policy }, { timeoutMs: 15_000 }));
});

afterAll(async () => {
  shop.close();
  await program.stop();
});

async function decide(changes: wire.DeepPartial<wire.DecideRequest> = {}): Promise<wire.DecideResponse> {
  return need(await shop.decide({ subject: { userId: USER }, cart: CART, ...changes }));
}

function answer(purposes: readonly wire.Purpose[], exchange?: wire.DeepPartial<wire.ExchangeAnswer>) {
  const request = wire.PutConsentRequest.fromPartial({
    subject: { userId: USER },
    consent: { purposes: [...purposes] },
    exchange,
  });
  return callUnary(shop.subjects.putConsent.bind(shop.subjects), request, { timeoutMs: 15_000 });
}

it("asks, is answered, gives once, and nothing more once the consent is withdrawn; what was given is honoured", async () => {
  const asked = await until(async () => {
    const told = await decide();
    return told.policyVersion === "exchange-1" ? told : undefined;
  }, "an answer under the policy that asks");
  expect(asked.offer).toBeUndefined();
  const { consentExchange, decisionId } = asked;
  expect(consentExchange).toMatchObject({
    campaignId: "welcome-exchange",
    purposes: [PURPOSE_PERSONALIZATION, PURPOSE_PROFILE],
    worth: eur(850),
    words: "Let us use what you bought here, and get 5 % off. You can take it back at any time, and keep what you got.",
  });
  const { campaignId = "", words = "" } = consentExchange ?? {};
  const yes = { campaignId, decisionId, accepted: true, words };
  expect(refusalOf(await answer([PURPOSE_PROFILE], yes))).toBe("INVALID_ARGUMENT exchange_purposes_missing");
  need(await answer([PURPOSE_PERSONALIZATION, PURPOSE_PROFILE], yes));
  const given = await until(async () => {
    const told = await decide();
    return told.offer === undefined ? undefined : told;
  }, "what was promised, on the same cart");
  expect(given).toMatchObject({ offer: { campaignId, faceValue: eur(850) }, consentExchange: undefined });
  expect((await decide({ requestId: "again", cart: OTHER_CART })).offer?.offerId).toBe(given.offer?.offerId);

  const { exchangeProblem } = need(await answer([], { ...yes, accepted: false }));
  expect(exchangeProblem).toMatchObject({ reason: "exchange_answered", field: "exchange.accepted" });
  const later = await decide({ requestId: "later", cart: NEW_CART });
  expect([later.offer?.offerId, later.consentExchange]).toEqual([given.offer?.offerId, undefined]);

  const redeemed = need(
    await shop.redeem({
      ...{ code: given.offer?.code ?? "", idempotencyKey: "k-1", orderId: "o-1", subject: { userId: USER } },
      lines: CART.lines,
      shipping: CART.shipping,
    }),
  );
  expect(redeemed.discount).toEqual(eur(850));
  const after = await decide({ requestId: "after", cart: NEW_CART });
  expect([after.offer, after.consentExchange]).toEqual([undefined, undefined]);

  need(await answer([PURPOSE_PERSONALIZATION, PURPOSE_PROFILE]));
  const back = await decide({ requestId: "back", cart: NEW_CART });
  expect([back.offer, back.consentExchange]).toEqual([undefined, undefined]);

  const get = shop.subjects.getSubject.bind(shop.subjects);
  const known = need(await callUnary(get, { subject: { userId: USER, anonymousId: "" } }, { timeoutMs: 15_000 }));
  expect(known.exchanges).toMatchObject([yes]);
  const explained = need(await shop.explain(decisionId));
  expect(explained.sentences.join("\n")).toContain(
    `Consent to personalization, profile was asked for in exchange for an offer of ${campaignId}, worth 8.50 EUR`,
  );
  await shop.sees(`count() FROM decisions WHERE exchange_campaign_id = '${campaignId}'`, 1);
});

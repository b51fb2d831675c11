import type { wire } from "@leastwise/contracts";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { newFolder, serve, type Program } from "./program.js";
import { eur, line, need, refusalOf, Shop } from "./shop.js";

// One program, one story: a cart with the shop's own coupon, somebody who forges, and which offers should apply.

/** A shopper gets an offer with a chance of about a quarter: so many without one do not happen. */
const ASKED_MAX = 120;
const LINES = [line("p-coat", 1, 12_000), line("p-scarf", 2, 2_500)];
const COUPON = {
  offerId: "welcome",
  kind: { $case: "cartPercent" as const, value: { percentBp: 2_000 } },
  partnerShareBp: 2_500,
};

let program: Program;
let shop: Shop;
let granted: { readonly user: string; readonly offer: wire.Offer };

beforeAll(async () => {
  program = await serve(newFolder());
  shop = new Shop(program.ports);
}, 60_000);

afterAll(() => {
  shop.close();
});

const decide = (user: string, offers: wire.DeepPartial<wire.StackOffer>[], requestId = "") =>
  shop.decide({ requestId, subject: { userId: user }, cart: { lines: LINES, shipping: eur(495), offers } });

describe("a cart with the shop's coupon", () => {
  it("is decided on as the coupon leaves it: nothing goes beyond the largest discount together with it", async () => {
    for (let n = 0; n < ASKED_MAX && (granted as unknown) === undefined; n += 1) {
      const user = `stacker-${n}`;
      const { decisionId, offer } = need(await decide(user, [COUPON]));
      const { record } = need(await shop.explain(decisionId));
      expect(record?.cart?.offers).toMatchObject([{ offerId: "welcome", partnerShareBp: 2_500 }]);
      // 30 % is the most, and the coupon takes 20: ten per cent of what is left fits.
      for (const { incentive, faceValue, blockedBy } of record?.candidates ?? [])
        if (incentive?.kind?.$case === "percentOff" && blockedBy === "")
          expect(faceValue).toEqual(eur(Math.round((13_600 * incentive.kind.value.percentBp) / 10_000)));
      if (offer !== undefined) granted = { user, offer };
    }
    expect(granted).toBeDefined();
  }, 60_000);

  it("gives nothing beside one of its own stacking group", async () => {
    const { decisionId, offer } = need(await decide("grouped-1", [{ ...COUPON, group: "checkout" }]));
    expect(offer).toBeUndefined();
    const { record } = need(await shop.explain(decisionId));
    expect(new Set(record?.candidates.slice(1).map(({ blockedBy }) => blockedBy))).toEqual(new Set(["stacking_group"]));
  });
});

describe("a counterfeit", () => {
  it("is refused with its reason, and counted", async () => {
    const { user, offer } = granted;
    const ours = { offerId: "ours", code: offer.code };
    const kind = { $case: "cartAmount" as const, value: { amount: eur(9_000) } };
    expect(need(await decide(user, [COUPON, ours])).offer?.code).toBe(offer.code);
    expect(refusalOf(await decide("somebody-else", [ours]))).toBe("INVALID_ARGUMENT foreign_subject");
    expect(refusalOf(await decide(user, [{ ...ours, kind }]))).toBe("INVALID_ARGUMENT terms_edited");
    const best = { subject: { userId: "somebody-else" }, lines: LINES, objective: SHOPPER, offers: [ours] };
    expect(refusalOf(await shop.bestStack(best))).toBe("INVALID_ARGUMENT foreign_subject");
    const redeemed = await shop.redeem({
      ...{ code: offer.code, subject: { userId: user }, lines: LINES, shipping: eur(495) },
      ...{ orderId: "stacked-1", idempotencyKey: "stacked-1" },
    });
    need(redeemed);
    expect(refusalOf(await decide(user, [ours], "after-the-order"))).toBe("INVALID_ARGUMENT offer_redeemed");
    const metric = "leastwise_counterfeit_stacks_total";
    expect(await shop.metric(metric, { method: "Decide" })).toBe(3);
    expect(await shop.metric(metric, { method: "BestStack", reason: "foreign_subject" })).toBe(1);
  });
});

describe("BestStack", () => {
  it("says which of the offers apply, in order, and why not the others", async () => {
    const offers = [
      { ...COUPON, group: "checkout" },
      { offerId: "ten", kind: { $case: "cartAmount" as const, value: { amount: eur(1_000) } }, group: "checkout" },
      { offerId: "card", kind: { $case: "paymentPercent" as const, value: { percentBp: 500 } } },
    ];
    const asked = { lines: LINES, shipping: eur(495), offers };
    const forShopper = need(await shop.bestStack({ ...asked, objective: SHOPPER }));
    expect(forShopper).toMatchObject({
      applied: [
        { offerId: "welcome", gain: eur(3_400), cost: eur(2_550) },
        { offerId: "card", gain: eur(705) },
      ],
      leftOut: [{ offerId: "ten", reason: "group_taken", by: "welcome" }],
      ...{ gain: eur(4_105), toPay: eur(13_390), exact: true },
    });
    const objective = { $case: "merchantCost" as const, value: { gainMin: eur(900) } };
    expect(need(await shop.bestStack({ ...asked, objective })).applied.map(({ offerId }) => offerId)).toEqual(["ten"]);
  });
});

const SHOPPER = { $case: "shopperGain" as const, value: {} };

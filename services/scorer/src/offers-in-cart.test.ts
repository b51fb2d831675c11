import type { wire } from "@leastwise/contracts";
import type { Millis } from "@leastwise/vocabulary";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { applied, euros, NOON, percentages } from "./given/records.js";
import { checkout, counted, givenLog, openShop, recordOf, type GivenLog, type Shop } from "./given/shop.js";

let given: GivenLog;
let shop: Shop;

beforeEach(async () => {
  given = await givenLog();
  const [autumn] = percentages().campaigns;
  const campaigns = [{ ...autumn, stackingGroup: "checkout" }];
  await given.log.append([
    applied(percentages({ campaigns, stackingGroups: [{ name: "checkout" }, { name: "bank" }] })),
  ]);
  shop = await openShop(given.log);
});

afterEach(async () => {
  await shop.close();
  await given.end();
});

const SHOE = { productId: "shoe", quantity: 1n, unitPrice: euros(10_000) };
const coupon = (changes: wire.DeepPartial<wire.StackOffer> = {}): wire.DeepPartial<wire.StackOffer> => ({
  offerId: "coupon",
  kind: { $case: "cartPercent", value: { percentBp: 2_000 } },
  ...changes,
});
const withOffers = (...offers: wire.DeepPartial<wire.StackOffer>[]) => ({ cart: { lines: [SHOE], offers } });

function asked(fields: wire.DeepPartial<wire.DecideRequest>) {
  return shop.decider.decide(checkout(fields), undefined);
}

async function answered(fields: wire.DeepPartial<wire.DecideRequest>): Promise<wire.DecideResponse> {
  const answer = await asked(fields);
  if (!answer.ok) throw new Error(`${answer.error.reason} at ${answer.error.field}`);
  return answer.value;
}

async function refused(fields: wire.DeepPartial<wire.DecideRequest>): Promise<string> {
  const answer = await asked(fields);
  return answer.ok ? "answered" : `${answer.error.reason} at ${answer.error.field}`;
}

describe("Decide with offers in the cart", () => {
  it("values ours among them, and the record holds what came", async () => {
    const answer = await answered(withOffers(coupon({ partnerShareBp: 5_000, group: "bank" })));
    const record = await recordOf(given.log, answer.decisionId);
    expect(record.cart?.offers).toMatchObject([{ offerId: "coupon", partnerShareBp: 5_000, group: "bank" }]);
    expect(record.candidates.slice(1).map(({ faceValue }) => faceValue)).toEqual([euros(400), euros(800)]);
  });

  it("takes a code of the shopper's own as it was issued, said in full or by its code alone", async () => {
    const { offer, decisionId } = await answered({});
    const record = await recordOf(given.log, decisionId);
    const issued = record.candidates[record.chosen];
    if (issued?.incentive?.kind?.$case !== "percentOff") throw new Error("a percentage is given");
    const kind = { $case: "cartPercent" as const, value: { percentBp: issued.incentive.kind.value.percentBp } };
    const alone = await answered(withOffers({ offerId: "ours", code: offer!.code }));
    expect(alone.offer).toEqual(offer);
    const inFull = withOffers({ offerId: "ours", code: offer!.code.toLowerCase(), group: "checkout", kind });
    expect((await answered({ ...inFull, requestId: "r-2" })).offer).toEqual(offer);
  });

  it("refuses a counterfeit stack with its reason, counts it, and records nothing", async () => {
    const { offer } = await answered({ requestId: "r-1" });
    const ours = { offerId: "ours", code: offer!.code };
    const kind = { $case: "cartPercent" as const, value: { percentBp: 9_000 } };
    const bob = { subject: { userId: "bob" }, sessionId: "visit-2" };
    expect(await refused(withOffers({ offerId: "x", code: "0000-0000-0000-0001" }))).toBe(
      "unknown_code at cart.offers[0].code",
    );
    expect(await refused({ ...bob, ...withOffers(coupon(), ours) })).toBe("foreign_subject at cart.offers[1].code");
    expect(await refused(withOffers({ ...ours, kind }))).toBe("terms_edited at cart.offers[0].kind");
    expect(await refused(withOffers({ ...ours, partnerShareBp: 5_000 }))).toBe(
      "terms_edited at cart.offers[0].partner_share_bp",
    );
    expect(await refused(withOffers(ours, { ...ours, offerId: "again" }))).toBe("code_twice at cart.offers[1].code");
    expect(await refused(withOffers(coupon({ group: "nobody's" })))).toBe("unknown_group at cart.offers");
    expect(await refused(withOffers(coupon({ group: "bank" }), coupon({ group: "bank", offerId: "b" })))).toBe(
      "group_twice at cart.offers",
    );
    expect(await refused(withOffers(coupon({ group: "checkout" }), ours))).toBe("group_twice at cart.offers");
    shop.time.nowMs = (NOON + 3 * 3_600_000) as Millis;
    expect(await refused(withOffers(ours))).toBe("offer_expired at cart.offers[0].code");
    const metric = "leastwise_counterfeit_stacks_total";
    expect(await counted(shop.telemetry, metric, 'method="Decide"', 'reason="terms_edited"')).toBe(2);
    expect(await counted(shop.telemetry, metric, 'method="Decide"', 'reason="group_twice"')).toBe(2);
    expect(await counted(shop.telemetry, metric)).toBe(9);
    expect(await counted(shop.telemetry, "leastwise_decisions_total")).toBe(1);
  });

  it("gives the same answer for the same request id, also when its code is over since", async () => {
    const { offer } = await answered({ requestId: "r-1" });
    const again = { requestId: "r-2", ...withOffers({ offerId: "ours", code: offer!.code }) };
    const first = await answered(again);
    shop.time.nowMs = (NOON + 3 * 3_600_000) as Millis;
    expect(await answered(again)).toEqual(first);
  });

  it("refuses terms that were edited, also on a cart that was answered before with the same code", async () => {
    const { offer } = await answered({ requestId: "r-1" });
    const ours = { offerId: "ours", code: offer!.code };
    const kind = { $case: "cartPercent" as const, value: { percentBp: 9_000 } };
    await answered(withOffers(ours));
    expect(await refused(withOffers({ ...ours, kind }))).toBe("terms_edited at cart.offers[0].kind");
  });
});

import { describe, expect, it } from "@jest/globals";
import { readStackOffers, stackOfferToWire } from "./stack-offers.js";
import * as wire from "./wire.js";

const EUR = (minor: bigint) => ({ minor, currency: "EUR" });
const percent = (percentBp: number): wire.DeepPartial<wire.StackOffer> => ({
  offerId: "coupon",
  kind: { $case: "cartPercent", value: { percentBp } },
});
const amount = (minor: bigint, currency = "EUR"): wire.DeepPartial<wire.StackOffer> => ({
  offerId: "coupon",
  kind: { $case: "cartAmount", value: { amount: { minor, currency } } },
});
const tiers = (...minimums: bigint[]): wire.DeepPartial<wire.StackOffer> => ({
  offerId: "back",
  kind: {
    $case: "cashbackTiers",
    value: { tiers: minimums.map((minimum) => ({ minimum: EUR(minimum), cashbackBp: 100 })) },
  },
});
const read = (...offers: wire.DeepPartial<wire.StackOffer>[]) =>
  readStackOffers(
    offers.map((offer) => wire.StackOffer.fromPartial(offer)),
    "cart",
    { currency: "EUR" },
  );

const KINDS: readonly wire.StackOffer["kind"][] = [
  { $case: "itemPercent", value: { percentBp: 500, productIds: ["shoe"] } },
  { $case: "itemAmount", value: { amount: EUR(100n), productIds: [] } },
  { $case: "cartPercent", value: { percentBp: 500, maximum: EUR(900n), productIds: [] } },
  { $case: "cartAmount", value: { amount: EUR(700n), productIds: ["sock"] } },
  { $case: "shippingOff", value: { maximum: undefined } },
  { $case: "paymentPercent", value: { percentBp: 300, maximum: EUR(0n) } },
  { $case: "cashbackTiers", value: { tiers: [{ minimum: EUR(5_000n), cashbackBp: 200 }] } },
  { $case: "creditLater", value: { amount: EUR(250n) } },
];

describe("offers of a cart", () => {
  it.each(KINDS.map((kind) => [kind!.$case, kind] as const))("are read and written: %s", (_name, kind) => {
    const whole = { offerId: "o", kind, priority: -3, group: "coupons", minBasket: EUR(1_000n), partnerShareBp: 2_500 };
    const offer = wire.StackOffer.fromPartial(whole);
    const answer = readStackOffers([offer], "cart", { currency: "EUR" });
    if (!answer.ok) throw new Error(answer.error.reason);
    const [one] = answer.value.offers;
    expect(one).toMatchObject({
      id: "o",
      priority: -3,
      group: "coupons",
      minBasketMinor: 1_000,
      partnerShareBp: 2_500,
    });
    expect(stackOfferToWire(one!, "EUR" as Parameters<typeof stackOfferToWire>[1])).toEqual(offer);
  });

  it("of ours are told from the others by their code, and need not say what they give", () => {
    expect(read({ offerId: "ours", code: "M7Q0" })).toMatchObject({
      ok: true,
      value: { offers: [], claims: [{ id: "ours", code: "M7Q0", field: "cart.offers[0]" }] },
    });
  });

  it.each<[string, wire.DeepPartial<wire.StackOffer>[], string]>([
    ["65 offers", Array.from({ length: 65 }, () => percent(1)), "too_many_offers at cart.offers"],
    ["no id", [{ ...percent(1), offerId: "" }], "id_missing at cart.offers[0].offer_id"],
    ["an id twice", [percent(1), amount(1n)], "duplicate_id at cart.offers[1].offer_id"],
    ["no kind, or one that is not known", [{ offerId: "x" }], "kind_missing at cart.offers[0]"],
    ["more than all", [percent(10_001)], "percent_out_of_range at cart.offers[0].cart_percent.percent_bp"],
    ["less than nothing", [percent(-1)], "percent_out_of_range at cart.offers[0].cart_percent.percent_bp"],
    ["a negative amount", [amount(-1n)], "negative_amount at cart.offers[0].cart_amount.amount.minor"],
    [
      "no amount",
      [{ offerId: "x", kind: { $case: "creditLater", value: {} } }],
      "amount_missing at cart.offers[0].credit_later.amount",
    ],
    ["another currency", [amount(1n, "USD")], "mixed_currencies at cart.offers[0].cart_amount.amount.currency"],
    [
      "amounts beyond 2^53",
      [amount(2n ** 53n - 1n), { ...amount(1n), offerId: "y" }],
      "amount_out_of_range at cart.offers",
    ],
    [
      "a share above all",
      [{ ...percent(1), partnerShareBp: 10_001 }],
      "share_out_of_range at cart.offers[0].partner_share_bp",
    ],
    ["a priority beyond", [{ ...percent(1), priority: 1_000_001 }], "priority_out_of_range at cart.offers[0].priority"],
    [
      "a negative minimum",
      [{ ...percent(1), minBasket: EUR(-1n) }],
      "negative_amount at cart.offers[0].min_basket.minor",
    ],
    ["no tier", [tiers()], "tiers_invalid at cart.offers[0].cashback_tiers.tiers"],
    [
      "tiers that do not ascend",
      [tiers(5n, 5n)],
      "tiers_invalid at cart.offers[0].cashback_tiers.tiers[1].minimum.minor",
    ],
    [
      "an empty product",
      [{ offerId: "x", kind: { $case: "itemPercent", value: { percentBp: 1, productIds: [""] } } }],
      "id_missing at cart.offers[0].item_percent.product_ids[0]",
    ],
    ["a group's name too long", [{ ...percent(1), group: "g".repeat(65) }], "text_too_long at cart.offers[0].group"],
  ])("with %s are refused", (_name, offers, expected) => {
    const answer = read(...offers);
    expect(answer.ok ? "read" : `${answer.error.reason} at ${answer.error.field}`).toBe(expected);
  });
});

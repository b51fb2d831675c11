import { describe, expect, it } from "@jest/globals";
import type { Incentive } from "@leastwise/offers";
import type { Millis } from "@leastwise/vocabulary";
import { EUR, NOON } from "../given/store.js";
import type { IssuedOffer } from "../state/decision-state.js";
import { sayOffer, wordsOf } from "./incentive-words.js";

const eur = (minor: number) => ({ minor, currency: EUR });
const ON = { goodsMinor: 100_000, shippingMinor: 990, rounding: "half_even" } as const;

const said = (incentive: Incentive, faceValueMinor: number, wantedMinor?: number) => {
  const offer: IssuedOffer = {
    ...{ offerId: "o", code: "", campaignId: "autumn", incentive, currency: EUR, faceValueMinor },
    ...(wantedMinor === undefined ? {} : { wantedMinor }),
    ...{ issuedAtMs: NOON, expiresAtMs: (NOON + 1) as Millis },
  };
  return ["en-GB", "de"].map((language) => sayOffer(offer, wordsOf(language), ON));
};

const eight = { kind: "percent_off", percentBp: 850 } as const;
const sepa = { kind: "payment_discount", method: "sepa", percentBp: 300 } as const;
const scope = { productIds: ["shoe"], categories: [], brands: [] };
const buy2get1 = { kind: "buy_x_get_y", buy: 2, get: 1, percentBp: 10_000, setsMax: 1 } as const;
const cashback: Incentive = {
  kind: "tiered_cashback",
  tiers: [
    { cartMin: eur(0), cashbackBp: 100 },
    { cartMin: eur(5_000), cashbackBp: 250 },
  ],
};

type Case = readonly [
  what: string,
  english: string,
  german: string,
  Incentive,
  faceMinor: number,
  wantedMinor?: number,
];

const CASES: readonly Case[] = [
  ["a share of all goods", "8.5 % off", "8,5 % Rabatt", eight, 8_500],
  [
    "a share at its maximum",
    "8.5 % off, up to 40.00 EUR",
    "8,5 % Rabatt, höchstens 40,00 EUR",
    { ...eight, maximum: eur(4_000) },
    4_000,
    8_500,
  ],
  [
    "a share below its maximum",
    "8.5 % off, up to 100.00 EUR",
    "8,5 % Rabatt, höchstens 100,00 EUR",
    { ...eight, maximum: eur(10_000) },
    8_500,
  ],
  ["a share of some goods", "11.90 EUR off", "11,90 EUR Rabatt", { ...eight, scope }, 1_190],
  ["a share of all goods that are in scope", "8.5 % off", "8,5 % Rabatt", { ...eight, scope }, 8_500],
  [
    "a share that something else stops before its maximum",
    "11.90 EUR off",
    "11,90 EUR Rabatt",
    { ...eight, maximum: eur(4_000) },
    1_190,
    8_500,
  ],
  [
    "an amount from a minimum on",
    "5.00 EUR off from 50.00 EUR on",
    "5,00 EUR Rabatt ab 50,00 EUR Warenwert",
    { kind: "amount_off", amount: eur(500), cartMin: eur(5_000) },
    500,
  ],
  [
    "an amount for each unit",
    "15.00 EUR off",
    "15,00 EUR Rabatt",
    { kind: "amount_off", amount: eur(500), per: "unit" },
    1_500,
  ],
  [
    "an amount of which goods leave less",
    "3.00 EUR off",
    "3,00 EUR Rabatt",
    { kind: "partner_exclusive", partnerId: "p", amount: eur(500) },
    300,
    500,
  ],
  ["all the shipping", "free shipping", "kostenloser Versand", { kind: "free_shipping" }, 990],
  [
    "the shipping up to a maximum",
    "free shipping, up to 5.00 EUR",
    "kostenloser Versand, höchstens 5,00 EUR",
    { kind: "free_shipping", maximum: eur(500) },
    500,
    990,
  ],
  [
    "a part of the shipping",
    "4.00 EUR off shipping",
    "4,00 EUR Rabatt auf den Versand",
    { kind: "free_shipping", maximum: eur(500) },
    400,
    990,
  ],
  [
    "a share for paying so",
    "3 % off for paying by sepa, up to 10.00 EUR",
    "3 % Rabatt bei Zahlung mit sepa, höchstens 10,00 EUR",
    { ...sepa, maximum: eur(1_000) },
    1_000,
    3_000,
  ],
  [
    "a part of a share for paying so",
    "7.00 EUR off for paying by sepa",
    "7,00 EUR Rabatt bei Zahlung mit sepa",
    sepa,
    700,
    3_000,
  ],
  [
    "the cashback of the tier that is reached",
    "2.5 % paid back from 50.00 EUR on",
    "2,5 % zurück ab 50,00 EUR Warenwert",
    cashback,
    2_500,
  ],
  [
    "a part of a cashback",
    "1.25 EUR paid back from 50.00 EUR on",
    "1,25 EUR zurück ab 50,00 EUR Warenwert",
    cashback,
    125,
    2_500,
  ],
  ["a set", "buy 2, get 1 free", "2 kaufen, 1 gratis dazu", buy2get1, 900],
  ["a set that something shortens", "7.00 EUR off", "7,00 EUR Rabatt", buy2get1, 700, 900],
  [
    "a bundle's credit, as much as is left of it",
    "3.00 EUR off your bundle",
    "3,00 EUR Rabatt auf Ihr Set",
    { kind: "bundle_credit", productIds: ["a", "b"], amount: eur(500) },
    300,
    500,
  ],
  [
    "a credit for later",
    "2.50 EUR of loyalty credit",
    "2,50 EUR Treueguthaben",
    { kind: "loyalty_credit", amount: eur(250) },
    250,
  ],
  [
    "a gift from a minimum on",
    "a gift from 150.00 EUR on",
    "ein Geschenk ab 150,00 EUR Warenwert",
    { kind: "gift", productId: "scarf", worth: eur(2_900), cost: eur(950), cartMin: eur(15_000) },
    2_900,
  ],
];

describe("what an offer gives on a cart", () => {
  it("is said in each language, and is no more than is given", () => {
    for (const [what, english, german, incentive, faceMinor, wantedMinor] of CASES)
      expect([what, ...said(incentive, faceMinor, wantedMinor)]).toEqual([what, english, german]);
  });
});

import { expect, it } from "@jest/globals";
import type { CurrencyCode } from "@leastwise/vocabulary";
import type { CatalogRow } from "../catalog-row.js";
import type { CartGuardrails } from "../guardrails/cart-guardrails.js";
import { stackCartOf } from "./stack-floor.js";

const CART = {
  currency: "EUR" as CurrencyCode,
  lines: [{ productId: "shoe", quantity: 2, unitPriceMinor: 999 }],
  shippingMinor: 0,
};
const LIMITS: CartGuardrails = {
  floorPriceBp: 5_000,
  maxDiscountBp: 10_000,
  marginFloorBp: -10_000,
  assumedMarginBp: 5_000,
};

const floorOf = (row?: Partial<CatalogRow>, limits?: Partial<CartGuardrails>) =>
  stackCartOf(CART, [row && { productId: "shoe", ...row }], limits && { ...LIMITS, ...limits }).lines[0]
    ?.floorPriceMinor;

it("a line's floor is the catalog's, the policy's floor price or largest discount, whichever is highest", () => {
  expect(floorOf()).toBe(0);
  expect(floorOf({ floorPriceMinor: 700 })).toBe(700);
  expect(floorOf(undefined, {})).toBe(500); // 499.5, rounded up: never below the floor
  expect(floorOf({ floorPriceMinor: 700 }, {})).toBe(700);
  expect(floorOf(undefined, { maxDiscountBp: 1_000 })).toBe(900);
  expect(floorOf({ maxDiscountBp: 2_000 }, {})).toBe(800);
});

it("nothing is taken off excluded goods", () => {
  const excluded = { productIds: ["shoe"], categories: [], brands: [], excluded: true };
  expect(floorOf(undefined, { goodsLimits: [excluded] })).toBe(999);
});

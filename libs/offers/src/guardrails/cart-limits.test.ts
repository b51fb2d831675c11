import { describe, expect, it } from "@jest/globals";
import { mulDiv, type CurrencyCode } from "@leastwise/vocabulary";
import fc from "fast-check";
import { appraise, type Appraisal } from "../appraise.js";
import { goodsMinor, listPriceMinor, type Cart } from "../cart.js";
import type { CatalogRow } from "../catalog-row.js";
import type { Incentive } from "../incentive.js";
import { isNamed } from "../reach.js";
import { brokenGuardrail } from "./broken-guardrail.js";
import type { CartGuardrails, CartGuardrailReason } from "./cart-guardrails.js";
import { cartLimits } from "./cart-limits.js";
import { strictestLimit, type GoodsLimit } from "./goods-limits.js";
import { lineCostMinor } from "./margin-floor.js";

// Limits are reckoned once for a cart. Here each guardrail is written again as it is defined, line by line and limit by limit.

const EUR = "EUR" as CurrencyCode;
const bp = fc.integer({ min: 0, max: 10_000 });
const some = <T>(names: readonly T[]) => fc.subarray([...names]);

const goodsLimit: fc.Arbitrary<GoodsLimit> = fc.record({
  productIds: some(["p0", "p1", "p2"]),
  categories: some(["c0", "c1"]),
  brands: some(["b0", "b1"]),
  excluded: fc.boolean(),
  floorPriceBp: fc.option(bp, { nil: undefined }),
  maxDiscountBp: fc.option(bp, { nil: undefined }),
});
const row = (productId: string): fc.Arbitrary<CatalogRow> =>
  fc.record(
    {
      productId: fc.constant(productId),
      unitCostMinor: fc.integer({ min: 0, max: 3_000 }),
      floorPriceMinor: fc.integer({ min: 0, max: 3_000 }),
      maxDiscountBp: bp,
      category: fc.constantFrom("c0", "c1", "c2"),
      brand: fc.constantFrom("b0", "b1", "b2"),
    },
    { requiredKeys: ["productId"] },
  );
const line = fc.record(
  {
    productId: fc.constantFrom("p0", "p1", "p2", "p3"),
    quantity: fc.integer({ min: 1, max: 4 }),
    unitPriceMinor: fc.integer({ min: 0, max: 4_000 }),
    discountMinor: fc.integer({ min: 0, max: 1_000 }),
  },
  { requiredKeys: ["productId", "quantity", "unitPriceMinor"] },
);
const guarded = fc.array(line, { minLength: 1, maxLength: 4 }).chain((lines) =>
  fc.record({
    cart: fc.constant<Cart>({ currency: EUR, lines, shippingMinor: 490 }),
    rows: fc.tuple(...lines.map(({ productId }) => fc.option(row(productId), { nil: undefined }))),
    guardrails: fc.record<CartGuardrails>({
      floorPriceBp: bp,
      maxDiscountBp: bp,
      marginFloorBp: fc.integer({ min: -10_000, max: 10_000 }),
      assumedMarginBp: bp,
      cartMaxDiscountBp: fc.option(bp, { nil: undefined }),
      incentiveMaxMinor: fc.option(fc.integer({ min: 1, max: 3_000 }), { nil: undefined }),
      goodsLimits: fc.option(fc.array(goodsLimit, { maxLength: 5 }), { nil: undefined }),
    }),
  }),
);
const incentive = fc.oneof(
  fc.integer({ min: 1, max: 10_000 }).map((percentBp): Incentive => ({ kind: "percent_off", percentBp })),
  fc
    .integer({ min: 1, max: 5_000 })
    .map((minor): Incentive => ({ kind: "amount_off", amount: { minor, currency: EUR } })),
  fc.constant<Incentive>({ kind: "free_shipping" }),
);

function brokenByDefinition(
  { lines, ...cart }: Cart,
  rows: readonly (CatalogRow | undefined)[],
  given: Appraisal,
  guardrails: CartGuardrails,
): CartGuardrailReason | undefined {
  const { goodsLimits = [] } = guardrails;
  const reached = lines.flatMap((one, index) => {
    const share = given.shares[index] ?? 0;
    const named = goodsLimits.filter((limit) => isNamed(limit, one, rows[index]));
    return share === 0
      ? []
      : [{ one, share, named, row: rows[index], list: listPriceMinor(one), off: one.discountMinor ?? 0 }];
  });
  if (reached.some(({ named }) => named.some(({ excluded }) => excluded))) return "guardrail_excluded_goods";
  const isBelowFloor = reached.some(({ one, share, named, row: known, list, off }) => {
    const floorBp = Math.max(guardrails.floorPriceBp, ...named.map(({ floorPriceBp }) => floorPriceBp ?? 0));
    const floor = Math.max(mulDiv(list, floorBp, 10_000, "down"), (known?.floorPriceMinor ?? 0) * one.quantity);
    return list - off - share < floor;
  });
  if (isBelowFloor) return "guardrail_floor_price";
  const isOverMax = reached.some(({ share, named, row: known, list, off }) => {
    const limits = named.map(({ maxDiscountBp }) => maxDiscountBp ?? 10_000);
    const most = Math.min(guardrails.maxDiscountBp, known?.maxDiscountBp ?? 10_000, ...limits);
    return off + share > mulDiv(list, most, 10_000, "up");
  });
  if (isOverMax) return "guardrail_max_discount";
  const list = lines.reduce((sum, one) => sum + listPriceMinor(one), 0);
  const off = lines.reduce((sum, one) => sum + (one.discountMinor ?? 0), given.goodsMinor);
  const { cartMaxDiscountBp = Number.NaN, incentiveMaxMinor = Number.NaN } = guardrails;
  const isOverCart = given.goodsMinor > 0 && guardrails.cartMaxDiscountBp !== undefined;
  if (isOverCart && off > mulDiv(list, cartMaxDiscountBp, 10_000, "up")) return "guardrail_cart_max_discount";
  if (given.worthMinor > incentiveMaxMinor) return "guardrail_incentive_max";
  const goods = goodsMinor({ ...cart, lines });
  const cost = lines.reduce((sum, one, i) => sum + lineCostMinor(one, rows[i], guardrails.assumedMarginBp), 0);
  const isThin = (goods - cost - given.costMinor) * 10_000 < (goods - given.goodsMinor) * guardrails.marginFloorBp;
  return isThin ? "guardrail_margin_floor" : undefined;
}

describe("limits of a cart", () => {
  it("say of every incentive what the guardrails say line by line, reckoned before or with it", () => {
    fc.assert(
      fc.property(guarded, incentive, ({ cart, rows, guardrails }, offered) => {
        const appraisal = appraise(offered, cart, { rows });
        fc.pre(appraisal !== undefined);
        const broken = brokenByDefinition(cart, rows, appraisal, guardrails);
        const limits = cartLimits(cart, rows, guardrails);
        expect(brokenGuardrail({ cart, rows, appraisal, guardrails })).toBe(broken);
        expect(brokenGuardrail({ cart, rows, appraisal, guardrails, limits })).toBe(broken);
      }),
    );
  });

  it("are of the strictest of the goods' limits, looked up by product, category and brand, or of all goods", () => {
    const found = fc.option(row("p1"), { nil: undefined });
    fc.assert(
      fc.property(fc.array(goodsLimit), fc.constantFrom("p0", "p1", "p9"), found, (limits, productId, known) => {
        const named = limits.filter((limit) => isNamed(limit, { productId }, known));
        expect(strictestLimit(limits, { productId }, known)).toEqual({
          excluded: named.some(({ excluded }) => excluded),
          floorPriceBp: Math.max(0, ...named.map(({ floorPriceBp }) => floorPriceBp ?? 0)),
          maxDiscountBp: Math.min(10_000, ...named.map(({ maxDiscountBp }) => maxDiscountBp ?? 10_000)),
        });
      }),
    );
  });
});

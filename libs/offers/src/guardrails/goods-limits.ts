import type { CartLine } from "../cart.js";
import type { CatalogRow } from "../catalog-row.js";
import type { Scope } from "../incentive.js";

/** Limits of the goods that one of its lists names, beside those of all goods. */
export interface GoodsLimit extends Pick<Scope, "productIds" | "categories" | "brands"> {
  /** True: nothing is taken off them. */
  readonly excluded: boolean;
  /** Lowest price of a unit after all discounts, basis points of its price. Absent: no lower limit of its own. */
  readonly floorPriceBp?: number | undefined;
  /** Largest discount, basis points of the price. Absent: no limit of its own. */
  readonly maxDiscountBp?: number | undefined;
}

/** The strictest of all limits that name some goods. */
export interface StrictestLimit {
  /** True: nothing is taken off them. */
  readonly excluded: boolean;
  /** Lowest price of a unit, basis points of its price; 0: no limit. */
  readonly floorPriceBp: number;
  /** Largest discount, basis points of the price; 10 000: no limit. */
  readonly maxDiscountBp: number;
}

const NO_LIMIT: StrictestLimit = { excluded: false, floorPriceBp: 0, maxDiscountBp: 10_000 };

/** The strictest limit of a line's goods. Limits are looked up by the names of the line, however many of them a policy has. */
export function strictestLimit(
  limits: readonly GoodsLimit[] | undefined,
  line: Pick<CartLine, "productId">,
  row: CatalogRow | undefined,
): StrictestLimit {
  if (limits === undefined) return NO_LIMIT;
  const { everything, byProduct, byCategory, byBrand } = indexOf(limits);
  const ofProduct = stricter(everything, byProduct.get(line.productId));
  const ofCategory = row?.category === undefined ? ofProduct : stricter(ofProduct, byCategory.get(row.category));
  return row?.brand === undefined ? ofCategory : stricter(ofCategory, byBrand.get(row.brand));
}

/** Limits by what they name. */
interface LimitIndex {
  /** Of limits without a list: they name every line. */
  readonly everything: StrictestLimit;
  readonly byProduct: ReadonlyMap<string, StrictestLimit>;
  readonly byCategory: ReadonlyMap<string, StrictestLimit>;
  readonly byBrand: ReadonlyMap<string, StrictestLimit>;
}

/** A policy's limits never change, so that each list of them is indexed once. */
const INDICES = new WeakMap<readonly GoodsLimit[], LimitIndex>();

function indexOf(limits: readonly GoodsLimit[]): LimitIndex {
  const known = INDICES.get(limits);
  if (known !== undefined) return known;
  const unlisted = limits.filter(
    (limit) => limit.productIds.length + limit.categories.length + limit.brands.length === 0,
  );
  const index = {
    everything: unlisted.map(limitOf).reduce(stricter, NO_LIMIT),
    byProduct: strictestByName(limits, ({ productIds }) => productIds),
    byCategory: strictestByName(limits, ({ categories }) => categories),
    byBrand: strictestByName(limits, ({ brands }) => brands),
  };
  INDICES.set(limits, index);
  return index;
}

function strictestByName(
  limits: readonly GoodsLimit[],
  namesOf: (limit: GoodsLimit) => readonly string[],
): ReadonlyMap<string, StrictestLimit> {
  const byName = new Map<string, StrictestLimit>();
  for (const limit of limits)
    for (const name of namesOf(limit)) byName.set(name, stricter(limitOf(limit), byName.get(name)));
  return byName;
}

function limitOf({ excluded, floorPriceBp = 0, maxDiscountBp = 10_000 }: GoodsLimit): StrictestLimit {
  return { excluded, floorPriceBp, maxDiscountBp };
}

function stricter(one: StrictestLimit, other: StrictestLimit = NO_LIMIT): StrictestLimit {
  if (other === NO_LIMIT) return one;
  return {
    excluded: one.excluded || other.excluded,
    floorPriceBp: Math.max(one.floorPriceBp, other.floorPriceBp),
    maxDiscountBp: Math.min(one.maxDiscountBp, other.maxDiscountBp),
  };
}

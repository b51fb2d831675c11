import type { Scope } from "@leastwise/offers";
import type { Problems } from "./problems.js";

const PRODUCTS_MAX = 1_000;
const GROUPS_MAX = 64;
const UNITS_MAX = 1_000;

/** Lists of goods, by SKU, category or brand. */
type Goods = Pick<Scope, "productIds" | "categories" | "brands">;

/** True if at least one list names something. */
export function namesGoods({ productIds, categories, brands }: Goods): boolean {
  return productIds.length + categories.length + brands.length > 0;
}

/** Checks lists of goods: as long as they may be, each name in range and none twice. */
export function validateGoods(problems: Problems, field: string, { productIds, categories, brands }: Goods): void {
  validateNames(problems, `${field}.product_ids`, productIds, PRODUCTS_MAX, "product_repeated");
  validateNames(problems, `${field}.categories`, categories, GROUPS_MAX, "category_repeated");
  validateNames(problems, `${field}.brands`, brands, GROUPS_MAX, "brand_repeated");
}

/** Checks which units an incentive is reckoned from. */
export function validateScope(problems: Problems, field: string, scope: Scope): void {
  validateGoods(problems, field, scope);
  if (scope.units !== undefined) problems.range(`${field}.${scope.units.kind}`, scope.units.count, 1, UNITS_MAX);
}

/** Checks a scope that whole lines are in. */
export function validateLineScope(problems: Problems, field: string, scope: Scope): void {
  validateScope(problems, field, scope);
  if (scope.units !== undefined)
    problems.add(
      "units_refused",
      `${field}.${scope.units.kind}`,
      scope.units.count,
      "neither cheapest nor dearest here",
    );
}

function validateNames(
  problems: Problems,
  field: string,
  names: readonly string[],
  most: number,
  repeated: string,
): void {
  if (names.length > most) problems.add("too_many_names", field, names.length, `at most ${String(most)}`);
  for (const [index, name] of names.entries()) problems.text(`${field}[${String(index)}]`, name, 256);
  problems.unique(
    names.map((name, index) => ({ field: `${field}[${String(index)}]`, name })),
    repeated,
  );
}

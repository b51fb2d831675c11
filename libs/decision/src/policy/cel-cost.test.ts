import { describe, expect, it } from "@jest/globals";
import { parse } from "@marcbachmann/cel-js";
import { STEPS_MAX, worstSteps } from "./cel-cost.js";

const steps = (source: string) => worstSteps(parse(source).ast);
const ids = (count: number) => JSON.stringify(Array.from({ length: count }, (_, i) => `sku-${i}`));

describe("the steps of an expression", () => {
  it("are its nodes", () => {
    expect(steps("a > 2")).toBe(3);
    expect(steps('a > 2 && b == "x"')).toBe(7);
  });

  it("are those of what a comprehension holds, for each line of the largest cart", () => {
    expect(steps('cart.product_ids.exists(p, p == "x")')).toBe(3 + 4 * 1_000);
    expect(steps(`cart.product_ids.exists(p, p in ${ids(50)})`)).toBeLessThan(STEPS_MAX);
    expect(steps(`cart.product_ids.exists(p, p in ${ids(500)})`)).toBeGreaterThan(STEPS_MAX);
    expect(steps(`"x" in cart.product_ids || cart.brands.all(b, b in ${ids(20)})`)).toBeLessThan(STEPS_MAX);
  });

  it("are quadratic, and too many, where one comprehension is in another", () => {
    expect(steps("cart.product_ids.all(p, cart.brands.exists(q, q == p))")).toBeGreaterThan(STEPS_MAX);
    expect(steps('cart.product_ids.map(p, p).exists(q, q == "x")')).toBeLessThan(STEPS_MAX);
  });

  it.each(['"^[a-z]+-[0-9]+$"', '"sale"', '"(new|old)"', '"a{2,3}"'])("are few for the pattern %s", (pattern) => {
    expect(steps(`a.matches(${pattern})`)).toBeLessThan(1_000);
  });

  it.each(['"^vip"', '"vip|gold"', '"^sale-[a-z]+$"', '"a{2,3}"', '"c\\\\+\\\\+"'])(
    "are few enough for the pattern %s on each brand of the largest cart",
    (pattern) => {
      expect(steps(`cart.brands.exists(b, b.matches(${pattern}))`)).toBeLessThan(STEPS_MAX);
    },
  );

  it.each(['".*sale.*"', '"[a-z]+"', '"^a.*b.*"', '"^a|b+"', '"^[ab]?[ab]?$"', '"^a{0,9}b?"'])(
    "are too many for the pattern %s on each brand of the largest cart",
    (pattern) => {
      expect(steps(`cart.brands.exists(b, b.matches(${pattern}))`)).toBeGreaterThan(STEPS_MAX);
    },
  );

  it.each([
    '"(a+)+$"',
    '"(a|a)*b"',
    '"^.*a.*b.*c$"',
    "b",
    '"(?=a)"',
    '"^[ab]?[ab]?[ab]?[ab]?$"',
    '"^a{0,9}a{0,9}a{0,9}$"',
  ])("are without end for the pattern %s", (pattern) => {
    expect(steps(`a.matches(${pattern})`)).toBe(Number.POSITIVE_INFINITY);
  });
});

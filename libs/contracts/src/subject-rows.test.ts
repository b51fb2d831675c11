import { describe, expect, it } from "@jest/globals";
import type { Result, Refusal } from "@leastwise/vocabulary";
import { readProduct, readProducts } from "./catalog.js";
import { readConsent, readProfile } from "./profile.js";
import { readSubjectRef } from "./subject-ref.js";
import * as wire from "./wire.js";

const EUR = (minor: bigint) => ({ minor, currency: "EUR" });
const say = (read: Result<unknown, Refusal>) => (read.ok ? "ok" : `${read.error.reason} at ${read.error.field}`);

describe("readSubjectRef", () => {
  it.each([
    [undefined, "id_missing at subject.anonymous_id"],
    [{}, "id_missing at subject.anonymous_id"],
    [{ userId: "x".repeat(257) }, "id_too_long at subject.user_id"],
    [{ anonymousId: "\u0000" }, "invalid_text at subject.anonymous_id"],
    [{ userId: "u" }, "ok"],
  ])("%j: %s", (ref, expected) => {
    expect(say(readSubjectRef(ref && wire.SubjectRef.fromPartial(ref)))).toBe(expected);
  });
});

describe("readProduct", () => {
  const row: wire.DeepPartial<wire.Product> = { productId: "s", price: EUR(100n) };
  it.each<[string, wire.DeepPartial<wire.Product>, string]>([
    ["a plain row", row, "ok"],
    ["no price", { productId: "s" }, "price_missing at products[0].price"],
    ["no id", { ...row, productId: "" }, "id_missing at products[0].product_id"],
    ["a negative price", { ...row, price: EUR(-1n) }, "negative_price at products[0].price.minor"],
    ["a negative cost", { ...row, unitCost: EUR(-1n) }, "negative_price at products[0].unit_cost.minor"],
    [
      "a foreign cost",
      { ...row, unitCost: { minor: 1n, currency: "USD" } },
      "mixed_currencies at products[0].unit_cost.currency",
    ],
    ["negative stock", { ...row, inventory: -1n }, "inventory_out_of_range at products[0].inventory"],
    [
      "perishing in seconds",
      { ...row, perishableUntilMs: 1_760_000_000n },
      "timestamp_out_of_range at products[0].perishable_until_ms",
    ],
    ["over 100 %", { ...row, maxDiscountBp: 10_001 }, "discount_out_of_range at products[0].max_discount_bp"],
    ["a tax below nothing", { ...row, taxBp: -1 }, "tax_out_of_range at products[0].tax_bp"],
    ["a tax over 100 %", { ...row, taxBp: 10_001 }, "tax_out_of_range at products[0].tax_bp"],
  ])("%s", (_, fields, expected) => {
    expect(say(readProduct(wire.Product.fromPartial(fields), "products[0]"))).toBe(expected);
  });

  it("keeps absent apart from 0", () => {
    const read = readProduct(wire.Product.fromPartial({ ...row, inventory: 0n }), "");
    expect(read).toMatchObject({
      ok: true,
      value: { inventory: 0, unitCostMinor: undefined, maxDiscountBp: undefined },
    });
  });

  it("takes all or none, each product once", () => {
    const product = wire.Product.fromPartial(row);
    expect(say(readProducts([]))).toBe("batch_empty at products");
    expect(say(readProducts(Array.from({ length: 1_001 }, () => product)))).toBe("batch_too_large at products");
    expect(say(readProducts([product, product]))).toBe("product_repeated at products[1].product_id");
  });
});

describe("readProfile and readConsent", () => {
  it.each<[string, wire.DeepPartial<wire.Profile>, string]>([
    ["an empty profile", {}, "ok"],
    ["29 February", { birthday: "02-29" }, "ok"],
    ["30 February", { birthday: "02-30" }, "birthday_malformed at profile.birthday"],
    ["a year of birth", { birthday: "1980-02-01" }, "birthday_malformed at profile.birthday"],
    ["65 tags", { tags: Array.from({ length: 65 }, () => "t") }, "too_many_tags at profile.tags"],
    ["a long tag", { tags: ["x".repeat(65)] }, "text_too_long at profile.tags[0]"],
    ["seconds", { customerSinceMs: 1_500_000_000n }, "timestamp_out_of_range at profile.customer_since_ms"],
  ])("%s", (_, fields, expected) => {
    expect(say(readProfile(wire.Profile.fromPartial(fields)))).toBe(expected);
  });

  it("tells of a birthday that is none how long it is, and not what it says", () => {
    const read = readProfile(wire.Profile.fromPartial({ birthday: "1980-02-01" }));
    expect(read).toMatchObject({ error: { came: "a text of 10 characters, not shown: it is personal data" } });
  });

  it("reads purposes by name and refuses one that is not said", () => {
    expect(readConsent(wire.Consent.fromPartial({ purposes: [1, 3] }))).toEqual({
      ok: true,
      value: { purposes: new Set(["personalization", "learning"]), statedAtMs: undefined },
    });
    expect(say(readConsent(wire.Consent.fromPartial({ purposes: [1, 0] })))).toBe(
      "purpose_missing at consent.purposes[1]",
    );
  });
});

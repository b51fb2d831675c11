import { TOPICS, wire } from "@leastwise/contracts";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { followCatalog, type Catalog } from "./catalog.js";
import { givenLog, NOON, put, takeBack, type GivenLog } from "./given/log.js";

let given: GivenLog;
let catalog: Catalog | undefined;

beforeEach(async () => {
  given = await givenLog();
});

afterEach(async () => {
  await catalog?.stop();
  await given.end();
});

const euros = (minor: bigint) => ({ minor, currency: "EUR" });

function row(product: wire.DeepPartial<wire.Product> & { readonly productId: string }) {
  const value = wire.CatalogRecord.encode(wire.CatalogRecord.fromPartial({ product })).finish();
  return put(TOPICS.catalog, product.productId, value);
}

describe("the catalog", () => {
  it("has the newest row of each product, as it was written and as decisions need it", async () => {
    const shoe = {
      ...{ productId: "shoe", price: euros(10_000n), unitCost: euros(3_000n), floorPrice: euros(4_000n) },
      ...{ maxDiscountBp: 2_500, inventory: 7n, perishableUntilMs: BigInt(NOON), category: "shoes", brand: "b" },
    };
    await given.log.append([row({ productId: "shoe", price: euros(1n) }), row({ productId: "sock" }), row(shoe)]);
    catalog = await followCatalog(given.log);
    expect(catalog.product("shoe")).toEqual(wire.Product.fromPartial(shoe));
    expect(catalog.row("shoe")).toEqual({
      ...{ productId: "shoe", unitCostMinor: 3_000, floorPriceMinor: 4_000, maxDiscountBp: 2_500 },
      ...{ inventory: 7, perishableUntilMs: NOON, category: "shoes" },
    });
  });

  it("keeps what is not known apart from nothing", async () => {
    const free = { productId: "free", unitCost: euros(0n), floorPrice: euros(0n), maxDiscountBp: 0, inventory: 0n };
    await given.log.append([row({ productId: "bare" }), row(free)]);
    catalog = await followCatalog(given.log);
    expect(catalog.row("bare")).toEqual({ productId: "bare" });
    expect(catalog.row("free")).toEqual({
      ...{ productId: "free", unitCostMinor: 0, floorPriceMinor: 0, maxDiscountBp: 0, inventory: 0 },
    });
  });

  it("knows nothing of a product that was never put, or taken back, nor of a row without one", async () => {
    const empty = put(
      TOPICS.catalog,
      "empty",
      wire.CatalogRecord.encode({ product: undefined, updatedAtMs: 1n }).finish(),
    );
    await given.log.append([
      row({ productId: "gone" }),
      takeBack(TOPICS.catalog, "gone"),
      empty,
      row({ productId: "x" }),
    ]);
    catalog = await followCatalog(given.log);
    for (const productId of ["gone", "empty", "unheard of"])
      expect([catalog.product(productId), catalog.row(productId)]).toEqual([undefined, undefined]);
  });
});

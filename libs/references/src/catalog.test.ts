import { TOPICS, wire } from "@leastwise/contracts";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { followCatalog, type Catalog } from "./catalog.js";
import { givenLog, NOON, put, takeBack, type GivenLog } from "./given/log.js";
import { withStrangers } from "./given/strangers.js";
import type { PassedOver } from "./passed-over.js";

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
      ...{
        maxDiscountBp: 2_500,
        inventory: 7n,
        taxBp: 700,
        perishableUntilMs: BigInt(NOON),
        category: "shoes",
        brand: "b",
      },
    };
    await given.log.append([row({ productId: "shoe", price: euros(1n) }), row({ productId: "sock" }), row(shoe)]);
    catalog = await followCatalog(given.log);
    expect(catalog.product("shoe")).toEqual(wire.Product.fromPartial(shoe));
    expect(catalog.row("shoe")).toEqual({
      ...{ productId: "shoe", unitCostMinor: 3_000, floorPriceMinor: 4_000, maxDiscountBp: 2_500 },
      ...{ inventory: 7, taxBp: 700, perishableUntilMs: NOON, category: "shoes", brand: "b" },
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

describe("what somebody else wrote onto the catalog", () => {
  it("is passed over, and it is said where it stands and what is wrong with it", async () => {
    const shoe = wire.CatalogRecord.encode(wire.CatalogRecord.fromPartial({ product: { productId: "shoe" } })).finish();
    const nameless = wire.CatalogRecord.encode(wire.CatalogRecord.fromPartial({ product: {} })).finish();
    const nothing = wire.CatalogRecord.encode({ product: undefined, updatedAtMs: 1n }).finish();
    await given.log.append([
      row({ productId: "shoe", brand: "ours" }),
      put(TOPICS.catalog, "shoe", Buffer.from([0x0a, 0xff, 0xff])),
      put(TOPICS.catalog, "shoe", nothing),
      put(TOPICS.catalog, "", nameless),
      put(TOPICS.catalog, "sku-1", shoe),
    ]);
    const told: PassedOver[] = [];
    catalog = await followCatalog(given.log, { onPassedOver: (one) => told.push(one) });
    expect(catalog.product("shoe")?.brand).toBe("ours");
    expect(told.map(({ topic, partition, offset, problem }) => [`${topic}/${partition}/${offset}`, problem])).toEqual([
      ["catalog/0/1", "premature EOF"],
      ["catalog/0/2", "product is missing"],
      ["catalog/0/3", "product.product_id is missing"],
      ["catalog/0/4", "its key is not its product.product_id"],
    ]);
  });

  it("is passed over also by whoever wants to hear nothing of it, and following goes on", async () => {
    await given.log.append([put(TOPICS.catalog, "x", Buffer.from("stranger")), row({ productId: "shoe" })]);
    catalog = await followCatalog(given.log);
    expect(catalog.row("shoe")).toEqual({ productId: "shoe" });
  });

  it("changes nothing, wherever it stands", async () => {
    const own = [
      row({ productId: "shoe", brand: "old" }),
      row({ productId: "sock" }),
      takeBack(TOPICS.catalog, "sock"),
      row({ productId: "shoe", brand: "new" }),
      row({ productId: "hat" }),
    ];
    const mixes = withStrangers(TOPICS.catalog, own, ["shoe", "sock", "hat"]);
    await fc.assert(
      fc.asyncProperty(mixes, async ({ records, strangers }) => {
        const mixed = await givenLog();
        await mixed.log.append(records);
        let passedOver = 0;
        const followed = await followCatalog(mixed.log, { onPassedOver: () => (passedOver += 1) });
        const kept = ["shoe", "sock", "hat"].map((id) => followed.product(id)?.brand);
        await followed.stop();
        await mixed.end();
        expect([kept, passedOver]).toEqual([["new", undefined, ""], strangers]);
      }),
      { numRuns: 25 },
    );
  });
});

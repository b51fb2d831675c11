import { checkId, readProducts, remarksOf, TOPICS, wire } from "@leastwise/contracts";
import type { EventLog } from "@leastwise/eventlog";
import type { Catalog, Policies } from "@leastwise/references";
import { defineService, invalidArgument, refuse, type RpcService } from "@leastwise/rpc";
import { err, ok, refusal, type Clock } from "@leastwise/vocabulary";
import { writeRecords } from "./write-record.js";

export interface CatalogServiceOptions {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly catalog: Catalog;
  /** Of the policy in force: it says whether prices have tax in them, and at which rate. */
  readonly policies: Pick<Policies, "active">;
}

/** Keeps the shop's products on the topic `catalog`. */
export function catalogService({ log, clock, catalog, policies }: CatalogServiceOptions): RpcService {
  return defineService(wire.CatalogServiceService, {
    putProducts: async ({ products }) => {
      const read = readProducts(products);
      if (!read.ok) return err(invalidArgument(read.error));
      const updatedAtMs = BigInt(clock.nowMs());
      const records = products.map((product) => ({
        key: product.productId,
        value: wire.CatalogRecord.encode({ product, updatedAtMs }).finish(),
      }));
      const written = await writeRecords(log, clock, TOPICS.catalog, records);
      if (!written.ok) return written;
      const priceTax = policies.active()?.compiled.guardrails.cart.priceTax;
      const remarks = products.flatMap((product) =>
        remarksOf(product, priceTax).map((reason) => ({ productId: product.productId, reason })),
      );
      return ok({ kept: products.length, remarks });
    },
    getProduct: ({ productId }) => {
      const refused = checkId(productId, "", "product_id");
      if (refused !== undefined) return Promise.resolve(err(invalidArgument(refused)));
      const product = catalog.product(productId);
      if (product !== undefined) return Promise.resolve(ok({ product }));
      const unknown = refusal("unknown_product", "product_id", productId, "a product that was put");
      return Promise.resolve(err(refuse("NOT_FOUND", unknown)));
    },
  });
}

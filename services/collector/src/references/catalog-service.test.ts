import { CLICKSTREAM_RETENTION_MIN_MS, topicPlan, wire } from "@leastwise/contracts";
import { openEmbeddedLog, type EventLog } from "@leastwise/eventlog";
import { compileWritten, followCatalog, type Catalog, type PolicyInForce } from "@leastwise/references";
import { callUnary, connect, startRpcServer, type RpcServer } from "@leastwise/rpc";
import type { Millis } from "@leastwise/vocabulary";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { catalogService } from "./catalog-service.js";

let directory: string;
let log: EventLog;
let catalog: Catalog;
let inForce: PolicyInForce | undefined;
let server: RpcServer;
let client: InstanceType<typeof wire.CatalogServiceClient>;

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "catalog-"));
  log = await openEmbeddedLog({ directory, mapSizeBytes: 64 * 1024 * 1024 });
  await log.ensureTopics(topicPlan(1, CLICKSTREAM_RETENTION_MIN_MS));
  catalog = await followCatalog(log);
  const clock = { nowMs: () => Date.UTC(2026, 10, 23, 12) as Millis };
  inForce = undefined;
  const services = [catalogService({ log, clock, catalog, policies: { active: () => inForce } })];
  const started = await startRpcServer({ host: "127.0.0.1", port: 0, services });
  if (!started.ok) throw new Error(started.error.reason);
  server = started.value;
  client = connect(wire.CatalogServiceClient, `127.0.0.1:${server.port}`);
});

afterEach(async () => {
  client.close();
  await server.drain(0);
  await catalog.stop();
  await log.close();
  await rm(directory, { recursive: true });
});

const euros = (minor: number) => ({ minor: BigInt(minor), currency: "EUR" });
const put = (...products: wire.DeepPartial<wire.Product>[]) =>
  callUnary(client.putProducts.bind(client), wire.PutProductsRequest.fromPartial({ products }));

describe("rows of the catalog", () => {
  it("are kept, and what of them is worth a look is said", async () => {
    const answer = await put(
      { productId: "sound", price: euros(1_000), unitCost: euros(400) },
      { productId: "given-away", price: euros(1_000), unitCost: euros(1_001), floorPrice: euros(1_100) },
      { productId: "unknown", price: euros(1_000) },
    );
    expect(answer).toEqual({
      ok: true,
      value: {
        kept: 3,
        remarks: [
          { productId: "given-away", reason: "cost_above_price" },
          { productId: "given-away", reason: "floor_above_price" },
          { productId: "unknown", reason: "cost_missing" },
        ],
      },
    });
  });

  it("cost more than they bring where the tax in their prices, by the policy in force or their own, leaves less", async () => {
    const policy = wire.Policy.fromPartial({
      ...{ version: "v", author: "a", reason: "r", currency: "EUR", guardrails: {} },
      ...{ prices: wire.PriceBasis.PRICE_BASIS_WITH_TAX, taxBp: 1_900 },
    });
    const compiled = compileWritten(policy);
    if (!compiled.ok) throw new Error(JSON.stringify(compiled.error));
    const rows = [
      { productId: "at-cost", price: euros(1_190), unitCost: euros(1_000) },
      { productId: "below", price: euros(1_190), unitCost: euros(1_001) },
      { productId: "reduced", price: euros(1_190), unitCost: euros(1_001), taxBp: 700 },
    ];
    expect(await put(...rows)).toMatchObject({ value: { remarks: [] } });
    inForce = { compiled: compiled.value, written: wire.PolicyRecord.fromPartial({ policy }) };
    expect(await put(...rows)).toMatchObject({
      value: { remarks: [{ productId: "below", reason: "cost_above_price" }] },
    });
  });

  it("are refused where stock is negative, and nothing of the call is kept", async () => {
    const answer = await put({ productId: "a", price: euros(1) }, { productId: "b", price: euros(1), inventory: -1n });
    expect(answer).toMatchObject({
      ok: false,
      error: { reason: "inventory_out_of_range", field: "products[1].inventory" },
    });
    expect(catalog.product("a")).toBeUndefined();
  });
});

import { startRpcServer } from "@leastwise/rpc";
import { routedDecisionService, Router, type PartitionMap, type PartitionOwner } from "@leastwise/scorer";
import { createTelemetry } from "@leastwise/telemetry";
import type { FromScorer, ToScorer } from "./routing-messages.js";
import { openShop, PARTITIONS } from "./shop.js";

/** One of the scorers of `routing`: its ledger on an embedded log of its own, its map as the parent says. */
class ToldMap implements PartitionMap {
  readonly partitionCount = PARTITIONS;
  ownAddress = "";
  version = 0;
  #owners: readonly PartitionOwner[] = [];
  readonly #listeners = new Set<() => void>();

  ownerOf(partition: number): PartitionOwner | undefined {
    return this.#owners[partition];
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  become(addresses: readonly string[]): void {
    this.version += 1;
    this.#owners = addresses.map((address) => ({ address, epoch: this.version }));
    for (const listener of this.#listeners) listener();
  }
}

const shop = await openShop();
const { decider, recent } = shop;
const telemetry = createTelemetry({ service: "scorer", version: "bench", logLevel: "warn", pretty: false });
const map = new ToldMap();
const router = new Router({ map, telemetry, wallNowMs: () => Date.now(), marginMs: 5 });
// Answers that are late are late in the figures, not degraded away from them.
const service = routedDecisionService({ decider, recent, router, budgetMs: 10_000 });
const opened = await startRpcServer({ host: "127.0.0.1", port: 0, services: [service] });
if (!opened.ok) throw new Error(opened.error.reason);
const server = opened.value;
map.ownAddress = `127.0.0.1:${server.port}`;
tell({ kind: "ready", address: map.ownAddress, partitions: PARTITIONS });

process.on("message", (message: ToScorer) => {
  switch (message.kind) {
    case "map":
      map.become(message.owners);
      tell({ kind: "mapped" });
      return;
    case "count":
      void passedOn().then((count) => {
        tell({ kind: "count", passedOn: count });
      });
      return;
    case "end":
      void end();
  }
});

// Whoever asked is gone: a scorer that nobody ends must not stay.
process.on("disconnect", () => {
  process.exit();
});

async function passedOn(): Promise<number> {
  const lines = (await telemetry.render()).split("\n");
  return lines
    .filter((line) => line.startsWith("leastwise_forwarded_calls_total{"))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
}

async function end(): Promise<void> {
  router.close();
  await server.drain(1_000);
  await shop.close();
  telemetry.close();
  process.disconnect();
}

function tell(message: FromScorer): void {
  process.send?.(message);
}

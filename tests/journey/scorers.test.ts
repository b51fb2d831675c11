import { wire } from "@leastwise/contracts";
import { connect } from "@leastwise/rpc";
import { startBroker, type TestBroker } from "@leastwise/testkit";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import path from "node:path";
import { newFolder, startProgram, type Program } from "./program.js";
import { CART, need, refusalOf, Shop } from "./shop.js";
import { until } from "./until.js";

// Several scorers on one cluster: each answers for everybody, and none of them is missed when it goes.

const data = newFolder();
const programs: Program[] = [];
let broker: TestBroker;
let collector: Program;
let scorers: Program[];

beforeAll(async () => {
  broker = await startBroker();
  // Whoever starts first makes the topics.
  collector = await start("collector", 0);
  scorers = await Promise.all([start("scorer", 1), start("scorer", 2)]);
}, 180_000);

afterAll(async () => {
  await Promise.all(programs.map((program) => program.kill()));
  await (broker as TestBroker | undefined)?.stop();
}, 60_000);

async function start(role: "collector" | "scorer", number: number): Promise<Program> {
  const program = await startProgram({
    args: [role],
    env: {
      LEASTWISE_LOG__ADAPTER: "kafka",
      LEASTWISE_LOG__BROKERS: broker.brokers.join(","),
      LEASTWISE_LOG__SESSION_TIMEOUT_MS: "6000",
      LEASTWISE_SUBJECTS__KEY: "5e".repeat(32),
      LEASTWISE_CODES__KEY: "c0".repeat(32),
      LEASTWISE_DATA_DIRECTORY: path.join(data, `${role}-${number}`),
      LEASTWISE_SCORER__STANDBYS: "1",
    },
  });
  programs.push(program);
  return program;
}

function shopAt(scorer: Program): Shop {
  return new Shop({ ...scorer.ports, http: collector.ports.http! }, collector.ports.rpc);
}

const addressOf = ({ ports }: Program) => `127.0.0.1:${String(ports.rpc)}`;

/** How many partitions each address answers for, as a scorer tells those who watch. */
async function sharesAt(scorer: Program): Promise<Record<string, number>> {
  const client = connect(wire.RoutingServiceClient, addressOf(scorer));
  const stream = client.watchPartitions({});
  try {
    const map = await new Promise<wire.PartitionMap>((resolve, reject) => {
      stream.on("data", resolve);
      stream.on("error", reject);
    });
    const shares: Record<string, number> = {};
    for (const { address } of map.owners) shares[address] = (shares[address] ?? 0) + 1;
    return shares;
  } finally {
    stream.on("error", () => undefined);
    stream.cancel();
    client.close();
  }
}

async function untilShared(at: Program, shares: Record<string, number>): Promise<void> {
  await until(
    async () => {
      const seen = JSON.stringify(Object.entries(await sharesAt(at)).sort());
      return seen === JSON.stringify(Object.entries(shares).sort()) ? true : undefined;
    },
    `shares ${JSON.stringify(shares)}`,
    40_000,
  );
}

const asked = (user: string, requestId: string) => ({
  requestId,
  caller: "scorers",
  subject: { userId: user },
  cart: CART,
});

const users = Array.from({ length: 40 }, (_, n) => `user-${n}`);
let granted: { readonly user: string; readonly offer: wire.Offer };

/** Asks for each user, and tells how the answers are. */
async function freshnessOf(shop: Shop, round: string): Promise<readonly string[]> {
  const answers = await Promise.all(
    users.map(async (user) => need(await shop.decide(asked(user, `${round}-${user}`)))),
  );
  return answers.map(({ freshness, degradedReason }) => `${String(freshness)}${degradedReason}`);
}

const fresh = users.map(() => String(wire.Freshness.FRESHNESS_FRESH));

describe("two scorers on one cluster", () => {
  it("share the partitions, and say so to whoever watches", async () => {
    const [first, second] = scorers as [Program, Program];
    const shares = { [addressOf(first)]: 2, [addressOf(second)]: 2 };
    await untilShared(first, shares);
    await untilShared(second, shares);
  }, 60_000);

  it("answer for each other's shoppers, with the same answer", async () => {
    const [first, second] = scorers.map(shopAt) as [Shop, Shop];
    for (const user of users) {
      const here = need(await first.decide(asked(user, `same-${user}`)));
      const there = need(await second.decide(asked(user, `same-${user}`)));
      expect(there).toEqual(here);
      expect(here.freshness).toBe(wire.Freshness.FRESHNESS_FRESH);
      if (here.offer !== undefined && (granted as unknown) === undefined) granted = { user, offer: here.offer };
    }
    expect(granted).toBeDefined();
    first.close();
    second.close();
  }, 60_000);

  it("decide on what the shopper did a moment ago, whoever is asked", async () => {
    const shop = shopAt(scorers[0]!);
    for (const user of users.slice(0, 12)) {
      need(await shop.putConsent(user, wire.Purpose.PURPOSE_PERSONALIZATION));
      const event = { kind: "search", occurred_at_ms: Date.now(), user_id: user, event_id: `click-${user}` };
      const { body } = await shop.post("/v1/events", { events: [event] });
      const request = { ...asked(user, `click-${user}`), after: body.position!, maxWaitMs: 1_000 };
      const answer = need(await shop.decide(request));
      expect([user, answer.freshness]).toEqual([user, wire.Freshness.FRESHNESS_FRESH]);
    }
    shop.close();
  }, 60_000);

  it("take an offer's code once, whoever is asked", async () => {
    const shops = scorers.map(shopAt);
    const use = (key: string) => ({
      ...{ code: granted.offer.code, subject: { userId: granted.user }, ...CART },
      ...{ orderId: `order-${key}`, idempotencyKey: key },
    });
    const tries = await Promise.all(["a", "b", "c", "d"].map((key, at) => shops[at % shops.length]!.redeem(use(key))));
    expect(tries.filter(({ ok }) => ok)).toHaveLength(1);
    expect(tries.filter(({ ok }) => !ok).map(refusalOf)).toEqual(Array(3).fill("FAILED_PRECONDITION offer_redeemed"));
    for (const shop of shops) shop.close();
  });

  it("go on without one that is killed: degraded for its shoppers, then as before", async () => {
    const [first, second] = scorers as [Program, Program];
    const shop = shopAt(first);
    expect(await freshnessOf(shop, "before")).toEqual(fresh);
    await second.kill();
    const meanwhile = await freshnessOf(shop, "meanwhile");
    const degraded = `${String(wire.Freshness.FRESHNESS_DEGRADED)}owner_unavailable`;
    expect(new Set(meanwhile)).toEqual(new Set([fresh[0], degraded]));
    await untilShared(first, { [addressOf(first)]: 4 });
    expect(await freshnessOf(shop, "after")).toEqual(fresh);
    shop.close();
  }, 90_000);

  it("let one in again, and one go that is asked to, and no answer is degraded", async () => {
    const [first] = scorers as [Program];
    const third = await start("scorer", 3);
    scorers = [first, third];
    await untilShared(first, { [addressOf(first)]: 2, [addressOf(third)]: 2 });
    const shop = shopAt(third);
    const state = { isOver: false };
    const seen = new Set<string>();
    const asking = (async () => {
      for (let round = 0; !state.isOver; round += 1)
        for (const one of await freshnessOf(shop, `going-${round}`)) seen.add(one);
    })();
    await first.stop();
    await untilShared(third, { [addressOf(third)]: 4 });
    state.isOver = true;
    await asking;
    expect([...seen].filter((one) => one.startsWith(String(wire.Freshness.FRESHNESS_DEGRADED)))).toEqual([]);
    expect(await freshnessOf(shop, "gone")).toEqual(fresh);
    shop.close();
  }, 120_000);
});

import { wire } from "@leastwise/contracts";
import { startBroker, type TestBroker } from "@leastwise/testkit";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import { ROOT } from "./built-program.js";
import { newFolder, startProgram, type Program } from "./program.js";
import { rawIdsLetOut } from "./raw-ids.js";
import { CART, need, RAW_MARK, refusalOf, Shop } from "./shop.js";
import { until } from "./until.js";

// The production shape: a real Kafka, and the services' own commands as docker-compose.yml has them, each a process of its own
// with its own file of deploy/config. Addresses come from the environment, as there they come from the network's names. One
// thing differs: no ClickHouse server runs here, so that the recorder is told to keep its tables in process and to open its
// SQL door on them; the same migrations make them.

type Service = "collector" | "scorer" | "recorder";

interface ComposeService {
  readonly command: readonly string[];
  readonly volumes: readonly string[];
}

const compose = parse(readFileSync(path.join(ROOT, "docker-compose.yml"), "utf8"), { merge: true }) as {
  readonly services: Readonly<Record<Service, ComposeService>>;
};

/** How the services are to stand to Kafka, and what is to be seen of it at the end. */
export interface KafkaRoadOptions {
  /** Settings of all services, beside those of their files; learnt once, before anything starts. */
  readonly settings?: () => Promise<Readonly<Record<string, string>>>;
  /** Further cases, while all of it still serves. */
  readonly more?: (brokers: () => readonly string[]) => void;
}

/** A named broker may hold earlier runs: all that this one sends is marked. */
const run = Date.now().toString(36);
const data = newFolder();
const programs: Program[] = [];
let broker: TestBroker;
let settings: Readonly<Record<string, string>> = {};
let processes: Record<Service, Program>;
let shop: Shop;
let granted: { readonly user: string; readonly offer: wire.Offer };

/** The arguments that the compose file gives a service, its mounted files read where they come from. */
function argumentsOf({ command, volumes }: ComposeService): string[] {
  const mounts = volumes.map((volume) => volume.split(":"));
  return command.map((word) => {
    const source = mounts.find(([, target]) => target === word)?.[0];
    return source === undefined ? word : path.join(ROOT, source);
  });
}

async function start(service: Service): Promise<Program> {
  const program = await startProgram({
    args: argumentsOf(compose.services[service]),
    env: {
      LEASTWISE_LOG__BROKERS: broker.brokers.join(","),
      LEASTWISE_SUBJECTS__KEY: "5e".repeat(32),
      LEASTWISE_CODES__KEY: "c0".repeat(32),
      LEASTWISE_RPC__HOST: "127.0.0.1",
      LEASTWISE_OPS__HOST: "127.0.0.1",
      LEASTWISE_COLLECTOR__HTTP_HOST: "127.0.0.1",
      LEASTWISE_DATA_DIRECTORY: path.join(data, service),
      // So soon that a few events are enough for a checkpoint.
      LEASTWISE_SCORER__RECOVERY_OBJECTIVE_MS: "1",
      ...(service === "recorder"
        ? { LEASTWISE_WAREHOUSE__ADAPTER: "embedded", LEASTWISE_SQL_DOOR__ENABLED: "true" }
        : {}),
      ...settings,
    },
  });
  programs.push(program);
  return program;
}

/** The doors of all three, as a shop would know them. */
function openShop(): Shop {
  const { collector, scorer, recorder } = processes;
  const ports = {
    rpc: scorer.ports.rpc!,
    http: collector.ports.http!,
    ops: scorer.ports.ops,
    sql: recorder.ports.sql!,
  };
  return new Shop(ports, collector.ports.rpc);
}

const use = (key: string) => ({
  code: granted.offer.code,
  subject: { userId: granted.user },
  ...CART,
  orderId: `order-${run}-${key}`,
  idempotencyKey: `${run}-${key}`,
});

/** The road of an event, a decision and an offer through the services of docker-compose.yml, each a process of its own. */
export function kafkaRoad(title: string, { settings: settingsOf, more }: KafkaRoadOptions = {}): void {
  describe(title, () => {
    beforeAll(async () => {
      settings = (await settingsOf?.()) ?? {};
      broker = await startBroker();
      const [collector, scorer, recorder] = await Promise.all([start("collector"), start("scorer"), start("recorder")]);
      processes = { collector, scorer, recorder };
      shop = openShop();
    }, 180_000);

    afterAll(async () => {
      (shop as Shop | undefined)?.close();
      await Promise.all(programs.map((program) => program.kill()));
      await (broker as TestBroker | undefined)?.stop();
    }, 60_000);

    it("open the doors that are theirs, and are ready", async () => {
      const { collector, scorer, recorder } = processes;
      expect([collector, scorer, recorder].map(({ ports }) => Object.keys(ports).sort().join(" "))).toEqual([
        "http ops rpc",
        "ops rpc",
        "ops sql",
      ]);
      for (const { ports } of [collector, scorer, recorder])
        expect((await shop.ops("/readyz", ports.ops)).status).toBe(200);
    });

    it("take events in, and decide on what they say", async () => {
      const user = `${RAW_MARK}-${run}-first`;
      need(await shop.putConsent(user, wire.Purpose.PURPOSE_PERSONALIZATION));
      const event = { kind: "search", occurred_at_ms: Date.now(), user_id: user };
      const events = [0, 1, 1].map((id) => ({ ...event, event_id: `${run}-${id}` }));
      const { status, body } = await shop.post("/v1/events", { events });
      expect([status, body.accepted]).toEqual([200, 3]);
      const request = { requestId: `${run}-first`, caller: "kafka", subject: { userId: user }, cart: CART };
      const answer = need(await shop.decide({ ...request, after: body.position!, maxWaitMs: 1_000 }));
      expect([answer.freshness, answer.degradedReason]).toEqual([wire.Freshness.FRESHNESS_FRESH, ""]);
      await shop.sees(`count() FROM decisions WHERE request_id = '${run}-first'`, 1);
      expect(await shop.number(`any(features['searches_24h']) FROM decisions WHERE request_id = '${run}-first'`)).toBe(
        2,
      );
    });

    it("grant an offer, and take its code once", async () => {
      for (let asked = 0; asked < 120 && (granted as unknown) === undefined; asked += 1) {
        const user = `${RAW_MARK}-${run}-${asked}`;
        const answer = need(
          await shop.decide({ requestId: `${run}-${asked}`, caller: "kafka", subject: { userId: user }, cart: CART }),
        );
        if (answer.offer !== undefined) granted = { user, offer: answer.offer };
      }
      expect(need(await shop.validate(use("a")))).toMatchObject({ valid: true, discount: granted.offer.faceValue });
      const tries = await Promise.all(["a", "b", "a", "b"].map((key) => shop.redeem(use(key))));
      expect(tries.filter(({ ok }) => ok)).toHaveLength(2);
      expect(tries.filter(({ ok }) => !ok).map(refusalOf)).toEqual(Array(2).fill("FAILED_PRECONDITION offer_redeemed"));
    });

    it("keep the windows in checkpoints on topics", async () => {
      const user = `${RAW_MARK}-${run}-often`;
      for (let id = 0; id < 20; id += 1) {
        const event = { kind: "search", occurred_at_ms: Date.now(), user_id: user, event_id: `${run}-often-${id}` };
        await shop.post("/v1/events", { events: [event] });
      }
      const written = async () =>
        (await shop.metric("leastwise_checkpoints_total", { outcome: "ok" })) > 0 || undefined;
      await until(written, "a checkpoint");
    });

    it("know it all again after kill -9", async () => {
      await Promise.all([processes.scorer.kill(), processes.recorder.kill()]);
      shop.close();
      const [scorer, recorder] = await Promise.all([start("scorer"), start("recorder")]);
      processes = { ...processes, scorer, recorder };
      shop = openShop();
      const tries = await Promise.all(["a", "b"].map((key) => shop.redeem(use(key))));
      expect(
        tries
          .map((answer) => (answer.ok ? answer.value.replayed : refusalOf(answer)))
          .map(String)
          .sort(),
      ).toEqual(["FAILED_PRECONDITION offer_redeemed", "true"]);
      expect(refusalOf(await shop.redeem(use("c")))).toBe("FAILED_PRECONDITION offer_redeemed");
      expect([...scorer.stdout, ...scorer.stderr].filter((line) => line.includes("checkpoint")).join("\n")).toContain(
        "windows come from a checkpoint",
      );
      const user = `${RAW_MARK}-${run}-often`;
      need(await shop.putConsent(user, wire.Purpose.PURPOSE_PERSONALIZATION));
      // The consent comes to the scorer by the log.
      const asked = async (): Promise<string | undefined> => {
        const requestId = `${run}-often-${performance.now()}`;
        const subject = { userId: user };
        const { decisionId } = need(await shop.decide({ requestId, caller: "kafka", subject, cart: CART }));
        const { record } = need(await shop.explain(decisionId));
        return record?.consent.includes(wire.Purpose.PURPOSE_PERSONALIZATION) === true ? requestId : undefined;
      };
      const requestId = await until(asked, "a decision with the consent");
      await shop.sees(`count() FROM decisions WHERE request_id = '${requestId}'`, 1);
      expect(await shop.number(`any(features['searches_24h']) FROM decisions WHERE request_id = '${requestId}'`)).toBe(
        20,
      );
    }, 90_000);

    it("show the whole road in SQL, each record once", async () => {
      const order = { orderId: `order-${run}`, lines: CART.lines, codes: [granted.offer.code] };
      const kind = wire.EventKind.EVENT_KIND_PURCHASE;
      const event = { eventId: `${run}-order`, kind, occurredAtMs: BigInt(Date.now()), userId: granted.user, order };
      need(await shop.record(event));
      await shop.sees(`count() FROM orders WHERE order_id = 'order-${run}'`, 1);
      await shop.sees(`count() FROM offers WHERE offer_id = '${granted.offer.offerId}'`, 2);
      // Partitions are recorded each at its own pace.
      await shop.sees(`count() FROM clickstream WHERE startsWith(event_id, '${run}-')`, 24);
      for (const table of ["clickstream", "decisions", "offers", "orders"])
        expect(await shop.number(`count() - uniqExact(log_topic, log_partition, log_offset) FROM ${table}`)).toBe(0);
    });

    more?.(() => broker.brokers);

    it("have said no raw id, and stop as they should", async () => {
      expect(await rawIdsLetOut(programs, shop)).toEqual([]);
      for (const program of Object.values(processes)) expect(await program.stop()).toEqual({ code: 0, signal: null });
    }, 60_000);
  });
}

import { freePorts, startCluster, type TestCluster } from "@leastwise/testkit";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { CURRENCY, faultsPolicy } from "./policy.js";
import { Service } from "./service.js";
import type { SlowDisks } from "./slow-disks.js";
import { TcpProxy } from "./tcp-proxy.js";
import type { ToldFile } from "./told.js";

const BROKERS = 3;
const SCORERS = 3;
export const PARTITIONS = 6;

/** The least that brokers take: what is silent longer is taken for gone. */
export const SESSION_TIMEOUT_MS = 6_000;

/** Key that raw ids become subjects under: the verifier has it too. */
export const SUBJECTS_KEY = "5e".repeat(32);

/** Group that the scorers share the partitions in. */
export const OWNERS_GROUP = "leastwise-scorers";

/** Where the verifier finds everything: a file beside what was told. */
export interface Places {
  readonly brokers: readonly string[];
  readonly scorers: readonly { readonly name: string; readonly address: string }[];
  /** gRPC door of the collector. */
  readonly collector: string;
  /** The recorder's SQL door. */
  readonly sql: string;
}

/** Three brokers, a collector, three scorers and a recorder, each a process of its own, on real Kafka. */
export class System {
  readonly cluster: TestCluster;
  /** The brokers' disks, where they can be made slow. */
  readonly disks: SlowDisks | undefined;
  readonly places: Places;
  /** HTTP door of the collector. */
  readonly events: string;
  readonly collector: Service;
  readonly recorder: Service;
  readonly scorers: readonly Service[];
  /** Before each broker, on the way of the last scorer alone. */
  readonly proxies: readonly TcpProxy[];

  private constructor(
    parts: Pick<System, "cluster" | "disks" | "places" | "events" | "collector" | "recorder" | "scorers" | "proxies">,
  ) {
    ({
      cluster: this.cluster,
      disks: this.disks,
      places: this.places,
      events: this.events,
      collector: this.collector,
      recorder: this.recorder,
      scorers: this.scorers,
      proxies: this.proxies,
    } = parts);
  }

  /** Starts everything, with its data and what it says in a folder. What was started by then is ended where something fails. */
  static async start(folder: string, told: ToldFile, disks: SlowDisks | undefined): Promise<System> {
    const cluster = await startCluster({
      brokers: BROKERS,
      proxied: true,
      environmentOf: (broker) => disks?.environmentOf(broker) ?? {},
    });
    const proxied = cluster.nodes.flatMap((node) => node.proxied ?? []);
    const proxies = await Promise.all(proxied.map(({ advertised, listens }) => TcpProxy.open(advertised, listens)));
    const system = new System({
      cluster,
      disks,
      proxies,
      ...(await servicesOf(
        folder,
        told,
        cluster.brokers,
        proxied.map(({ advertised }) => advertised),
      )),
    });
    try {
      // Whoever starts first makes the topics, and puts the policy into force.
      await system.collector.start();
      await Promise.all([system.recorder, ...system.scorers].map((service) => service.start()));
    } catch (error) {
      await system.stop();
      throw error;
    }
    return system;
  }

  /** The scorer whose way to the brokers can be cut. */
  get proxiedScorer(): Service {
    return this.scorers[this.scorers.length - 1]!;
  }

  /** Resolves when all replicas of all that matters are in sync. */
  async inSync(): Promise<void> {
    for (const topic of [
      "clickstream",
      "clickstream.raw",
      "decisions",
      "offers",
      "owners",
      "policy",
      "__consumer_offsets",
    ])
      await this.cluster.inSync(topic);
  }

  /** Ends all processes at once. */
  async stop(): Promise<void> {
    for (const service of [this.collector, this.recorder, ...this.scorers]) service.end();
    for (const proxy of this.proxies) proxy.close();
    await this.cluster.stop();
  }
}

async function servicesOf(
  folder: string,
  told: ToldFile,
  brokers: readonly string[],
  behindProxies: readonly string[],
): Promise<Pick<System, "places" | "events" | "collector" | "recorder" | "scorers">> {
  const ports = await freePorts(3 + SCORERS);
  const [http = 0, rpc = 0, sql = 0, ...scorerPorts] = ports;
  const policyFile = path.join(folder, "policy.json");
  writeFileSync(policyFile, JSON.stringify(faultsPolicy()));
  const service = (name: string, role: "collector" | "scorer" | "recorder", env: Readonly<Record<string, string>>) => {
    const dataFolder = path.join(folder, name);
    mkdirSync(dataFolder, { recursive: true });
    const own = { LEASTWISE_LOG__BROKERS: brokers.join(","), LEASTWISE_DATA_DIRECTORY: dataFolder, ...env };
    const logFile = path.join(folder, `${name}.log`);
    return new Service({ name, role, logFile, told, env: { ...settings(policyFile), ...own } });
  };
  const addresses = scorerPorts.map((port) => `127.0.0.1:${port}`);
  return {
    events: `http://127.0.0.1:${http}/v1/events`,
    collector: service("collector", "collector", {
      LEASTWISE_COLLECTOR__HTTP_PORT: String(http),
      LEASTWISE_RPC__PORT: String(rpc),
      LEASTWISE_COLLECTOR__FOLLOW_RAW: "true",
    }),
    recorder: service("recorder", "recorder", { LEASTWISE_SQL_DOOR__PORT: String(sql) }),
    scorers: scorerPorts.map((port, index) =>
      service(`scorer-${index + 1}`, "scorer", {
        LEASTWISE_RPC__PORT: String(port),
        ...(index === SCORERS - 1 ? { LEASTWISE_LOG__BROKERS: behindProxies.join(",") } : {}),
      }),
    ),
    places: {
      brokers,
      scorers: addresses.map((address, index) => ({ name: `scorer-${index + 1}`, address })),
      collector: `127.0.0.1:${rpc}`,
      sql: `http://127.0.0.1:${sql}/`,
    },
  };
}

function settings(policyFile: string): Readonly<Record<string, string>> {
  return {
    LEASTWISE_CURRENCY: CURRENCY,
    LEASTWISE_POLICY_FILE: policyFile,
    LEASTWISE_LOG__ADAPTER: "kafka",
    LEASTWISE_LOG__PARTITIONS: String(PARTITIONS),
    LEASTWISE_LOG__REPLICATION_FACTOR: String(BROKERS),
    LEASTWISE_LOG__SESSION_TIMEOUT_MS: String(SESSION_TIMEOUT_MS),
    // Eight processes and their checks share one machine: an answer that waits for a scorer that is gone must still come in time.
    LEASTWISE_RPC__DECIDE_DEADLINE_MS: "5000",
    LEASTWISE_RPC__DEADLINE_MARGIN_MS: "1000",
    LEASTWISE_SUBJECTS__KEY: SUBJECTS_KEY,
    LEASTWISE_CODES__KEY: "c0".repeat(32),
    LEASTWISE_SCORER__STANDBYS: "1",
    // For the same reason the sight of the policy may be older: its own test has a second.
    LEASTWISE_SCORER__POLICY_UNSEEN_MS: "5000",
    LEASTWISE_RECORDER__BLOCK_INTERVAL_MS: "200",
    LEASTWISE_OPS__PORT: "0",
    LEASTWISE_LOGGING__FORMAT: "json",
  };
}

import { setTimeout as sleep } from "node:timers/promises";
import { clusterState, groupCoordinator } from "./broker-questions.js";
import { freePorts } from "./free-ports.js";
import { kafkaJars, missingForMaven } from "./kafka-jars.js";
import {
  FOR_SECONDS,
  formatServer,
  newClusterId,
  newServerFolder,
  onFreePorts,
  runServer,
  type ServerPlan,
  type ServerSettings,
  whenItAnswers,
} from "./kafka-server.js";
import type { KeptProcess } from "./keeper.js";

const LOOK_AGAIN_MS = 50;
/** Far more than an election, or a restarted node's catching up, takes. */
const SETTLES_WITHIN_MS = 60_000;
const REPLICAS_MAX = 3;

/** A listener whose clients are sent elsewhere: to what stands before it, and passes on what comes. */
export interface ProxiedListener {
  /** `host:port` at which the node listens. */
  readonly listens: string;
  /** `host:port` at which it tells its clients that it listens. Nobody does, before a proxy is put there. */
  readonly advertised: string;
}

/** One node of a cluster. What is done to it is done to its process: no other process of the cluster is told. */
export interface ClusterNode {
  readonly id: number;
  /** `host:port`, the same for as long as the cluster runs. */
  readonly address: string;
  /** A second listener, where the cluster was asked for one. */
  readonly proxied: ProxiedListener | undefined;
  /** As a machine that loses its power (SIGKILL). Resolves when it is dead; what it stored stays. */
  kill(): Promise<void>;
  /** As a machine that hangs (SIGSTOP): connections to it are taken, and nothing is answered. */
  pause(): Promise<void>;
  /** Goes on after a pause (SIGCONT). */
  resume(): Promise<void>;
  /**
   * Starts it again in the same folder, on the same port; one that runs is killed first. Resolves when it answers, for which
   * a majority of the nodes must run: when more are dead, restart them together.
   */
  restart(): Promise<void>;
}

/** Which cluster it shall be. */
export interface ClusterOptions {
  readonly brokers: number;
  readonly proxied?: boolean;
  readonly environmentOf?: (node: number) => Readonly<Record<string, string>>;
}

/** A cluster of real brokers, to which faults can be done. */
export interface TestCluster {
  /** Bootstrap addresses, `host:port`, in the order of {@link nodes}. */
  readonly brokers: string[];
  readonly nodes: readonly ClusterNode[];
  /** The running node that leads the partition, as all running nodes say; waits for an election that is under way. */
  leaderOf(topic: string, partition: number): Promise<ClusterNode>;
  /** The running node that coordinates the group, as all running nodes say; waits like {@link leaderOf}. */
  coordinatorOf(group: string): Promise<ClusterNode>;
  /** Resolves when all running nodes say that every replica of the topic is in sync. */
  inSync(topic: string): Promise<void>;
  /** Ends all nodes, and removes what they stored. Idempotent. */
  stop(): Promise<void>;
}

/**
 * A cluster of real Kafka processes, each a broker and a controller: with three, one may be killed or paused, and the rest
 * goes on. Topics have three replicas unless they are made with another number. Nothing of it stays after this process,
 * however that ends. Rejects with an error in words where Java or Maven is missing: a cluster that somebody else runs, or that is
 * in containers, is not for us to do faults to.
 *
 * @param proxied whether each node gets a second listener, for a proxy to stand before
 * @param environmentOf what a node's process has in its environment beside what this one has
 */
export async function startCluster(
  { brokers, proxied = false, environmentOf = () => ({}) }: ClusterOptions,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<TestCluster> {
  const missing = await missingForMaven(environment);
  if (missing !== undefined)
    throw new Error(
      `A cluster with faults needs Java 17 or later and Maven (${missing}): ` +
        "KAFKA_BROKERS and Docker give a broker, but none whose process can be killed and paused.",
    );
  const jars = await kafkaJars();
  return onFreePorts(() => startNodes(jars, brokers, proxied, environmentOf));
}

async function startNodes(
  jars: string,
  count: number,
  isProxied: boolean,
  environmentOf: NonNullable<ClusterOptions["environmentOf"]>,
): Promise<TestCluster> {
  const ports = await freePorts((isProxied ? 4 : 2) * count);
  const voters = ports.slice(count, 2 * count).map((port, index) => `${index + 1}@127.0.0.1:${port}`);
  const clusterId = newClusterId();
  const [listening, advertised] = [ports.slice(2 * count, 3 * count), ports.slice(3 * count)];
  const proxied = listening.map((port, index): ProxiedListener => {
    return { listens: `127.0.0.1:${port}`, advertised: `127.0.0.1:${advertised[index] ?? 0}` };
  });
  const plans = ports.slice(0, count).map((port, index): ServerPlan => {
    const address = `127.0.0.1:${port}`;
    const settings = {
      ...clusterSettings(count),
      "node.id": index + 1,
      "controller.quorum.voters": voters.join(","),
      ...listenerSettings(address, `127.0.0.1:${ports[count + index] ?? 0}`, proxied[index]),
    };
    const javaOptions = ["-Xmx384m", ...FOR_SECONDS];
    const environment = environmentOf(index + 1);
    return { jars, address, folder: newServerFolder(), clusterId, settings, javaOptions, environment };
  });
  await Promise.all(plans.map(formatServer));
  const nodes = plans.map((plan, index) => new ProcessNode(index + 1, plan, proxied[index]));
  const cluster = new ProcessCluster(nodes);
  try {
    await Promise.all(nodes.map((node) => node.whenItAnswers(count)));
  } catch (error) {
    await cluster.stop();
    throw error;
  }
  return cluster;
}

function listenerSettings(address: string, controller: string, proxied: ProxiedListener | undefined): ServerSettings {
  const listeners = `PLAINTEXT://${address},CONTROLLER://${controller}`;
  if (proxied === undefined) return { listeners };
  return {
    listeners: `${listeners},PROXIED://${proxied.listens}`,
    "advertised.listeners": `PLAINTEXT://${address},PROXIED://${proxied.advertised}`,
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:PLAINTEXT",
    "inter.broker.listener.name": "PLAINTEXT",
  };
}

function clusterSettings(count: number): ServerSettings {
  const replicas = Math.min(count, REPLICAS_MAX);
  const inSyncMin = Math.min(replicas, 2);
  return {
    "process.roles": "broker,controller",
    "controller.listener.names": "CONTROLLER",
    "default.replication.factor": replicas,
    "min.insync.replicas": inSyncMin,
    "offsets.topic.replication.factor": replicas,
    "offsets.topic.num.partitions": 4,
    "transaction.state.log.replication.factor": replicas,
    "transaction.state.log.min.isr": inSyncMin,
    "transaction.state.log.num.partitions": 4,
    "group.initial.rebalance.delay.ms": 0,
    "auto.create.topics.enable": false,
    // A node that is silent is taken for dead soon, and a replica that lags does not hold writers up for long.
    "broker.heartbeat.interval.ms": 500,
    "broker.session.timeout.ms": 3_000,
    "replica.lag.time.max.ms": 3_000,
    "replica.socket.timeout.ms": 3_000,
    "controller.quorum.request.timeout.ms": 1_000,
    "controlled.shutdown.enable": false,
    // Several share one small machine.
    "num.network.threads": 2,
    "num.io.threads": 4,
    "background.threads": 2,
    "log.cleaner.dedupe.buffer.size": 4_194_304,
    "log.segment.bytes": 16_777_216,
    "offsets.topic.segment.bytes": 1_048_576,
    "transaction.state.log.segment.bytes": 1_048_576,
  };
}

class ProcessNode implements ClusterNode {
  readonly id: number;
  readonly address: string;
  readonly proxied: ProxiedListener | undefined;
  readonly #plan: ServerPlan;
  #server: KeptProcess;
  #isPaused = false;

  constructor(id: number, plan: ServerPlan, proxied: ProxiedListener | undefined) {
    this.id = id;
    this.address = plan.address;
    this.proxied = proxied;
    this.#plan = plan;
    this.#server = runServer(plan);
  }

  get isRunning(): boolean {
    return !this.#isPaused && !this.#server.hasExited();
  }

  whenItAnswers(brokersMin: number): Promise<void> {
    return whenItAnswers(this.#server, this.#plan, brokersMin);
  }

  kill(): Promise<void> {
    return this.#server.kill();
  }

  async pause(): Promise<void> {
    this.#isPaused = true;
    await this.#server.pause();
  }

  async resume(): Promise<void> {
    await this.#server.resume();
    this.#isPaused = false;
  }

  async restart(): Promise<void> {
    const before = this.#server;
    await before.kill();
    this.#server = runServer(this.#plan);
    this.#isPaused = false;
    await before.leave();
    await this.whenItAnswers(1);
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }
}

class ProcessCluster implements TestCluster {
  readonly brokers: string[];
  readonly nodes: readonly ProcessNode[];

  constructor(nodes: readonly ProcessNode[]) {
    this.nodes = nodes;
    this.brokers = nodes.map(({ address }) => address);
  }

  leaderOf(topic: string, partition: number): Promise<ClusterNode> {
    return this.#agreed(`who leads ${topic}/${partition}`, async ({ address }) => {
      const states = (await clusterState(address, [topic])).topics.get(topic);
      return this.#running(states?.find((state) => state.partition === partition)?.leader);
    });
  }

  coordinatorOf(group: string): Promise<ClusterNode> {
    return this.#agreed(`who coordinates ${group}`, async ({ address }) =>
      this.#running(await groupCoordinator(address, group)),
    );
  }

  async inSync(topic: string): Promise<void> {
    await this.#agreed(`that all replicas of ${topic} are in sync`, async ({ address }) => {
      const states = (await clusterState(address, [topic])).topics.get(topic) ?? [];
      const isInSync = ({ leader, replicas, inSync }: (typeof states)[number]): boolean =>
        leader >= 0 && replicas.length === inSync.length;
      return (states.length > 0 && states.every(isInSync)) || undefined;
    });
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
  }

  #running(id: number | undefined): ProcessNode | undefined {
    return this.nodes.find((node) => node.id === id && node.isRunning);
  }

  /** What all running nodes answer, as soon as that is one thing: one that comes back may still know the old one. */
  async #agreed<T>(what: string, ask: (node: ProcessNode) => Promise<T | undefined>): Promise<T> {
    const deadlineMs = Date.now() + SETTLES_WITHIN_MS;
    while (Date.now() < deadlineMs) {
      const asked = this.nodes.filter(({ isRunning }) => isRunning);
      const answers = await Promise.all(asked.map((node) => ask(node).catch(() => undefined)));
      const [first] = answers;
      if (first !== undefined && answers.every((answer) => answer === first)) return first;
      await sleep(LOOK_AGAIN_MS);
    }
    throw new Error(`kafka: the nodes did not agree ${what} within ${SETTLES_WITHIN_MS} ms`);
  }
}

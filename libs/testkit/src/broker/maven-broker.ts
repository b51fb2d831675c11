import { freePorts } from "./free-ports.js";
import { kafkaJars } from "./kafka-jars.js";
import {
  formatServer,
  newClusterId,
  newServerFolder,
  onFreePorts,
  runServer,
  type ServerPlan,
  type ServerSettings,
  whenItAnswers,
} from "./kafka-server.js";
import type { TestBroker } from "./start-broker.js";

/** Apache Kafka as a process of its own on free ports; nothing of it stays after this process, however that ends. */
export async function brokerFromMaven(): Promise<TestBroker> {
  const jars = await kafkaJars();
  return onFreePorts(() => startServer(jars));
}

async function startServer(jars: string): Promise<TestBroker> {
  const [port = 0, controllerPort = 0] = await freePorts(2);
  const address = `127.0.0.1:${port}`;
  const plan: ServerPlan = {
    jars,
    address,
    folder: newServerFolder(),
    clusterId: newClusterId(),
    settings: {
      ...aloneSettings(controllerPort),
      listeners: `PLAINTEXT://${address},CONTROLLER://127.0.0.1:${controllerPort}`,
    },
    javaOptions: ["-Xmx512m"],
  };
  await formatServer(plan);
  const server = runServer(plan);
  await whenItAnswers(server, plan, 1);
  return { brokers: [address], how: "maven", stop: () => server.stop() };
}

/** Of a server that is the whole cluster; its listeners are to be added. */
export function aloneSettings(controllerPort: number): ServerSettings {
  return {
    "process.roles": "broker,controller",
    "node.id": 1,
    "controller.quorum.voters": `1@127.0.0.1:${controllerPort}`,
    "controller.listener.names": "CONTROLLER",
    "offsets.topic.replication.factor": 1,
    "offsets.topic.num.partitions": 4,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "transaction.state.log.num.partitions": 4,
    "group.initial.rebalance.delay.ms": 0,
    "auto.create.topics.enable": false,
  };
}

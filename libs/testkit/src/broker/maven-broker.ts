import { kafkaJars } from "./kafka-jars.js";
import { formatServer, FOR_SECONDS, onFreePorts, planAlone, runServer, whenItAnswers } from "./kafka-server.js";
import type { TestBroker } from "./start-broker.js";

/**
 * Apache Kafka as a process of its own on free ports; nothing of it stays after this process, however that ends.
 *
 * @param isMeasured whether it must come to its full speed, which costs a start seconds
 */
export async function brokerFromMaven(isMeasured: boolean): Promise<TestBroker> {
  const jars = await kafkaJars();
  return onFreePorts(() => startServer(jars, isMeasured));
}

async function startServer(jars: string, isMeasured: boolean): Promise<TestBroker> {
  const plan = await planAlone(jars, ["-Xmx512m", ...(isMeasured ? [] : FOR_SECONDS)]);
  await formatServer(plan);
  const server = runServer(plan);
  await whenItAnswers(server, plan, 1);
  return { brokers: [plan.address], how: "maven", stop: () => server.stop() };
}

import { kafkaJars } from "@leastwise/testkit";
import { spawn } from "node:child_process";

/** How long the consumer waits for another record before it takes the topic for read, ms. */
const IDLE_MAX_MS = 15_000;
/** How long it may take altogether, ms. */
const READ_MAX_MS = 180_000;

/**
 * Where the records of a topic stand that count, `partition/offset`: those of transactions that were aborted do not. Told by Java's own console
 * consumer, since kafkajs 2.2, by which the records themselves are read here, hands over some of those (`aborted-messages.ts` of the log says which).
 */
export async function committedPlaces(brokers: readonly string[], topic: string): Promise<ReadonlySet<string>> {
  const printed = await printedBy([
    ...["--bootstrap-server", brokers.join(","), "--topic", topic, "--from-beginning"],
    ...["--isolation-level", "read_committed", "--timeout-ms", String(IDLE_MAX_MS)],
    ...["--formatter-property", "print.partition=true", "--formatter-property", "print.offset=true"],
    ...["--formatter-property", "print.value=false"],
  ]);
  const places = printed.matchAll(/^Partition:(\d+)\tOffset:(\d+)$/gm);
  return new Set([...places].map(([, partition, offset]) => `${partition}/${offset}`));
}

async function printedBy(args: readonly string[]): Promise<string> {
  const main = "org.apache.kafka.tools.consumer.ConsoleConsumer";
  const java = spawn("java", ["-cp", `${await kafkaJars()}/*`, main, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: READ_MAX_MS,
  });
  let printed = "";
  let said = "";
  java.stdout.setEncoding("utf8").on("data", (text: string) => (printed += text));
  java.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  await new Promise((resolve, reject) => java.once("close", resolve).once("error", reject));
  // It ends with an error where nothing more came in time, which is how it ends here.
  if (!/^Processed a total of \d+ messages/m.test(`${said}\n${printed}`))
    throw new Error(`the console consumer was not done within ${READ_MAX_MS} ms: ${said}`);
  return printed;
}

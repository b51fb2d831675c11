import { beforeAll, describe, expect, it } from "@jest/globals";
import { createRequire } from "node:module";
import { sendEachBatchOnce, wasCountedTwice, type ProducingBroker } from "./sent-once.js";

const require = createRequire(import.meta.url);
const internal = (path: string): unknown => require(`kafkajs/src/${path}`);

interface Message {
  readonly partition: number;
  readonly value: string;
}

interface Request {
  readonly topicData: readonly {
    readonly topic: string;
    readonly partitions: readonly { partition: number; firstSequence: number; messages: readonly Message[] }[];
  }[];
}

const { prototype } = internal("broker") as { readonly prototype: ProducingBroker };
const [SEND_REQUEST] = Object.getOwnPropertySymbols(prototype).filter((symbol) =>
  String(symbol).includes("sendRequest"),
);

/** What a leader took: the first number and the values of each batch, by partition. */
type Taken = Record<number, [firstSequence: number, values: string][]>;

/** Leaders of three partitions, and what each of them does at each request. */
class Leaders {
  readonly taken: Taken = { 0: [], 1: [], 2: [] };
  /** Leader of each partition. */
  readonly leaderOf = [0, 1, 2];
  /** By leader: what it does with the requests that come, the first one first; then it takes what comes. */
  readonly script: (() => Promise<"take" | "refuse" | "silence">)[][] = [[], [], []];
  readonly #brokers = [0, 1, 2].map((nodeId) => {
    const broker = Object.create(prototype) as ProducingBroker & Record<string | symbol, unknown>;
    return Object.assign(broker, {
      nodeId,
      lookupRequest: () => (request: Request) => request,
      [SEND_REQUEST!]: (request: Request) => this.#asked(nodeId, request),
    });
  });

  readonly cluster = {
    targetTopics: new Set(["t"]),
    isConnected: () => true,
    addMultipleTargetTopics: () => Promise.resolve(),
    refreshMetadata: () => Promise.resolve(),
    refreshMetadataIfNecessary: () => Promise.resolve(),
    findTopicPartitionMetadata: () => [0, 1, 2].map((partitionId) => ({ partitionId })),
    findLeaderForPartitions: (_: string, partitions: readonly string[]) => {
      const byLeader: Record<number, number[]> = {};
      for (const partition of partitions.map(Number)) (byLeader[this.leaderOf[partition]!] ??= []).push(partition);
      return byLeader;
    },
    findBroker: ({ nodeId }: { nodeId: string }) => Promise.resolve(this.#brokers[Number(nodeId)]),
    retry: {},
  };

  /** As a broker does: what comes under a number that was counted already is a repeat, and answered as before. */
  #take(partition: number, firstSequence: number, messages: readonly Message[]): { partition: number } {
    const batches = this.taken[partition]!;
    if (!batches.some(([sequence]) => sequence === firstSequence))
      batches.push([firstSequence, messages.map(({ value }) => value).join()]);
    return { partition };
  }

  async #asked(nodeId: number, { topicData }: Request): Promise<object> {
    const does = (await this.script[nodeId]!.shift()?.()) ?? "take";
    if (does === "refuse") throw refusal("NOT_LEADER_FOR_PARTITION");
    const topics = topicData.map(({ topic, partitions }) => ({
      topicName: topic,
      partitions: partitions.map(({ partition, firstSequence, messages }) =>
        this.#take(partition, firstSequence, messages),
      ),
    }));
    if (does === "silence") throw refusal("REQUEST_TIMED_OUT");
    return { topics };
  }
}

function refusal(type: string): Error {
  return Object.assign(new Error(type), { name: "KafkaJSProtocolError", type, retriable: true });
}

/** The client library's own way of sending, with its numbers. */
async function sender(leaders: Leaders) {
  const logger = { namespace: () => logger, debug: () => undefined, error: () => undefined, warn: () => undefined };
  const createEosManager = internal("producer/eosManager") as (of: object) => { initProducerId(): Promise<void> };
  const eosManager = createEosManager({
    logger,
    cluster: {
      ...leaders.cluster,
      findControllerBroker: () =>
        Promise.resolve({ initProducerId: () => Promise.resolve({ producerId: 7, producerEpoch: 0 }) }),
    },
    transactional: false,
  });
  await eosManager.initProducerId();
  const createRetry = internal("retry") as (of: object) => unknown;
  const createSend = internal("producer/sendMessages") as (
    of: object,
  ) => (batch: object) => Promise<{ partition: number }[]>;
  const send = createSend({
    logger,
    cluster: leaders.cluster,
    partitioner: ({ message }: { message: Message }) => message.partition,
    eosManager,
    retrier: createRetry({ initialRetryTime: 1, maxRetryTime: 2, retries: 3 }),
  });
  return (messages: readonly Message[]) => send({ acks: -1, topicMessages: [{ topic: "t", messages }] });
}

const batch = (name: string): Message[] =>
  [0, 1].flatMap((partition) => [1, 2].map((n) => ({ partition, value: `${name}${partition}.${n}` })));

/** The first leader refuses; the second's answer comes when the first is asked again, and partition 1 is another's by then if that is so. */
function leadersOfWhichOneRefuses(second: "take" | "silence", leaderOfOneThen: number): Leaders {
  const leaders = new Leaders();
  let askAgain: () => void = () => undefined;
  const isAskedAgain = new Promise<void>((resolve) => (askAgain = resolve));
  leaders.script[0]!.push(
    () => {
      leaders.leaderOf[1] = leaderOfOneThen;
      return Promise.resolve("refuse");
    },
    () => {
      askAgain();
      return Promise.resolve("take");
    },
  );
  leaders.script[1]!.push(() => isAskedAgain.then(() => second));
  return leaders;
}

describe("a batch of the client library", () => {
  beforeAll(sendEachBatchOnce);

  it("is written once, though another leader refuses while this one's answer is still to come", async () => {
    const leaders = leadersOfWhichOneRefuses("take", 1);
    const messages = batch("a");
    const answers = await (await sender(leaders))(messages);
    expect(leaders.taken).toEqual({ 0: [[0, "a0.1,a0.2"]], 1: [[0, "a1.1,a1.2"]], 2: [] });
    expect(answers.map(({ partition }) => partition).sort()).toEqual([0, 1]);
    expect([wasCountedTwice(messages[0]!), wasCountedTwice(messages[2]!)]).toEqual([false, true]);
  });

  it("is written once, though its partition has moved to a third leader meanwhile", async () => {
    const leaders = leadersOfWhichOneRefuses("take", 2);
    await (
      await sender(leaders)
    )(batch("a"));
    expect(leaders.taken).toEqual({ 0: [[0, "a0.1,a0.2"]], 1: [[0, "a1.1,a1.2"]], 2: [] });
  });

  it("goes under the number that it had to its new leader, where the answer of the one before does not come", async () => {
    const leaders = leadersOfWhichOneRefuses("silence", 2);
    const send = await sender(leaders);
    const messages = batch("a");
    await send(messages);
    await send(batch("b"));
    expect(leaders.taken).toEqual({
      0: [
        [0, "a0.1,a0.2"],
        [2, "b0.1,b0.2"],
      ],
      1: [
        [0, "a1.1,a1.2"],
        [2, "b1.1,b1.2"],
      ],
      2: [],
    });
    expect(messages.some(wasCountedTwice)).toBe(false);
  });
});

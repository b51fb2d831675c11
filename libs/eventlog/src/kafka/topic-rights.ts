import { LogError } from "../port.js";
import type { KafkaClientOptions } from "./client.js";
import { kafkaDoing } from "./kafka-failure.js";
import { BODY_AT, type BrokerConnection } from "./scan/broker-connection.js";
import { openSession, spokenVersions } from "./scan/broker-session.js";
import { addressOf } from "./scan/listener-probe.js";
import { credentialsOf } from "./scan/sasl.js";
import { RequestBytes, ResponseBytes } from "./scan/wire-bytes.js";

const METADATA_KEY = 3;
/** The last that is not of the newer, flexible form. Kafka 2.3 to 4 speak it. */
const METADATA_VERSION = 8;
const WITHIN_MS = 10_000;
const UNKNOWN_TOPIC = 3;
const TOPIC_AUTHORIZATION_FAILED = 29;

/** Operations on a topic, as `AclOperation` names them, with the bits that brokers give them. */
const OPERATIONS = {
  Read: 3,
  Write: 4,
  Create: 5,
  Delete: 6,
  Alter: 7,
  Describe: 8,
  DescribeConfigs: 10,
  AlterConfigs: 11,
} as const;

export type TopicOperation = keyof typeof OPERATIONS;

/** What this user may do with a topic, none for one that is kept from it; undefined for one that is not there. */
export type TopicRights = ReadonlyMap<string, ReadonlySet<TopicOperation> | undefined>;

/**
 * Asks the brokers what whoever comes with these options may do with topics, whichever rules that comes from: nothing needs to be allowed to ask. A
 * cluster without an authorizer allows everything. Undefined: the brokers are of before Kafka 2.3, and do not say it. Rejects with a LogError.
 */
export async function topicRights(
  options: KafkaClientOptions,
  topics: readonly string[],
): Promise<TopicRights | undefined> {
  return kafkaDoing("asking what this user may do with topics", async () => {
    const connection = await openAny(options);
    try {
      return (await saysRights(connection)) ? await askFor(connection, topics) : undefined;
    } finally {
      connection.close();
    }
  });
}

/** To the first broker that answers. Rejects as the last one does. */
async function openAny(options: KafkaClientOptions): Promise<BrokerConnection> {
  const signal = AbortSignal.timeout(WITHIN_MS);
  let failure: unknown;
  for (const broker of options.brokers) {
    try {
      return await openSession(addressOf(broker), options, credentialsOf(options.sasl), signal);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

async function saysRights(connection: BrokerConnection): Promise<boolean> {
  const metadata = (await spokenVersions(connection)).find(({ key }) => key === METADATA_KEY);
  return metadata !== undefined && metadata.min <= METADATA_VERSION && metadata.max >= METADATA_VERSION;
}

async function askFor(connection: BrokerConnection, topics: readonly string[]): Promise<TopicRights> {
  const body = new RequestBytes().int32(topics.length);
  for (const topic of topics) body.string(topic);
  const [isMade, withClusterRights, withTopicRights] = [0, 0, 1];
  body.int8(isMade).int8(withClusterRights).int8(withTopicRights);
  const doing = "asking for topics and rights";
  const answer = await connection.request({ doing, key: METADATA_KEY, version: METADATA_VERSION, body: body.done() });
  const bytes = new ResponseBytes(answer);
  bytes.at = BODY_AT;
  return rightsIn(bytes);
}

/** Metadata response, version 8: all that stands before and between the rights is passed over. */
function rightsIn(bytes: ResponseBytes): TopicRights {
  bytes.int32();
  bytes.list(() => [bytes.int32(), bytes.string(), bytes.int32(), bytes.string()]);
  bytes.string();
  bytes.int32();
  return new Map(
    bytes.list(() => {
      const errorCode = bytes.int16();
      const name = bytes.string();
      bytes.at += IS_INTERNAL_BYTES;
      bytes.list(() => {
        passPartition(bytes);
      });
      return [name, rightsOf(name, errorCode, bytes.int32())] as const;
    }),
  );
}

const IS_INTERNAL_BYTES = 1;

function passPartition(bytes: ResponseBytes): void {
  bytes.int16();
  for (let field = 0; field < 3; field += 1) bytes.int32();
  for (let nodes = 0; nodes < 3; nodes += 1) bytes.list(() => bytes.int32());
}

function rightsOf(topic: string, errorCode: number, bits: number): ReadonlySet<TopicOperation> | undefined {
  if (errorCode === UNKNOWN_TOPIC) return undefined;
  if (errorCode === TOPIC_AUTHORIZATION_FAILED) return new Set();
  if (errorCode !== 0)
    throw new LogError("log_unavailable", `the broker does not say it of ${topic} (error ${errorCode})`, "retry");
  const operations = Object.keys(OPERATIONS) as TopicOperation[];
  return new Set(operations.filter((operation) => (bits & (1 << OPERATIONS[operation])) !== 0));
}

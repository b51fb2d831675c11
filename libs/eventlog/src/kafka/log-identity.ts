import type { Admin } from "kafkajs";
import { LOG_TOPIC } from "../incarnation.js";
import { kafkaClient } from "./client.js";
import { checkCluster } from "./cluster-identity.js";
import { kafkaDoing } from "./kafka-failure.js";
import { type KafkaLogOptions, openKafkaLog } from "./kafka-log.js";

/** Which log it is, and where. */
export interface LogIdentity {
  readonly clusterId: string;
  /** Undefined where no log was begun yet, or this user may not see it. */
  readonly incarnation: string | undefined;
}

/** Looks which log the brokers have, and begins none. Rejects with a LogError as {@link openKafkaLog} does. */
export async function readLogIdentity(options: KafkaLogOptions): Promise<LogIdentity> {
  const admin = kafkaClient(options).admin();
  const { clusterId, isBegun } = await kafkaDoing(`looking for a log at ${options.brokers.join(", ")}`, async () => {
    try {
      await admin.connect();
      return { clusterId: (await admin.describeCluster()).clusterId, isBegun: await isLogBegun(admin) };
    } finally {
      await admin.disconnect().catch(() => undefined);
    }
  });
  checkCluster({ begunIn: undefined, pinned: options.clusterId, found: clusterId });
  if (!isBegun) return { clusterId, incarnation: undefined };
  // Whether its topics grow just now is no matter of which log it is.
  const log = await openKafkaLog({ ...options, isForGrowth: true });
  await log.close();
  return { clusterId, incarnation: log.incarnation };
}

async function isLogBegun(admin: Admin): Promise<boolean> {
  if (!(await admin.listTopics()).includes(LOG_TOPIC.name)) return false;
  const offsets = await admin.fetchTopicOffsets(LOG_TOPIC.name);
  return offsets.some(({ high }) => high !== "0");
}

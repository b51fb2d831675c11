import type { Admin, Kafka } from "kafkajs";
import { type Commit, LogError, type Subscription } from "../port.js";
import { insist } from "./insist.js";
import { kafkaDoing } from "./kafka-failure.js";
import { KafkaReader } from "./kafka-reader.js";

/** What the group committed last; undefined if nothing. */
export async function readGroupOffset(
  admin: Admin,
  group: string,
  topic: string,
  partition: number,
): Promise<Commit | undefined> {
  const doing = `asking what ${group} committed for ${topic}/${partition}`;
  // kafkajs 2.2 does not ask another broker when the group has moved, nor again while its coordinator is still reading what it knows.
  const topics = await kafkaDoing(doing, () => insist(() => admin.fetchOffsets({ groupId: group, topics: [topic] })));
  const found = topics[0]?.partitions.find((one) => one.partition === partition);
  const offset = Number(found?.offset ?? -1);
  return offset < 0 ? undefined : { offset, note: found?.metadata ?? "" };
}

/**
 * Commits for a group that has no reader in this process, as a member for a moment. A group with readers elsewhere is
 * refused: joining it would take their partitions away.
 */
export async function commitForAbsent(
  kafka: Kafka,
  admin: Admin,
  place: { readonly group: string; readonly topic: string; readonly partition: number; readonly partitions: number },
  commit: Commit,
): Promise<void> {
  const { group, topic, partition, partitions } = place;
  const doing = `committing ${topic}/${partition} for ${group}`;
  const { groups } = await kafkaDoing(doing, () => insist(() => admin.describeGroups([group])));
  const state = groups[0]?.state ?? "Dead";
  if (state !== "Empty" && state !== "Dead") {
    throw new LogError(
      "partition_revoked",
      `${doing}: the group has readers in other processes, and they commit`,
      "terminal",
    );
  }
  const nothing: Subscription = { topic, from: () => Promise.resolve(0), onBatch: () => Promise.resolve() };
  const options = {
    groupId: group,
    partitions,
    batchBytesMax: 1,
    sessionTimeoutMs: 10_000,
    onEnded: () => Promise.resolve(),
  };
  const member = new KafkaReader(kafka, admin, nothing, options);
  try {
    await member.start();
    await member.commit(partition, commit);
  } finally {
    await member.stop();
  }
}

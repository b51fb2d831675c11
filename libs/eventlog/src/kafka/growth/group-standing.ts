import kafkajs, { type Admin } from "kafkajs";
import { LogError, type EventLog } from "../../port.js";
import { kafkaDoing } from "../kafka-failure.js";
import { readRange } from "./range-reading.js";

/** What is asked of the brokers about groups. */
export type GroupAdmin = Pick<Admin, "listGroups" | "describeGroups" | "fetchOffsets">;

const GROUPS_AT_ONCE = 100;

/** Groups that read one of the topics right now. */
export async function groupsReading(admin: GroupAdmin, topics: ReadonlySet<string>): Promise<readonly string[]> {
  const reading: string[] = [];
  for (const ids of inParts(await groupIds(admin))) {
    const { groups } = await kafkaDoing("asking who reads", () => admin.describeGroups(ids));
    for (const { groupId, state, members } of groups) {
      const isAgreeing = members.length > 0 && state !== "Stable";
      const isReading = members.some(({ memberMetadata }) => mayRead(memberMetadata, topics));
      if (isAgreeing || isReading) reading.push(groupId);
    }
  }
  return reading.sort();
}

/** Groups that have committed how far they read the topic, with the offsets by partition; -1 where they have not. */
export async function committedGroups(
  admin: GroupAdmin,
  topic: string,
): Promise<ReadonlyMap<string, ReadonlyMap<number, number>>> {
  const committed = new Map<string, ReadonlyMap<number, number>>();
  for (const groupId of await groupIds(admin)) {
    const doing = `asking what ${groupId} committed for ${topic}`;
    const [found] = await kafkaDoing(doing, () => admin.fetchOffsets({ groupId, topics: [topic] }));
    const offsets = (found?.partitions ?? []).map(({ partition, offset }) => [partition, Number(offset)] as const);
    if (offsets.some(([, offset]) => offset >= 0)) committed.set(groupId, new Map(offsets));
  }
  return committed;
}

/** Throws a LogError, `topic_mismatch`, for a group that has not read all that is there: it would read the rest again among the copies. */
export async function checkDrained(
  log: EventLog,
  topic: string,
  group: string,
  committed: ReadonlyMap<number, number>,
): Promise<void> {
  for (let partition = 0; partition < (await log.partitions(topic)); partition += 1) {
    const { begin, end } = await log.offsets(topic, partition);
    const offset = committed.get(partition) ?? -1;
    let firstUnread: number | undefined;
    // What stands behind its commit may be no more than the marks of transactions.
    await readRange(log, { topic, partition, from: Math.max(begin, offset), to: end }, ([first]) => {
      firstUnread = first?.offset;
      return false;
    });
    if (firstUnread === undefined) continue;
    const message =
      `${group} has not read ${topic}/${partition} to its end: it comes to ${firstUnread} next, of ${end}. ` +
      "Let it read to the end while nobody writes, then end it";
    throw new LogError("topic_mismatch", message, "terminal");
  }
}

async function groupIds(admin: GroupAdmin): Promise<readonly string[]> {
  const { groups } = await kafkaDoing("asking for the groups", () => admin.listGroups());
  return groups.filter(({ protocolType }) => protocolType === "consumer").map(({ groupId }) => groupId);
}

/** Whether a member of a consumers' group asks for one of the topics. One whose metadata cannot be read may, for all one knows. */
function mayRead(metadata: Buffer, topics: ReadonlySet<string>): boolean {
  try {
    const asked = kafkajs.AssignerProtocol.MemberMetadata.decode(metadata)?.topics;
    return asked === undefined || asked.some((topic) => topics.has(topic));
  } catch {
    return true;
  }
}

function* inParts(ids: readonly string[]): Generator<string[]> {
  for (let from = 0; from < ids.length; from += GROUPS_AT_ONCE) yield ids.slice(from, from + GROUPS_AT_ONCE);
}

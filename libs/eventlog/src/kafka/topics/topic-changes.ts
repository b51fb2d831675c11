import { DAY_MS } from "@leastwise/vocabulary";
import { AS_THE_BROKERS_ARE, type TopicSettings } from "./topic-settings.js";

/** A setting, by the name that Kafka gives it. */
export type SettingName =
  | "partitions"
  | "replication.factor"
  | "cleanup.policy"
  | "retention.ms"
  | "retention.bytes"
  | "delete.retention.ms"
  | "min.insync.replicas"
  | "max.message.bytes"
  | "message.timestamp.type"
  | "unclean.leader.election.enable";

/**
 * What is to be done about a setting: `set` is done by applying; `leave` differs and may stay so; `by_hand` is for an operator, since applying
 * moves data between brokers; `refuse` would lose records or move subjects to other partitions.
 */
export type Action = "set" | "leave" | "by_hand" | "refuse";

/** One setting that is not as it should be. */
export interface SettingChange {
  readonly setting: SettingName;
  readonly is: string;
  readonly wanted: string;
  readonly action: Action;
  /** Why it is not simply set, and what to do; empty for `set`. */
  readonly why: string;
}

/** What is to be done about a topic. */
export type TopicChange =
  | { readonly kind: "create"; readonly topic: TopicSettings }
  | { readonly kind: "keep"; readonly topic: TopicSettings }
  | { readonly kind: "change"; readonly topic: TopicSettings; readonly changes: readonly SettingChange[] };

/** Compares the topics as they should be with those that are there. Pure; in the order of `wanted`. */
export function topicChanges(
  wanted: readonly TopicSettings[],
  existing: ReadonlyMap<string, TopicSettings>,
): readonly TopicChange[] {
  return wanted.map((topic): TopicChange => {
    const is = existing.get(topic.name);
    if (is === undefined) return { kind: "create", topic };
    const changes = COMPARISONS.flatMap((compare) => compare(topic, is) ?? []);
    return changes.length === 0 ? { kind: "keep", topic } : { kind: "change", topic, changes };
  });
}

/** Whether all is as it must be: what differs may stay so. */
export function isInOrder(changes: readonly TopicChange[]): boolean {
  return changes.every(
    (change) => change.kind === "keep" || (change.kind === "change" && change.changes.every(mayStay)),
  );
}

/** Whether applying does something about it. */
export function isApplicable(change: TopicChange): boolean {
  return change.kind === "create" || settingsToSet(change).length > 0;
}

/** What applying sets on a topic that is there. */
export function settingsToSet(change: TopicChange): readonly SettingChange[] {
  return change.kind === "change" ? change.changes.filter(({ action }) => action === "set") : [];
}

function mayStay({ action }: SettingChange): boolean {
  return action === "leave";
}

/** What of a topic is not as it must be, in words; empty where all may stay as it is. */
export function sayWrong(change: TopicChange): string {
  const { kind, topic } = change;
  if (kind === "keep") return "";
  if (kind === "create") return `topic ${topic.name} does not exist`;
  const settings = change.changes.filter((setting) => !mayStay(setting));
  if (settings.length === 0) return "";
  return `topic ${topic.name} has ${settings.map(({ setting, is, wanted }) => `${setting} ${is}, expected ${wanted}`).join(", and ")}`;
}

type Compare = (wanted: TopicSettings, is: TopicSettings) => SettingChange | undefined;

const COMPARISONS: readonly Compare[] = [
  comparePartitions,
  compareCompaction,
  compareExpiry,
  compareRetention,
  compareRetentionBytes,
  compareTakenBack,
  compareReplicas,
  compareInSyncReplicas,
  compareBatchBytes,
  compareTimestamps,
  compareElection,
];

function comparePartitions(wanted: TopicSettings, is: TopicSettings): SettingChange | undefined {
  if (wanted.partitions === is.partitions) return undefined;
  const change = { setting: "partitions" as const, is: String(is.partitions), wanted: String(wanted.partitions) };
  if (wanted.partitions < is.partitions) {
    const why = `Kafka takes no partition away: its records would be lost. Set log.partitions to ${is.partitions}.`;
    return { ...change, action: "refuse", why };
  }
  const why =
    "subjects would move to other partitions than the ones that hold their events, decisions and offers. " +
    `Set log.partitions to ${is.partitions}. \`leastwise topics grow\` makes more, and takes along what they hold.`;
  return { ...change, action: "refuse", why };
}

function compareCompaction(wanted: TopicSettings, is: TopicSettings): SettingChange | undefined {
  if (wanted.isCompacted === is.isCompacted) return undefined;
  const change = { setting: "cleanup.policy" as const, is: sayCleanup(is), wanted: sayCleanup(wanted) };
  const why = whyNotCompactedSo(wanted, is);
  return {
    ...change,
    action: "refuse",
    why: `${why} If the topic is not ours, give Leastwise a cluster or names of its own.`,
  };
}

function whyNotCompactedSo(wanted: TopicSettings, is: TopicSettings): string {
  if (wanted.isCompacted)
    return "compaction deletes all records of a key but the newest, and records without a key are refused from then on.";
  return is.isExpiring
    ? "compaction has deleted records of each key but the newest: what the topic lacks does not come back."
    : "what compaction kept for ever would be deleted by age.";
}

/** Of topics that are compacted, or not, as they should be. */
function compareExpiry(wanted: TopicSettings, is: TopicSettings): SettingChange | undefined {
  if (wanted.isCompacted !== is.isCompacted || wanted.isExpiring === is.isExpiring) return undefined;
  const change = { setting: "cleanup.policy" as const, is: sayCleanup(is), wanted: sayCleanup(wanted) };
  if (is.isExpiring) return { ...change, action: "set", why: "" };
  const why = "records are kept longer than asked; making it so would delete those that are old, so it stays.";
  return { ...change, action: "leave", why };
}

function compareRetention(wanted: TopicSettings, is: TopicSettings): SettingChange | undefined {
  if (!wanted.isExpiring || !is.isExpiring || is.isCompacted || wanted.retentionMs === is.retentionMs) return undefined;
  const change = {
    setting: "retention.ms" as const,
    is: sayRetention(is.retentionMs),
    wanted: sayRetention(wanted.retentionMs),
  };
  if ((wanted.retentionMs ?? Infinity) > (is.retentionMs ?? Infinity)) return { ...change, action: "set", why: "" };
  const why = "records are kept longer than asked; making it shorter would delete them, so it stays.";
  return { ...change, action: "leave", why };
}

/** A limit of size deletes records before their age does, and without a word. */
function compareRetentionBytes(wanted: TopicSettings, is: TopicSettings): SettingChange | undefined {
  if (!wanted.isExpiring || (wanted.retentionBytes ?? Infinity) <= (is.retentionBytes ?? Infinity)) return undefined;
  return {
    ...{ setting: "retention.bytes", is: sayBytes(is.retentionBytes), wanted: sayBytes(wanted.retentionBytes) },
    ...{ action: "set", why: "" },
  };
}

function compareTakenBack(wanted: TopicSettings, is: TopicSettings): SettingChange | undefined {
  if (!is.isCompacted || wanted.takenBackKeptMs <= is.takenBackKeptMs) return undefined;
  return {
    ...{ setting: "delete.retention.ms", is: `${is.takenBackKeptMs} ms`, wanted: `${wanted.takenBackKeptMs} ms` },
    ...{ action: "set", why: "" },
  };
}

function compareReplicas(wanted: TopicSettings, is: TopicSettings): SettingChange | undefined {
  if (wanted.replicas <= is.replicas) return undefined;
  const why =
    "copies are made by moving data between brokers: kafka-reassign-partitions.sh does that, at a rate you choose.";
  return {
    ...{ setting: "replication.factor", is: String(is.replicas), wanted: String(wanted.replicas) },
    ...{ action: "by_hand", why },
  };
}

function compareInSyncReplicas(wanted: TopicSettings, is: TopicSettings): SettingChange | undefined {
  if ([AS_THE_BROKERS_ARE, is.inSyncReplicasMin].includes(wanted.inSyncReplicasMin)) return undefined;
  const change = {
    setting: "min.insync.replicas" as const,
    is: String(is.inSyncReplicasMin),
    wanted: String(wanted.inSyncReplicasMin),
  };
  if (wanted.inSyncReplicasMin < is.inSyncReplicasMin)
    return { ...change, action: "leave", why: "a record is safer than asked; it stays." };
  if (wanted.inSyncReplicasMin <= is.replicas) return { ...change, action: "set", why: "" };
  const why = `there are ${is.replicas} replicas: no record would be acknowledged. Add replicas first.`;
  return { ...change, action: "by_hand", why };
}

function compareBatchBytes(wanted: TopicSettings, is: TopicSettings): SettingChange | undefined {
  if (wanted.batchBytesMax <= is.batchBytesMax) return undefined;
  return {
    ...{ setting: "max.message.bytes", is: String(is.batchBytesMax), wanted: String(wanted.batchBytesMax) },
    ...{ action: "set", why: "" },
  };
}

function compareTimestamps(wanted: TopicSettings, is: TopicSettings): SettingChange | undefined {
  if (wanted.timestamps === is.timestamps) return undefined;
  return { setting: "message.timestamp.type", is: is.timestamps, wanted: wanted.timestamps, action: "set", why: "" };
}

function compareElection(wanted: TopicSettings, is: TopicSettings): SettingChange | undefined {
  if (wanted.isElectedUncleanly || !is.isElectedUncleanly) return undefined;
  return { setting: "unclean.leader.election.enable", is: "true", wanted: "false", action: "set", why: "" };
}

function sayCleanup({ isCompacted, isExpiring }: TopicSettings): string {
  const policies = [...(isCompacted ? ["compact"] : []), ...(isExpiring ? ["delete"] : [])];
  return policies.length === 0 ? "none" : policies.join(",");
}

function sayBytes(bytes: number | undefined): string {
  return bytes === undefined ? "without limit" : `${bytes} bytes`;
}

/** As people read it: whole days where they are. */
export function sayRetention(retentionMs: number | undefined): string {
  if (retentionMs === undefined) return "without limit";
  return retentionMs % DAY_MS === 0 ? `${retentionMs / DAY_MS} days` : `${retentionMs} ms`;
}

import {
  isApplicable,
  sayRetention,
  settingsToSet,
  type SettingChange,
  type TopicChange,
  type TopicSettings,
} from "@leastwise/eventlog";

const MARKS = { create: "+", keep: " ", change: "~" } as const;

/** The plan, a line for each topic and one for each setting that is not as it should be. */
export function topicsTable(changes: readonly TopicChange[]): string {
  const width = Math.max(...changes.map(({ topic }) => topic.name.length));
  return changes.flatMap((change) => topicLines(change, width)).join("\n");
}

/** What applying the plan did, a line for each topic that was made and each setting that was set. */
export function appliedTable(changes: readonly TopicChange[]): string {
  const applied = changes.filter(isApplicable);
  if (applied.length === 0) return "nothing was to be made or set";
  const width = Math.max(...applied.map(({ topic }) => topic.name.length));
  return applied.flatMap((change) => appliedLines(change, width)).join("\n");
}

function appliedLines(change: TopicChange, width: number): string[] {
  const line = `${MARKS[change.kind]} ${change.topic.name.padEnd(width)}  `;
  if (change.kind === "create") return [`${line}made: ${sayTopic(change.topic)}`];
  return settingsToSet(change).map(({ setting, is, wanted }) => `${line}set: ${setting} was ${is}, is ${wanted}`);
}

function topicLines(change: TopicChange, width: number): string[] {
  const { kind, topic } = change;
  const line = `${MARKS[kind]} ${topic.name.padEnd(width)}  `;
  if (kind === "keep") return [`${line}as it should be`];
  if (kind === "create") return [`${line}to be made: ${sayTopic(topic)}`];
  return [`${line}differs`, ...change.changes.map((setting) => `    ${settingLine(setting)}`)];
}

function sayTopic({ partitions, replicas, isCompacted, retentionMs, inSyncReplicasMin }: TopicSettings): string {
  const kept = isCompacted ? "compacted" : `kept ${sayRetention(retentionMs)}`;
  return `${count(partitions, "partition")}, ${count(replicas, "replica")} (${inSyncReplicasMin} in sync), ${kept}`;
}

const ACTIONS: Readonly<Record<SettingChange["action"], string>> = {
  set: "to be set",
  leave: "left",
  by_hand: "by hand",
  refuse: "REFUSED",
};

function settingLine({ setting, is, wanted, action, why }: SettingChange): string {
  const reason = why === "" ? "" : `: ${why}`;
  return `${setting} is ${is}, wanted ${wanted}: ${ACTIONS[action]}${reason}`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

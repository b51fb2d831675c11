import type { Commit } from "../port.js";
import type { Change, Tables } from "./store.js";

/** Where groups go on: table `groups`, [group, topic, partition] as JSON → commit as JSON. */
export function readCommit(tables: Tables, group: string, topic: string, partition: number): Commit | undefined {
  const stored = tables.groups.get(groupKey(group, topic, partition));
  return stored === undefined ? undefined : (JSON.parse(stored.toString()) as Commit);
}

export function commitChange(tables: Tables, group: string, topic: string, partition: number, commit: Commit): Change {
  const { offset, note } = commit;
  return {
    table: tables.groups,
    key: groupKey(group, topic, partition),
    value: Buffer.from(JSON.stringify({ offset, note })),
  };
}

function groupKey(group: string, topic: string, partition: number): Buffer {
  return Buffer.from(JSON.stringify([group, topic, partition]));
}

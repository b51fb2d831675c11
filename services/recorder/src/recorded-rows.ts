import { TOPICS } from "@leastwise/contracts";
import type { Commit } from "@leastwise/eventlog";
import { TABLE_NAMES, type TableName, type Warehouse } from "@leastwise/warehouse";
import { planNote } from "./planned-block.js";

/** A partition of this log. */
export interface LogPartition {
  readonly incarnation: string;
  readonly topic: string;
  readonly partition: number;
}

/** The newest record of a partition that each table has rows of; a table without any has no entry. */
export type NewestOffsets = ReadonlyMap<TableName, number>;

/** The table that has a row of nearly every record of a topic. It is written last: what it has, the others have too. */
const MAIN_TABLES: Readonly<Record<string, TableName>> = {
  [TOPICS.clickstream]: "clickstream",
  [TOPICS.decisions]: "decisions",
  [TOPICS.offers]: "offers",
  [TOPICS.deadLetters]: "dead_letters",
};

/** Tables in the order in which a block of the topic is written to them. */
export function inWritingOrder(topic: string, tables: readonly TableName[]): readonly TableName[] {
  const main = MAIN_TABLES[topic];
  return [...tables.filter((table) => table !== main), ...tables.filter((table) => table === main)];
}

/** Asks the warehouse what it has of a partition. */
export async function newestOffsets(warehouse: Warehouse, partition: LogPartition): Promise<NewestOffsets> {
  const ofTables = TABLE_NAMES.map(
    (table) =>
      `SELECT '${table}' AS name, max(log_offset) AS newest FROM ${table} WHERE log_incarnation = {incarnation:String} ` +
      "AND log_topic = {topic:String} AND log_partition = {partition:UInt32} HAVING count() > 0",
  );
  const rows = await warehouse.query<{ name: TableName; newest: string }>(ofTables.join(" UNION ALL "), {
    ...partition,
  });
  return new Map(rows.map(({ name, newest }) => [name, Number(newest)]));
}

/**
 * The commit that these rows amount to, for a group whose own commit the log has forgotten: Kafka does after seven days without a reader.
 * All that the main table has is whole. What only other tables have is of one block that was under way: it is planned anew, and
 * of its rows those are written that a table does not have.
 */
export function commitOfRows(topic: string, newest: NewestOffsets): Commit | undefined {
  if (newest.size === 0) return undefined;
  const main = MAIN_TABLES[topic];
  const offset = (main === undefined ? -1 : (newest.get(main) ?? -1)) + 1;
  const to = Math.max(...newest.values()) + 1;
  return { offset, note: to > offset ? planNote(to) : "" };
}

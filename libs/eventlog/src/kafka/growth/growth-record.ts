import { LOG_TOPIC } from "../../incarnation.js";
import { LogError, type LogRecord, type NewRecord } from "../../port.js";
import type { Millis } from "@leastwise/vocabulary";

/** Where a topic's records stood when its growth began, by partition: what is copied, and behind which offsets the copies are. */
export interface Stretch {
  /** Offset of the oldest record. */
  readonly begins: readonly number[];
  /** Offset behind the newest one. */
  readonly ends: readonly number[];
  /** Whatever stands here or further on is a copy; 0 of a partition that is not named. The same as `ends`, unless copying was begun anew. */
  readonly copiesFrom: readonly number[];
  /** Whether none of the topic's records had gone before. Absent: an earlier version began it, and nobody knows. */
  readonly isWhole?: boolean;
}

/**
 * A growth that was begun, as the log itself tells it. `copying`: the records before the ends are the topic, those behind are of no
 * account yet. `copied`: it is the other way round. `finished`: only the copies are left.
 */
export interface Growth {
  readonly stage: "copying" | "copied" | "finished";
  readonly from: number;
  readonly to: number;
  readonly topics: Readonly<Record<string, Stretch>>;
}

/** No incarnation's key: those are ids. */
const GROWTH_KEY = "growth";

/** The growth as a record beside the log's first one. The newest stands. */
export function growthRecord(growth: Growth, nowMs: number): NewRecord {
  const value = Buffer.from(JSON.stringify(growth));
  return { topic: LOG_TOPIC.name, partition: 0, key: GROWTH_KEY, value, timestampMs: nowMs as Millis };
}

/** The newest growth that the records of {@link LOG_TOPIC} tell of. Throws a LogError, `corrupt_record`. */
export function growthIn(records: readonly LogRecord[]): Growth | undefined {
  const newest = records.findLast(({ key }) => key === GROWTH_KEY);
  if (newest === undefined) return undefined;
  const growth: unknown = parsed(newest.value);
  if (isGrowth(growth)) return growth;
  const place = `${LOG_TOPIC.name}/0/${newest.offset}`;
  throw new LogError("corrupt_record", `${place}: expected a growth of partitions, got something else`, "terminal");
}

/**
 * Whether a topic has every record still that was ever appended to it.
 *
 * @param begins offset of the oldest record of each partition
 * @param growth the newest that is finished; undefined: the topics never grew
 */
export function holdsAll(topic: string, begins: readonly number[], growth: Growth | undefined): boolean {
  const stretch = growth?.topics[topic];
  if (stretch === undefined) return begins.every((begin) => begin === 0);
  return stretch.isWhole === true && begins.every((begin, at) => begin === (stretch.copiesFrom[at] ?? 0));
}

/** Whether half of it is done, or less: nothing else may be done to the topics then. */
export function isUnderWay(growth: Growth | undefined): growth is Growth {
  return growth !== undefined && growth.stage !== "finished";
}

/** Throws a LogError, `topic_mismatch`, while a growth is under way: half of a topic is where nobody looks for it. */
export function refuseWhileGrowing(growth: Growth | undefined): void {
  if (!isUnderWay(growth)) return;
  const { from, to } = growth;
  throw new LogError(
    "topic_mismatch",
    `the topics are growing from ${from} to ${to} partitions: \`leastwise topics grow --partitions ${to}\` must come to its end first`,
    "terminal",
  );
}

function parsed(value: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(value).toString());
  } catch {
    return undefined;
  }
}

function isGrowth(value: unknown): value is Growth {
  if (typeof value !== "object" || value === null) return false;
  const { stage, from, to, topics } = value as Partial<Record<keyof Growth, unknown>>;
  const isStage = stage === "copying" || stage === "copied" || stage === "finished";
  return isStage && typeof from === "number" && typeof to === "number" && typeof topics === "object" && topics !== null;
}

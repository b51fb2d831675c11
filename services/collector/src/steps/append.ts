import { encodeClickstreamRecord, formatPosition, TOPICS, wire } from "@leastwise/contracts";
import { LogError, type EventLog, type NewRecord } from "@leastwise/eventlog";
import {
  bucketOf,
  err,
  ok,
  partitionOfBucket,
  refusal,
  type Millis,
  type Refusal,
  type Result,
  type SubjectId,
} from "@leastwise/vocabulary";
import type { Link } from "@leastwise/references";
import type { LinkedEvent } from "./link.js";

/** Partitions of the topics that are keyed by subject. */
export interface Partitions {
  readonly clickstream: number;
  readonly links: number;
}

/** The records of an event: its link first, if it made one, on both topics; a new subject's key; then the event itself. */
export function recordsOf(
  linked: LinkedEvent,
  stamped: wire.ClickstreamEvent,
  partitions: Partitions,
  nowMs: Millis,
): readonly NewRecord[] {
  const event: NewRecord = {
    topic: TOPICS.clickstream,
    partition: partitionOf(linked.subject, partitions.clickstream),
    key: linked.subject,
    value: encodeClickstreamRecord({ $case: "event", value: stamped }),
    timestampMs: nowMs,
  };
  const link = linked.made === undefined ? [] : linkRecords(linked.made, partitions, nowMs);
  return linked.isFirstSight ? [...link, keyRecord(linked, partitions, nowMs), event] : [...link, event];
}

/** Without an anonymous subject, under the known one's own key: it stays whatever becomes of the links. */
function keyRecord({ subject, assignmentKey }: LinkedEvent, partitions: Partitions, nowMs: Millis): NewRecord {
  const message = wire.SubjectLink.fromPartial({
    knownSubject: subject,
    assignmentKey,
    linkedAtMs: BigInt(nowMs),
  });
  return {
    topic: TOPICS.links,
    partition: partitionOf(subject, partitions.links),
    key: subject,
    value: wire.SubjectLink.encode(message).finish(),
    timestampMs: nowMs,
  };
}

function linkRecords(link: Link, partitions: Partitions, nowMs: Millis): readonly NewRecord[] {
  const message: wire.SubjectLink = {
    anonymousSubject: link.anonymous,
    knownSubject: link.known,
    assignmentKey: link.assignmentKey,
    linkedAtMs: BigInt(link.linkedAtMs),
    sessionId: link.sessionId,
  };
  return [
    {
      topic: TOPICS.links,
      partition: partitionOf(link.anonymous, partitions.links),
      key: link.anonymous,
      value: wire.SubjectLink.encode(message).finish(),
      timestampMs: nowMs,
    },
    {
      topic: TOPICS.clickstream,
      partition: partitionOf(link.anonymous, partitions.clickstream),
      key: link.anonymous,
      value: encodeClickstreamRecord({ $case: "link", value: message }),
      timestampMs: nowMs,
    },
  ];
}

/** The record of a dead letter. */
export function deadLetterRecord(letter: wire.DeadLetter, nowMs: Millis): NewRecord {
  return {
    topic: TOPICS.deadLetters,
    partition: 0,
    value: wire.DeadLetter.encode(letter).finish(),
    timestampMs: nowMs,
  };
}

function partitionOf(subject: SubjectId, partitions: number): number {
  return partitionOfBucket(bucketOf(subject), partitions);
}

/**
 * Appends a request's records in one call and gives the position that its clickstream records reach up to; empty if there are
 * none. Reasons: `log_unavailable`, `disk_full`, `draining`; nothing of the request is promised then.
 */
export async function append(log: EventLog, records: readonly NewRecord[]): Promise<Result<string, Refusal>> {
  if (records.length === 0) return ok("");
  const offsets = new Map<number, number>();
  try {
    for (const { topic, partition, offset } of await log.append(records)) {
      if (topic !== TOPICS.clickstream) continue;
      offsets.set(partition, Math.max(offset, offsets.get(partition) ?? 0));
    }
  } catch (error) {
    if (error instanceof LogError) return err(logRefusal(error));
    throw error;
  }
  return ok(formatPosition({ incarnation: log.incarnation, offsets }));
}

/** What a sender is told of a log that took nothing: `log_unavailable`, `disk_full` or `draining`. */
export function logRefusal({ code, hint }: LogError): Refusal {
  const again = hint === "retry" ? "send the same again later" : "send the same again once the operators have acted";
  if (code === "disk_full") return refusal("disk_full", "", "a log without room", again);
  if (code === "log_closed") return refusal("draining", "", "a log that is closing", "send the same again elsewhere");
  return refusal("log_unavailable", "", `a log that failed (${code})`, again);
}

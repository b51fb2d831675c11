import { TOPICS, wire } from "@leastwise/contracts";
import type { EventLog, LogRecord } from "@leastwise/eventlog";
import { isSubjectId, type SubjectId } from "@leastwise/vocabulary";
import { follow, type Followed } from "./follow.js";
import { insistOnKey, takingOurs, type FollowingHooks } from "./passed-over.js";

/** Profiles and consent, as the newest records of the topic `subjects` say. */
export interface Subjects extends Followed {
  /** What is kept of a subject; undefined if nothing ever was. */
  record(subject: SubjectId): wire.SubjectRecord | undefined;
  /** Whether the record at that offset of the topic, or a newer one, has been taken. */
  hasTaken(offset: number): boolean;
}

/** Follows profiles and consent. */
export async function followSubjects(log: EventLog, hooks: FollowingHooks = {}): Promise<Subjects> {
  const records = new Map<string, wire.SubjectRecord>();
  let newestOffset = -1;
  const keep = ({ subject, kept }: Said): void => {
    if (kept === undefined) records.delete(subject);
    else records.set(subject, kept);
  };
  const take = takingOurs(readSaid, keep, hooks);
  const following = await follow(log, TOPICS.subjects, (record) => {
    newestOffset = record.offset;
    take(record);
  });
  return {
    ...following,
    record: (subject) => records.get(subject),
    hasTaken: (offset) => newestOffset >= offset,
  };
}

/** What a record says of a subject. */
interface Said {
  readonly subject: string;
  /** Absent: what was kept of the subject was taken back. */
  readonly kept?: wire.SubjectRecord;
}

/** Throws for what is no record of ours. */
function readSaid(record: LogRecord): Said {
  const { key = "", value } = record;
  if (value.length === 0) return { subject: key };
  const kept = wire.SubjectRecord.decode(value);
  insistOnKey(record, "subject", kept.subject);
  if (!isSubjectId(kept.subject)) throw new RangeError("subject is no subject's id");
  return { subject: kept.subject, kept };
}

import { TOPICS, wire } from "@leastwise/contracts";
import type { EventLog } from "@leastwise/eventlog";
import type { SubjectId } from "@leastwise/vocabulary";
import { follow, type Following } from "./follow.js";

/** Profiles and consent, as the newest records of the topic `subjects` say. */
export interface Subjects extends Following {
  /** What is kept of a subject; undefined if nothing ever was. */
  record(subject: SubjectId): wire.SubjectRecord | undefined;
  /** Whether the record at that offset of the topic, or a newer one, has been taken. */
  hasTaken(offset: number): boolean;
}

/** Follows profiles and consent. */
export async function followSubjects(log: EventLog): Promise<Subjects> {
  const records = new Map<string, wire.SubjectRecord>();
  let newestOffset = -1;
  const following = await follow(log, TOPICS.subjects, ({ key, value, offset }) => {
    newestOffset = offset;
    if (value.length === 0) {
      if (key !== undefined) records.delete(key);
      return;
    }
    const record = wire.SubjectRecord.decode(value);
    records.set(record.subject, record);
  });
  return {
    ...following,
    record: (subject) => records.get(subject),
    hasTaken: (offset) => newestOffset >= offset,
  };
}

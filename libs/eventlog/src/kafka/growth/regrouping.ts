import { createHash, type Hash } from "node:crypto";
import type { Millis } from "@leastwise/vocabulary";
import { LogError, type EventLog, type LogRecord, type NewRecord } from "../../port.js";
import { RECORD_BYTES_MAX, recordBytes } from "../../record-limits.js";
import type { Growth, Stretch } from "./growth-record.js";
import { checkReadable, readRange, type Range } from "./range-reading.js";

/** Where a record stands in its topic. */
export interface Place {
  readonly partition: number;
  readonly offset: number;
}

/** Records of a topic that name the place of another one of it. */
export interface References {
  /** Whether others may name this record's place. */
  isNamed(record: LogRecord): boolean;
  /** The place that the record names; undefined: none of this topic. */
  placeIn(record: LogRecord): Place | undefined;
  /** The record's value, with another place in it. */
  withPlace(record: LogRecord, place: Place): Uint8Array;
}

/** A topic whose records go to other partitions when there are more. Each lane's records stay together, and in their order. */
export interface RegroupedTopic {
  readonly name: string;
  /** A whole number from 0; of a record that belongs nowhere in particular, undefined: it stays in its partition. */
  laneOf(record: LogRecord): number | undefined;
  partitionOf(lane: number, partitions: number): number;
  readonly references?: References;
  /** Makes, for the records of one partition in their order, what says of each which value its copy has; undefined: it needs none. Default: its own. */
  readonly reader?: () => (record: LogRecord) => Uint8Array | undefined;
  /** Why a record is none of ours, so that whoever reads the topic passes over it; undefined: it is. Such a record is said, and copied. Default: all are. */
  readonly problemOf?: (record: LogRecord) => string | undefined;
}

/** A record that somebody else wrote onto a topic. */
export interface ForeignRecord extends Place {
  readonly topic: string;
  /** What is wrong with it, in words. */
  readonly problem: string;
}

/** What a topic holds: how many records, and what those of each lane are, in their order. */
export interface Content {
  readonly records: number;
  /** By lane: number of records and a digest of them. */
  readonly lanes: ReadonlyMap<string, string>;
}

/** What is to be copied, and where to. */
export interface Survey extends Content {
  /** Where records that others may name will stand, by where they stand. */
  readonly places: ReadonlyMap<string, Place>;
}

/** A place that no record has: in its stead, records that differ in nothing but the place they name are alike. */
const NOWHERE: Place = { partition: 0, offset: 0 };

/** One topic on its way. The order of the copies is told by what is copied alone, so that each copy's place is known before it is there. */
export class Regrouping {
  readonly #log: EventLog;
  readonly #topic: RegroupedTopic;
  readonly #stretch: Stretch;
  readonly #partitions: number;

  constructor(log: EventLog, topic: RegroupedTopic, growth: Growth) {
    const stretch = growth.topics[topic.name];
    if (stretch === undefined) throw new Error(`${topic.name} is not among what grows`);
    this.#log = log;
    this.#topic = topic;
    this.#stretch = stretch;
    this.#partitions = growth.to;
  }

  /**
   * Reads what is to be copied. Rejects with a LogError: `corrupt_record`, and those of reading.
   *
   * @param onForeign told of each record that is none of ours
   */
  async survey(onForeign: (record: ForeignRecord) => void): Promise<Survey> {
    for (const range of await this.#originals()) await checkReadable(this.#log, range);
    const content = new ContentDigest();
    const places = new Map<string, Place>();
    const copies = this.#noCopies();
    await this.#eachRecord(onForeign, (record) => {
      const place = this.#nextPlace(copies, record);
      this.#digest(content, record);
      if (this.#topic.references?.isNamed(record) === true) places.set(sayPlace(record), place);
    });
    return { ...content.whole(), places };
  }

  /**
   * Appends the copies that are not there yet. Rejects with a LogError, `topic_mismatch`, when one does not come to stand where it
   * must, since somebody else writes.
   */
  async copy({ places }: Survey): Promise<void> {
    const there = await this.#copiesThere();
    const copies = this.#noCopies();
    await this.#eachBatch(async (records) => {
      const missing: NewRecord[] = [];
      const expected: Place[] = [];
      for (const record of records) {
        const place = this.#nextPlace(copies, record);
        if (place.offset < (there[place.partition] ?? 0)) continue;
        missing.push(this.#copyOf(record, place.partition, places));
        expected.push(place);
      }
      const positions = await this.#log.append(missing);
      positions.forEach((position, index) => {
        this.#checkPlace(position, expected[index]);
      });
    });
  }

  /** Reads the copies. */
  async copied(): Promise<Content> {
    const content = new ContentDigest();
    for (let partition = 0; partition < this.#partitions; partition += 1) {
      const { name: topic } = this.#topic;
      const { end: to } = await this.#log.offsets(topic, partition);
      await readRange(this.#log, { topic, partition, from: this.#copiesFrom(partition), to }, (records) => {
        for (const record of records) this.#digest(content, record);
      });
    }
    return content.whole();
  }

  async #eachRecord(onForeign: (record: ForeignRecord) => void, take: (record: LogRecord) => void): Promise<void> {
    await this.#eachBatch(
      (records) => {
        records.forEach(take);
      },
      (record) => {
        const problem = tooLarge(record) ?? this.#topic.problemOf?.(record);
        const { topic, partition, offset } = record;
        if (problem !== undefined) onForeign({ topic, partition, offset, problem });
      },
    );
  }

  /**
   * What is to be copied, one partition after the other: a lane is in one of them, so its order is kept.
   *
   * @param look is shown each record before, as it stands there
   */
  async #eachBatch(
    take: (records: readonly LogRecord[]) => Promise<void> | void,
    look: (record: LogRecord) => void = () => undefined,
  ): Promise<void> {
    for (const range of await this.#originals()) {
      const valueOf = this.#topic.reader?.() ?? ((record: LogRecord) => record.value);
      await readRange(this.#log, range, async (records) => {
        records.forEach(look);
        await take(
          records.flatMap((record) => {
            const value = tooLarge(record) === undefined ? valueOf(record) : undefined;
            // Somebody else's record may have no time, which is -1 on the log, and none that we may write.
            return value === undefined
              ? []
              : { ...record, value, timestampMs: Math.max(0, record.timestampMs) as Millis };
          }),
        );
      });
    }
  }

  async #originals(): Promise<readonly Range[]> {
    const { name: topic } = this.#topic;
    const ranges: Range[] = [];
    for (const [partition, to] of this.#stretch.ends.entries()) {
      const from = this.#stretch.begins[partition] ?? 0;
      const { begin } = await this.#log.offsets(topic, partition);
      if (begin > from) throw lost(topic, partition, from, begin);
      ranges.push({ topic, partition, from, to });
    }
    return ranges;
  }

  /** Offset of the first copy in each partition. */
  #noCopies(): number[] {
    return Array.from({ length: this.#partitions }, (_, partition) => this.#copiesFrom(partition));
  }

  /** Copies are appended in their order: what is there is the first of them. */
  async #copiesThere(): Promise<readonly number[]> {
    const ends: number[] = [];
    for (let partition = 0; partition < this.#partitions; partition += 1)
      ends.push((await this.#log.offsets(this.#topic.name, partition)).end);
    return ends;
  }

  #copiesFrom(partition: number): number {
    return this.#stretch.copiesFrom[partition] ?? 0;
  }

  #nextPlace(copies: number[], record: LogRecord): Place {
    const lane = this.#topic.laneOf(record);
    const partition = lane === undefined ? record.partition : this.#topic.partitionOf(lane, this.#partitions);
    const offset = copies[partition];
    if (offset === undefined) throw new RangeError(`there is no partition ${partition} of ${this.#partitions}`);
    copies[partition] = offset + 1;
    return { partition, offset };
  }

  #copyOf(record: LogRecord, partition: number, places: ReadonlyMap<string, Place>): NewRecord {
    const { topic, key, timestampMs } = record;
    const value = this.#valueOfCopy(record, places);
    return { topic, partition, ...(key === undefined ? {} : { key }), value, timestampMs };
  }

  /** What names a record that is no longer kept goes on naming it: its place is nobody else's. */
  #valueOfCopy(record: LogRecord, places: ReadonlyMap<string, Place>): Uint8Array {
    const { references } = this.#topic;
    const named = references?.placeIn(record);
    const place = named === undefined ? undefined : places.get(sayPlace(named));
    return references === undefined || place === undefined ? record.value : references.withPlace(record, place);
  }

  #digest(content: ContentDigest, record: LogRecord): void {
    const { references } = this.#topic;
    const lane = this.#topic.laneOf(record);
    const names = references?.placeIn(record) !== undefined;
    const value = references !== undefined && names ? references.withPlace(record, NOWHERE) : record.value;
    content.add(lane === undefined ? `partition ${record.partition}` : `lane ${lane}`, record, value);
  }

  #checkPlace(is: Place, expected: Place | undefined): void {
    if (expected !== undefined && is.partition === expected.partition && is.offset === expected.offset) return;
    const where = expected === undefined ? "nowhere" : sayPlace(expected);
    const message =
      `a copy on ${this.#topic.name} came to stand at ${sayPlace(is)}, expected ${where}: ` +
      "somebody else writes to the topic. End whoever it is, and begin anew with --again";
    throw new LogError("topic_mismatch", message, "terminal");
  }
}

/** Throws a LogError, `topic_mismatch`, unless both hold the same records in the same order of each lane. */
export function checkSameContent(topic: string, wanted: Content, is: Content): void {
  const lanes = new Set([...wanted.lanes.keys(), ...is.lanes.keys()]);
  const differing = [...lanes].filter((lane) => wanted.lanes.get(lane) !== is.lanes.get(lane));
  if (differing.length === 0) return;
  const [first = ""] = differing;
  const message =
    `${differing.length} of ${lanes.size} lanes of ${topic} are not copied as they were, the first being ${first}: ` +
    `${is.lanes.get(first) ?? "nothing"}, expected ${wanted.lanes.get(first) ?? "nothing"}. ` +
    "Nothing was removed. End whoever writes to the topic, and begin anew with --again";
  throw new LogError("topic_mismatch", message, "terminal");
}

/** Counts and digests records by lane, as they come. */
class ContentDigest {
  readonly #lanes = new Map<string, { records: number; readonly hash: Hash }>();

  add(lane: string, { key, timestampMs }: LogRecord, value: Uint8Array): void {
    const known = this.#lanes.get(lane) ?? { records: 0, hash: createHash("sha256") };
    this.#lanes.set(lane, known);
    known.records += 1;
    known.hash.update(`${JSON.stringify(key ?? null)} ${timestampMs} ${value.length}\n`).update(value);
  }

  whole(): Content {
    let records = 0;
    const lanes = new Map<string, string>();
    for (const [lane, { records: count, hash }] of this.#lanes) {
      records += count;
      lanes.set(lane, `${count} records, ${hash.digest("hex")}`);
    }
    return { records, lanes };
  }
}

/** Why a record cannot be copied: none of ours is as large, though the brokers would take more. */
function tooLarge(record: LogRecord): string | undefined {
  const bytes = recordBytes(record);
  if (bytes <= RECORD_BYTES_MAX) return undefined;
  return `it has ${bytes} bytes of key and value, more than the ${RECORD_BYTES_MAX} that are ever written, so it has no copy`;
}

function lost(topic: string, partition: number, from: number, begin: number): LogError {
  const message =
    `${topic}/${partition} began at ${from} when its growth began, and begins at ${begin} now: ` +
    "somebody has removed records. Begin anew with --again";
  return new LogError("topic_mismatch", message, "terminal");
}

function sayPlace({ partition, offset }: Place): string {
  return `${partition}/${offset}`;
}

import type { Config } from "@leastwise/config";
import { TOPICS, type Topic } from "@leastwise/contracts";
import type { NewRecord, RecordHeaders } from "@leastwise/eventlog";
import { createHash } from "node:crypto";

/** The message on each topic whose records stand for something that happened. Checkpoints are no messages. */
const MESSAGES: ReadonlyMap<string, string> = new Map<Topic, string>([
  [TOPICS.clickstream, "ClickstreamRecord"],
  [TOPICS.links, "SubjectLink"],
  [TOPICS.subjects, "SubjectRecord"],
  [TOPICS.catalog, "CatalogRecord"],
  [TOPICS.policy, "PolicyRecord"],
  [TOPICS.models, "ModelRecord"],
  [TOPICS.decisions, "DecisionRecord"],
  [TOPICS.offers, "OfferEvent"],
  [TOPICS.deadLetters, "DeadLetter"],
  [TOPICS.owners, "OwnerRecord"],
]);

/** Begins a value that a registry's serializers and deserializers alone understand. */
const FRAME_MAGIC = 0;

/** Hex digits of an id: 128 bits. */
const ID_LENGTH = 32;

/**
 * Headers by which readers outside know what a record is: those of a CloudEvent in binary mode (Kafka Protocol Binding 1.0.2, 3.2), and the
 * trace context. Undefined: none are wanted.
 */
export function cloudEventHeaders({
  record_headers,
}: Pick<Config["log"], "record_headers">): RecordHeaders | undefined {
  if (record_headers === "none") return undefined;
  const isWanted = (topic: string): boolean => record_headers === "all" || topic !== TOPICS.clickstream;
  return (record) => {
    const message = MESSAGES.get(record.topic);
    return message === undefined || !isWanted(record.topic) ? undefined : headersOf(record, message);
  };
}

function headersOf(record: NewRecord, message: string): Readonly<Record<string, string>> {
  const { topic, value, timestampMs, traceparent } = record;
  return {
    ce_specversion: "1.0",
    ce_id: idOf(record),
    ce_source: `/leastwise/${topic}`,
    ce_type: `leastwise.v1.${message}`,
    ce_time: new Date(timestampMs).toISOString(),
    // A tombstone is an event without data.
    ...(value.length === 0 ? {} : { "content-type": contentType(value) }),
    ...(traceparent === undefined ? {} : { traceparent }),
  };
}

/** The media type that CloudEvents' own protobuf format names, since none is registered. */
function contentType(value: Uint8Array): string {
  return value[0] === FRAME_MAGIC ? "application/octet-stream" : "application/protobuf";
}

/** The same record sent again has the same id, as the specification asks for: readers may take it once. */
function idOf({ key, value, timestampMs }: NewRecord): string {
  const hash = createHash("sha256")
    .update(`${timestampMs} ${JSON.stringify(key ?? null)}\n`)
    .update(value);
  return hash.digest("hex").slice(0, ID_LENGTH);
}

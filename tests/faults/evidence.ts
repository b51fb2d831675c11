import {
  decodeClickstreamRecord,
  FAILED_AFTER_DRAW,
  OwnerEpochs,
  wire,
  type ClickstreamBody,
} from "@leastwise/contracts";
import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { Kafka, logLevel } from "kafkajs";
import { committedPlaces } from "./committed-places.js";
import type { Places } from "./system.js";
import type { Told } from "./told.js";

/** How long reading the topics may take, and one question to the tables, ms. */
const READ_MAX_MS = 180_000;
const SQL_MAX_MS = 60_000;
const LOOK_AGAIN_MS = 200;

/** What the shop writes itself, and the group that it is taken in for. */
const RAW = "clickstream.raw";
const RAW_GROUP = "leastwise-raw";

/** A record as it stands on the log. */
export interface Standing<T> {
  readonly partition: number;
  readonly offset: number;
  readonly record: T;
}

/** Everything that answers are held against: what callers were told, and what the log and the tables say. */
export interface Evidence {
  readonly places: Places;
  readonly told: readonly Told[];
  readonly clickstream: readonly Standing<ClickstreamBody>[];
  /** Ids of the events that the shop wrote itself, as often as they stand on `clickstream.raw`. */
  readonly rawIds: readonly string[];
  /** Decisions that count, in the order of each partition; without those that say of another one that nothing came of it. */
  readonly decisions: readonly Standing<wire.DecisionRecord>[];
  /** What happened to offers, as far as it counts. */
  readonly offers: readonly Standing<wire.OfferEvent>[];
  /** First offset that was not read, by topic and partition: `offers/3`. Time goes on: offers run out, and the tables hear of it. */
  readonly ends: ReadonlyMap<string, number>;
  /** Records of owners that another one had followed: nobody may have been given anything by them. */
  readonly voided: readonly Standing<wire.DecisionRecord>[];
}

/** Reads the topics to their ends, by clients of its own that share nothing with the services' way of reading. */
export async function readLog(places: Places): Promise<Omit<Evidence, "places" | "told">> {
  const topics = await readCommitted(places.brokers, ["clickstream", RAW, "decisions", "offers"]);
  const ends = new Map<string, number>();
  for (const [topic, records] of topics)
    for (const { partition, offset } of records) ends.set(`${topic}/${partition}`, offset + 1);
  const of = (topic: string) => topics.get(topic) ?? [];
  const decisions = counting(of("decisions"), (value) => wire.DecisionRecord.decode(value));
  const offers = counting(of("offers"), (value) => wire.OfferEvent.decode(value));
  return {
    ends,
    clickstream: of("clickstream").map(({ record, ...place }) => {
      const body = decodeClickstreamRecord(record);
      if (!body.ok) throw new Error(`clickstream ${place.partition}:${place.offset}: ${body.error.reason}`);
      return { ...place, record: body.value };
    }),
    rawIds: of(RAW).map(({ record }) => (JSON.parse(Buffer.from(record).toString()) as { event_id: string }).event_id),
    decisions: decisions.counting.filter(
      ({ record }) => record.decisionId !== "" && record.reason !== FAILED_AFTER_DRAW,
    ),
    offers: offers.counting.filter(({ record }) => record.offerId !== ""),
    voided: decisions.voided,
  };
}

function counting<T extends { readonly ownerEpoch: bigint }>(
  records: readonly Standing<Uint8Array>[],
  decode: (value: Uint8Array) => T,
) {
  const epochs = new OwnerEpochs();
  const sorted: { readonly counting: Standing<T>[]; readonly voided: Standing<T>[] } = { counting: [], voided: [] };
  for (const { record: value, ...place } of records) {
    const record = decode(value);
    const counts = epochs.take(place.partition, Number(record.ownerEpoch));
    (counts ? sorted.counting : sorted.voided).push({ ...place, record });
  }
  return sorted;
}

/** The records of each topic that count, partition by partition in their order. */
async function readCommitted(
  brokers: readonly string[],
  topics: readonly string[],
): Promise<ReadonlyMap<string, readonly Standing<Uint8Array>[]>> {
  const kept = new Map<string, readonly Standing<Uint8Array>[]>();
  for (const [topic, records] of await readTopics(brokers, topics)) {
    const committed = await committedPlaces(brokers, topic);
    const counts = ({ partition, offset }: Standing<Uint8Array>) => committed.has(`${partition}/${offset}`);
    kept.set(topic, records.filter(counts));
    checkLeftOut(
      topic,
      records.filter((record) => !counts(record)),
      kept.get(topic) ?? [],
    );
  }
  return kept;
}

/** Only what the collector takes in is written in transactions, and what was aborted is taken in again: anything else was left out by mistake. */
function checkLeftOut(
  topic: string,
  leftOut: readonly Standing<Uint8Array>[],
  kept: readonly Standing<Uint8Array>[],
): void {
  const ids = topic === "clickstream" && leftOut.length > 0 ? new Set(kept.map(eventIdOf)) : new Set<string>();
  for (const record of leftOut)
    if (!ids.has(eventIdOf(record)))
      throw new Error(`${topic} ${record.partition}:${record.offset}: said not to count, and stands nowhere else`);
}

/** Empty for what is no event. */
function eventIdOf({ record }: Standing<Uint8Array>): string {
  const body = decodeClickstreamRecord(record);
  return body.ok && body.value.$case === "event" ? (body.value.value.event?.eventId ?? "") : "";
}

/** The records of each topic, partition by partition in their order, a few of aborted transactions among them. */
async function readTopics(
  brokers: readonly string[],
  topics: readonly string[],
): Promise<ReadonlyMap<string, readonly Standing<Uint8Array>[]>> {
  const kafka = clientOf(brokers);
  const ends = await endsOf(kafka, topics);
  const read = new Map<string, Standing<Uint8Array>[]>(topics.map((topic) => [topic, []]));
  const consumer = kafka.consumer({ groupId: `verifier-${randomUUID()}` });
  await consumer.connect();
  try {
    await consumer.subscribe({ topics: [...topics], fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`not read within ${READ_MAX_MS} ms: ${[...ends.keys()].join(", ")}`));
      }, READ_MAX_MS);
      const look = () => {
        if (ends.size > 0) return;
        clearTimeout(timer);
        resolve();
      };
      // Also of a batch that holds nothing but the marks of transactions.
      consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload: { topic, partition, lastOffset } }) => {
        if (Number(lastOffset) + 1 >= (ends.get(`${topic}/${partition}`) ?? 0)) ends.delete(`${topic}/${partition}`);
        look();
      });
      consumer
        .run({
          eachBatch: ({ batch }) => {
            const { topic, partition } = batch;
            for (const { offset, value } of batch.messages)
              read.get(topic)?.push({ partition, offset: Number(offset), record: value ?? new Uint8Array() });
            return Promise.resolve();
          },
        })
        .catch(reject);
      look();
    });
  } finally {
    await consumer.disconnect();
  }
  for (const records of read.values()) records.sort((a, b) => a.partition - b.partition || a.offset - b.offset);
  return read;
}

function clientOf(brokers: readonly string[]): Kafka {
  return new Kafka({ clientId: "verifier", brokers: [...brokers], logLevel: logLevel.NOTHING });
}

/** First offset that is not read, of each partition that has records. */
async function endsOf(kafka: Kafka, topics: readonly string[]): Promise<Map<string, number>> {
  const ends = new Map<string, number>();
  const admin = kafka.admin();
  await admin.connect();
  for (const topic of topics)
    for (const { partition, high } of await admin.fetchTopicOffsets(topic))
      if (Number(high) > 0) ends.set(`${topic}/${partition}`, Number(high));
  await admin.disconnect();
  return ends;
}

/** Resolves when all that the shop wrote itself has been taken in, or not in time: then a check says what is missing. */
export async function untilRawTakenIn({ brokers }: Places, withinMs: number): Promise<void> {
  const kafka = clientOf(brokers);
  const admin = kafka.admin();
  await admin.connect();
  const isBehind = async () => {
    const [taken] = await admin.fetchOffsets({ groupId: RAW_GROUP, topics: [RAW] });
    return (await admin.fetchTopicOffsets(RAW)).some(({ partition, high }) => {
      const offset = taken?.partitions.find((one) => one.partition === partition)?.offset ?? "-1";
      return Number(high) > Math.max(0, Number(offset));
    });
  };
  const deadlineMs = Date.now() + withinMs;
  try {
    while ((await isBehind()) && Date.now() < deadlineMs) await delay(LOOK_AGAIN_MS);
  } finally {
    await admin.disconnect();
  }
}

/** Where the clickstream ends now: the newest offset of each partition that has records. */
export async function clickstreamEnds(places: Places): Promise<ReadonlyMap<number, number>> {
  const kafka = clientOf(places.brokers);
  const ends = await endsOf(kafka, ["clickstream"]);
  return new Map([...ends].map(([place, end]) => [Number(place.split("/")[1]), end - 1]));
}

/** Rows of a SELECT through the recorder's SQL door; rejects with ClickHouse's own words. */
export async function sql<Row>({ sql: url }: Places, query: string): Promise<Row[]> {
  const response = await fetch(url, {
    method: "POST",
    body: `${query} FORMAT JSONEachRow`,
    signal: AbortSignal.timeout(SQL_MAX_MS),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Row);
}

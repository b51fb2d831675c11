import { createSubjectHasher, encodeClickstreamRecord, topicPlan, TOPICS, wire } from "@leastwise/contracts";
import type { EventLog, NewRecord } from "@leastwise/eventlog";
import { clickstreamShape, type ShapeEvent } from "@leastwise/testkit";
import { bucketOf, DAY_MS, partitionOfBucket, type Millis, type SubjectId } from "@leastwise/vocabulary";
import { askedNumber } from "./asked-number.js";
import { userIdOf } from "./checkout.js";

const APPEND_RECORDS = 5_000;
const SPAN_MS = 30 * DAY_MS;
const SUBJECTS_MIN = 1_000;
const SUBJECTS_MAX = 10_000_000;

/** The secret that shoppers become subjects by, as scorers are told it: 64 hexadecimal digits. */
export const SUBJECT_KEY = "5e".repeat(32);

const HASHER = createSubjectHasher(Buffer.from(SUBJECT_KEY, "hex"));

const KINDS = {
  product_view: wire.EventKind.EVENT_KIND_PRODUCT_VIEW,
  cart_add: wire.EventKind.EVENT_KIND_CART_ADD,
  purchase: wire.EventKind.EVENT_KIND_PURCHASE,
} as const;

/** How many subjects a benchmark has: what `BENCH_SUBJECTS` says, else so many. */
export function subjectsAsked(otherwise: number): number {
  return askedNumber({ name: "BENCH_SUBJECTS", otherwise, min: SUBJECTS_MIN, max: SUBJECTS_MAX });
}

/** The subject that a shopper of a benchmark is to the services. */
export function subjectOf(shopper: number): SubjectId {
  return HASHER.known(userIdOf(shopper));
}

/** The partition of a shopper's records. */
export function partitionOf(shopper: number, partitions: number): number {
  return partitionOfBucket(bucketOf(subjectOf(shopper)), partitions);
}

/** One shopper of each partition, in the order of the partitions: the first there is. */
export function onePerPartition(partitions: number): readonly number[] {
  const found = new Map<number, number>();
  for (let shopper = 0; found.size < partitions; shopper += 1) {
    const partition = partitionOf(shopper, partitions);
    if (!found.has(partition)) found.set(partition, shopper);
  }
  return Array.from({ length: partitions }, (_, partition) => found.get(partition) ?? 0);
}

/** Makes the topics, and puts so many shoppers' last 30 days on `clickstream`. Returns how many records that is. */
export async function fillTopics(log: EventLog, subjects: number, partitions: number): Promise<number> {
  await log.ensureTopics(topicPlan(partitions, undefined));
  const known: SubjectId[] = [];
  const shape = { seed: "takeover", visitors: subjects, startMs: Date.now() - SPAN_MS, spanMs: SPAN_MS };
  let batch: NewRecord[] = [];
  let count = 0;
  for (const event of clickstreamShape(shape).events()) {
    const subject = (known[event.subject] ??= subjectOf(event.subject));
    batch.push(recordOf(subject, event, count, partitions));
    count += 1;
    if (batch.length < APPEND_RECORDS) continue;
    await log.append(batch);
    batch = [];
  }
  if (batch.length > 0) await log.append(batch);
  return count;
}

/** Puts one more event of each of the shoppers on `clickstream`. */
export async function addEvents(log: EventLog, shoppers: readonly number[], partitions: number): Promise<void> {
  const atMs = Date.now();
  const views = shoppers.map((shopper) => {
    const event: ShapeEvent = { subject: shopper, kind: "product_view", product: 0, atMs };
    return recordOf(subjectOf(shopper), event, atMs, partitions);
  });
  await log.append(views);
}

function recordOf(
  subject: SubjectId,
  { kind, product, atMs }: Readonly<ShapeEvent>,
  index: number,
  partitions: number,
): NewRecord {
  const line = { productId: `product-${product}`, quantity: 1n, unitPrice: { minor: 1_999n, currency: "USD" } };
  const event = wire.Event.fromPartial({
    eventId: `event-${index}`,
    kind: KINDS[kind],
    occurredAtMs: BigInt(atMs),
    ...(kind === "purchase" ? { order: { orderId: `order-${index}`, lines: [line] } } : { product: line }),
  });
  const recorded = { subject, assignmentKey: subject, receivedAtMs: BigInt(atMs), source: "bench", event };
  const value = encodeClickstreamRecord({ $case: "event", value: wire.ClickstreamEvent.fromPartial(recorded) });
  const partition = partitionOfBucket(bucketOf(subject), partitions);
  return { topic: TOPICS.clickstream, partition, key: subject, value, timestampMs: atMs as Millis };
}

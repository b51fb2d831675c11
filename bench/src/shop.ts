import { encodeClickstreamRecord, OfferTokens, topicPlan, TOPICS, wire } from "@leastwise/contracts";
import { openEmbeddedLog, type EventLog, type NewRecord } from "@leastwise/eventlog";
import { starterPolicy } from "@leastwise/leastwise";
import { Ledger } from "@leastwise/ledger";
import {
  followCatalog,
  followLinks,
  followModels,
  followPolicies,
  followSubjects,
  TopicSight,
} from "@leastwise/references";
import { Decider, RecentDecisions, WindowsFeed, type ThreadOptions } from "@leastwise/scorer";
import { createTelemetry, type Telemetry } from "@leastwise/telemetry";
import { bucketOf, partitionOfBucket, type CurrencyCode, type Millis, type SubjectId } from "@leastwise/vocabulary";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HASHER, PRODUCTS, SHOPPERS, userIdOf } from "./checkout.js";

/** Partitions of the topics that are keyed by subject. */
export const PARTITIONS = 4;
const CLOCK = { nowMs: () => Date.now() as Millis };

/** How a benchmark's feed gets its clickstream, where that is not as plain as can be. */
export interface ShopOptions {
  /** Absent: the thread that decides takes the clickstream in. */
  readonly thread?: ThreadOptions;
  /** The log as the feed sees it. Absent: as it is. */
  readonly feedLog?: (log: EventLog) => EventLog;
}

/** The scorer with its ledger on an embedded log of its own: shoppers with windows and consent, a catalog, the built-in policy. */
export interface Shop {
  readonly decider: Decider;
  readonly feed: WindowsFeed;
  readonly recent: RecentDecisions;
  close(): Promise<void>;
}

export async function openShop(options: ShopOptions = {}): Promise<Shop> {
  const directory = await mkdtemp(join(tmpdir(), "leastwise-bench-"));
  const log = await openEmbeddedLog({ directory });
  const telemetry = createTelemetry({ service: "scorer", version: "bench", logLevel: "warn", pretty: false });
  await log.ensureTopics(topicPlan(PARTITIONS, undefined));
  await appendAll(log, [...catalogRecords(), policyRecord(), ...shoppersRecords()]);
  const recent = new RecentDecisions();
  const feed = await openFeed(log, telemetry, options);
  const { decider, sight } = await openDecider(log, telemetry, feed, recent);
  return {
    ...{ decider, feed, recent },
    close: async () => {
      sight.close();
      await feed.close();
      await log.close();
      await rm(directory, { recursive: true });
      telemetry.close();
    },
  };
}

function openFeed(log: EventLog, telemetry: Telemetry, { thread, feedLog }: ShopOptions): Promise<WindowsFeed> {
  return WindowsFeed.open({
    ...{ log: feedLog?.(log) ?? log, telemetry, clock: CLOCK, currency: "USD" as CurrencyCode },
    onOrder: () => undefined,
    ...(thread === undefined ? {} : { thread }),
  });
}

async function openDecider(
  log: EventLog,
  telemetry: Telemetry,
  feed: WindowsFeed,
  recent: RecentDecisions,
): Promise<{ readonly decider: Decider; readonly sight: TopicSight }> {
  const ignore = (): void => undefined;
  const policies = await followPolicies(log, { onInForce: ignore, onUnusable: ignore });
  const models = await followModels(log, { onInForce: ignore, onUnusable: ignore });
  const sight = new TopicSight({ topic: policies, nowMs: () => performance.now(), heartbeatMs: 250, unseenMs: 1_000 });
  const decider = new Decider({
    ledger: await Ledger.open({ log, telemetry, clock: CLOCK }),
    feed,
    policies,
    models,
    sight,
    catalog: await followCatalog(log),
    subjects: await followSubjects(log),
    links: (await followLinks(log)).book,
    hasher: HASHER,
    clock: CLOCK,
    wallNowMs: () => Date.now(),
    telemetry,
    recent,
    observeOnly: false,
    clockKind: "wall",
    codeKey: { secret: { k0: 1n, k1: 2n }, version: 1 },
    tokens: new OfferTokens(Buffer.alloc(32, 1), 1),
    // Answers that are late are late in the figures, not degraded away from them.
    budgetMs: 10_000,
    marginMs: 5,
    afterWaitMs: 0,
  });
  return { decider, sight };
}

function catalogRecords(): NewRecord[] {
  return PRODUCTS.map((product) => ({
    topic: TOPICS.catalog,
    partition: 0,
    key: product.productId,
    value: wire.CatalogRecord.encode(wire.CatalogRecord.fromPartial({ product })).finish(),
    timestampMs: CLOCK.nowMs(),
  }));
}

/** The built-in policy, with so much money that the benchmark does not come to its end. */
function policyRecord(): NewRecord {
  const policy = starterPolicy("USD");
  policy.budgets = policy.budgets.map((budget) => ({ ...budget, amount: { minor: 10n ** 12n, currency: "USD" } }));
  const value = wire.PolicyRecord.encode({ policy, appliedAtMs: BigInt(CLOCK.nowMs()) }).finish();
  return { topic: TOPICS.policy, partition: 0, key: policy.version, value, timestampMs: CLOCK.nowMs() };
}

/** Each shopper has agreed, looked at two products, and put one into the cart. */
function* shoppersRecords(): Generator<NewRecord> {
  const { PRODUCT_VIEW, CART_ADD } = {
    PRODUCT_VIEW: wire.EventKind.EVENT_KIND_PRODUCT_VIEW,
    CART_ADD: wire.EventKind.EVENT_KIND_CART_ADD,
  };
  const { PURPOSE_PERSONALIZATION, PURPOSE_DEVICE, PURPOSE_LOCATION, PURPOSE_PROFILE } = wire.Purpose;
  const purposes = [PURPOSE_PERSONALIZATION, PURPOSE_DEVICE, PURPOSE_LOCATION, PURPOSE_PROFILE];
  for (let shopper = 0; shopper < SHOPPERS; shopper += 1) {
    const subject = HASHER.known(userIdOf(shopper));
    const record = wire.SubjectRecord.fromPartial({ subject, consent: { purposes } });
    const value = wire.SubjectRecord.encode(record).finish();
    yield { topic: TOPICS.subjects, partition: 0, key: subject, value, timestampMs: CLOCK.nowMs() };
    for (const [index, kind] of [PRODUCT_VIEW, PRODUCT_VIEW, CART_ADD].entries())
      yield eventRecord(subject, index, kind);
  }
}

function eventRecord(subject: SubjectId, index: number, kind: wire.EventKind): NewRecord {
  const occurredAtMs = BigInt(CLOCK.nowMs() - 60_000 + index * 1_000);
  const product = { productId: PRODUCTS[index]?.productId ?? "", quantity: 1n };
  const event = { eventId: `e-${index}`, kind, occurredAtMs, product };
  const recorded = { subject, assignmentKey: subject, receivedAtMs: occurredAtMs, source: "bench", event };
  const value = encodeClickstreamRecord({ $case: "event", value: wire.ClickstreamEvent.fromPartial(recorded) });
  const partition = partitionOfBucket(bucketOf(subject), PARTITIONS);
  return { topic: TOPICS.clickstream, partition, key: subject, value, timestampMs: CLOCK.nowMs() };
}

async function appendAll(to: EventLog, records: Iterable<NewRecord>): Promise<void> {
  let batch: NewRecord[] = [];
  for (const record of records) {
    batch.push(record);
    if (batch.length < 2_000) continue;
    await to.append(batch);
    batch = [];
  }
  if (batch.length > 0) await to.append(batch);
}

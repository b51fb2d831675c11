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
  /** Absent: the built-in policy, the priors, and {@link SHOPPERS} shoppers who have put something into the cart. */
  readonly stock?: Stock;
}

/** What decisions are made on. */
export interface Stock {
  readonly policy: wire.Policy;
  readonly model: wire.ResponseModel;
  readonly shoppers: number;
  /** What a shopper did, oldest first. */
  readonly eventsOf: (shopper: number) => readonly wire.EventKind[];
}

/** The scorer with its ledger on an embedded log of its own: shoppers with windows and consent, a catalog, a policy. */
export interface Shop {
  readonly log: EventLog;
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
  await appendAll(log, [...catalogRecords(), ...stockRecords(options.stock)]);
  const recent = new RecentDecisions();
  const feed = await openFeed(log, telemetry, options);
  const { decider, sight } = await openDecider(log, telemetry, feed, recent);
  return {
    ...{ log, decider, feed, recent },
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

const { EVENT_KIND_PRODUCT_VIEW, EVENT_KIND_CART_ADD } = wire.EventKind;
const VIEWS_AND_CART = [EVENT_KIND_PRODUCT_VIEW, EVENT_KIND_PRODUCT_VIEW, EVENT_KIND_CART_ADD];

function stockRecords(stock: Stock | undefined): NewRecord[] {
  if (stock === undefined)
    return [policyRecord(starterPolicy("USD")), ...shoppersRecords(SHOPPERS, () => VIEWS_AND_CART)];
  const { policy, model, shoppers, eventsOf } = stock;
  return [policyRecord(policy), modelRecord(model), ...shoppersRecords(shoppers, eventsOf)];
}

/** The policy, with so much money that the benchmark does not come to its end. */
function policyRecord(written: wire.Policy): NewRecord {
  const budgets = written.budgets.map((budget) => ({ ...budget, amount: { minor: 10n ** 12n, currency: "USD" } }));
  const policy = { ...written, budgets };
  const value = wire.PolicyRecord.encode({ policy, appliedAtMs: BigInt(CLOCK.nowMs()) }).finish();
  return { topic: TOPICS.policy, partition: 0, key: policy.version, value, timestampMs: CLOCK.nowMs() };
}

function modelRecord(model: wire.ResponseModel): NewRecord {
  const value = wire.ModelRecord.encode(wire.ModelRecord.fromPartial({ model })).finish();
  return { topic: TOPICS.models, partition: 0, key: model.version, value, timestampMs: CLOCK.nowMs() };
}

/** Each shopper has agreed to everything, and done something. */
function* shoppersRecords(shoppers: number, eventsOf: Stock["eventsOf"]): Generator<NewRecord> {
  const { PURPOSE_PERSONALIZATION, PURPOSE_DEVICE, PURPOSE_LOCATION, PURPOSE_PROFILE } = wire.Purpose;
  const purposes = [PURPOSE_PERSONALIZATION, PURPOSE_DEVICE, PURPOSE_LOCATION, PURPOSE_PROFILE];
  for (let shopper = 0; shopper < shoppers; shopper += 1) {
    const subject = HASHER.known(userIdOf(shopper));
    const record = wire.SubjectRecord.fromPartial({ subject, consent: { purposes } });
    const value = wire.SubjectRecord.encode(record).finish();
    yield { topic: TOPICS.subjects, partition: 0, key: subject, value, timestampMs: CLOCK.nowMs() };
    for (const [index, kind] of eventsOf(shopper).entries()) yield eventRecord(subject, index, kind);
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

import {
  CLICKSTREAM_RETENTION_MIN_MS,
  createSubjectHasher,
  OfferTokens,
  topicPlan,
  TOPICS,
  wire,
} from "@leastwise/contracts";
import { openEmbeddedLog, type NewRecord } from "@leastwise/eventlog";
import { Ledger } from "@leastwise/ledger";
import {
  follow,
  followCatalog,
  followLinks,
  followModels,
  followPolicies,
  followSubjects,
  TopicSight,
  type Links,
  type LoadCustom,
  type Models,
  type Policies,
  type Subjects,
} from "@leastwise/references";
import { createTelemetry, type Telemetry } from "@leastwise/telemetry";
import type { Millis } from "@leastwise/vocabulary";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Decider, type DeciderOptions } from "../decider.js";
import { RecentDecisions } from "../recent-decisions.js";
import { WindowsFeed } from "../windows-feed.js";
import { FragileLog } from "@leastwise/testkit";
import { EUR, NOON, PARTITIONS, euros } from "./records.js";

export const hasher = createSubjectHasher(Buffer.from("the test shop's own secret"));

export const CODE_KEY = { secret: { k0: 7n, k1: 11n }, version: 1 };
export const TOKENS = new OfferTokens(Buffer.alloc(32, 3), 1);

/** A log in a directory of its own, with every topic. */
export interface GivenLog {
  readonly log: FragileLog;
  end(): Promise<void>;
}

export async function givenLog(): Promise<GivenLog> {
  const directory = await mkdtemp(path.join(tmpdir(), "scorer-"));
  const log = new FragileLog(await openEmbeddedLog({ directory, mapSizeBytes: 64 * 1024 * 1024 }));
  await log.ensureTopics(topicPlan(PARTITIONS, CLICKSTREAM_RETENTION_MIN_MS));
  return {
    log,
    end: async () => {
      await log.close();
      await rm(directory, { recursive: true });
    },
  };
}

/** Telemetry that says nothing, and what it has counted. */
export function quietTelemetry(): Telemetry {
  return createTelemetry({ service: "scorer", version: "test", logLevel: "silent", pretty: false });
}

/** The sum of a counter's series whose labels contain all of these, as the metrics page shows them. */
export async function counted(telemetry: Telemetry, name: string, ...labels: readonly string[]): Promise<number> {
  const lines = (await telemetry.render()).split("\n").filter((line) => line.startsWith(`${name}{`));
  const asked = lines.filter((line) => labels.every((label) => line.includes(label)));
  return asked.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
}

/** A scorer on a log, under clocks that stand still until a test sets them. */
export interface Shop {
  readonly decider: Decider;
  readonly feed: WindowsFeed;
  readonly ledger: Ledger;
  readonly recent: RecentDecisions;
  readonly policies: Policies;
  readonly models: Models;
  readonly links: Links;
  readonly subjects: Subjects;
  readonly telemetry: Telemetry;
  /** The clock of decisions, the wall's, and the one that never goes back. */
  readonly time: { nowMs: Millis; wallMs: number; monotonicMs: number };
  close(): Promise<void>;
}

export type ShopOptions = Partial<
  Pick<DeciderOptions, "observeOnly" | "budgetMs" | "marginMs" | "afterWaitMs" | "standings" | "sight" | "lags">
> & {
  /** Of the clickstream; default all. */
  readonly partitions?: readonly number[];
  /** How the custom parts of models are loaded; default not at all. */
  readonly loadCustom?: LoadCustom;
};

export async function openShop(
  log: FragileLog,
  { partitions, loadCustom, ...options }: ShopOptions = {},
): Promise<Shop> {
  const time = { nowMs: NOON, wallMs: 1_000_000, monotonicMs: 0 };
  const clock = { nowMs: () => time.nowMs };
  const telemetry = quietTelemetry();
  const policies = await followPolicies(log, { onInForce: () => undefined, onUnusable: () => undefined });
  const models = await followModels(log, {
    onInForce: () => undefined,
    onUnusable: () => undefined,
    ...(loadCustom && { loadCustom }),
  });
  const sight = new TopicSight({ topic: policies, nowMs: () => time.monotonicMs, heartbeatMs: 250, unseenMs: 1_000 });
  const catalog = await followCatalog(log);
  const subjects = await followSubjects(log);
  const links = await followLinks(log);
  const ledger = await Ledger.open({ log, telemetry, clock });
  const onOrder = ledger.ordered.bind(ledger);
  const feed = await WindowsFeed.open({
    log,
    telemetry,
    clock,
    currency: EUR,
    onOrder,
    ...(partitions && { partitions }),
  });
  const recent = new RecentDecisions();
  const decider = new Decider({
    ...{
      policies,
      models,
      sight,
      catalog,
      subjects,
      links: links.book,
      ledger,
      feed,
      recent,
      hasher,
      clock,
      telemetry,
    },
    wallNowMs: () => time.wallMs,
    ...{ observeOnly: false, clockKind: "wall", codeKey: CODE_KEY, tokens: TOKENS },
    // Long enough for any machine, since nothing here is about being quick.
    ...{ budgetMs: 20_000, marginMs: 5, afterWaitMs: 20_000 },
    ...options,
  });
  const close = async () => {
    sight.close();
    await feed.close();
    await ledger.close();
    for (const following of [policies, models, catalog, subjects, links]) await following.stop();
    telemetry.close();
  };
  return { decider, feed, ledger, recent, policies, models, links, subjects, telemetry, time, close };
}

/** A checkout with a hundred euros in its cart, of which six in ten are margin. */
export function checkout(fields: wire.DeepPartial<wire.DecideRequest> = {}): wire.DecideRequest {
  return wire.DecideRequest.fromPartial({
    subject: { userId: "ada" },
    sessionId: "visit-1",
    cart: { lines: [{ productId: "shoe", quantity: 1n, unitPrice: euros(10_000) }], shipping: euros(490) },
    ...fields,
  });
}

/** Everything that stands on a topic now. */
export async function standing(log: FragileLog, topic: string): Promise<readonly NewRecord[]> {
  const records: NewRecord[] = [];
  const following = await follow(log, topic, (record) => records.push(record));
  await following.stop();
  return records;
}

/** The record of a decision, as soon as it stands on the log. */
export async function recordOf(log: FragileLog, decisionId: string): Promise<wire.DecisionRecord> {
  let found: (record: wire.DecisionRecord) => void = () => undefined;
  const appeared = new Promise<wire.DecisionRecord>((resolve) => (found = resolve));
  const following = await follow(log, TOPICS.decisions, ({ value }) => {
    const record = wire.DecisionRecord.decode(value);
    if (record.decisionId === decisionId) found(record);
  });
  const record = await appeared;
  await following.stop();
  return record;
}

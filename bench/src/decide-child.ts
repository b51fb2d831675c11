import { Server, ServerCredentials } from "@grpc/grpc-js";
import { createSubjectHasher, encodeClickstreamRecord, topicPlan, TOPICS, wire } from "@leastwise/contracts";
import { openEmbeddedLog, type EventLog, type NewRecord } from "@leastwise/eventlog";
import { starterPolicy } from "@leastwise/leastwise";
import { Ledger } from "@leastwise/ledger";
import { followCatalog, followLinks, followPolicies, followSubjects } from "@leastwise/references";
import { startRpcServer } from "@leastwise/rpc";
import { Decider, decisionService, RecentDecisions, WindowsFeed } from "@leastwise/scorer";
import { createTelemetry } from "@leastwise/telemetry";
import { bucketOf, partitionOfBucket, type CurrencyCode, type Millis, type SubjectId } from "@leastwise/vocabulary";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decideRequest, PRODUCTS, SHOPPERS, userIdOf } from "./checkout.js";
import type { ToChild, ToParent } from "./decide-messages.js";

/**
 * The server's side of `decide`: the scorer with its ledger on an embedded log, and beside it, in the same process, a grpc-js server
 * whose handler only answers. Tells its ports, then its CPU time whenever it is asked.
 */
const PARTITIONS = 4;
const clock = { nowMs: () => Date.now() as Millis };
const hasher = createSubjectHasher(Buffer.from("a secret of the benchmark"));
const directory = await mkdtemp(join(tmpdir(), "leastwise-bench-"));
const log = await openEmbeddedLog({ directory });
const telemetry = createTelemetry({ service: "scorer", version: "bench", logLevel: "warn", pretty: false });

await log.ensureTopics(topicPlan(PARTITIONS, undefined));
await appendAll(log, [...catalogRecords(), policyRecord(), ...shoppersRecords()]);
const recent = new RecentDecisions();
const decider = await openDecider();
const opened = await startRpcServer({ host: "127.0.0.1", port: 0, services: [decisionService(decider, recent)] });
if (!opened.ok) throw new Error(opened.error.reason);
const server = opened.value;
const answered = await decider.decide(decideRequest(SHOPPERS - 1, "warm-up"), undefined);
if (!answered.ok) throw new Error(answered.error.reason);
const empty = await startEmpty(answered.value);
tell({ kind: "ready", decidePort: server.port, emptyPort: empty.port });

process.on("message", (message: ToChild) => {
  if (message === "cpu") {
    const { user, system } = process.cpuUsage();
    tell({ kind: "cpu", cpuUs: user + system });
    return;
  }
  void end();
});

async function end(): Promise<void> {
  await server.drain(1_000);
  empty.server.forceShutdown();
  await log.close();
  await rm(directory, { recursive: true });
  process.disconnect();
  telemetry.close();
}

function tell(message: ToParent): void {
  process.send?.(message);
}

async function openDecider(): Promise<Decider> {
  const ignore = (): void => undefined;
  const ledger = await Ledger.open({ log, telemetry, clock });
  const currency = "USD" as CurrencyCode;
  const feed = await WindowsFeed.open({ log, telemetry, clock, currency, onOrder: ignore });
  return new Decider({
    ledger,
    feed,
    policies: await followPolicies(log, { onInForce: ignore, onUnusable: ignore }),
    catalog: await followCatalog(log),
    subjects: await followSubjects(log),
    links: (await followLinks(log)).book,
    hasher,
    clock,
    wallNowMs: () => Date.now(),
    telemetry,
    recent,
    observeOnly: false,
    clockKind: "wall",
    codeKey: { secret: { k0: 1n, k1: 2n }, version: 1 },
    // Answers that are late are late in the figures, not degraded away from them.
    budgetMs: 10_000,
    marginMs: 5,
    afterWaitMs: 0,
  });
}

/** A handler that only answers, always the same. */
async function startEmpty(response: wire.DecideResponse): Promise<{ server: Server; port: number }> {
  const server = new Server();
  const { decide } = wire.DecisionServiceService;
  server.addService(
    { decide },
    {
      decide: (_call: unknown, answer: (error: null, value: wire.DecideResponse) => void) => {
        answer(null, response);
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  return { server, port };
}

function catalogRecords(): NewRecord[] {
  return PRODUCTS.map((product) => ({
    topic: TOPICS.catalog,
    partition: 0,
    key: product.productId,
    value: wire.CatalogRecord.encode(wire.CatalogRecord.fromPartial({ product })).finish(),
    timestampMs: clock.nowMs(),
  }));
}

/** The built-in policy, with so much money that the benchmark does not come to its end. */
function policyRecord(): NewRecord {
  const policy = starterPolicy("USD");
  policy.budgets = policy.budgets.map((budget) => ({ ...budget, amount: { minor: 10n ** 12n, currency: "USD" } }));
  const value = wire.PolicyRecord.encode({ policy, appliedAtMs: BigInt(clock.nowMs()) }).finish();
  return { topic: TOPICS.policy, partition: 0, key: policy.version, value, timestampMs: clock.nowMs() };
}

/** Each shopper has agreed, looked at two products, and put one into the cart. */
function* shoppersRecords(): Generator<NewRecord> {
  const { PRODUCT_VIEW, CART_ADD } = {
    PRODUCT_VIEW: wire.EventKind.EVENT_KIND_PRODUCT_VIEW,
    CART_ADD: wire.EventKind.EVENT_KIND_CART_ADD,
  };
  const purposes = [wire.Purpose.PURPOSE_PERSONALIZATION];
  for (let shopper = 0; shopper < SHOPPERS; shopper += 1) {
    const subject = hasher.known(userIdOf(shopper));
    const record = wire.SubjectRecord.fromPartial({ subject, consent: { purposes } });
    const value = wire.SubjectRecord.encode(record).finish();
    yield { topic: TOPICS.subjects, partition: 0, key: subject, value, timestampMs: clock.nowMs() };
    for (const [index, kind] of [PRODUCT_VIEW, PRODUCT_VIEW, CART_ADD].entries())
      yield eventRecord(subject, index, kind);
  }
}

function eventRecord(subject: SubjectId, index: number, kind: wire.EventKind): NewRecord {
  const occurredAtMs = BigInt(clock.nowMs() - 60_000 + index * 1_000);
  const product = { productId: PRODUCTS[index]?.productId ?? "", quantity: 1n };
  const event = { eventId: `e-${index}`, kind, occurredAtMs, product };
  const recorded = { subject, assignmentKey: subject, receivedAtMs: occurredAtMs, source: "bench", event };
  const value = encodeClickstreamRecord({ $case: "event", value: wire.ClickstreamEvent.fromPartial(recorded) });
  const partition = partitionOfBucket(bucketOf(subject), PARTITIONS);
  return { topic: TOPICS.clickstream, partition, key: subject, value, timestampMs: clock.nowMs() };
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

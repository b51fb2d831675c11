import { decodeClickstreamRecord, TOPICS, wire } from "@leastwise/contracts";
import { openKafkaLog, type EventLog, type LogRecord } from "@leastwise/eventlog";
import { Ledger } from "@leastwise/ledger";
import { follow } from "@leastwise/references";
import { WindowsFeed } from "@leastwise/scorer";
import { createTelemetry } from "@leastwise/telemetry";
import { startBroker, type TestBroker } from "@leastwise/testkit";
import { isSubjectId, type CurrencyCode, type Millis, type SubjectId } from "@leastwise/vocabulary";
import { FEATURES, featureValue } from "@leastwise/windows";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { newFolder, runToEnd, startProgram, type Program } from "./program.js";
import { draws, seedOf } from "./seed.js";
import { CART, line, need, RAW_MARK, refusalOf, Shop } from "./shop.js";

// A shop that has sold for a while gets more partitions: what was known of every shopper is known again, what was decided stays decided.

const SHOPPERS = 40;
const TO = 6;
const seed = seedOf("grow");
const draw = draws(seed);
const data = newFolder();
let broker: TestBroker;
let program: Program;
let shop: Shop;

/** What the shop was told. */
const decided = new Map<
  string,
  { readonly request: wire.DeepPartial<wire.DecideRequest>; readonly decisionId: string }
>();
/** Events, each a row: repeats too. */
let sent = 0;
const offers: { readonly user: string; readonly code: string; readonly isUsed: boolean }[] = [];

const settings = (partitions: number) => ({
  LEASTWISE_LOG__ADAPTER: "kafka",
  LEASTWISE_LOG__BROKERS: broker.brokers.join(","),
  LEASTWISE_LOG__PARTITIONS: String(partitions),
  LEASTWISE_SUBJECTS__KEY: "5e".repeat(32),
  LEASTWISE_CODES__KEY: "c0".repeat(32),
  // So soon that there are checkpoints of the old partitions to be misled by.
  LEASTWISE_SCORER__RECOVERY_OBJECTIVE_MS: "1",
});

async function start(partitions: number): Promise<void> {
  program = await startProgram({ args: ["serve", "--data", data], env: settings(partitions) });
  shop = new Shop(program.ports);
}

const grow = (...args: readonly string[]) =>
  runToEnd({ args: ["topics", "grow", "--partitions", String(TO), ...args], env: settings(4) }, 120_000);

beforeAll(async () => {
  broker = await startBroker();
  await start(4);
}, 180_000);

afterAll(async () => {
  (shop as Shop | undefined)?.close();
  await (broker as TestBroker | undefined)?.stop();
}, 60_000);

/** A visit: some looking around, for most a login in the midst of it, and the question at the checkout. */
async function visit(number: number): Promise<void> {
  const user = `${RAW_MARK}-user-${number}`;
  const anonymousId = `${RAW_MARK}-browser-${number}`;
  const { EventKind } = wire;
  const occurredAtMs = BigInt(Date.now());
  const looks = Array.from({ length: draw(1, 5) }, (_, index) => ({
    ...{ eventId: `${number}-${index}`, kind: EventKind.EVENT_KIND_PRODUCT_VIEW, occurredAtMs, anonymousId },
    product: { productId: `p-${draw(1, 9)}` },
  }));
  const known = {
    kind: EventKind.EVENT_KIND_SEARCH,
    occurredAtMs,
    userId: user,
    ...(draw(0, 3) > 0 ? { anonymousId } : {}),
  };
  await send(...looks, { ...known, eventId: `${number}-known` }, { ...known, eventId: `${number}-known` });
  const request = { requestId: `ask-${number}`, caller: "grow", subject: { userId: user }, cart: CART };
  const { decisionId, offer } = need(await shop.decide(request));
  decided.set(`ask-${number}`, { request, decisionId });
  if (offer === undefined) return;
  const isUsed = draw(0, 1) === 0;
  offers.push({ user, code: offer.code, isUsed });
  if (!isUsed) return;
  need(await shop.redeem(use(user, offer.code, "first")));
  const order = { orderId: `order-${number}`, lines: [line("p-coat", 1, 12_000)] };
  await send({ ...known, eventId: `${number}-order`, kind: EventKind.EVENT_KIND_PURCHASE, order });
}

async function send(...events: wire.DeepPartial<wire.Event>[]): Promise<void> {
  sent += need(await shop.record(...events)).accepted;
}

const use = (user: string, code: string, key: string) => ({
  ...{ code, subject: { userId: user }, ...CART },
  ...{ orderId: `${user}-${key}`, idempotencyKey: `${user}-${key}` },
});

async function standing(log: EventLog, topic: string): Promise<readonly LogRecord[]> {
  const records: LogRecord[] = [];
  const following = await follow(log, topic, (record) => records.push(record));
  await following.stop();
  return records;
}

/** What somebody else writes onto the topics: a field of a wire type that there is none of, under no subject's key. */
const FOREIGN = Buffer.from([0x0e, 1]);

async function writeForeign(): Promise<void> {
  const log = await openKafkaLog({ brokers: broker.brokers });
  const timestampMs = Date.now() as Millis;
  const record = { partition: 1, key: "bob", value: FOREIGN, timestampMs };
  await log.append([TOPICS.clickstream, TOPICS.decisions, TOPICS.offers].map((topic) => ({ topic, ...record })));
  await log.close();
}

/** What a scorer that starts knows of every subject, and what stands on the log. */
async function known(): Promise<Record<string, unknown>> {
  const log = await openKafkaLog({ brokers: broker.brokers });
  const telemetry = createTelemetry({ service: "scorer", version: "test", logLevel: "silent", pretty: false });
  const nowMs = Math.max(...(await standing(log, TOPICS.clickstream)).map(({ timestampMs }) => timestampMs)) as Millis;
  const clock = { nowMs: () => nowMs };
  const ledger = await Ledger.open({ log, telemetry, clock });
  const onOrder = ledger.ordered.bind(ledger);
  const feed = await WindowsFeed.open({ log, telemetry, clock, currency: "EUR" as CurrencyCode, onOrder });
  const clickstream = await standing(log, TOPICS.clickstream);
  const subjects = [...new Set(clickstream.flatMap(({ key = "" }) => (isSubjectId(key) ? [key] : [])))].sort();
  const found = {
    windows: subjects.map((subject) => [subject, featuresOf(feed, subject, nowMs), feed.assignmentKeyOf(subject)]),
    states: subjects.map((subject) => [subject, ledger.stateOf(subject)]),
    records: clickstream.map(sayRecord).sort(),
    decisions: (await standing(log, TOPICS.decisions))
      .flatMap(({ value }) => {
        if (FOREIGN.equals(value)) return "foreign";
        const record = wire.DecisionRecord.decode(value);
        return record.decisionId === "" ? [] : digestOf(wire.DecisionRecord.encode({ ...record, ownerEpoch: 0n }));
      })
      .sort(),
    offers: (await standing(log, TOPICS.offers))
      .flatMap(({ value }) => {
        if (FOREIGN.equals(value)) return "foreign";
        const record = wire.OfferEvent.decode(value);
        return record.offerId === "" ? [] : digestOf(wire.OfferEvent.encode({ ...record, ownerEpoch: 0n }));
      })
      .sort(),
  };
  await feed.close();
  await ledger.close();
  await log.close();
  telemetry.close();
  return found;
}

/** Epochs are of owners of the old partitions. */
function digestOf(encoded: { finish(): Uint8Array }): string {
  return Buffer.from(encoded.finish()).toString("hex");
}

function featuresOf(feed: WindowsFeed, subject: SubjectId, atMs: Millis): Record<string, number | undefined> {
  const snapshot = feed.read(subject, atMs);
  return Object.fromEntries(FEATURES.map(({ name }) => [name, featureValue(snapshot, name)]));
}

/** A record, but for its place and that of the link which it names. */
function sayRecord({ key, timestampMs, value }: LogRecord): string {
  const body = decodeClickstreamRecord(value);
  if (!body.ok || body.value.$case !== "stateMoved")
    return `${key} ${timestampMs} ${Buffer.from(value).toString("hex")}`;
  const { windows, cause, ...rest } = body.value.value;
  return `${key} ${timestampMs} ${JSON.stringify(rest)} ${windows.toString("hex")} ${cause.replace(/\d+\/\d+$/, "")}`;
}

describe("a shop whose topics grow", () => {
  let before: Record<string, unknown>;

  it("has sold for a while", async () => {
    for (let number = 0; number < SHOPPERS || !hasBothKinds(); number += 1) await visit(number);
    await shop.sees("count() FROM decisions", decided.size);
    const refused = await grow("--dry-run");
    expect(refused.exit.code).toBe(1);
    expect(refused.stderr.join("\n")).toMatch(/somebody still reads: .*recorder-clickstream/);
    expect(await program.stop()).toEqual({ code: 0, signal: null });
    shop.close();
  }, 180_000);

  const hasBothKinds = (): boolean => [true, false].every((isUsed) => offers.some((offer) => offer.isUsed === isUsed));

  it("grows once nobody reads and the recorder has all, and says what it did", async () => {
    await writeForeign();
    // What the scorer wrote last, as it ended, is read by a recorder that has another look.
    await start(4);
    await shop.sees("count() FROM decisions", decided.size);
    await shop.sees("count() FROM dead_letters", 3);
    await program.stop();
    shop.close();
    before = await known();
    const looked = await grow("--dry-run");
    expect([looked.exit.code, looked.stderr.join("\n")]).toEqual([0, expect.anything()]);
    expect(looked.stdout.join("\n")).toContain(
      "from 4 to 6 partitions; nothing stands in the way, and nothing was done",
    );
    for (const topic of [TOPICS.clickstream, TOPICS.decisions, TOPICS.offers]) {
      expect(looked.stdout.join("\n")).toMatch(new RegExp(`^  ${topic}: 1 of the records .* none of ours`, "m"));
      expect(looked.stderr.join("\n")).toMatch(new RegExp(`^${topic}/1/\\d+ is none of ours, and passed over: `, "m"));
    }
    const grown = await grow("--json");
    expect([grown.exit.code, grown.stderr]).toEqual([0, []]);
    expect(JSON.parse(grown.stdout.join(""))).toMatchObject({
      ...{ from: 4, to: TO, records: { decisions: decided.size + 1 } },
      foreign: { clickstream: { count: 1 }, decisions: { count: 1 }, offers: { count: 1 } },
    });
    expect((await runToEnd({ args: ["topics", "check"], env: settings(TO) })).exit.code).toBe(0);
    const old = await runToEnd({ args: ["serve", "--data", data], env: settings(4) });
    expect([old.exit.code, old.stderr.at(-1)]).toEqual([1, expect.stringContaining("partitions 6, expected 4")]);
  }, 240_000);

  it("knows every subject as it did, and has every record once", async () => {
    expect(await known()).toEqual(before);
    // Among them some that name another's place.
    expect(before["records"]).toContainEqual(expect.stringContaining(`/${TOPICS.clickstream}/`));
  }, 60_000);

  it("answers as it did, redeems once, and has no row twice", async () => {
    await start(TO);
    for (const { request, decisionId } of decided.values())
      expect(need(await shop.decide(request)).decisionId).toBe(decisionId);
    for (const { user, code, isUsed } of offers) {
      const again = await shop.redeem(use(user, code, "second"));
      expect(isUsed ? refusalOf(again) : again.ok).toBe(isUsed ? "FAILED_PRECONDITION offer_redeemed" : true);
    }
    await visit(1_000);
    await shop.sees("count() FROM clickstream", sent);
    await shop.sees("count() FROM decisions", decided.size);
    expect(await shop.number("uniqExact(decision_id) FROM decisions")).toBe(decided.size);
    expect(await shop.number("count() - uniqExact(order_id) FROM orders")).toBe(0);
    expect(await shop.number("count() - uniqExact(offer_id, kind) FROM offers")).toBe(0);
  }, 120_000);
});

import { decodeDecisionRecord, framed, TOPICS, wire } from "@leastwise/contracts";
import type { EventLog, NewRecord } from "@leastwise/eventlog";
import { contentDigest, type OfferRedeemed } from "@leastwise/offers";
import { follow } from "@leastwise/references";
import { on, type FragileLog } from "@leastwise/testkit";
import { bucketOf, HOUR_MS, MINUTE_MS, partitionOfBucket, type Millis, type SubjectId } from "@leastwise/vocabulary";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { FailedDraws } from "./failed-draws.js";
import { givenLog, openLedger } from "./given/open-ledger.js";
import { EUR, euros, givenBudget, granted, none, NOON, subjectOf } from "./given/records.js";
import type { Ledger } from "./ledger.js";

const ADA = subjectOf(1);
const BUDGETS = [givenBudget(10_000)];

let log: FragileLog;
let end: () => Promise<void>;
beforeEach(async () => ({ log, end } = await givenLog()));
afterEach(() => end());

const remaining = (ledger: Ledger) => ledger.books(BUDGETS, []).budgets["marketing"]?.remainingMinor;
const stateOf = (ledger: Ledger, code: string) => ledger.offerOfCode(code)?.state.status;

function redemption(id: string, key = "key-1", atMs: Millis = NOON, discountMinor = 900): OfferRedeemed {
  const cart = { currency: EUR, lines: [{ productId: "shoe", quantity: 1, unitPriceMinor: 9_000 }], shippingMinor: 0 };
  const orderId = `order of ${key}`;
  return {
    kind: "redeemed",
    offerId: `offer-${id}`,
    atMs,
    act: {
      idempotencyKey: key,
      contentDigest: contentDigest({ named: { known: ADA, anonymous: undefined }, orderId, cart }),
    },
    orderId,
    redemption: {
      discountMinor,
      costMinor: discountMinor,
      shares: [{ line: 0, productId: "shoe", quantity: 1, discountMinor }],
    },
  };
}

/** A decision as the topic has it. */
function onDecisions(record: wire.DecisionRecord): NewRecord {
  const { subject } = record;
  const partition = partitionOfBucket(bucketOf(subject as SubjectId), 4);
  const value = wire.DecisionRecord.encode(record).finish();
  return { topic: TOPICS.decisions, partition, key: subject, value, timestampMs: NOON };
}

/** All that a decision may be given of the books, and the state of these subjects and offers. */
function picture(ledger: Ledger, subjects: readonly SubjectId[], codes: readonly string[]) {
  return {
    books: ledger.books(BUDGETS, []),
    states: subjects.map((subject) => ledger.stateOf(subject)),
    offers: codes.map((code) => ledger.offerOfCode(code)),
  };
}

it("tells when the newest decision on the log was written, whoever wrote it", async () => {
  const before = await openLedger(log);
  expect(before.ledger.newestDecisionMs).toBe(Number.NEGATIVE_INFINITY);
  await before.ledger.close();
  before.telemetry.close();
  const later = { ...onDecisions(none({ id: "d-1", subject: ADA })), timestampMs: (NOON + HOUR_MS) as Millis };
  await log.append([later]);
  await log.append([onDecisions(none({ id: "d-2", subject: ADA }))]);
  const { ledger, telemetry } = await openLedger(log);
  expect(ledger.newestDecisionMs).toBe(NOON + HOUR_MS);
  await ledger.close();
  telemetry.close();
});

describe("what is written", () => {
  it("says on where in the caller's trace it came about", async () => {
    const written: (string | undefined)[] = [];
    const spy: EventLog = new Proxy<EventLog>(log, {
      get: (target, name) => {
        if (name === "append")
          return (records: readonly NewRecord[]) => {
            written.push(...records.map(({ traceparent }) => traceparent));
            return target.append(records);
          };
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      },
    });
    const { ledger } = await openLedger(spy);
    const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    await ledger.record(granted({ id: "d1", subject: ADA }), { traceparent });
    await ledger.redeemed(redemption("d1"), { traceparent });
    await ledger.record(none({ id: "d2", subject: ADA }));
    await ledger.close();
    expect(written).toEqual([traceparent, traceparent, undefined]);
  });

  it("is in the form that others read decisions in, and read back in it and bare", async () => {
    const frame = (message: Uint8Array) => framed(7, [3], message);
    const { ledger } = await openLedger(log, NOON, { frame });
    const record = granted({ id: "d1", subject: ADA });
    await ledger.record(record);
    await ledger.close();
    const again = await openLedger(log);
    await again.ledger.record(granted({ id: "d2", subject: ADA }));
    expect(stateOf(again.ledger, record.offer!.code)).toBe("issued");
    await again.ledger.close();
    const values: Uint8Array[] = [];
    const following = await follow(log, TOPICS.decisions, ({ value }) => values.push(value));
    await following.stop();
    expect(values.map((value) => value[0])).toEqual([0, expect.not.closeTo(0)]);
    expect(values.map((value) => decodeDecisionRecord(value).decisionId)).toEqual(["d1", "d2"]);
  });
});

describe("a decision", () => {
  it("that issues an offer holds its worst cost, and gives it a code that is known", async () => {
    const { ledger } = await openLedger(log);
    const record = granted({ id: "d1", subject: ADA });
    expect((await ledger.record(record)).ok).toBe(true);
    expect(remaining(ledger)).toBe(9_000);
    expect(stateOf(ledger, record.offer!.code)).toBe("issued");
    expect(ledger.stateOf(ADA).open).toHaveLength(1);
    expect(ledger.books(BUDGETS, []).decisionsPerRung).toEqual({ autumn: [0, 1] });
    await ledger.close();
  });

  it("counts once, although the topic brings it back", async () => {
    const { ledger } = await openLedger(log);
    await ledger.record(granted({ id: "d1", subject: ADA }));
    await ledger.record(none({ id: "d2", subject: subjectOf(2) }));
    await ledger.close(); // not before all that stood there has been read back
    const again = await openLedger(log);
    for (const one of [ledger, again.ledger]) {
      expect(one.books(BUDGETS, [])).toEqual({
        budgets: { marketing: { remainingMinor: 9_000, shadowPriceBp: 0 } },
        explorationSpentMinor: { autumn: 25 },
        decisionsPerRung: { autumn: [1, 1] },
        realisedMargins: {},
      });
    }
    await again.ledger.close();
  });

  it("that issues an offer which the log did not acknowledge is in doubt: its money stays promised, and counts against caps", async () => {
    const { ledger, time } = await openLedger(log);
    log.refuse(on(TOPICS.decisions));
    const record = granted({ id: "d1", subject: ADA });
    expect(await ledger.record(record)).toMatchObject({ ok: false, error: { code: "log_unavailable" } });
    expect(remaining(ledger)).toBe(9_000);
    expect(ledger.offerOfCode(record.offer!.code)).toBeUndefined();
    expect(ledger.stateOf(ADA)).toMatchObject({ open: [], recent: [], history: [{ costMinor: 1_000 }] });
    expect(ledger.stateOf(subjectOf(2)).history).toEqual([]);

    // If it stood there, the topic would have brought it back by then.
    time.nowMs = (NOON + 5 * MINUTE_MS) as Millis;
    expect(ledger.stateOf(ADA).history).toEqual([]);
    expect(remaining(ledger)).toBe(10_000);
    await ledger.close();
  });

  it("whose acknowledgement was lost counts once, as soon as the topic brings it back", async () => {
    const { ledger } = await openLedger(log);
    const record = granted({ id: "d1", subject: ADA });
    log.refuse(on(TOPICS.decisions));
    await ledger.record(record);
    log.recover();
    await log.append([onDecisions(record)]); // as the lost append would have it
    await ledger.close(); // all of the topic is read by then
    expect(remaining(ledger)).toBe(9_000);
    expect(stateOf(ledger, record.offer!.code)).toBe("issued");
    expect(ledger.stateOf(ADA)).toMatchObject({ open: [{ campaignId: "autumn" }], history: [{ costMinor: 1_000 }] });
  });

  it("takes its exploration budget in a continued episode too", async () => {
    const { ledger } = await openLedger(log);
    const explored = { exploit: 0, explorationCostMinor: 408n };
    await ledger.record({ ...granted({ id: "d1", subject: ADA }), ...explored });
    await ledger.record({ ...granted({ id: "d2", subject: subjectOf(2) }), ...explored, continued: true });
    expect(ledger.books(BUDGETS, [])).toMatchObject({
      explorationSpentMinor: { autumn: 816 },
      decisionsPerRung: { autumn: [0, 1] },
    });
    await ledger.close();
  });

  it("counts for exploration while it is on its way to the log or in doubt, once", async () => {
    const { ledger, time } = await openLedger(log);
    const explored = { exploit: 0, explorationCostMinor: 500n };
    const spent = () => ledger.books([], []);
    const writes = (from: number) =>
      Array.from({ length: 50 }, (_, n) =>
        ledger.record({ ...granted({ id: `d${from + n}`, subject: subjectOf(from + n) }), ...explored }),
      );
    const release = log.hold(on(TOPICS.decisions));
    const inFlight = writes(0);
    const fifty = { explorationSpentMinor: { autumn: 25_000 }, decisionsPerRung: { autumn: [0, 50] } };
    expect(spent()).toMatchObject(fifty);
    release();
    await Promise.all(inFlight);
    expect(spent()).toMatchObject(fifty);

    log.refuse(on(TOPICS.decisions));
    await Promise.all(writes(50));
    log.recover();
    expect(spent()).toMatchObject({
      explorationSpentMinor: { autumn: 50_000 },
      decisionsPerRung: { autumn: [0, 100] },
    });
    time.nowMs = (NOON + 5 * MINUTE_MS) as Millis;
    expect(spent()).toMatchObject(fifty);
    await ledger.close();
  });

  it.each([
    ["to a held-out shopper", { ghost: true, reason: "holdout" }],
    ["where a replay only observes", { observeOnly: true, reason: "observe_only" }],
  ])("that would have given a rung %s counts for the baseline, which is what was given", async (_, withheld) => {
    const { ledger } = await openLedger(log);
    const record = granted({ id: "d1", subject: ADA });
    await ledger.record({ ...record, ...withheld, offer: undefined, held: undefined, budgetId: "" });
    expect(ledger.books(BUDGETS, []).decisionsPerRung).toEqual({ autumn: [1] });
    await ledger.close();
  });

  it("that tells of an entitlement which something blocks counts nothing for that: it was not weighed", async () => {
    const { ledger } = await openLedger(log);
    const record = none({ id: "d1", subject: ADA });
    const owed = wire.Candidate.fromPartial({ campaignId: "gold", rung: 1, blockedBy: "kill_switch", isOwed: true });
    await ledger.record({ ...record, candidates: [...record.candidates, owed] });
    expect(Object.keys(ledger.books(BUDGETS, []).decisionsPerRung)).toEqual(["autumn"]);
    await ledger.close();
  });

  it("that gives nothing counts at once, and is taken back if it does not get onto the log", async () => {
    const { ledger } = await openLedger(log);
    const before = picture(ledger, [ADA], []);
    log.refuse(on(TOPICS.decisions));
    expect((await ledger.record(none({ id: "d1", subject: ADA }))).ok).toBe(true);
    expect(ledger.books(BUDGETS, []).explorationSpentMinor).toEqual({ autumn: 25 });
    // The refusal comes in the next turns: an act that is queued behind sees it done.
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
    expect(ledger.books(BUDGETS, []).explorationSpentMinor).toEqual({ autumn: 0 });
    expect(ledger.books(BUDGETS, []).decisionsPerRung).toEqual({ autumn: [0] });
    expect(ledger.stateOf(ADA)).toEqual(before.states[0]);
    await ledger.close();
  });

  it("that asks for consent is durable before it counts, and counts nothing where it does not get onto the log", async () => {
    const { ledger } = await openLedger(log);
    const asks = (id: string): wire.DecisionRecord => ({
      ...none({ id, subject: ADA }),
      consentExchange: wire.ConsentExchange.fromPartial({
        ...{ campaignId: "welcome", worth: euros(1_000) },
        incentive: { kind: { $case: "percentOff", value: { percentBp: 1_000 } } },
      }),
    });
    const release = log.hold(on(TOPICS.decisions));
    const asked = ledger.record(asks("d1"));
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    expect(ledger.stateOf(ADA)).toMatchObject({ recent: [], history: [] });
    release();
    expect((await asked).ok).toBe(true);
    expect(ledger.stateOf(ADA).recent).toMatchObject([{ answer: { consentExchange: { campaignId: "welcome" } } }]);
    log.refuse(on(TOPICS.decisions));
    expect((await ledger.record(asks("d2"))).ok).toBe(false);
    expect(ledger.stateOf(ADA).recent).toHaveLength(1);
    await ledger.close();
  });

  it("cannot promise money that another one on its way to the log has promised", async () => {
    const { ledger } = await openLedger(log);
    const release = log.hold(on(TOPICS.decisions));
    const outcomes: string[] = [];
    const ask = (n: number) =>
      ledger.exclusively(subjectOf(n), async () => {
        if ((remaining(ledger) ?? 0) < 1_000) return outcomes.push("budget_exhausted");
        const written = await ledger.record(granted({ id: `d${n}`, subject: subjectOf(n) }));
        return outcomes.push(written.ok ? "granted" : "failed");
      });
    const asked = Array.from({ length: 50 }, (_, n) => ask(n));
    release();
    await Promise.all(asked);
    expect(outcomes.filter((outcome) => outcome === "granted")).toHaveLength(10);
    expect(outcomes.filter((outcome) => outcome === "budget_exhausted")).toHaveLength(40);
    expect(remaining(ledger)).toBe(0);
    await ledger.close();
  });
});

/** A ghost: what Ada would have been given, had she not been held out. */
function withheld(id: string): wire.DecisionRecord {
  const record = granted({ id, subject: ADA });
  const withheldUntilMs = BigInt(NOON + HOUR_MS);
  return {
    ...record,
    ghost: true,
    reason: "holdout",
    offer: undefined,
    held: undefined,
    budgetId: "",
    withheldUntilMs,
  };
}

describe("a decision that withholds a grant", () => {
  it("is durable before it counts, like its twin that is given it", async () => {
    const { ledger } = await openLedger(log);
    const release = log.hold(on(TOPICS.decisions));
    const settled: string[] = [];
    const ghost = ledger.record(withheld("d1")).then(() => settled.push("ghost"));
    const twin = ledger.record(granted({ id: "d2", subject: subjectOf(2) })).then(() => settled.push("twin"));
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    expect(settled).toEqual([]);
    // On its way it counts against the shopper's shadow caps, and is not open.
    expect(ledger.stateOf(ADA)).toMatchObject({ open: [], history: [{ costMinor: 1_000 }] });
    release();
    await Promise.all([ghost, twin]);
    expect(ledger.stateOf(ADA)).toMatchObject({ open: [{ withheld: true }], history: [{ costMinor: 1_000 }] });
    expect(remaining(ledger)).toBe(9_000);
    await ledger.close();
  });

  it("fails as its twin does", async () => {
    const { ledger } = await openLedger(log);
    log.refuse(on(TOPICS.decisions));
    expect(await ledger.record(withheld("d1"))).toMatchObject({ ok: false, error: { code: "log_unavailable" } });
    expect(ledger.stateOf(ADA)).toMatchObject({ open: [], recent: [], history: [{ costMinor: 1_000 }] });
    await ledger.close();
  });
});

describe("a decision whose record did not get onto the log after the draw", () => {
  const IS_OVER = (NOON + 5 * MINUTE_MS) as Millis;
  const reasonsOnLog = async (again: FragileLog) => {
    const reasons: string[] = [];
    const following = await follow(again, TOPICS.decisions, ({ value }) => {
      const { decisionId, reason } = wire.DecisionRecord.decode(value);
      reasons.push(`${decisionId} ${reason}`);
    });
    await following.stop();
    return reasons.sort();
  };

  it.each([
    ["that granted", granted({ id: "d1", subject: ADA })],
    ["that withheld a grant", withheld("d1")],
    ["of none", none({ id: "d1", subject: ADA })],
  ])(
    "%s is recorded as failed with the next one, when it would have shown by then; it moves nothing",
    async (_, drawn) => {
      const { ledger, time, telemetry } = await openLedger(log);
      log.refuse(on(TOPICS.decisions));
      await ledger.record(drawn);
      for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
      log.recover();
      await ledger.record(granted({ id: "early", subject: subjectOf(2) }));
      time.nowMs = (IS_OVER - 1) as Millis;
      await ledger.record(granted({ id: "early too", subject: subjectOf(3) }));
      expect(await reasonsOnLog(log)).toEqual(["early granted", "early too granted"]);

      time.nowMs = IS_OVER;
      await ledger.record(granted({ id: "next", subject: subjectOf(4) }));
      await ledger.close();
      expect(await reasonsOnLog(log)).toEqual([
        "d1 failed_after_draw",
        "early granted",
        "early too granted",
        "next granted",
      ]);
      expect(await telemetry.render()).toContain('leastwise_failed_draws_total{outcome="recorded"} 1');
      const again = await openLedger(log, IS_OVER);
      expect(again.ledger.stateOf(ADA)).toMatchObject({ open: [], history: [], recent: [] });
      expect(again.ledger.stateOf(ADA)).toEqual(ledger.stateOf(ADA));
      expect(remaining(again.ledger)).toBe(remaining(ledger));
      expect(again.ledger.books(BUDGETS, []).decisionsPerRung).toEqual(ledger.books(BUDGETS, []).decisionsPerRung);
      await again.ledger.close();
    },
  );

  it("says what was drawn, and that nothing came of it", () => {
    const draws = new FailedDraws();
    const drawn = { ...granted({ id: "d1", subject: ADA }), exploit: 0, explorationCostMinor: 408n };
    draws.add(drawn, NOON);
    expect(draws.take((NOON - 1) as Millis)).toEqual([]);
    const given = { offer: undefined, held: undefined, budgetId: "", withheldUntilMs: 0n, explorationCostMinor: 0n };
    const degraded = { freshness: wire.Freshness.FRESHNESS_DEGRADED, degradedReason: "log_unavailable" };
    expect(draws.take(NOON)).toEqual([{ ...drawn, ...given, ...degraded, reason: "failed_after_draw" }]);
    expect(draws.take(NOON)).toEqual([]);
  });

  it("is not recorded as failed if it stands there after all", async () => {
    const { ledger, time } = await openLedger(log);
    const record = granted({ id: "d1", subject: ADA });
    log.refuse(on(TOPICS.decisions));
    await ledger.record(record);
    log.recover();
    await log.append([onDecisions(record)]); // as the lost append would have it
    await ledger.close(); // all of the topic is read by then
    time.nowMs = IS_OVER;
    await ledger.record(granted({ id: "next", subject: subjectOf(2) }));
    await ledger.close();
    expect(await reasonsOnLog(log)).toEqual(["d1 granted", "next granted"]);
  });

  it("is counted where too many are kept", async () => {
    const { ledger, telemetry } = await openLedger(log);
    log.refuse(on(TOPICS.decisions));
    for (let n = 0; n < 1_002; n += 1) await ledger.record(granted({ id: `d${n}`, subject: subjectOf(n) }));
    expect(await telemetry.render()).toContain('leastwise_failed_draws_total{outcome="dropped"} 2');
    await ledger.close();
  });
});

describe("what campaigns have brought in", () => {
  const breaker = {
    campaignId: "autumn",
    marginMinBp: 0,
    marginMaxBp: undefined,
    ordersMin: 1,
    countsFromMs: () => NOON,
  };
  const broughtIn = (ledger: Ledger) => ledger.books([], [breaker]).realisedMargins["autumn"];
  const used = (id: string, key: string, atMs: number, marginMinor: number): OfferRedeemed => {
    const event = redemption(id, key, atMs as Millis);
    return { ...event, redemption: { ...event.redemption, order: { paidMinor: 8_100, marginMinor } } };
  };

  it("is known of campaigns with a breaker, of orders that it counts, to every ledger and after a start", async () => {
    const [one, other] = [await openLedger(log), await openLedger(log)];
    for (const id of ["d1", "d2", "d3"])
      await one.ledger.record(granted({ id, subject: ADA, atMs: (NOON - 9) as Millis }));
    expect(broughtIn(one.ledger)).toEqual({ orders: 0, paidMinor: 0, marginMinor: 0 });
    await one.ledger.redeemed(used("d1", "k1", NOON - 1, 500));
    await one.ledger.redeemed(used("d2", "k2", NOON, 400));
    await one.ledger.redeemed(used("d2", "k2", NOON, 400)); // as an act that was answered is asked for again
    await one.ledger.redeemed(used("d3", "k3", NOON + 1, -100));
    const both = { orders: 2, paidMinor: 16_200, marginMinor: 300 };
    expect(broughtIn(one.ledger)).toEqual(both);
    await Promise.all([one.ledger.close(), other.ledger.close()]);
    const again = await openLedger(log);
    expect([broughtIn(other.ledger), broughtIn(again.ledger)]).toEqual([both, both]);
    expect(again.ledger.books([], []).realisedMargins).toEqual({});
    await again.ledger.close();
  });

  it("shows how many campaigns are stopped, until they no longer are", async () => {
    const { ledger, telemetry } = await openLedger(log);
    await ledger.record(granted({ id: "d1", subject: ADA }));
    await ledger.redeemed(used("d1", "k1", NOON, -1));
    const shown = async () =>
      / (\d+)$/m.exec((await telemetry.render()).match(/^leastwise_stopped_campaigns.*$/m)![0])![1];
    ledger.watchBreakers([breaker]);
    expect(await shown()).toBe("1");
    ledger.watchBreakers([{ ...breaker, countsFromMs: () => NOON + 1 }]);
    expect(await shown()).toBe("0");
    await ledger.close();
  });

  it("leaves out orders of before their margin was kept", async () => {
    const { ledger } = await openLedger(log);
    await ledger.record(granted({ id: "d1", subject: ADA }));
    await ledger.redeemed(redemption("d1"));
    expect(broughtIn(ledger)).toMatchObject({ orders: 0 });
    await ledger.close();
  });
});

describe("a redemption", () => {
  it("settles what it cost and gives the rest of what was held back", async () => {
    const { ledger } = await openLedger(log);
    const record = granted({ id: "d1", subject: ADA });
    await ledger.record(record);
    expect(await ledger.redeemed(redemption("d1"))).toMatchObject({ ok: true });
    expect(remaining(ledger)).toBe(9_100);
    expect(stateOf(ledger, record.offer!.code)).toBe("redeemed");
    expect(ledger.stateOf(ADA).open).toEqual([]);
    await ledger.close();
  });

  it("that the log did not take is in doubt: the same act may try again, another may not", async () => {
    const { ledger, time } = await openLedger(log);
    const record = granted({ id: "d1", subject: ADA });
    await ledger.record(record);
    log.refuse(on(TOPICS.offers));
    expect(await ledger.redeemed(redemption("d1", "key-1"))).toEqual({ ok: false, error: "log_unavailable" });
    log.recover();
    expect(await ledger.redeemed(redemption("d1", "key-2"))).toEqual({ ok: false, error: "redemption_in_doubt" });
    expect(stateOf(ledger, record.offer!.code)).toBe("issued");
    // A record of the first try may stand on the log: the second try must be the same one.
    time.nowMs = (NOON + 1_000) as Millis;
    const again = await ledger.redeemed(redemption("d1", "key-1", time.nowMs, 800));
    expect(again).toMatchObject({ ok: true, value: { atMs: NOON, redemption: { discountMinor: 900 } } });
    await ledger.close();
  });

  it("is no longer in doubt after five minutes: the topic would have brought it back", async () => {
    const { ledger, time } = await openLedger(log);
    await ledger.record(granted({ id: "d1", subject: ADA }));
    log.refuse(on(TOPICS.offers));
    await ledger.redeemed(redemption("d1", "key-1"));
    log.recover();
    time.nowMs = (NOON + 5 * MINUTE_MS) as Millis;
    expect(await ledger.redeemed(redemption("d1", "key-2"))).toMatchObject({
      ok: true,
      value: { orderId: "order of key-2" },
    });
    await ledger.close();
  });

  it("that stands on the log although its answer was lost is known as soon as the topic brings it", async () => {
    const writer = await openLedger(log);
    const record = granted({ id: "d1", subject: ADA });
    await writer.ledger.record(record);
    const { ledger } = await openLedger(log);
    log.refuse(on(TOPICS.offers));
    await ledger.redeemed(redemption("d1", "key-1"));
    log.recover();
    await writer.ledger.redeemed(redemption("d1", "key-1")); // as the lost append would have it
    await ledger.close(); // all of the topic is read by then
    expect(stateOf(ledger, record.offer!.code)).toBe("redeemed");
    await writer.ledger.close();
  });
});

describe("the end of an offer's life", () => {
  it("gives its money back, the first due first, at most 64 in one go", async () => {
    const { ledger, time } = await openLedger(log);
    const records = Array.from({ length: 70 }, (_, n) =>
      granted({ id: `d${n}`, subject: subjectOf(n), heldMinor: 10, ttlMs: HOUR_MS + n }),
    );
    for (const record of records) await ledger.record(record);
    expect(remaining(ledger)).toBe(10_000 - 700);
    time.nowMs = (NOON + HOUR_MS + 69) as Millis;
    expect(remaining(ledger)).toBe(10_000 - 60);
    expect(remaining(ledger)).toBe(10_000);
    expect(stateOf(ledger, records[69]!.offer!.code)).toBe("expired");
    await ledger.close();
  });

  it("waits while a redemption is on its way", async () => {
    const { ledger, time } = await openLedger(log);
    const record = granted({ id: "d1", subject: ADA });
    await ledger.record(record);
    const { code } = record.offer!;
    const release = log.hold(on(TOPICS.offers));
    const redeeming = ledger.redeemed(redemption("d1"));
    time.nowMs = (NOON + 2 * HOUR_MS) as Millis;
    expect(stateOf(ledger, code)).toBe("issued");
    expect(remaining(ledger)).toBe(9_000);
    release();
    expect((await redeeming).ok).toBe(true);
    expect(stateOf(ledger, code)).toBe("redeemed");
    expect(remaining(ledger)).toBe(9_100);
    await ledger.close();
  });

  it("waits while a redemption is in doubt", async () => {
    const { ledger, time } = await openLedger(log);
    const record = granted({ id: "d1", subject: ADA });
    await ledger.record(record);
    const { code } = record.offer!;
    log.refuse(on(TOPICS.offers));
    time.nowMs = (NOON + HOUR_MS - 1) as Millis;
    await ledger.redeemed(redemption("d1"));
    log.recover();
    time.nowMs = (NOON + HOUR_MS) as Millis;
    expect(stateOf(ledger, code)).toBe("issued");
    time.nowMs = (NOON + HOUR_MS + 5 * MINUTE_MS) as Millis;
    expect(stateOf(ledger, code)).toBe("expired");
    expect(remaining(ledger)).toBe(10_000);
    await ledger.close();
  });
});

type Step =
  | { readonly kind: "grant" | "none" | "redeem"; readonly who: number }
  | { readonly kind: "order"; readonly who: number; readonly minutesAgo: number }
  | { readonly kind: "wait"; readonly minutes: number };

const WHO = fc.integer({ min: 0, max: 3 });
const STEP: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constantFrom("grant" as const, "none" as const, "redeem" as const), who: WHO }),
  fc.record({ kind: fc.constant("order" as const), who: WHO, minutesAgo: fc.integer({ min: 0, max: 30 }) }),
  fc.record({ kind: fc.constant("wait" as const), minutes: fc.integer({ min: 1, max: 50 }) }),
);

describe("the book", () => {
  it("passes over what somebody else wrote onto its topics", async () => {
    const stranger = { partition: 0, timestampMs: NOON, value: Buffer.from([0x0a, 0xff, 0xff]) };
    const nobodys = wire.DecisionRecord.encode({ ...granted({ id: "d0", subject: ADA }), subject: "ada" }).finish();
    await log.append([
      { ...stranger, topic: TOPICS.decisions },
      { ...stranger, topic: TOPICS.decisions, value: nobodys },
      { ...stranger, topic: TOPICS.offers },
    ]);
    const { ledger } = await openLedger(log);
    expect(await ledger.record(granted({ id: "d1", subject: ADA }))).toMatchObject({ ok: true });
    expect(await ledger.redeemed(redemption("d1"))).toMatchObject({ ok: true });
    await ledger.close();
  });

  it("is a function of the log: read again from its beginning it is the one that was kept live", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(STEP, { maxLength: 25 }), async (steps) => {
        const own = await givenLog();
        const live = await openLedger(own.log);
        const { codes, subjects, orders } = await act(live, steps);
        await live.ledger.close();
        const rebuilt = await openLedger(own.log, live.time.nowMs);
        // Orders stand on another topic, which is read after the book is whole.
        for (const { subject, atMs } of orders) rebuilt.ledger.ordered(subject, atMs);
        expect(picture(rebuilt.ledger, subjects, codes)).toEqual(picture(live.ledger, subjects, codes));
        await rebuilt.ledger.close();
        await own.end();
      }),
      { numRuns: 30 },
    );
  });
});

async function act({ ledger, time }: Awaited<ReturnType<typeof openLedger>>, steps: readonly Step[]) {
  const open = new Map<number, string>();
  const codes: string[] = [];
  const orders: { subject: SubjectId; atMs: Millis }[] = [];
  for (const [index, step] of steps.entries()) {
    time.nowMs = (time.nowMs + 1) as Millis;
    if (step.kind === "wait") {
      time.nowMs = (time.nowMs + step.minutes * MINUTE_MS) as Millis;
      ledger.books(BUDGETS, []); // ends what is due
      continue;
    }
    if (step.kind === "order") {
      const order = { subject: subjectOf(step.who), atMs: (time.nowMs - step.minutesAgo * MINUTE_MS) as Millis };
      ledger.ordered(order.subject, order.atMs);
      orders.push(order);
      continue;
    }
    const given = { id: `d${index}`, subject: subjectOf(step.who), atMs: time.nowMs };
    const held = open.get(step.who);
    if (step.kind === "none") await ledger.record(none(given));
    else if (step.kind === "grant") {
      const record = granted(given);
      await ledger.record(record);
      codes.push(record.offer!.code);
      open.set(step.who, given.id);
    } else if (held !== undefined) {
      // Of an offer whose life is over, too: the book takes only what a life allows.
      await ledger.redeemed(redemption(held, `k${index}`, time.nowMs));
    }
  }
  return { codes, orders, subjects: [0, 1, 2, 3].map(subjectOf) };
}

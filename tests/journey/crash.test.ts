import { wire } from "@leastwise/contracts";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { newFolder, serve, type Program } from "./program.js";
import { rawIdsLetOut } from "./raw-ids.js";
import { draws, seedOf } from "./seed.js";
import { CART, need, RAW_MARK, refusalOf, Shop } from "./shop.js";
import { until } from "./until.js";

// Kill -9 in the middle of traffic, start again on the same data, look for what is lost or doubled; several times.

const ROUNDS = 3;
const EVENT_WORKERS = 3;
const DECIDE_WORKERS = 3;
const BATCH = 5;
/** Few enough events a shopper that none leaves the windows' memory of ids. */
const EVENTS_PER_SHOPPER_MAX = 100;

interface Sent {
  readonly eventId: string;
  readonly user: string;
}

interface Held {
  readonly user: string;
  readonly request: wire.DeepPartial<wire.DecideRequest>;
  readonly answer: wire.DecideResponse;
  readonly offer: wire.Offer;
}

/** What the shop was told, over all rounds. */
const told = {
  /** Events acknowledged. */
  events: [] as Sent[],
  /** Events sent, and no answer heard. */
  unsureEvents: [] as Sent[],
  /** Offers granted, and not yet used. */
  held: [] as Held[],
  /** Offers used: the answer was heard. */
  used: [] as Held[],
  /** Offers of which nobody knows whether they were used. */
  unsureUses: [] as Held[],
  /** Answers since the round began. */
  answers: 0,
};

const data = newFolder();
const seed = seedOf("crash");
const draw = draws(seed);
const programs: Program[] = [];
let program: Program;
let shop: Shop;
let round = 0;

async function start(): Promise<void> {
  program = await serve(data, { LEASTWISE_LOGGING__LEVEL: "info" });
  programs.push(program);
  shop = new Shop(program.ports);
}

beforeAll(start, 60_000);

afterAll(() => {
  shop.close();
});

/** Traffic until the program is killed after so many answers. Ends when every caller has heard of it. */
async function trafficUntilKilled(answersMax: number): Promise<void> {
  told.answers = 0;
  let isKilled = false;
  const heard = (answers: number) => {
    told.answers += answers;
    if (isKilled || told.answers < answersMax) return;
    isKilled = true;
    void program.kill();
  };
  const isOver = () => isKilled;
  const workers = [
    ...Array.from({ length: EVENT_WORKERS }, (_, index) => sendEvents(`r${round}-e${index}`, isOver, heard)),
    ...Array.from({ length: DECIDE_WORKERS }, (_, index) => askAndUse(`r${round}-d${index}`, isOver, heard)),
  ];
  await Promise.all(workers);
  await program.exited;
  shop.close();
}

async function sendEvents(name: string, isOver: () => boolean, heard: (answers: number) => void): Promise<void> {
  for (let n = 0; !isOver(); n += 1) {
    const shopper = Math.floor((n * BATCH) / EVENTS_PER_SHOPPER_MAX);
    const batch = Array.from({ length: BATCH }, (_, place) => ({
      eventId: `${name}-${n}-${place}`,
      user: `${RAW_MARK}-${name}-${shopper}`,
    }));
    const answer = await shop.record(...batch.map(eventOf));
    if (answer.ok) {
      expect(answer.value.accepted).toBe(BATCH);
      told.events.push(...batch);
      heard(1);
    } else {
      expect(answer.error.code).toBe("UNAVAILABLE");
      told.unsureEvents.push(...batch);
    }
  }
}

async function askAndUse(name: string, isOver: () => boolean, heard: (answers: number) => void): Promise<void> {
  for (let n = 0; !isOver(); n += 1) {
    const user = `${RAW_MARK}-${name}-${n}`;
    const request = { requestId: `${name}-${n}`, caller: "crash", subject: { userId: user }, cart: CART };
    const answer = await shop.decide(request);
    if (!answer.ok) continue;
    heard(1);
    if (answer.value.offer === undefined) continue;
    const held = { user, request, answer: answer.value, offer: answer.value.offer };
    if (n % 2 === 0) {
      told.held.push(held);
      continue;
    }
    const used = await use(held, "first");
    if (used.ok) {
      expect(used.value.replayed).toBe(false);
      told.used.push(held);
      heard(1);
    } else {
      expect(used.error.code).toBe("UNAVAILABLE");
      told.unsureUses.push(held);
    }
  }
}

function eventOf({ eventId, user }: Sent): wire.DeepPartial<wire.Event> {
  const kind = wire.EventKind.EVENT_KIND_SEARCH;
  return { eventId, kind, userId: user, occurredAtMs: BigInt(Date.now()) };
}

function use({ user, offer }: Held, key: string) {
  const act = { orderId: `order-${offer.offerId}-${key}`, idempotencyKey: `${offer.offerId}-${key}` };
  return shop.redeem({ code: offer.code, subject: { userId: user }, ...CART, ...act });
}

describe.each(Array.from({ length: ROUNDS }, (_, index) => index))("round %i", (index) => {
  it("is traffic, and kill -9 in the middle of it", async () => {
    round = index;
    const answersMax = draw(150, 500);
    const before = told.events.length;
    await trafficUntilKilled(answersMax);
    expect(await program.exited).toEqual({ code: null, signal: "SIGKILL" });
    process.stderr.write(
      `crash: round ${round}, killed after ${answersMax} answers: ${told.events.length - before} events, ` +
        `${told.unsureEvents.length} unsure; ${told.held.length} offers held, ${told.used.length} used, ${told.unsureUses.length} unsure\n`,
    );
    await start();
  }, 60_000);

  it("answers what it had promised as it did before", async () => {
    for (const { request, answer } of [...told.held, ...told.used]) {
      const again = need(await shop.decide(request));
      expect(wire.DecideResponse.encode(again).finish()).toEqual(wire.DecideResponse.encode(answer).finish());
    }
  });

  it("uses no code twice, and knows its keys", async () => {
    for (const held of told.unsureUses.splice(0)) {
      need(await use(held, "first")); // it was used and says so, or is used now
      told.used.push(held);
    }
    for (const held of told.used) {
      expect(refusalOf(await use(held, "second"))).toBe("FAILED_PRECONDITION offer_redeemed");
      expect(need(await use(held, "first"))).toMatchObject({ replayed: true, discount: held.offer.faceValue });
    }
  });

  it("honours the offers made before", async () => {
    for (const held of told.held.splice(0, Math.ceil(told.held.length / 2))) {
      expect(need(await use(held, "first"))).toMatchObject({ replayed: false, discount: held.offer.faceValue });
      told.used.push(held);
    }
  });

  it("takes again what nobody answered, and some that was", async () => {
    const again = [...told.unsureEvents.splice(0), ...told.events.slice(-20)];
    for (let at = 0; at < again.length; at += BATCH) {
      const batch = again.slice(at, at + BATCH);
      expect(need(await shop.record(...batch.map(eventOf))).accepted).toBe(batch.length);
    }
    told.events = [...new Map([...told.events, ...again].map((sent) => [sent.eventId, sent])).values()];
  });
});

describe("after all rounds", () => {
  it("has lost no acknowledged event", async () => {
    const stored = async () => {
      const rows = await shop.sql<{ id: string }>("SELECT DISTINCT event_id AS id FROM clickstream");
      const ids = new Set(rows.map(({ id }) => id));
      return told.events.every(({ eventId }) => ids.has(eventId)) ? ids : undefined;
    };
    const ids = await until(stored, "every acknowledged event in the table");
    expect(ids.size).toBe(told.events.length); // nor has it made any up
  });

  it("counts none twice in the features", async () => {
    const byUser = new Map<string, number>();
    for (const { user } of told.events) byUser.set(user, (byUser.get(user) ?? 0) + 1);
    // A view of each shopper's, whose position says that all before it was seen.
    const views = [...byUser.keys()].map((user, index) => ({
      ...eventOf({ eventId: `view-${index}`, user }),
      kind: wire.EventKind.EVENT_KIND_PAGE_VIEW,
    }));
    const { position } = need(await shop.record(...views));
    for (const user of byUser.keys()) {
      need(await shop.putConsent(user, wire.Purpose.PURPOSE_PERSONALIZATION));
      const request = {
        requestId: `count-${user.replace(RAW_MARK, "")}`,
        caller: "count",
        subject: { userId: user },
        cart: CART,
      };
      need(await shop.decide({ ...request, after: position, maxWaitMs: 1_000 }));
    }
    await shop.sees("count() FROM decisions WHERE caller = 'count'", byUser.size);
    const rows = await shop.sql<{ id: string; searches: number }>(
      "SELECT request_id AS id, features['searches_30d'] AS searches FROM decisions WHERE caller = 'count'",
    );
    const counted = Object.fromEntries(rows.map(({ id, searches }) => [id.replace("count-", RAW_MARK), searches]));
    expect(counted).toEqual(Object.fromEntries(byUser));
  });

  it("has each code used once in the tables, and each offer issued once", async () => {
    await shop.sees("count() FROM offers WHERE kind = 'redeemed'", told.used.length);
    const rows = await shop.sql<{ offer_id: string }>("SELECT offer_id FROM offers WHERE kind = 'redeemed'");
    expect(rows.map(({ offer_id }) => offer_id).sort()).toEqual(told.used.map(({ offer }) => offer.offerId).sort());
    expect(await shop.number("count() - uniqExact(offer_id) FROM offers WHERE kind = 'issued'")).toBe(0);
  });

  it.each(["clickstream", "decisions", "offers", "enrolments"])(
    "has each record of the log once in %s",
    async (table) => {
      expect(await shop.number(`count() FROM ${table}`)).toBeGreaterThan(0);
      expect(
        await shop.number(`count() - uniqExact(log_incarnation, log_topic, log_partition, log_offset) FROM ${table}`),
      ).toBe(0);
    },
  );

  it.each(["clickstream", "decisions"])("has every record of the log in %s", async (table) => {
    const perPartition = `SELECT max(log_offset) + 1 - count() AS gap FROM ${table} GROUP BY log_partition`;
    expect(await shop.number(`sum(abs(gap)) FROM (${perPartition})`)).toBe(0);
  });

  it("enrols nobody twice, and grants nothing to the holdout", async () => {
    expect(await shop.number("count() - uniqExact(subject, experiment) FROM enrolments")).toBe(0);
    expect(await shop.number("count() FROM decisions WHERE arm = 'holdout' AND offer_id != ''")).toBe(0);
  });

  it("has said no raw id, and stops as it should", async () => {
    expect(await rawIdsLetOut(programs, shop)).toEqual([]);
    expect(await program.stop()).toEqual({ code: 0, signal: null });
    const bad = programs.flatMap(({ stderr }) => stderr).filter((text) => /"level":"(warn|error|fatal)"/.test(text));
    expect(bad).toEqual([]);
  });
});

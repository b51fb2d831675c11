import { decisionRecord, type wire } from "@leastwise/contracts";
import { decide, EMPTY_STATE, RECENT_MAX } from "@leastwise/decision";
import type { Millis } from "@leastwise/vocabulary";
import { describe, expect, it } from "@jest/globals";
import { compare } from "./compare.js";
import { ADA, campaign, COAT, compiled, EUR, factsOf, MODEL, NOON } from "./given/shop.js";
import type { LoggedAct } from "./logged-acts.js";
import { LoggedShop } from "./logged-shop.js";
import type { Moment } from "./moment.js";

const policy = compiled([campaign()]);

/** A decision as it stands on the log. */
function recordOf(requestId: string, nowMs: number): wire.DecisionRecord {
  const books = { budgets: {}, explorationSpentMinor: {}, decisionsPerRung: {}, realisedMargins: {}, offersLeft: {} };
  const facts = factsOf(requestId, { nowMs: nowMs as Millis });
  const input = { ...facts, ...books, policy, model: MODEL, decisionState: EMPTY_STATE };
  const outcome = decide(input);
  if (outcome.kind === "repeated") throw new Error("nothing was asked before");
  return decisionRecord(outcome.decision, input);
}

const decided = (record: wire.DecisionRecord): LoggedAct => ({
  kind: "decided",
  atMs: Number(record.decidedAtMs),
  record,
});

function shopOf(acts: readonly LoggedAct[]): LoggedShop {
  const inOrder = async function* () {
    await Promise.resolve();
    yield* acts;
  };
  const period = { fromMs: NOON, toMs: Number.POSITIVE_INFINITY };
  const onUnreadable = ({ why }: { readonly why: string }) => {
    throw new Error(why);
  };
  return new LoggedShop({ inOrder }, { period, currency: EUR, inForce: () => policy, onUnreadable });
}

async function momentsOf(shop: LoggedShop): Promise<Moment[]> {
  const moments: Moment[] = [];
  for await (const moment of shop.moments()) moments.push(moment);
  return moments;
}

describe("a period of the log", () => {
  it("has orders with what the catalog said of the goods at the decision whose cart it is", async () => {
    const redeemed: LoggedAct = { kind: "redeemed", atMs: NOON + 1, subject: ADA, offerId: "o-1" };
    const [cart, order] = await momentsOf(shopOf([decided(recordOf("r-1", NOON)), redeemed]));
    expect(cart).toMatchObject({ kind: "cart", facts: { subject: ADA } });
    expect(order).toMatchObject({ kind: "order", subject: ADA, goods: { catalog: [COAT] } });
  });

  it("has a decision once that stands there twice, and counts the other among what is left out", async () => {
    const [first, second] = [decided(recordOf("r-1", NOON)), decided(recordOf("r-2", NOON + 1))];
    const shop = shopOf([first, second, first, second]);
    const { report } = await compare(shop.moments(), { after: policy }, MODEL);
    expect([report.decisions, Object.fromEntries(shop.skipped)]).toEqual([2, { stands_twice: 2 }]);
    expect(Object.fromEntries(shop.versions)).toEqual({ "v-1": 2 });
  });

  it("remembers so many decisions of a shopper as a repeat is told by, and goes on beyond them", async () => {
    const records = Array.from({ length: RECENT_MAX + 1 }, (_, n) => decided(recordOf(`r-${n}`, NOON + n)));
    const shop = shopOf([...records, records[1]!, records[0]!]);
    const { report } = await compare(shop.moments(), { after: policy }, MODEL);
    expect([report.decisions, Object.fromEntries(shop.skipped)]).toEqual([RECENT_MAX + 2, { stands_twice: 1 }]);
  });
});

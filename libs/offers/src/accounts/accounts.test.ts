import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { DAY_MS, type CurrencyCode, type Millis } from "@leastwise/vocabulary";
import { expire } from "../commands/expire.js";
import { redeem } from "../commands/redeem.js";
import { refund } from "../commands/refund.js";
import { release } from "../commands/release.js";
import { reserve } from "../commands/reserve.js";
import { revoke } from "../commands/revoke.js";
import { evolve } from "../evolve.js";
import { after, cartOf, EUR, issued, redemption, reservation, TERMS } from "../given/offer-life.js";
import type { Incentive } from "../incentive.js";
import { UNKNOWN_OFFER, type OfferEvent, type OfferState, type OfferTerms } from "../offer.js";
import {
  accruedAccount,
  budgetAccount,
  paidAccount,
  payableAccount,
  rewardCostAccount,
  type RewardKind,
} from "./account-names.js";
import { Accounts } from "./accounts.js";
import { budgetPostings, fund } from "./budget-postings.js";
import { PostingBatch } from "./posting-batch.js";
import { maturedPostings, payableAtMs, payoutPostings, rewardPostings } from "./reward-postings.js";

const RETURN_PERIOD_MS = 14 * DAY_MS;
const ON = { currency: EUR, atMs: after(0) };
const cashback: Incentive = {
  kind: "tiered_cashback",
  tiers: [{ cartMin: { minor: 0, currency: EUR }, cashbackBp: 1_000 }],
  paidAfterMs: RETURN_PERIOD_MS,
};

/** A budget, a shopper's accounts, and the offers that move them. */
class Books {
  readonly accounts = new Accounts();
  readonly offers = new Map<string, OfferState>();

  constructor(budgetMinor = 10_000) {
    this.post(fund("b", budgetMinor, ON));
  }

  post(batch: PostingBatch | undefined): void {
    if (batch !== undefined) this.accounts.post(batch);
  }

  offer(offerId = "o1"): OfferState {
    return this.offers.get(offerId) ?? UNKNOWN_OFFER;
  }

  happened(event: OfferEvent): void {
    const offerId = event.kind === "issued" ? event.terms.offerId : event.offerId;
    const before = this.offer(offerId);
    const next = evolve(before, event);
    const step = { before, after: next, atMs: event.kind === "issued" ? ON.atMs : event.atMs, currency: EUR };
    this.offers.set(offerId, next);
    this.post(budgetPostings("b", step));
    this.post(rewardPostings(step, this.accounts));
  }

  takes(outcome: { ok: true; value: { events: readonly OfferEvent[] } } | { ok: false; error: { reason: string } }) {
    if (!outcome.ok) return outcome.error.reason;
    for (const event of outcome.value.events) this.happened(event);
    return "taken";
  }

  matures(nowMs: Millis, offerId = "o1"): string {
    const batch = maturedPostings(this.offer(offerId), nowMs, this.accounts);
    if (!batch.ok) return batch.error.reason;
    this.post(batch.value);
    return batch.value === undefined ? "nothing" : "matured";
  }

  pays(kind: RewardKind, minor: number): string {
    const batch = payoutPostings({ kind, subject: TERMS.subject, minor, ...ON }, this.accounts);
    if (!batch.ok) return batch.error.reason;
    this.post(batch.value);
    return "paid";
  }

  /** Free, held and spent of the budget. */
  get budget(): readonly number[] {
    return (["free", "held", "spent"] as const).map((stage) =>
      this.accounts.balanceMinor(budgetAccount("b", stage), EUR),
    );
  }

  /** Cost, accrued, payable and paid of the cashback. */
  get cashback(): readonly number[] {
    const accounts = [
      rewardCostAccount("autumn"),
      accruedAccount("cashback", TERMS.subject, "o1"),
      payableAccount("cashback", TERMS.subject),
      paidAccount("cashback", TERMS.subject),
    ];
    return accounts.map((account) => this.accounts.balanceMinor(account, EUR));
  }
}

const use = (books: Books, offerId = "o1") => books.takes(redeem(redemption(), books.offer(offerId)));
const giveBack = (lines: readonly { productId: string; quantity: number }[], nowMs: Millis, key = "back") => ({
  ...{ lines, nowMs, orderId: "order-1", idempotencyKey: key },
});

describe("a batch of postings", () => {
  const on = (...minors: readonly number[]) => ({ ...ON, postings: minors.map((minor) => ({ account: "a", minor })) });

  it.each([
    ["nothing", on(), "postings_empty"],
    ["one side", on(5), "postings_unbalanced"],
    ["sides that differ", on(5, -4), "postings_unbalanced"],
    [
      "sides that differ beyond what a double tells apart",
      on(2 ** 53 - 1, 2, -(2 ** 53 - 1), -1),
      "postings_unbalanced",
    ],
    ["a posting of 0", on(5, -5, 0), "amount_out_of_range"],
    ["half a unit", on(0.5, -0.5), "amount_out_of_range"],
    ["too much", on(2 ** 53, -(2 ** 53)), "amount_out_of_range"],
  ])("of %s cannot be constructed", (_what, postings, reason) => {
    expect(PostingBatch.of(postings)).toMatchObject({ ok: false, error: { reason } });
    expect(() => new PostingBatch(postings)).toThrow(reason);
  });

  it("stays as it was made", () => {
    const postings = [
      { account: "a", minor: 5 },
      { account: "b", minor: -5 },
    ];
    const batch = new PostingBatch({ ...ON, postings });
    postings[0]!.minor = 6;
    expect(batch.postings).toEqual([
      { account: "a", minor: 5 },
      { account: "b", minor: -5 },
    ]);
    expect(() => Object.assign(batch.postings[0]!, { minor: 7 })).toThrow(TypeError);
  });

  it("that takes a balance out of range is not taken in at all", () => {
    const accounts = new Accounts();
    const most = Number.MAX_SAFE_INTEGER;
    const move = (from: string, to: string, minor: number) => PostingBatch.transfer({ from, to, minor }, ON)!;
    accounts.post(move("a", "b", most));
    expect(() => {
      accounts.post(move("c", "b", 1));
    }).toThrow("out of range");
    expect(["a", "b", "c"].map((account) => accounts.balanceMinor(account, EUR))).toEqual([-most, most, 0]);
  });

  it("goes to accounts that no id can be mistaken for", () => {
    expect(budgetAccount("b/held", "free")).toBe("budget/b%2Fheld/free");
    expect(budgetAccount("b%2Fheld", "free")).toBe("budget/b%252Fheld/free");
    expect(budgetAccount("\ud800", "free")).toBe("budget/\ud800/free");
    const subject = TERMS.subject;
    expect(accruedAccount("cashback", subject, "")).not.toBe(payableAccount("cashback", subject));
  });
});

describe("a budget", () => {
  it("is held at issue for the worst case, kept at reserve, and settled at redeem", () => {
    const books = new Books();
    books.happened(issued());
    expect(books.budget).toEqual([9_000, 1_000, 0]);
    books.takes(reserve(reservation(), books.offer()));
    expect(books.budget).toEqual([9_000, 1_000, 0]);
    books.takes(redeem(redemption({ cart: cartOf(7_000) }), books.offer()));
    expect(books.budget).toEqual([9_300, 0, 700]);
  });

  it("gets back what expires, what is taken back, and what is refunded", () => {
    for (const end of ["expire", "revoke", "refund"]) {
      const books = new Books();
      books.happened(issued());
      if (end === "expire") {
        const over = expire({ nowMs: TERMS.expiresAtMs }, books.offer());
        for (const event of over.ok ? over.value : []) books.happened(event);
      }
      if (end === "revoke")
        books.takes(revoke({ nowMs: after(1), by: "hand", idempotencyKey: "revoke" }, books.offer()));
      if (end === "refund") {
        use(books);
        books.takes(refund(giveBack([{ productId: "p0", quantity: 1 }], TERMS.expiresAtMs), books.offer()));
        expect(books.budget).toEqual([9_700, 0, 300]);
        books.takes(refund(giveBack([], TERMS.expiresAtMs, "rest"), books.offer()));
      }
      expect([end, books.budget]).toEqual([end, [10_000, 0, 0]]);
    }
  });

  it("holds for an offer that is good again what it had cost, and takes nothing that was free", () => {
    const books = new Books();
    books.happened(issued());
    books.takes(redeem(redemption({ cart: cartOf(7_000) }), books.offer()));
    books.takes(refund(giveBack([], after(2_000)), books.offer()));
    expect(books.budget).toEqual([9_300, 700, 0]);
  });

  it("does not move for a reservation that waits for its end, nor for what is said twice", () => {
    const books = new Books();
    books.happened(issued());
    books.takes(reserve(reservation(), books.offer()));
    books.takes(revoke({ nowMs: after(2_000), by: "campaign", idempotencyKey: "revoke" }, books.offer()));
    expect(books.budget).toEqual([9_000, 1_000, 0]);
    books.happened(issued());
    expect(books.budget).toEqual([9_000, 1_000, 0]);
    books.takes(release({ nowMs: after(3_000), orderId: "order-1", idempotencyKey: "release" }, books.offer()));
    expect(books.budget).toEqual([10_000, 0, 0]);
  });
});

describe("cashback", () => {
  const bought = () => {
    const books = new Books();
    books.happened(issued({ incentive: cashback }));
    use(books);
    return books;
  };
  const due = after(1_000 + RETURN_PERIOD_MS);

  it("accrues at redemption and becomes payable after the return period, once", () => {
    const books = bought();
    expect(payableAtMs(books.offer())).toBe(due);
    expect(books.cashback).toEqual([-1_000, 1_000, 0, 0]);
    expect(books.pays("cashback", 1)).toBe("payout_over_payable");
    expect(books.matures((due - 1) as Millis)).toBe("reward_not_due");
    expect([books.matures(due), books.matures(due)]).toEqual(["matured", "nothing"]);
    expect(books.cashback).toEqual([-1_000, 0, 1_000, 0]);
    expect([books.pays("cashback", 0), books.pays("cashback", 1_001), books.pays("cashback", 600)]).toEqual([
      ...["amount_out_of_range", "payout_over_payable", "paid"],
    ]);
    expect(books.cashback).toEqual([-1_000, 0, 400, 600]);
  });

  it("loses the part of what comes back within the period", () => {
    const books = bought();
    books.takes(refund(giveBack([{ productId: "p1", quantity: 1 }], after(DAY_MS)), books.offer()));
    expect(books.cashback).toEqual([-700, 700, 0, 0]);
    books.matures(due);
    expect(books.cashback).toEqual([-700, 0, 700, 0]);
    const none = bought();
    none.takes(refund(giveBack([], after(DAY_MS)), none.offer()));
    expect([none.matures(due), none.cashback]).toEqual(["nothing", [0, 0, 0, 0]]);
  });

  it("that comes back later is owed, and the next one goes toward it", () => {
    const books = bought();
    books.matures(due);
    books.pays("cashback", 1_000);
    books.takes(refund(giveBack([], after(30 * DAY_MS)), books.offer()));
    expect(books.cashback).toEqual([0, 0, -1_000, 1_000]);
    expect(books.pays("cashback", 1)).toBe("payout_over_payable");
  });

  it("of no wait is payable at once, and so is loyalty credit", () => {
    const books = new Books();
    const amount = { minor: 500, currency: EUR };
    books.happened(issued({ incentive: { kind: "loyalty_credit", amount } }));
    use(books);
    expect(books.matures(after(1_000))).toBe("matured");
    expect(books.accounts.balanceMinor(payableAccount("loyalty_credit", TERMS.subject), EUR)).toBe(500);
    expect(books.cashback[1]).toBe(0);
  });

  it("is nothing of an offer that is not used, or takes something off now", () => {
    const books = new Books();
    books.happened(issued());
    expect([payableAtMs(books.offer()), books.matures(due)]).toEqual([undefined, "nothing"]);
    use(books);
    expect([payableAtMs(books.offer()), books.matures(due)]).toEqual([undefined, "nothing"]);
  });
});

describe("laws", () => {
  const amount = { minor: 700, currency: EUR };
  const incentives: readonly Incentive[] = [
    { kind: "percent_off", percentBp: 1_000 },
    { kind: "free_shipping" },
    { kind: "gift", productId: "g", worth: amount, cost: { ...amount, minor: 300 } },
    { kind: "loyalty_credit", amount },
    cashback,
  ];
  const step = fc.record({
    act: fc.constantFrom("reserve", "release", "redeem", "refund", "revoke", "expire", "mature", "pay"),
    offer: fc.nat({ max: incentives.length - 1 }),
    key: fc.nat({ max: 9 }).map(String),
    orderId: fc.constantFrom("x", "y"),
    quantity: fc.nat({ max: 2 }),
    amounts: fc.array(fc.integer({ min: 100, max: 9_000 }), { minLength: 1, maxLength: 3 }),
    passMs: fc.oneof(fc.integer({ min: 0, max: 900_000 }), fc.constantFrom(DAY_MS, RETURN_PERIOD_MS)),
  });
  type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

  function act(books: Books, { act: what, offer, key, orderId, quantity, amounts }: Step, nowMs: Millis): void {
    const offerId = `o${String(offer)}`;
    const state = books.offer(offerId);
    const asked = { nowMs, orderId, idempotencyKey: key };
    if (what === "reserve") books.takes(reserve(reservation({ ...asked, cart: cartOf(...amounts) }), state));
    if (what === "release") books.takes(release(asked, state));
    if (what === "redeem") books.takes(redeem(redemption({ ...asked, cart: cartOf(...amounts) }), state));
    if (what === "refund")
      books.takes(refund({ ...asked, lines: quantity === 0 ? [] : [{ productId: "p0", quantity }] }, state));
    if (what === "revoke") books.takes(revoke({ ...asked, by: quantity === 0 ? "hand" : "campaign" }, state));
    if (what === "mature") books.matures(nowMs, offerId);
    if (what === "pay") books.pays(quantity === 0 ? "cashback" : "loyalty_credit", amounts[0] ?? 1);
    if (what !== "expire") return;
    const over = expire({ nowMs }, state);
    for (const event of over.ok ? over.value : []) books.happened(event);
  }

  it("after any sequence of acts all accounts add up to 0, and no budget is overspent", () => {
    const law = fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const books = new Books(incentives.length * 1_000);
      for (const [place, incentive] of incentives.entries()) {
        const terms: Partial<OfferTerms> = { offerId: `o${String(place)}`, incentive };
        books.happened(issued(terms));
      }
      let nowMs: number = after(0);
      for (const one of steps) {
        nowMs += one.passMs;
        act(books, one, nowMs as Millis);
        const [free = 0, held = 0, spent = 0] = books.budget;
        expect([books.accounts.sumMinor(EUR), free + held + spent]).toEqual([0, incentives.length * 1_000]);
        expect(Math.min(free, held, spent)).toBeGreaterThanOrEqual(0);
        expect(books.accounts.balanceMinor(rewardCostAccount("autumn"), EUR)).toBeLessThanOrEqual(0);
      }
    });
    fc.assert(law, { seed: 20_261_130, numRuns: 400 });
  });

  it("any batch that can be made leaves the sum of every currency at 0", () => {
    const currencies = ["EUR", "JPY", "KWD"] as CurrencyCode[];
    const postings = fc
      .array(fc.record({ account: fc.constantFrom("a", "b", "c"), minor: fc.integer({ min: -50, max: 50 }) }), {
        maxLength: 4,
      })
      .chain((some) => {
        const rest = 0 - some.reduce((sum, { minor }) => sum + minor, 0);
        return fc.boolean().map((closes) => (closes ? [...some, { account: "d", minor: rest }] : some));
      });
    const law = fc.property(fc.array(fc.tuple(fc.constantFrom(...currencies), postings)), (batches) => {
      const accounts = new Accounts();
      for (const [currency, some] of batches) {
        const batch = PostingBatch.of({ currency, atMs: ON.atMs, postings: some });
        const sum = some.reduce((all, { minor }) => all + minor, 0);
        expect(batch.ok).toBe(some.length > 0 && sum === 0 && some.every(({ minor }) => minor !== 0));
        if (batch.ok) accounts.post(batch.value);
      }
      expect(currencies.map((currency) => accounts.sumMinor(currency))).toEqual([0, 0, 0]);
    });
    fc.assert(law, { seed: 20_261_130, numRuns: 500 });
  });
});

import type { CurrencyCode, Millis } from "@leastwise/vocabulary";
import type { OfferState } from "../offer.js";
import { budgetAccount } from "./account-names.js";
import { PostingBatch, type Posting } from "./posting-batch.js";

/** What an offer has of its budget, minor units. */
export interface OfferMoney {
  /** Held for the worst case, while it may be used. */
  readonly heldMinor: number;
  /** What its redemption cost, less what was given back. */
  readonly spentMinor: number;
}

/** What an offer has of its budget where it stands. A reservation keeps what the issue holds; a lapse of either frees it when it is recorded. */
export function moneyOf(state: OfferState): OfferMoney {
  switch (state.status) {
    case "issued":
    case "reserved":
      return { heldMinor: state.terms.heldMinor, spentMinor: 0 };
    case "redeemed":
    case "refunded":
      return { heldMinor: 0, spentMinor: state.redemption.costMinor - state.refunded.costMinor };
    case "unknown":
    case "expired":
    case "revoked":
      return { heldMinor: 0, spentMinor: 0 };
  }
}

/** An offer before and after an event. */
export interface OfferStep {
  readonly before: OfferState;
  readonly after: OfferState;
  readonly atMs: Millis;
  readonly currency: CurrencyCode;
}

/** Puts money into a budget, or takes it out where it is negative. Undefined where it is nothing. */
export function fund(
  budgetId: string,
  minor: number,
  on: { readonly currency: CurrencyCode; readonly atMs: Millis },
): PostingBatch | undefined {
  return PostingBatch.transfer(
    { from: budgetAccount(budgetId, "funds"), to: budgetAccount(budgetId, "free"), minor },
    on,
  );
}

/** What an event of an offer moves within its budget; undefined where it moves nothing, as a repeat does. */
export function budgetPostings(
  budgetId: string,
  { before, after, currency, atMs }: OfferStep,
): PostingBatch | undefined {
  const [was, is] = [moneyOf(before), moneyOf(after)];
  const held = is.heldMinor - was.heldMinor;
  const spent = is.spentMinor - was.spentMinor;
  const all: readonly Posting[] = [
    { account: budgetAccount(budgetId, "free"), minor: 0 - held - spent },
    { account: budgetAccount(budgetId, "held"), minor: held },
    { account: budgetAccount(budgetId, "spent"), minor: spent },
  ];
  const postings = all.filter(({ minor }) => minor !== 0);
  return postings.length === 0 ? undefined : new PostingBatch({ currency, atMs, postings });
}

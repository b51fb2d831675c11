import {
  err,
  ok,
  refusal,
  type CurrencyCode,
  type Millis,
  type Refusal,
  type Result,
  type SubjectId,
} from "@leastwise/vocabulary";
import type { OfferState, UsedOffer } from "../offer.js";
import { accruedAccount, paidAccount, payableAccount, rewardCostAccount, type RewardKind } from "./account-names.js";
import type { Balances } from "./accounts.js";
import type { OfferStep } from "./budget-postings.js";
import { PostingBatch } from "./posting-batch.js";

/** Why a reward is not paid: stable. */
export type RewardRefusalReason = "reward_not_due" | "payout_over_payable" | "amount_out_of_range";

/** A refusal of a payment. */
export interface RewardRefusal extends Refusal {
  readonly reason: RewardRefusalReason;
}

/**
 * What an event of an offer moves on its shopper's account: a redemption accrues what it gives for later, and a refund takes its part back, from what is
 * accrued or, once that is payable, from there. Undefined where it moves nothing.
 */
export function rewardPostings(
  { before, after, currency, atMs }: OfferStep,
  balances: Balances,
): PostingBatch | undefined {
  const used = rewarding(after) ?? rewarding(before);
  if (used === undefined) return undefined;
  const { kind, terms } = used;
  const minor = earnedMinor(after) - earnedMinor(before);
  const accrued = accruedAccount(kind, terms.subject, terms.offerId);
  const isAccrued = minor > 0 || balances.balanceMinor(accrued, currency) > 0;
  const to = isAccrued ? accrued : payableAccount(kind, terms.subject);
  return PostingBatch.transfer({ from: rewardCostAccount(terms.campaignId), to, minor }, { currency, atMs });
}

/** First instant at which what an offer gives for later can be had, the return period being over; undefined where it gives nothing for later. */
export function payableAtMs(state: OfferState): Millis | undefined {
  const used = rewarding(state);
  return used && ((used.redeemedAtMs + used.paidAfterMs) as Millis);
}

/**
 * Makes payable what is accrued and was not given back; nothing (undefined) where none is left, as when it is asked again. Refused before its
 * time (`reward_not_due`).
 */
export function maturedPostings(
  state: OfferState,
  nowMs: Millis,
  balances: Balances,
): Result<PostingBatch | undefined, RewardRefusal> {
  const used = rewarding(state);
  const dueMs = payableAtMs(state);
  if (used === undefined || dueMs === undefined) return ok(undefined);
  if (nowMs < dueMs) return refused("reward_not_due", "now_ms", nowMs, `an instant from ${String(dueMs)} on`);
  const { kind, terms } = used;
  const { currency, subject, offerId } = terms;
  const from = accruedAccount(kind, subject, offerId);
  const minor = balances.balanceMinor(from, currency);
  return ok(PostingBatch.transfer({ from, to: payableAccount(kind, subject), minor }, { currency, atMs: nowMs }));
}

/** A payment to a shopper, or what he spends of his credit. */
export interface Payout {
  readonly kind: RewardKind;
  readonly subject: SubjectId;
  /** 1 and up. */
  readonly minor: number;
  readonly currency: CurrencyCode;
  readonly atMs: Millis;
}

/** Pays out of what is payable, and never more than that (`payout_over_payable`). */
export function payoutPostings(
  { kind, subject, minor, currency, atMs }: Payout,
  balances: Balances,
): Result<PostingBatch, RewardRefusal> {
  const from = payableAccount(kind, subject);
  const payable = Math.max(0, balances.balanceMinor(from, currency));
  if (!Number.isSafeInteger(minor) || minor < 1)
    return refused("amount_out_of_range", "minor", minor, "whole minor units, 1 and up");
  if (minor > payable) return refused("payout_over_payable", "minor", minor, `at most the ${String(payable)} payable`);
  const postings = [
    { account: from, minor: -minor },
    { account: paidAccount(kind, subject), minor },
  ];
  return ok(new PostingBatch({ currency, atMs, postings }));
}

/** A used offer that gives something for later. */
interface Rewarding extends Pick<UsedOffer, "terms" | "redeemedAtMs"> {
  readonly kind: RewardKind;
  readonly paidAfterMs: number;
}

function rewarding(state: OfferState): Rewarding | undefined {
  if (state.status !== "redeemed" && state.status !== "refunded") return undefined;
  const { terms, redeemedAtMs } = state;
  const { incentive } = terms;
  if (incentive.kind !== "loyalty_credit" && incentive.kind !== "tiered_cashback") return undefined;
  const kind = incentive.kind === "loyalty_credit" ? "loyalty_credit" : "cashback";
  return { kind, terms, redeemedAtMs, paidAfterMs: incentive.paidAfterMs ?? 0 };
}

function earnedMinor(state: OfferState): number {
  if (state.status !== "redeemed" && state.status !== "refunded") return 0;
  return state.redemption.discountMinor - state.refunded.discountMinor;
}

function refused(
  reason: RewardRefusalReason,
  field: string,
  came: unknown,
  expected: string,
): { readonly ok: false; readonly error: RewardRefusal } {
  return err({ ...refusal(reason, field, came, expected), reason });
}
